"""Which nodes of two graphs are one node under two names.

A node that bears its name and its type in both is itself. Of the others two are one where they have the same content
(type, literals and links, the names of nodes that were found to be one taken for equal) or the same connections (what
they read and who reads them). What is found tells more of its neighbours, so that it goes on until nothing is found.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, Final

from latentgraph.graph.workflow import LOOP, Link, Node, WorkflowInput, link_text

UNKNOWN: Final = "?"
"""Stands for a node at the other end of a link that has not been found."""
INPUTS: Final = "inputs"
ROUNDS: Final = 90
"""After which what looks alike is taken in order: thousands of nodes may all bear other names."""
Key = Callable[["_Side", str], Hashable]


@dataclass(frozen=True, slots=True)
class Scope:
    """The nodes of a workflow or of a loop's body, with what is around them."""

    nodes: Mapping[str, Node]
    inputs: Mapping[str, WorkflowInput] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    """Links out of the scope, by where they end: of outputs, of carries, of what a loop collects."""


@dataclass(frozen=True)
class Matching:
    """What is one in two scopes, each first name with its second."""

    nodes: Mapping[str, str]
    inputs: Mapping[str, str]
    loops: Mapping[str, LoopMatching] = field(default_factory=dict)
    """Of the nodes those that are loops, by the first name."""
    handed: Mapping[str, str] = field(default_factory=dict)
    """In a loop's body: what the loop hands in under another name."""

    @cached_property
    def seconds(self) -> frozenset[str]:
        """The second names of the nodes."""
        return frozenset(self.nodes.values())

    @cached_property
    def second_inputs(self) -> frozenset[str]:
        """The second names of the inputs."""
        return frozenset(self.inputs.values())

    def renamed(self, text: str) -> str:
        """A link of the first scope as the second would write it; empty where that would lead to something else."""
        link = Link.parse(text)
        if link is None:
            return text
        if link.node == "loop":
            port = _second(link.port, self.handed, frozenset(self.handed.values()))
            return f"loop.{port}" if port else ""
        if link.node == INPUTS:
            port = _second(link.port, self.inputs, self.second_inputs)
            return f"{INPUTS}.{port}" if port else ""
        name, port = _second(link.node, self.nodes, self.seconds), link.port
        if link.node in self.loops:
            given = self.loops[link.node].given
            port = _second(port, given, frozenset(given.values()))
        return f"{name}.{port}" if name and port else ""


@dataclass(frozen=True, slots=True)
class LoopMatching:
    """What is one in two loops."""

    body: Matching
    entries: Mapping[str, Mapping[str, str]]
    """Of each kind (`each`, `carry`, `inputs`, `collect`), those that have another name."""

    @property
    def given(self) -> dict[str, str]:
        """The outputs that have another name."""
        return {**self.entries["carry"], **self.entries["collect"]}


def _second(name: str, found: Mapping[str, str], seconds: frozenset[str]) -> str:
    # What is gone, or was never there, keeps its name unless something else bears it now.
    return found.get(name, "" if name in seconds else name)


def match(before: Scope, after: Scope) -> Matching:
    """Find what is one in both, in the bodies of loops, too."""
    return _with_loops(_match(before, after), before.nodes, after.nodes)


def _with_loops(matching: Matching, first: Mapping[str, Node], second: Mapping[str, Node]) -> Matching:
    for name, new in matching.nodes.items():
        if first[name].type == second[new].type == LOOP:
            loop = _match_loops(first[name], second[new], matching)
            matching = replace(matching, loops={**matching.loops, name: loop})
    return matching


def _match_loops(one: Node, other: Node, around: Matching) -> LoopMatching:
    body = _match(_body_of(one), _body_of(other))
    ends = [_entries_of(one, around, body), _entries_of(other, None, None)]
    entries = {kind: _renamed(ends[0][kind], ends[1][kind]) for kind in ends[0]}
    handed = {**entries["each"], **entries["carry"], **entries["inputs"]}
    return LoopMatching(_with_loops(replace(body, handed=handed), one.body, other.body), entries)


def _body_of(loop: Node) -> Scope:
    ends = {f"next.{name}": carry.next for name, carry in (loop.carry or {}).items()}
    ends |= {f"collect.{name}": end.source for name, end in (loop.collect or {}).items()}
    return Scope(loop.body, {}, ends)


def _entries_of(loop: Node, around: Matching | None, body: Matching | None) -> dict[str, dict[str, Hashable]]:
    """What each entry of a loop is, as the second of two writes it."""

    def link(text: str, way: Matching | None) -> str:
        return way.renamed(text) if way else text

    def value(written: Any) -> str:
        text = link_text(written)
        return json.dumps(written if text is None else {"from": link(text, around)}, sort_keys=True)

    return {
        "each": {name: link(end.source, around) for name, end in (loop.each or {}).items()},
        "carry": {name: (link(end.source, around), link(end.next, body)) for name, end in (loop.carry or {}).items()},
        "inputs": {name: value(written) for name, written in loop.inputs.items()},
        "collect": {name: link(end.source, body) for name, end in (loop.collect or {}).items()},
    }


def _renamed(first: Mapping[str, Hashable], second: Mapping[str, Hashable]) -> dict[str, str]:
    """Entries that are there once on each side, and under another name."""
    gone = [name for name in first if name not in second]
    come = [name for name in second if name not in first]
    told = [first[name] for name in gone], [second[name] for name in come]
    return {
        name: come[told[1].index(first[name])]
        for name in gone
        if told[0].count(first[name]) == told[1].count(first[name]) == 1
    }


def _match(before: Scope, after: Scope) -> Matching:
    first, second = _Side(before), _Side(after)
    for name, node in before.nodes.items():
        if name in after.nodes and after.nodes[name].type == node.type:
            _join(first, second, name, name)
    for name in before.inputs:
        if name in after.inputs:
            _join(first, second, f"{INPUTS}.{name}", f"{INPUTS}.{name}")
    keys: tuple[Key, ...] = (_everything, _content, _connections)
    # What there is once is certain; only where there is no such thing are those that look alike taken in order.
    rounds = count()
    while any(_pair(first, second, key, alone=True) for key in keys if next(rounds) < ROUNDS) or any(
        _pair(first, second, key, alone=False) for key in keys
    ):
        pass
    for name in before.nodes:
        if name in first.open and name in second.open:
            _join(first, second, name, name)
    kept = {one: other for one, other in first.known.items() if not one.startswith(f"{INPUTS}.")}
    inputs = {
        one.removeprefix(f"{INPUTS}."): other.removeprefix(f"{INPUTS}.")
        for one, other in first.known.items()
        if one.startswith(f"{INPUTS}.")
    }
    return Matching(kept, inputs)


def links_of(node: Node) -> Iterator[tuple[str, str]]:
    """What a node reads from around it: where the link stands, and the link."""
    for name, value in node.inputs.items():
        if (text := link_text(value)) is not None:
            yield f"inputs.{name}", text
    for kind, ends in (("each", node.each), ("carry", node.carry)):
        for name, end in (ends or {}).items():
            yield f"{kind}.{name}", end.source


class _Texts(dict[str, str]):
    """What each node is apart from its links, made when first asked for: most nodes are known by their names."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        super().__init__()
        self._nodes = nodes

    def __missing__(self, name: str) -> str:
        self[name] = _text(self._nodes[name])
        return self[name]


class _Side:
    """One of the two scopes, and what was found in it; an input goes by `inputs.<name>`, a node by its name."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.known: dict[str, str] = {}
        """What was found, each with the name by which both sides call it from then on: the second one's."""
        self.open = dict.fromkeys([*scope.nodes, *(f"{INPUTS}.{name}" for name in scope.inputs)])
        self.readers: dict[str, list[tuple[str, str]]] = defaultdict(list)
        """Who reads a node: the reader, and the port that it reads with where it reads it."""
        self.links = {name: sorted(links_of(node)) for name, node in scope.nodes.items()}
        self.texts = _Texts(scope.nodes)
        for reader, links in self.links.items():
            for place, text in links:
                self._note(text, reader, place)
        for end, text in scope.ends.items():
            self._note(text, "", end)

    def _note(self, text: str, reader: str, place: str) -> None:
        thing, port = _end(text)
        self.readers[thing].append((reader, f"{port}>{place}"))

    def link(self, text: str) -> str:
        """A link with the common name of what it leads to."""
        if text.startswith("loop."):
            return text
        thing, port = _end(text)
        return f"{self.known.get(thing, UNKNOWN)}.{port}"


def _end(text: str) -> tuple[str, str]:
    """What a link leads to, and the port of it."""
    node, _, port = text.partition(".")
    return (text, "") if node == INPUTS else (node, port)


def _join(first: _Side, second: _Side, one: str, other: str) -> None:
    first.known[one] = second.known[other] = other
    del first.open[one], second.open[other]


def _pair(first: _Side, second: _Side, key: Key, *, alone: bool) -> bool:
    """Join what has one key on both sides: with `alone` where there is one of each, else in the order of the files."""
    ours, theirs = _by_key(first, key), _by_key(second, key)
    pairs: list[tuple[str, str]] = []
    for told, names in ours.items():
        others = theirs.get(told, [])
        if not alone or len(names) == len(others) == 1:
            pairs += zip(names, others, strict=False)
    for one, other in pairs:
        _join(first, second, one, other)
    return bool(pairs)


def _by_key(side: _Side, key: Key) -> dict[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for name in side.open:
        if (told := key(side, name)) is not None:
            found[told].append(name)
    return found


def _everything(side: _Side, thing: str) -> Hashable:
    declared = side.scope.inputs.get(thing.removeprefix(f"{INPUTS}."))
    content = _content(side, thing) if thing in side.scope.nodes or declared is None else _declared(declared)
    return content, _read_by(side, thing)


def _content(side: _Side, thing: str) -> Hashable:
    node = side.scope.nodes.get(thing)
    if node is None:
        # A mere type says nothing: many inputs are declared alike.
        declared = side.scope.inputs[thing.removeprefix(f"{INPUTS}.")]
        return _declared(declared) if len(declared.model_fields_set) > 1 else None
    return side.texts[thing], tuple((place, side.link(text)) for place, text in side.links[thing])


def _declared(declared: WorkflowInput) -> str:
    return json.dumps(declared.model_dump(exclude_unset=True), sort_keys=True)


def _text(node: Node) -> str:
    """What a node is apart from what it reads."""
    data: dict[str, Any] = node.model_dump(by_alias=True, exclude_unset=True)
    for name, value in node.inputs.items():
        if link_text(value) is not None:
            data["inputs"][name] = None
    for kind in ("each", "carry"):
        for end in (data.get(kind) or {}).values():
            end["from"] = ""
    return json.dumps(data, sort_keys=True)


def _connections(side: _Side, thing: str) -> Hashable:
    node = side.scope.nodes.get(thing)
    reads = tuple((place, side.link(text)) for place, text in side.links.get(thing, ()))
    readers = _read_by(side, thing)
    told = [text for _, text in reads] + [reader for reader, _ in readers]
    if all(text.startswith(UNKNOWN) for text in told):
        return None
    return node.type if node else INPUTS, reads, readers


def _read_by(side: _Side, thing: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted((side.known.get(reader, UNKNOWN) if reader else "", place) for reader, place in side.readers[thing])
    )
