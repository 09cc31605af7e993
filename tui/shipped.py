"""The workflows that ship, each with a sentence that says what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from latentgraph.graph.registry import Registry
from latentgraph.tui.find import shipped_folder, shipped_names


@dataclass(frozen=True, slots=True)
class Shipped:
    """A workflow that ships."""

    name: str
    path: Path
    sentence: str
    types: tuple[str, ...] = ()
    """Of its nodes, those in loops included."""
    needs: tuple[str, ...] = ()
    """The inputs without a default: a model, a picture or another file that does not ship."""

    def families(self, registry: Registry) -> tuple[str, ...]:
        """The model families that all its nodes are for; none where any will do."""
        told = [set(node.options.families) for one in self.types if (node := registry.get(one))]
        return tuple(sorted(set.intersection(*limited))) if (limited := [one for one in told if one]) else ()


def shipped_workflows() -> tuple[Shipped, ...]:
    """All of them, by name."""
    return tuple(_read(shipped_folder() / f"{name}.json") for name in shipped_names())


def by_family(registry: Registry) -> list[tuple[str, list[Shipped]]]:
    """Those for any family first, then those of each family under its name."""

    def family(one: Shipped) -> str:
        return ", ".join(one.families(registry))

    return [(name, list(ones)) for name, ones in groupby(sorted(shipped_workflows(), key=family), key=family)]


def first_sentence(text: str) -> str:
    """`text` up to its first full stop that ends a sentence."""
    return re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]


def _read(path: Path) -> Shipped:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict):
        return Shipped(path.stem, path, "")
    sentence = first_sentence(str(data.get("description", "")))
    return Shipped(path.stem, path, sentence, tuple(dict.fromkeys(_types(data.get("nodes")))), tuple(_needs(data)))


def _needs(data: Mapping[str, Any]) -> Iterator[str]:
    inputs = data.get("inputs")
    for name, declared in inputs.items() if isinstance(inputs, Mapping) else ():
        if isinstance(declared, Mapping) and "default" not in declared:
            yield str(name)


def _types(nodes: Any) -> Iterator[str]:
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        if isinstance(node, Mapping):
            yield str(node.get("type", ""))
            yield from _types(node.get("nodes"))
