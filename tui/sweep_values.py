"""The values of a sweep out of `--set` and `--zip`: ranges, lists, files, and single values as a run takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.sweep import MOST, Axis
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.workflow import Workflow, WorkflowInput
from latentgraph.tui.values import checked_value, draw, parse_text, unknown_input

_RANGE = re.compile(r"([+-]?[0-9.e]+?)\.\.([+-]?[0-9.e]+?)(?:\.\.([+-]?[0-9.e]+))?", re.IGNORECASE)
_DRAWN = re.compile(r"random\*(\d+)")


def read_axes(
    workflow: Workflow,
    registry: Registry,
    settings: Iterable[str],
    zipped: Iterable[str],
    drawn: dict[str, list[int]],
) -> list[Axis]:
    """The axes of a sweep.

    Args:
        workflow: Whose inputs they set.
        registry: Of the types of inputs.
        settings: `NAME=VALUES` of axes that are combined, each point of one with each of the others.
        zipped: `NAME=VALUES` of inputs that go on together, as many values each.
        drawn: Numbers to take for inputs whose values are drawn; what is drawn now is added to it.

    Raises:
        WorkflowError: With every value that is wrong.
    """
    problems: list[Problem] = []
    axes = [
        Axis((name,), tuple((value,) for value in values))
        for name, values in _read(settings, "--set", workflow, registry, drawn, problems)
    ]
    together = _read(zipped, "--zip", workflow, registry, drawn, problems)
    lengths = {name: len(values) for name, values in together}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        problems.append(Problem("E117", f"inputs that go on together need as many values each: {told}", file="--zip"))
    names = [name for axis in axes for name in axis.names] + list(lengths)
    problems += [
        Problem("E117", "it is set twice", node="inputs", port=name, file="--set")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if problems:
        raise WorkflowError(problems)
    if together:
        axes.append(Axis(tuple(lengths), tuple(zip(*[values for _, values in together], strict=True))))
    return axes


def _read(
    settings: Iterable[str],
    option: str,
    workflow: Workflow,
    registry: Registry,
    drawn: dict[str, list[int]],
    problems: list[Problem],
) -> list[tuple[str, list[Any]]]:
    found = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        declared = workflow.inputs.get(name)
        if not equals:
            problems.append(Problem("E117", f"'{setting}' sets nothing; write {option} {name or 'NAME'}=VALUES",
                                    file=option))  # fmt: skip
        elif declared is None:
            problems.append(unknown_input(name, workflow, option))
        else:
            try:
                written = _drawn(name, text, declared, drawn)
                if written is None:
                    written = _values(text, declared, registry)
                values = [checked_value(one, declared, registry) for one in written]
                if not values:
                    raise ValueFaultError("there is no value")
                found.append((name, values))
            except ValueFaultError as fault:
                problems.append(Problem("E104", str(fault), node="inputs", port=name, file=f"{option} {setting[:80]}"))
    return found


def _drawn(name: str, text: str, declared: WorkflowInput, drawn: dict[str, list[int]]) -> list[int] | None:
    """The numbers that a text asks to be drawn; None where it asks for none."""
    asked = (_DRAWN.fullmatch(text) or re.fullmatch("random()", text)) if declared.type == "integer" else None
    if asked is None:
        return None
    if name not in drawn:
        drawn[name] = [draw(declared) for _ in range(_count(int(asked[1] or 1)))]
    return drawn[name]


def _values(text: str, declared: WorkflowInput, registry: Registry) -> list[Any]:
    """Every value that a text stands for, as the declared type reads them."""
    if text.startswith("@"):
        return [parse_text(line, declared, registry) for line in _lines(Path(text[1:]))]
    if text.startswith("["):
        return _list(text)
    if declared.type in ("integer", "number"):
        return [one for part in text.split(",") for one in _numbers(part.strip(), declared, registry)]
    if declared.type == "boolean":
        return [parse_text(part.strip(), declared, registry) for part in text.split(",")]
    if declared.choices is not None and text not in declared.choices:
        return [part.strip() for part in text.split(",")]
    # A text may hold commas of its own: several are a list of JSON, or lines of a file.
    return [parse_text(text, declared, registry)]


def _lines(path: Path) -> list[str]:
    try:
        # Some editors put a mark before the first line, which is no part of it.
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise ValueFaultError(f"'{path}' cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueFaultError(f"'{path}' is not UTF-8 text") from None
    return [line for line in lines if line.strip()]


def _list(text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueFaultError('it is no list of JSON, such as ["a star", "a ring"]') from None
    assert isinstance(values, list)  # it begins with a bracket
    return values


def _numbers(text: str, declared: WorkflowInput, registry: Registry) -> list[Any]:
    found = _RANGE.fullmatch(text)
    if found is None:
        return [parse_text(text, declared, registry)]
    # As they are written, in decimals: 0..1..0.1 has 0.3 in it, and not 0.30000000000000004.
    first, last, step = [_exact(parse_text(one, declared, registry)) for one in (found[1], found[2], found[3] or "1")]
    if step == 0:
        raise ValueFaultError("a range with steps of 0 has no end")
    step = abs(step) if last >= first else -abs(step)
    kind = int if declared.type == "integer" else float
    return [kind(first + index * step) for index in range(_count((last - first) // step + 1))]


def _exact(number: float) -> Fraction:
    if isinstance(number, float) and not isfinite(number):
        raise ValueFaultError("a range has two ends that are finite")
    return Fraction(str(number))


def _count(wanted: int) -> int:
    if wanted > MOST:
        raise ValueFaultError(f"that makes {wanted} values; at most {MOST} are one sweep")
    return wanted
