"""Help texts out of a docstring in Google's style: summary, description, a line for each argument, an example."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Example):\s*")
_ARGUMENT = re.compile(r"(\w+)(?: \([^)]*\))?: (.*)")


@dataclass(frozen=True, slots=True)
class Docstring:
    """What a docstring says."""

    summary: str = ""
    """Its first paragraph, on one line."""
    description: str = ""
    """The paragraphs after it, before the first section."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""
    example: str = ""
    """Lines of Python that call what it documents."""


def parse_docstring(text: str) -> Docstring:
    """Split a docstring into its parts; what it does not have is empty."""
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.cleandoc(text).splitlines():
        heading = _SECTION.fullmatch(line)
        if heading:
            current = heading[1]
            sections.setdefault(current, [])
        else:
            sections[current].append(line)
    paragraphs = "\n".join(sections[""]).strip().split("\n\n")
    arguments = _arguments(sections.get("Args", []) + sections.get("Attributes", []))
    returns = " ".join(line.strip() for line in sections.get("Returns", [])).strip()
    example = textwrap.dedent("\n".join(sections.get("Example", []))).strip()
    description = "\n\n".join(_joined(paragraph) for paragraph in paragraphs[1:])
    return Docstring(_joined(paragraphs[0]), description, arguments, returns, example)


def _arguments(lines: list[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    name = ""
    for line in lines:
        started = _ARGUMENT.fullmatch(line.strip())
        indent = len(line) - len(line.lstrip())
        if started and indent <= 4:
            name = started[1]
            arguments[name] = started[2].strip()
        elif name and line.strip():
            arguments[name] += " " + line.strip()
    return arguments


def _joined(paragraph: str) -> str:
    return " ".join(line.strip() for line in paragraph.splitlines())
