"""The check of the nodes of one graph, each after those that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from latentgraph.graph.access import AccessError, reads_of
from latentgraph.graph.check.families import base_of
from latentgraph.graph.check.ports import settle_ports
from latentgraph.graph.check.scope import UNKNOWN, JsonPath, Scope, links_of
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.node import Port
from latentgraph.graph.order import ordered
from latentgraph.graph.packages import remedy
from latentgraph.graph.typed import Absent, Offer, TypedLoop, TypedNode, Wire
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, link_text

_SHOWN = 12
"""Nodes of a cycle that a message names."""


def check_nodes(scope: Scope) -> list[TypedNode | TypedLoop]:
    """Check the nodes of a graph and settle their ports; the scope takes their outputs as offers."""
    typed: list[TypedNode | TypedLoop] = []
    for name in _order(scope):
        typed += check_node(name, scope.nodes[name], scope)
        scope.waiting.discard(name)
    return typed


def check_node(name: str, node: Node, scope: Scope) -> list[TypedNode | TypedLoop]:
    """Check one node whose links lead to nodes that were checked; the scope takes its outputs as offers."""
    from latentgraph.graph.check.loops import check_loop
    from latentgraph.graph.check.subworkflow import check_subworkflow

    scope.report.name(name, (*scope.json_path, name), scope.path + name)
    if node.type == LOOP:
        return check_loop(name, node, scope)
    if node.type == SUBWORKFLOW:
        return check_subworkflow(name, node, scope)
    return _check_node(name, node, scope)


def _order(scope: Scope) -> list[str]:
    nodes = scope.nodes
    links = [
        (source, name) for name, node in nodes.items() for link in links_of(node) if (source := link.node) in nodes
    ]
    order, cycles = ordered(nodes, links)
    positions = {name: index for index, name in enumerate(nodes)} if cycles else {}
    for cycle, knot in cycles:
        scope.waiting.update(knot)
        first = min(cycle, key=positions.__getitem__)
        start = cycle.index(first)
        around = [*cycle[start:], *cycle[:start], first]
        if len(around) > _SHOWN:
            around[_SHOWN // 2 : -_SHOWN // 2] = [f"({len(around) - _SHOWN} more)"]
        message = "the nodes wait for each other: " + " → ".join(around)
        if len(cycle) == 1:
            message = "the node waits for itself"
        scope.report.add("E108", message, (*scope.json_path, first), scope.path + first, hint="remove one of the links")
    return order


def _check_node(name: str, node: Node, scope: Scope) -> list[TypedNode | TypedLoop]:
    path, json_path = scope.path + name, (*scope.json_path, name)
    refuse_fields(node, ("file", "each", "carry", "nodes", "collect"), f"a node of type '{node.type}'", scope, name)
    declared = scope.registry.get(node.type)
    if declared is None:
        _unknown_type(name, node, scope)
        return []
    typed = TypedNode(path, declared)
    families = settle_ports(typed, node, scope, json_path)
    described = {} if node.disabled else _describe(typed, scope, json_path)
    family, told = families.base, {base_of(one) for one in described.values() if one}
    if family and (others := sorted(told - {family})):
        message = f"what it reads is for family {others[0]}, what it is given is of family {family}"
        hint = "take all parts from one model, or from models of one family"
        scope.report.add("E109", message, json_path, path, hint=hint)
    for port in declared.outputs.values():
        known = families.of_output(port, described.get(port.name, ""))
        scope.offers[name, port.name] = Offer(port.type, Wire(path, port.name), known)
    if node.disabled:
        _disable(name, node, typed, scope)
        return []
    if declared.options.effect:
        scope.has_effect = True
        scope.wanted.add(name)
    return [typed]


def refuse_fields(node: Node, fields: Sequence[str], what: str, scope: Scope, name: str) -> None:
    """Report the keys of a node that its type has no use for."""
    for one in fields:
        if getattr(node, one) is not None:
            hint = f"'{one}' belongs to a {SUBWORKFLOW if one == 'file' else LOOP}"
            place = (*scope.json_path, name, one)
            scope.report.add("E007", f"{what} has no '{one}'", place, scope.path + name, hint=hint)


def _unknown_type(name: str, node: Node, scope: Scope) -> None:
    path, place = scope.path + name, (*scope.json_path, name, "type")
    if node.disabled == "mute":
        message, hint = f"the muted node is of the unknown type '{node.type}'", "replace it, or leave it as a note"
        scope.report.add("W204", message, place, path, hint=hint, key=False)
        scope.silent.add(name)
    else:
        hint, suggestion = scope.report.closest(node.type, [*scope.registry.names(), LOOP, SUBWORKFLOW])
        if node.package:
            suggestion = None
            hint = remedy(node.package, scope.registry)
        hint = hint or "`latentgraph nodes` lists what there is; your own come with --nodes FILE.py"
        message = f"unknown node type '{node.type}'"
        scope.report.add("E101", message, place, path, hint=hint, suggestion=suggestion, key=False)
        scope.offer_nothing_known(name)
    for port, value in node.inputs.items():
        if text := link_text(value):
            scope.follow(text, (*scope.json_path, name, "inputs", port, "from"), node=path, port=port)


def _describe(typed: TypedNode, scope: Scope, json_path: JsonPath) -> Mapping[str, str]:
    describe = typed.type.options.describe
    if describe is None:
        return {}
    if any(port.name not in typed.resources for port in typed.type.inputs.values() if _names_something(typed, port)):
        return {}
    missing = [resource.fetch for resource in typed.resources.values() if resource.fetch is not None]
    if missing:
        scope.report.add("N301", f"not on this machine: {missing[0].description}", json_path, typed.path)
        return {}
    defaults = {port.name: port.default for port in typed.type.inputs.values() if not port.required}
    try:
        return describe({**defaults, **typed.constants})
    except AccessError as error:
        scope.report.add("E115", error.message, json_path, typed.path, hint=error.hint)
    except Exception as error:
        # A package of nodes may raise anything here; it is told by the node itself when it runs, with the whole reason.
        scope.report.add("N301", f"cannot be told before the run: {error}", json_path, typed.path)
    return {}


def _names_something(typed: TypedNode, port: Port) -> bool:
    """Whether a reading port was given a name, or has one by default: not resolved, it is a problem told already."""
    reads = reads_of(port.type.metadata) is not None
    return reads and typed.constants.get(port.name, port.default) is not None


def _disable(name: str, node: Node, typed: TypedNode, scope: Scope) -> None:
    """Offer what a muted or bypassed node gives: nothing, or its first input of the same type."""
    for port in typed.type.outputs.values():
        scope.offers[name, port.name] = offer_of_disabled(node, port.type, scope)


def offer_of_disabled(node: Node, port_type: PortType, scope: Scope) -> Offer:
    """What an output of a disabled node is."""
    if node.disabled != "bypass":
        return Offer(port_type, Absent("muted"))
    for value in node.inputs.values():
        text = link_text(value)
        link = Link.parse(text) if text else None
        if link is None:
            continue
        passed = scope.offers.get((link.node, link.port), UNKNOWN)
        if passed.type is ANYTHING or port_type.accepts(passed.type):
            return passed
    return Offer(port_type, Absent("bypassed"))
