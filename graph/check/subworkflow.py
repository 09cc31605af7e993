"""The check of a workflow file that is a node of another: its inputs and outputs are the node's ports."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check.inputs import input_offers
from latentgraph.graph.check.nodes import check_nodes, offer_of_disabled, refuse_fields
from latentgraph.graph.check.report import value_suggestion
from latentgraph.graph.check.scope import GONE, JsonPath, Scope
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.typed import Absent, Constant, Offer, TypedLoop, TypedNode
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.workflow import Node, link_text

MAX_LEVELS: Final = 32
"""Loops and sub-workflows around a sub-workflow."""
MAX_OPENED: Final = 2000
"""Sub-workflows of one workflow, those in sub-workflows counted."""


def check_subworkflow(name: str, node: Node, scope: Scope) -> list[TypedNode | TypedLoop]:
    """Check a sub-workflow in the place where it stands; its nodes join those around it."""
    refuse_fields(node, ("each", "carry", "nodes", "collect"), "a sub-workflow", scope, name)
    path, place = scope.path + name, (*scope.json_path, name)
    document = _read(node, scope, path, place) if _has_room(scope, path, place) else None
    if document is None:
        for key, value in node.inputs.items():
            if text := link_text(value):
                scope.follow(text, (*place, "inputs", key, "from"), node=path, port=key)
        scope.offer_nothing_known(name)
        return []
    report, own = scope.report.inside(document), scope.report.document.path
    offers = _offers(document, node, scope, path, place)
    report.findings.embedded[path] = canonical_text(document.workflow)
    inside = Scope(
        scope.registry,
        report,
        _access(document, scope),
        offers,
        document.workflow.nodes,
        f"{path}/",
        files=(*(scope.files or (str(own.resolve()) if own else "",)), str(document.path)),
        drawn=scope.drawn,
    )
    nodes = check_nodes(inside)
    for key, output in document.workflow.outputs.items():
        offer = inside.follow_something(output.source, ("outputs", key, "from"), node=path, port=key)
        scope.offers[name, key] = offer_of_disabled(node, offer.type, scope) if node.disabled else offer
    if node.disabled:
        return []
    if inside.has_effect:
        scope.has_effect = True
        scope.wanted.add(name)
    return nodes


def _has_room(scope: Scope, path: str, place: JsonPath) -> bool:
    """Whether one more sub-workflow may be opened: files that open each other can be few and their nodes countless."""
    findings = scope.report.findings
    findings.opened += 1
    if path.count("/") >= MAX_LEVELS:
        scope.report.add("E113", f"sub-workflows are nested more than {MAX_LEVELS} deep", place, path)
        return False
    if findings.opened == MAX_OPENED + 1:
        scope.report.add("E113", f"it opens more than {MAX_OPENED} sub-workflows", place, path)
    return findings.opened <= MAX_OPENED


def _read(node: Node, scope: Scope, path: str, place: JsonPath) -> Document | None:
    if node.file is None:
        hint = 'write "file": "NAME.json"'
        scope.report.add("E113", "a sub-workflow needs the key 'file'", place, path, hint=hint)
        return None
    where = (*place, "file")
    outer = scope.report.document
    try:
        if path in outer.embedded:
            return replace(
                parse_document(outer.embedded[path].encode(), node.file, outer.path), embedded=outer.embedded
            )
        file = scope.access.path(node.file, given=False)
        around = scope.files or (str(outer.path.resolve()) if outer.path else "",)
        if str(file) in around:
            chain = " → ".join(Path(one).name for one in (*around[around.index(str(file)) :], str(file)))
            scope.report.add("E113", f"the file contains itself: {chain}", where, path, key=False)
            return None
        return scope.report.findings.read(file, os.path.join(os.path.dirname(scope.report.document.name), node.file))
    except AccessError as error:
        scope.report.add("E113", error.message, where, path, hint=error.hint, key=False)
    except WorkflowError as error:
        # Told once, however many nodes open the file.
        known = scope.report.findings.problems
        known += [problem for problem in error.problems if problem not in known[-1000:]]
    return None


def _access(document: Document, scope: Scope) -> FileAccess:
    """What the file of a sub-workflow may read: its own folder, and what the user opened."""
    return FileAccess(document.folder, scope.access.allowed, scope.access.recorded)


def _offers(document: Document, node: Node, scope: Scope, path: str, place: JsonPath) -> dict[tuple[str, str], Offer]:
    """What the nodes inside find under `inputs.<name>`: what the node outside is given, else the default."""
    workflow = document.workflow
    inside = input_offers(
        workflow, {}, scope.registry, scope.report.inside(document), _access(document, scope), complete=False
    )
    for key, value in node.inputs.items():
        where = (*place, "inputs", key)
        declared = inside.get(("inputs", key))
        if declared is None:
            message = f"the workflow '{node.file}' has no input '{key}'"
            scope.report.unknown("E102", message, key, workflow.inputs, where, path, key)
            continue
        text = link_text(value)
        given = (
            Offer(declared.type, Constant(value, written=value, access=scope.access))
            if text is None
            else scope.follow(text, (*where, "from"), node=path, port=key)
        )
        gone = isinstance(given.supply, Absent) and given.supply.why in GONE
        if not (gone and isinstance(declared.supply, Constant)):  # what has a default can do without a link
            inside["inputs", key] = _fitted(given, declared, text, scope, path, key, where)
    for (_, key), offer in inside.items():
        if isinstance(offer.supply, Absent) and offer.supply.why == "unset" and key not in node.inputs:
            if node.disabled:
                continue
            message = f"the input '{key}' ({offer.type.name}) is missing"
            scope.report.add("E103", message, place, path, key, hint=offer.type.way)
            inside["inputs", key] = Offer(offer.type, Absent(), offer.family)
    return inside


def _fitted(
    given: Offer, declared: Offer, text: str | None, scope: Scope, path: str, key: str, where: JsonPath
) -> Offer:
    """`given` as an offer of the declared type, with a problem told where it does not fit."""
    supply = given.supply
    if isinstance(supply, Constant):
        try:
            value = declared.type.parse(supply.value)
        except ValueFaultError as fault:
            origin = f" (from {text})" if text else ""
            where = (*where, "from") if text else (*where, *fault.path)
            suggestion = None if text else value_suggestion(fault)
            scope.report.add(
                "E104", f"{fault}{origin}", where, path, key, hint=fault.hint, suggestion=suggestion, key=False
            )
            return Offer(declared.type, Absent())
        return Offer(declared.type, replace(supply, value=value), given.family)
    if isinstance(supply, Absent):
        return Offer(declared.type, supply)
    if not declared.type.accepts(given.type):
        message = f"takes {declared.type.name}, '{text}' gives {given.type.name}"
        hint, suggestion = scope.report.bridge(scope.registry, given.type, declared.type)
        scope.report.add("E107", message, (*where, "from"), path, key, hint=hint, suggestion=suggestion, key=False)
        return Offer(declared.type, Absent())
    return Offer(given.type, supply, given.family)
