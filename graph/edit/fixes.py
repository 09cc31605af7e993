"""What a problem suggests, as an edit: the closest name, the nodes between two types, the value that was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath

from latentgraph.graph.boxes import INPUTS, NEXT, OUTPUTS, End, Scope, end_of
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.fitting import mismatch, named
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.interface import set_input
from latentgraph.graph.edit.linking import bring_in
from latentgraph.graph.edit.links import connect, insert_between
from latentgraph.graph.edit.nodes import retype
from latentgraph.graph.edit.references import Reference, references
from latentgraph.graph.edit.values import set_value
from latentgraph.graph.errors import EditError
from latentgraph.graph.problem import Problem

_BORDER_NAMES = {"inputs": INPUTS, "outputs": OUTPUTS}
"""How problems call what is at the border of the workflow."""


def fix(graph: Graph, problem: Problem) -> Edit | None:
    """Do what a problem suggests.

    Args:
        graph: Of any scope of the workflow that was checked.
        problem: One that the check found.

    Returns:
        The edit; None where the problem suggests nothing that could be done here, as in the file of a sub-workflow.
    """
    if problem.suggestion is None or _is_of_another_file(graph, problem):
        return None
    doing = {"name": _name, "between": _between, "value": _value, "link": _link}[problem.suggestion.kind]
    try:
        return doing(graph, problem, problem.suggestion.words)
    except (EditError, KeyError):
        # What the suggestion is about was changed since the check.
        return None


def _name(graph: Graph, problem: Problem, words: tuple[str, ...]) -> Edit | None:
    wrong, right = words
    place, name = _place(graph, problem)
    if problem.code == "E101":
        return retype(place, name, right)
    if problem.code == "E102":
        return _rename_port(place, name, wrong, right)
    if problem.code == "E116":
        return set_input(graph, problem.port, type=right)
    if problem.code == "E105" and not problem.node:
        return _rename_path(graph, wrong, right)
    for scope, reference in _references(graph, problem):
        box, port = reference.source
        if problem.code == "E105" and box == wrong:
            return _relink(graph, scope, reference, (right, port))
        if problem.code == "E106" and port == wrong:
            return _relink(graph, scope, reference, (box, right))
    return None


def _between(graph: Graph, problem: Problem, words: tuple[str, ...]) -> Edit | None:
    for scope, reference in _references(graph, problem):
        place = graph.at(scope)
        if mismatch(place, reference.source, reference.target):
            return insert_between(place, reference.source, reference.target, words)
    return None


def _value(graph: Graph, problem: Problem, words: tuple[str, ...]) -> Edit | None:
    value = json.loads(words[0])
    if problem.node == "inputs":
        return set_input(graph, problem.port, default=value)
    place, name = _place(graph, problem)
    source = end_of(value)
    edit = connect(place, source, (name, problem.port)) if source else set_value(place, name, problem.port, value)
    return replace(edit, merge="")


def _link(graph: Graph, problem: Problem, words: tuple[str, ...]) -> Edit | None:
    """Hand an output into the loop that wants it, or an input of the workflow through all loops around."""
    for scope, reference in _references(graph, problem):
        source = reference.source
        if f"{source[0]}.{source[1]}" != words[0] or not scope:
            continue
        draft = graph.draft()
        for depth in range(1 if source[0] == INPUTS else len(scope), len(scope) + 1):
            source = bring_in(draft, scope[:depth], source)
        reference.write(draft, source)
        return draft.edit(f"hand {words[0]} into {scope[-1]}", scope, (reference.target[0],))
    return None


def _is_of_another_file(graph: Graph, problem: Problem) -> bool:
    file = graph.signatures.file
    return bool(problem.file and file and FilePath(problem.file).resolve() != file.resolve())


def _place(graph: Graph, problem: Problem) -> tuple[Graph, str]:
    """The scope that a problem's node stands in, and its name there."""
    *scope, name = problem.node.split("/")
    return graph.at(tuple(scope)), name


def _references(graph: Graph, problem: Problem) -> Iterator[tuple[Scope, Reference]]:
    """The links that a problem can be about: to the port of its node, or from the body of the loop that it is."""
    place, name = _place(graph, problem)
    targets: list[tuple[Scope, End]] = [(place.scope, (_BORDER_NAMES.get(name, name), problem.port))]
    if place.is_loop(name):
        targets.append(((*place.scope, name), (NEXT, problem.port)))
    for scope, target in targets:
        yield from ((scope, one) for one in references(graph.data, scope) if one.target == target)


def _relink(graph: Graph, scope: Scope, reference: Reference, source: End) -> Edit:
    draft = graph.draft()
    reference.write(draft, source)
    return draft.edit(f"connect {named(source)} to {named(reference.target)}", scope, (reference.target[0],))


def _rename_port(graph: Graph, node: str, wrong: str, right: str) -> Edit | None:
    if right in graph.node(node).get("inputs", {}):
        return None
    draft = graph.draft()
    draft.rename((*graph.nodes_path, node, "inputs"), wrong, right)
    return draft.edit(f"rename {node}.{wrong} to {right}", graph.scope, (node,))


def _rename_path(graph: Graph, wrong: str, right: str) -> Edit:
    """Let groups and layout mean another node, where they do not name that already."""
    draft = graph.draft()
    layout = graph.data.get("layout", {})
    if right in layout:
        draft.remove(("layout", wrong))
    else:
        draft.rename(("layout",), wrong, right)
    for title, group in graph.data.get("groups", {}).items():
        members = dict.fromkeys(right if path == wrong else path for path in group["nodes"])
        if wrong in group["nodes"]:
            draft.set(("groups", title, "nodes"), list(members))
    return draft.edit(f"rename {wrong} to {right}", graph.scope)
