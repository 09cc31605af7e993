"""Nodes that only hand a value on, worked out before translation: primitives, switches, joined texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from latentgraph.nodes.comfyui.prompt import JSON, Prompt, PromptLink, PromptNode

Inputs: TypeAlias = Mapping[str, JSON | PromptLink]
LONGEST = 100_000
"""Characters of a joined text: texts joined with themselves double at each node."""


class _Unsettled(Exception):  # noqa: N818 - it is no error
    """The node does more than hand a value on."""


def settled(prompt: Prompt) -> Prompt:
    """The prompt without the nodes that only hand a value on; what they give stands where it was linked to."""
    settling = _Settling(prompt.nodes)
    nodes = {}
    for node in prompt.nodes.values():
        if node.class_type in _RULES and settling.of(node.id) is not None:
            continue
        inputs = {name: settling.through(value) for name, value in node.inputs.items()}
        nodes[node.id] = replace(node, inputs=inputs)
    return replace(prompt, nodes=nodes)


class _Settling:
    def __init__(self, nodes: Mapping[str, PromptNode]) -> None:
        self.nodes = nodes
        self.known: dict[str, tuple[JSON | PromptLink] | None] = {}
        """What nodes hand on; None for those that are not settled."""

    def through(self, value: JSON | PromptLink) -> JSON | PromptLink:
        """What a value stands for."""
        if not isinstance(value, PromptLink) or value.slot != 0:
            return value
        handed = self.of(value.node)
        return value if handed is None else handed[0]

    def of(self, node_id: str) -> tuple[JSON | PromptLink] | None:
        """What a node hands on."""
        pending, waiting = [node_id], set()
        while pending:
            current = pending[-1]
            node = self.nodes.get(current)
            if current in self.known or node is None or node.class_type not in _RULES:
                self.known.setdefault(current, None)
                pending.pop()
                continue
            sources = [one.node for one in node.inputs.values() if isinstance(one, PromptLink)]
            unknown = [one for one in sources if one not in self.known and one not in waiting]
            if unknown and current not in waiting:
                waiting.add(current)
                pending += unknown
                continue
            try:
                inputs = {name: self._known(value) for name, value in node.inputs.items()}
                self.known[current] = (_RULES[node.class_type](inputs),)
            except _Unsettled:
                self.known[current] = None
            pending.pop()
        return self.known[node_id]

    def _known(self, value: JSON | PromptLink) -> JSON | PromptLink:
        if isinstance(value, PromptLink) and value.slot == 0:
            handed = self.known.get(value.node)
            return value if handed is None else handed[0]
        return value


def _value(name: str) -> Callable[[Inputs], JSON | PromptLink]:
    def give(inputs: Inputs) -> JSON | PromptLink:
        if name not in inputs:
            raise _Unsettled
        return inputs[name]

    return give


def _switch(inputs: Inputs) -> JSON | PromptLink:
    switch = inputs.get("switch")
    if not isinstance(switch, bool):
        raise _Unsettled
    return _value("on_true" if switch else "on_false")(inputs)


def _joined(inputs: Inputs) -> JSON | PromptLink:
    first, second, between = (inputs.get(name, "") for name in ("string_a", "string_b", "delimiter"))
    if not isinstance(first, str) or not isinstance(second, str) or not isinstance(between, str):
        raise _Unsettled
    if len(first) + len(between) + len(second) > LONGEST:
        raise _Unsettled
    return first + between + second


def _only(inputs: Inputs) -> JSON | PromptLink:
    links = [value for value in inputs.values() if isinstance(value, PromptLink)]
    if len(links) != 1:
        raise _Unsettled
    return links[0]


_RULES: Mapping[str, Callable[[Inputs], JSON | PromptLink]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("PrimitiveInt", "PrimitiveFloat", "PrimitiveBoolean", "PrimitiveString", "PrimitiveStringMultiline"),
            _value("value"),
        ),
        "SeedNode": _value("seed"),
        "ComfySwitchNode": _switch,
        "StringConcatenate": _joined,
        "Reroute": _only,
    }
)
