"""The key of a value: a digest of everything that made it.

Two nodes with one key give the same outputs, in this run or another: the key covers the node's code and version, its
literal inputs, the contents of the files it reads, the keys upstream and the run settings that change its bits. Names
and positions are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from latentgraph.graph.typed import Constant, Supply, TypedLoop, TypedNode, Wire
from latentgraph.graph.values import ValueTypes

WireKey = Callable[[Wire], str]
"""The key of the output at the other end of a wire."""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What goes into the keys of a run beside its nodes."""

    values: ValueTypes
    """Digests of constants that are not plain data."""
    settings: Mapping[str, str]
    """The identity of every run setting; of a node's key only those that it declares are part."""
    contents: Mapping[str, str]
    """Digest of everything that is read, by `node.port`."""


def node_key(node: TypedNode, wire_key: WireKey, facts: KeyFacts) -> str:
    """The key of a node's outputs.

    Args:
        node: The node, settled.
        wire_key: Keys of the outputs it reads.
        facts: Of the run.
    """
    constants, wires, resources = node.constants, node.wires, node.resources
    parts = [node.type.identity]
    for name in sorted(constants):
        if name in resources:
            value = repr(facts.contents[f"{node.path}.{name}"])
        else:
            value = _constant(constants[name], facts.values)
        parts.append(f"{name}={value}")
    for name in sorted(wires):
        key = wire_key(wires[name])
        parts.append(f"{name}<{key}")
    if node.type.options.settings:
        parts += [f"{name}@{facts.settings.get(name, '')!r}" for name in node.type.options.settings]
    return _digest(parts)


def loop_key(loop: TypedLoop, body_keys: Iterable[str], wire_key: WireKey, inside: WireKey, values: ValueTypes) -> str:
    """The key of a loop's outputs: of what goes in, of its body, and of how the body is wired to the next turn."""
    parts = ["loop", *body_keys]
    for kind, supplies, key_of in (
        ("each", loop.each, wire_key),
        ("carry", loop.carry, wire_key),
        ("inputs", loop.inputs, wire_key),
        ("next", loop.next, inside),
        ("collect", loop.collect, inside),
    ):
        parts += [f"{kind}.{name}{supply_key(supply, key_of, values)}" for name, supply in sorted(supplies.items())]
    return _digest(parts)


def supply_key(supply: Supply, wire_key: WireKey, values: ValueTypes) -> str:
    """What stands for a supply in a key."""
    if isinstance(supply, Wire):
        return "<" + wire_key(supply)
    return "=" + _constant(supply.value, values) if isinstance(supply, Constant) else ""


def _constant(value: Any, values: ValueTypes) -> str:
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return repr(values.digest(value))


def _digest(parts: list[str]) -> str:
    # One a line: none has a line break of its own, for names are words and texts are written as `repr` writes them.
    return blake2b("\n".join(parts).encode(), digest_size=20).hexdigest()
