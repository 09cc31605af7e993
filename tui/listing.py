"""`latentgraph nodes` and `latentgraph workflows`: the node types by category, one of them in full, what ships."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from latentgraph.graph.names import closest
from latentgraph.graph.node import NodeType, Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW
from latentgraph.tui.find import load_registry
from latentgraph.tui.messages import CommandError, console, print_json, say, write_utf8

STRUCTURE: Mapping[str, str] = {
    LOOP: "Run a graph of nodes in turns: `each` takes one item of a list a turn, `carry` goes from turn to turn.",
    SUBWORKFLOW: "Run a workflow file as a node: its inputs and outputs are the node's.",
}
"""What may stand as a node's type besides the node types."""


def list_nodes(name: str | None, node_files: Iterable[Path], *, as_json: bool) -> None:
    """Print all node types, or the one called `name`.

    Raises:
        CommandError: There is no such node type.
    """
    registry = load_registry(node_files)
    for note in registry.notes:
        say("warning", note)
    if name is None:
        _list(registry, as_json=as_json)
    elif name in STRUCTURE:
        print_json({"name": name, "help": STRUCTURE[name]}) if as_json else print(f"{name}\n  {STRUCTURE[name]}")
    elif (node := registry.get(name)) is not None:
        print_json(node_json(node, registry)) if as_json else _show(node, registry)
    else:
        hint = closest(name, [*registry.names(), *STRUCTURE])
        raise CommandError(f"there is no node type '{name}'; {hint or '`latentgraph nodes` lists them'}")


def print_reference(node_files: Iterable[Path]) -> None:
    """Print the reference page of all nodes that are installed, and of those in files, as Markdown."""
    from latentgraph.tui.reference import reference

    registry = load_registry(node_files)
    for note in registry.notes:
        say("warning", note)
    write_utf8(reference(registry))


def list_workflows(*, as_json: bool) -> None:
    """Print the workflows that ship, those of a family under its name."""
    from latentgraph.tui.shipped import by_family

    registry = load_registry(())
    groups = by_family(registry)
    width = max(len(one.name) for _, ones in groups for one in ones)
    for index, (family, ones) in enumerate(groups):
        if as_json:
            for one in ones:
                print_json({"name": one.name, "help": one.sentence, "families": list(one.families(registry))})
            continue
        _heading(family or "any family", space=index > 0)
        _rows([(one.name, one.sentence) for one in ones], width)
    if sys.stdout.isatty() and not as_json:
        print("\n`latentgraph run NAME` runs one, `latentgraph edit NAME` opens a copy.")


def _list(registry: Registry, *, as_json: bool) -> None:
    if as_json:
        for node in registry:
            print_json(node_json(node, registry))
        return
    groups = [(category, [(node.name, _summary(node)) for node in nodes])
              for category, nodes in groupby(registry, key=lambda node: node.category)]  # fmt: skip
    groups.append(("structure", list(STRUCTURE.items())))
    width = max(len(name) for _, rows in groups for name, _ in rows)
    for index, (category, rows) in enumerate(groups):
        _heading(category, space=index > 0)
        _rows(rows, width)
    if sys.stdout.isatty():
        print("\n`latentgraph nodes NAME` shows one in full.")


def _summary(node: NodeType) -> str:
    """What a node does, and of which families where it is not for all."""
    families = ", ".join(node.options.families)
    return f"{node.docstring.summary} ({families})" if families else node.docstring.summary


def _show(node: NodeType, registry: Registry) -> None:
    _heading(f"{node.name} ({node.category})", space=False)
    _rows([("", node.docstring.summary)], -2)
    if node.docstring.description:
        print()
        _rows([("", node.docstring.description)], -2)
    for title, ports in (("takes", node.inputs), ("gives", node.outputs)):
        if ports:
            _heading(title)
            rows = [(port.name, _described(port, wants=title == "takes")) for port in ports.values()]
            _rows(rows, max(len(name) for name in ports))
    if node.options.families:
        _heading("is for models of")
        _rows([("", ", ".join(node.options.families))], -2)
    if node.docstring.example:
        _heading("example")
        for line in node.docstring.example.splitlines():
            print(f"  {line}")
    _heading("comes from")
    _rows([("", registry.origin(node.name))], -2)


def _described(port: Port, *, wants: bool) -> str:
    kind = port.type.name
    limits = bounds(port)
    start = f"{kind}, {limits}" if limits else kind
    if wants:
        start += ", required" if port.required else f", default {shown(port.default)}"
    return f"{start}. {port.help}" if port.help else start


def bounds(port: Port) -> str:
    """What pydantic's `Field` says of the port, in words."""
    words = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}",
             "multiple_of": "a multiple of {}", "max_length": "at most {} long"}  # fmt: skip
    parts = [text.format(value) for name, text in words.items() if (value := _bound(port, name)) is not None]
    return ", ".join(parts)


def _bound(port: Port, name: str) -> Any:
    for item in port.type.metadata:
        for one in (item, *getattr(item, "metadata", ())):
            if (value := getattr(one, name, None)) is not None:
                return value
    return None


def shown(value: Any) -> str:
    """A value as a workflow file would write it."""
    return json.dumps(value, ensure_ascii=False, default=repr)


def _heading(text: str, *, space: bool = True) -> None:
    if space:
        print()
    if sys.stdout.isatty():
        console(sys.stdout).print(text, style="bold cyan")
    else:
        print(text)


def _rows(rows: Iterable[tuple[str, str]], width: int) -> None:
    """Names and texts in two columns: broken at the edge of a terminal, a line each in a pipe."""
    if not sys.stdout.isatty():
        sys.stdout.writelines(
            f"  {name:<{max(width, 0)}}  {text}".rstrip() + "\n" if name else f"  {text}\n" for name, text in rows
        )
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=max(width, 0), no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(f"  {name}" if name else "", Text(text))
    console(sys.stdout).print(table, soft_wrap=False)


def node_json(node: NodeType, registry: Registry) -> dict[str, Any]:
    """A node type as plain data."""
    return {
        "name": node.name,
        "category": node.category,
        "families": list(node.options.families),
        "help": node.docstring.summary,
        "description": node.docstring.description,
        "inputs": {name: _port_json(port) | _default_json(port) for name, port in node.inputs.items()},
        "outputs": {name: _port_json(port) for name, port in node.outputs.items()},
        "example": node.docstring.example,
        "from": registry.origin(node.name),
    }


def _port_json(port: Port) -> dict[str, Any]:
    from latentgraph.graph.schema import literal_schema

    data: dict[str, Any] = {"type": port.type.name, "help": port.help}
    schema = literal_schema(port.type)
    return data | ({"schema": schema} if schema is not None else {})


def _default_json(port: Port) -> dict[str, Any]:
    return {"required": True} if port.required else {"required": False, "default": port.default}
