"""Values for the inputs of a workflow out of `--set NAME=VALUE` and `--inputs FILE.json`, by their declared types."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentgraph.graph.declared import input_type
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.names import closest
from latentgraph.graph.parse import parse
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.words import shown
from latentgraph.graph.workflow import Workflow, WorkflowInput

RANDOM = "random"
"""The word that asks for a number to be drawn."""
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
LARGEST_DRAW = 2**32 - 1
"""Where the input sets no maximum below it: a seed that a person can still copy."""


@dataclass(slots=True)
class Given:
    """What the caller set."""

    values: dict[str, Any] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)
    """Those of the values that were drawn."""


def read_given(workflow: Workflow, registry: Registry, settings: Iterable[str], inputs_file: Path | None) -> Given:
    """Parse everything the caller set; what `--set` says goes before what the file says.

    Raises:
        WorkflowError: With every value that is wrong.
    """
    given, problems = Given(), list[Problem]()
    if inputs_file is not None:
        _take_file(inputs_file, workflow, registry, given, problems)
    for setting in settings:
        _take_setting(setting, workflow, registry, given, problems)
    if problems:
        raise WorkflowError(problems)
    return given


def _take_setting(setting: str, workflow: Workflow, registry: Registry, given: Given, problems: list[Problem]) -> None:
    name, equals, text = setting.partition("=")
    if not equals:
        example = f"--set {name or 'NAME'}=VALUE"
        problems.append(Problem("E117", f"'{setting}' sets nothing; write {example}", file="--set"))
        return
    declared = workflow.inputs.get(name)
    if declared is None:
        problems.append(unknown_input(name, workflow, "--set"))
        return
    try:
        if text == RANDOM and declared.type == "integer" and RANDOM not in (declared.choices or ()):
            given.drawn[name] = given.values[name] = draw(declared)
            return
        given.values[name] = checked_value(parse_text(text, declared, registry), declared, registry)
        given.drawn.pop(name, None)
    except ValueFaultError as fault:
        hint = _instead_of_a_seed(name, text, declared)
        problems.append(Problem("E104", str(fault), hint, node="inputs", port=name, file=f"--set {setting}"))


def _instead_of_a_seed(name: str, text: str, declared: WorkflowInput) -> str:
    """How to have a seed drawn, for one below its minimum: in other programs -1 is the word for it."""
    is_seed = declared.type == "integer" and name.lower().endswith("seed") and not declared.choices
    return f"{name}={RANDOM} draws one" if is_seed and text.startswith("-") else ""


def _take_file(path: Path, workflow: Workflow, registry: Registry, given: Given, problems: list[Problem]) -> None:
    name = str(path)
    try:
        values, source = parse(path.read_bytes(), name)
    except OSError as error:
        problems.append(Problem("E001", f"cannot be read: {error.strerror}", file=name))
        return
    except WorkflowError as error:
        problems += error.problems
        return
    if not isinstance(values, dict):
        hint = 'such as {"prompt": "a red circle", "seed": 3}'
        problems.append(Problem("E007", "the inputs are one JSON object", hint, file=name))
        return
    for key, value in values.items():
        declared = workflow.inputs.get(key)
        place = source.place([key], key=declared is None)
        if declared is None:
            problems.append(unknown_input(key, workflow, name, place=place))
            continue
        try:
            given.values[key] = checked_value(value, declared, registry)
        except ValueFaultError as fault:
            problems.append(Problem("E104", str(fault), node="inputs", port=key, file=name, place=place))


def unknown_input(name: str, workflow: Workflow, file: str, **place: Any) -> Problem:
    """The problem that a workflow has no input of this name."""
    hint = closest(name, workflow.inputs)
    return Problem("E117", "the workflow has no such input", hint, node="inputs", port=name, file=file, **place)


def parse_text(text: str, declared: WorkflowInput, registry: Registry) -> Any:
    """The value that `text` writes, as the declared type reads it.

    Raises:
        ValueFaultError: It does not write one.
    """
    if text == "null" and not declared.required and declared.default is None:
        return None
    if not text.isprintable() and any(0xD800 <= ord(character) < 0xE000 for character in text):
        raise ValueFaultError("the value is not UTF-8 text")
    match declared.type:
        case "string":
            return text
        case "integer":
            return _number(text, int, "an integer, such as 7")
        case "number":
            return _number(text, float, "a number, such as 7.5")
        case "boolean":
            return _boolean(text)
    raise ValueFaultError(
        f"{declared.type} values cannot be written on the command line; {_instead(declared, registry)}"
    )


def _number(text: str, kind: type[int] | type[float], wanted: str) -> int | float:
    try:
        # Python reads more than a person means by a number: 1_000, or digits of other scripts.
        if not text.isascii() or "_" in text:
            raise ValueError
        return kind(text)
    except ValueError:
        too_long = kind is int and text.strip("+-").isdigit()
        raise ValueFaultError("the number is too long" if too_long else f"{shown(text)} is not {wanted}") from None


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueFaultError(f"{shown(text)} is neither true nor false; write true, false, yes, no, 1 or 0")


def _instead(declared: WorkflowInput, registry: Registry) -> str:
    """Which nodes make a value of the type out of what can be written."""
    makers = [
        node.name
        for node in registry
        if any(port.type.name == declared.type for port in node.outputs.values())
        and all(port.type.literal for port in node.inputs.values() if port.required)
    ]
    if not makers:
        return "this workflow is made to be a node of another, which links one to it"
    nodes = " or ".join(f"`{name}`" for name in makers[:3])
    return f"let a node of the workflow make it ({nodes}), and declare what that node needs as the input"


def checked_value(value: Any, declared: WorkflowInput, registry: Registry) -> Any:
    """`value`, held against the bounds and the choices of its declaration."""
    try:
        port_type = input_type(declared, registry)
    except TypeError:
        return value  # the check says what is wrong with the declaration
    if port_type is not None:
        port_type.parse(value)
    return value


def draw(declared: WorkflowInput) -> int:
    """A number that the input takes, from the operating system's randomness."""
    source = random.SystemRandom()
    if declared.choices:
        return int(source.choice(declared.choices))
    low = int(declared.minimum or 0)
    high = int(declared.maximum) if declared.maximum is not None else low + LARGEST_DRAW
    step = int(declared.multiple_of or 1)
    first = -(-low // step)
    return source.randint(first, max(first, min(high, low + LARGEST_DRAW) // step)) * step
