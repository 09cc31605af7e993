"""The values of a workflow's inputs as texts that a person types."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from latentgraph.graph.declared import input_type
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import PortType, ValueFaultError
from latentgraph.graph.workflow import WorkflowInput
from latentgraph.tui.values import parse_text


def shown_value(value: Any) -> str:
    """A value as it stands in a field."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class WrittenInput:
    """A declared input, asked again and again what a text means to it."""

    def __init__(self, declared: WorkflowInput, registry: Registry) -> None:
        self.declared = declared
        self._registry = registry
        self._fault = ("", "")
        """The text that was asked about last, and what is wrong with it."""
        self._asked = False

    @cached_property
    def _type(self) -> PortType | None:
        try:
            return input_type(self.declared, self._registry)
        except TypeError:
            return None  # what is wrong with the declaration is told by the check

    @property
    def start(self) -> str:
        """What its field holds where nobody has written into it."""
        return "" if self.declared.required else shown_value(self.declared.default)

    def value(self, text: str) -> Any:
        """The value that a text writes.

        Raises:
            ValueFaultError: It writes none that the input takes.
        """
        value = parse_text(text, self.declared, self._registry)
        return value if self._type is None else self._type.parse(value)

    def fault(self, text: str) -> str:
        """What is wrong with a text; empty where nothing is."""
        if not self._asked or self._fault[0] != text:
            self._asked = True
            self._fault = (text, self._told(text))
        return self._fault[1]

    def _told(self, text: str) -> str:
        try:
            self.value(text)
        except ValueFaultError as fault:
            return str(fault)
        return ""
