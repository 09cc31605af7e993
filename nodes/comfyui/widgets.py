"""The values of a node's widgets, which the editor format writes by position, by the names of their inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from latentgraph.nodes.comfyui.editor_file import EditorNode
from latentgraph.nodes.comfyui.prompt import JSON

_SEEDS = frozenset({"seed", "noise_seed", "value"})
"""Inputs whose widget may have one beside it that says what becomes of the value after a run."""
_CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_OF_THE_EDITOR = frozenset({"control_after_generate", "upload", "fixed"})
"""Names of widgets that exist in the editor only."""


@cache
def core_nodes() -> Mapping[str, Mapping[str, Any]]:
    """For each of ComfyUI's own nodes that are known here the inputs with a widget, in order, and their defaults.

    A default of null means that the input has none. An object stands for an input that decides which others there are:
    its choices, the first of them the default, with the inputs of each, which are called `input.name`.
    """
    text = files("latentgraph.nodes.comfyui").joinpath("core_nodes.json").read_text("utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table


def named_values(node: EditorNode) -> tuple[dict[str, JSON], tuple[JSON, ...]]:
    """The values of a node's widgets by name, and those whose names are not known."""
    if node.named is not None:
        named = {name: value for name, value in node.values_by_name.items() if name not in _OF_THE_EDITOR}
        return _with_defaults(node.type, named), ()
    declared = core_nodes().get(node.type)
    if declared is not None:
        return _with_defaults(node.type, _by_position(declared, node.values)), ()
    names = [slot.widget for slot in node.inputs if slot.widget]
    values = list(_without_controls(names, node.values))
    # The editor lists either every input with a widget or only some, and does not say which of the two it did.
    if values and len(names) == len(values):
        return dict(zip(names, values, strict=True)), ()
    return {}, node.values


def _without_controls(names: list[str], values: tuple[JSON, ...]) -> Iterator[JSON]:
    remaining = iter(values)
    for name in names:
        try:
            yield next(remaining)
        except StopIteration:
            return
        if name in _SEEDS:
            following = next(remaining, _CONTROLS[0])
            if not _is_control(following):
                yield following
    yield from remaining


def _by_position(declared: Mapping[str, Any], values: tuple[JSON, ...]) -> dict[str, JSON]:
    named: dict[str, JSON] = {}
    pending = list(reversed([*declared.items()]))
    index = 0
    while pending and index < len(values):
        name, default = pending.pop()
        value = named[name] = values[index]
        index += 1
        if isinstance(default, dict):
            chosen = default.get(value, {}) if isinstance(value, str) else {}
            pending += [(f"{name}.{inner}", one) for inner, one in reversed([*chosen.items()])]
        if name in _SEEDS and index < len(values) and _is_control(values[index]):
            index += 1
    return named


def _is_control(value: JSON) -> bool:
    # The first versions had a switch there, on or off.
    return isinstance(value, bool) or value in _CONTROLS


def _with_defaults(class_type: str, named: dict[str, JSON]) -> dict[str, JSON]:
    """The values, and the defaults of inputs that a file from before they existed does not have."""
    defaults: dict[str, JSON] = {}
    for name, default in core_nodes().get(class_type, {}).items():
        if isinstance(default, dict):
            choice = named.get(name, next(iter(default)))
            defaults[name] = choice
            chosen = default.get(choice, {}) if isinstance(choice, str) else {}
            defaults |= {f"{name}.{inner}": value for inner, value in chosen.items()}
        elif default is not None:
            defaults[name] = default
    return {**defaults, **named}
