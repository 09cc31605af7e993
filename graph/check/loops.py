"""The check of a loop: what it takes an item of, what it carries, what its body may read, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping

from latentgraph.graph.boxes import INDEX
from latentgraph.graph.check.families import base_of
from latentgraph.graph.check.nodes import check_nodes, refuse_fields
from latentgraph.graph.check.scope import UNKNOWN, JsonPath, Scope
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.typed import Absent, Constant, Offer, Supply, TypedLoop, TypedNode, Wire
from latentgraph.graph.types import PortType, list_of, literal_type
from latentgraph.graph.workflow import Node, link_text


def check_loop(name: str, node: Node, scope: Scope) -> list[TypedNode | TypedLoop]:
    """Check a loop and its body; `scope` takes the loop's outputs as offers."""
    path, place = scope.path + name, (*scope.json_path, name)
    report = scope.report
    refuse_fields(node, ("file",), "a loop", scope, name)
    if not node.each and not node.carry:
        message = "a loop needs something to take an item of (each) or to carry from turn to turn (carry)"
        report.add("E110", message, place, path, hint='add "each"')
    elif not node.each:
        message = "a loop takes its turns from lists (each); with only a carry it would not know when to end"
        report.add("E110", message, place, path, hint='add "each"')
    _refuse_names_used_twice(node, scope, path, place)
    find = scope.follow if node.disabled else scope.follow_something
    each = {key: find(end.source, (*place, "each", key, "from"), node=path, port=key)
            for key, end in (node.each or {}).items()}  # fmt: skip
    carry = {key: find(end.source, (*place, "carry", key, "from"), node=path, port=key)
             for key, end in (node.carry or {}).items()}  # fmt: skip
    inputs = input_offers_of(node, scope, path, place)
    inside = Scope(
        scope.registry,
        scope.report,
        scope.access,
        handed_in(node, each, carry, inputs, scope, path, place),
        node.body,
        f"{path}/",
        (*place, "nodes"),
        "loop",
        outside=scope.nodes,
        files=scope.files,
    )
    body = check_nodes(inside)
    for key, offer in carry.items():
        # A carry that the body draws from draws, at its start, from what it was linked to outside.
        if isinstance(offer.supply, Wire) and Wire("loop", key) in inside.drawn:
            scope.draw(offer.supply, (*place, "carry", key, "from"), path, key)
    following = following_offers(node, carry, inside, path, place)
    collect = {key: inside.follow_something(end.source, (*place, "collect", key, "from"), node=path, port=key)
               for key, end in (node.collect or {}).items()}  # fmt: skip
    _offer_outputs(name, path, node, carry, collect, scope)
    scope.unused_inside += inside.unused()
    if node.disabled:
        _disable_loop(name, node, carry, scope)
        return []
    if inside.has_effect:
        scope.has_effect = True
        scope.wanted.add(name)
    wires = {key: offer.supply for key, offer in inputs.items() if isinstance(offer.supply, Wire)}
    return [TypedLoop(path, _supplies(each), _supplies(carry), _supplies(following), wires, _supplies(collect), body)]


def _refuse_names_used_twice(node: Node, scope: Scope, path: str, place: JsonPath) -> None:
    seen: dict[str, str] = {INDEX: "the turn's number"}
    for kind, names in (("each", node.each), ("carry", node.carry), ("inputs", node.inputs)):
        for key in names or {}:
            if key in seen:
                message = f"loop.{key} would be two things: it is {seen[key]} already"
                scope.report.add("E111", message, (*place, kind, key), path, key)
            scope.report.name(key, (*place, kind, key), path)
            seen.setdefault(key, f"in {kind}")
    for key in node.collect or {}:
        scope.report.name(key, (*place, "collect", key), path)
        if key in (node.carry or {}):
            message = f"the loop would have two outputs '{key}': it is in carry already"
            scope.report.add("E111", message, (*place, "collect", key), path, key)


def input_offers_of(node: Node, scope: Scope, path: str, place: JsonPath) -> dict[str, Offer]:
    """What the inputs of a loop find."""
    inputs = {}
    for key, value in node.inputs.items():
        text = link_text(value)
        if text is None:
            inputs[key] = Offer(literal_type(value), Constant(value, written=value, access=scope.access))
        else:
            inputs[key] = scope.follow(text, (*place, "inputs", key, "from"), node=path, port=key)
    return inputs


def handed_in(
    node: Node,
    each: Mapping[str, Offer],
    carry: Mapping[str, Offer],
    inputs: Mapping[str, Offer],
    scope: Scope,
    path: str,
    place: JsonPath,
) -> dict[tuple[str, str], Offer]:
    """What the body finds under `loop.<name>`."""
    offers = {("loop", INDEX): Offer(PortType(int), Wire("loop", INDEX))}
    for key, offer in each.items():
        element = offer.type.element
        if element is None and offer.type is not ANYTHING:
            message = f"takes a list, '{(node.each or {})[key].source}' gives {offer.type.name}"
            scope.report.add("E107", message, (*place, "each", key, "from"), path, key, key=False)
        offers["loop", key] = Offer(element or ANYTHING, Wire("loop", key), offer.family)
    for key, offer in carry.items():
        offers["loop", key] = Offer(offer.type, Wire("loop", key), offer.family)
    for key, offer in inputs.items():
        # A value that is known before the run goes into the body as it is.
        supply: Supply = Wire("loop", key) if isinstance(offer.supply, Wire) else offer.supply
        offers["loop", key] = Offer(offer.type, supply, offer.family)
    return offers


def following_offers(
    node: Node, carry: Mapping[str, Offer], inside: Scope, path: str, place: JsonPath
) -> dict[str, Offer]:
    """What the carries of a loop find in its body for the next turn."""
    following = {}
    for key, end in (node.carry or {}).items():
        where = (*place, "carry", key, "next")
        offer = inside.follow_something(end.next, where, node=path, port=key)
        start = carry[key]
        if ANYTHING not in (offer.type, start.type) and not start.type.accepts(offer.type):
            message = f"starts as {start.type.name}, but '{end.next}' gives {offer.type.name}"
            hint, suggestion = inside.report.bridge(inside.registry, offer.type, start.type)
            inside.report.add("E107", message, where, path, key, hint=hint, suggestion=suggestion, key=False)
        elif start.family and offer.family and base_of(start.family) != base_of(offer.family):
            message = f"starts in family {base_of(start.family)}, but '{end.next}' is of family {base_of(offer.family)}"
            hint = "what a loop carries stays of one family"
            inside.report.add("E109", message, where, path, key, hint=hint, key=False)
        following[key] = offer
    return following


def _offer_outputs(
    name: str, path: str, node: Node, carry: Mapping[str, Offer], collect: Mapping[str, Offer], scope: Scope
) -> None:
    for key, offer in carry.items():
        scope.offers[name, key] = Offer(offer.type, Wire(path, key), offer.family)
    for key, offer in collect.items():
        gathered = ANYTHING if offer is UNKNOWN else list_of(offer.type)
        scope.offers[name, key] = Offer(gathered, Wire(path, key), offer.family)


def _disable_loop(name: str, node: Node, carry: Mapping[str, Offer], scope: Scope) -> None:
    """A bypassed loop takes no turn, so that a carry is its start; a muted one gives nothing."""
    for key in (*carry, *(node.collect or {})):
        bypassed = node.disabled == "bypass" and key in carry
        why = "bypassed" if node.disabled == "bypass" else "muted"
        scope.offers[name, key] = carry[key] if bypassed else Offer(scope.offers[name, key].type, Absent(why))


def _supplies(offers: Mapping[str, Offer]) -> dict[str, Supply]:
    return {key: offer.supply for key, offer in offers.items()}
