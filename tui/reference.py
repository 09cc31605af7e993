"""The reference page of the nodes, as Markdown: everything that their declarations and docstrings say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from latentgraph.graph.node import NodeType, Port
from latentgraph.graph.registry import Registry
from latentgraph.tui.listing import STRUCTURE, bounds, shown

OURS = "latentgraph"
"""The package whose nodes need not say where they come from."""
INTRODUCTION = """# The nodes

Every node is a plain Python function: in a workflow its parameters are the inputs and its results the outputs, and
called from Python it does the same. The examples run as they stand after `from latentgraph.nodes import *`; `./sdxl`,
`./photo.png` and their like are a model folder and a picture of yours, while `load_model()` loads the model that ships.
A node for models of some families only names them behind its heading. Settings are what its result depends on beside
its inputs, such as the device.

"""


def reference(registry: Registry, nodes: Iterable[NodeType] | None = None) -> str:
    """The page.

    Args:
        registry: Where the nodes are from.
        nodes: Those to describe, by category; all of the registry where None.
    """
    groups = [
        (name, list(ones)) for name, ones in groupby(registry if nodes is None else nodes, lambda one: one.category)
    ]
    lines = [INTRODUCTION]
    for category, ones in groups:
        links = " · ".join(f"[`{one.name}`](#{one.name})" for one in ones)
        lines.append(f"- {category}: {links}\n")
    for category, ones in groups:
        lines.append(f"\n## {category} nodes\n")
        for one in ones:
            lines += _node(one, registry)
    lines.append("\n## structure nodes\n")
    for name, text in STRUCTURE.items():
        lines.append(f"\n### {name}\n\n{_prose(text)}\n")
    return "".join(lines)


def _node(node: NodeType, registry: Registry) -> Iterator[str]:
    families = ", ".join(node.options.families)
    yield f"\n### {node.name}\n\n"
    yield f"{_prose(node.docstring.summary)}{f' *({families})*' if families else ''}\n"
    if node.docstring.description:
        yield f"\n{_prose(node.docstring.description)}\n"
    if node.inputs:
        rows = [
            (f"`{port.name}`", port.type.name, bounds(port), _default(port), port.help) for port in node.inputs.values()
        ]
        yield from _table(("input", "type", "bounds", "default", "help"), rows)
    if node.outputs:
        yield from _table(
            ("output", "type", "help"), [(f"`{one.name}`", one.type.name, one.help) for one in node.outputs.values()]
        )
    facts = []
    if node.options.settings:
        facts.append(f"settings: {', '.join(node.options.settings)}")
    if (origin := registry.origin(node.name)) != OURS:
        facts.append(f"comes from: {origin}")
    if facts:
        yield f"\n{_prose('; '.join(facts))}\n"
    if node.docstring.example:
        yield f"\n```python\n{node.docstring.example}\n```\n"


def _default(port: Port) -> str:
    return "" if port.required else f"`{shown(port.default)}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table without the columns in which nothing stands."""
    kept = [index for index in range(len(head)) if any(row[index] for row in rows)]
    yield "\n"
    yield f"| {' | '.join(head[index] for index in kept)} |\n"
    yield f"| {' | '.join(['---'] * len(kept))} |\n"
    for row in rows:
        yield f"| {' | '.join(_prose(row[index]).replace('|', chr(92) + '|') for index in kept)} |\n"


def _prose(text: str) -> str:
    """Text in which no `<name>` is taken for HTML; what stands between backticks is code, and stays."""
    return re.sub(r"`[^`]*`|<", lambda found: "&lt;" if found[0] == "<" else found[0], text)
