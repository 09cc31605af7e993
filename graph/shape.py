"""What is wrong with the shape of a workflow file: pydantic's complaints, one a fault, in words of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from latentgraph.graph.names import closest, meant
from latentgraph.graph.problem import Problem
from latentgraph.graph.source import Source
from latentgraph.graph.words import kind_of, shown
from latentgraph.graph.workflow import Workflow

_HINTS = 1000
"""Unknown keys whose closest known one is looked for; a file with more is no workflow."""
_WANTED = {
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
}
_PORTS = ("inputs", "outputs", "each", "carry", "collect")
"""Keys whose objects hold ports by name."""
_LINKS = ("outputs", "each", "carry", "collect")


def shape_problems(error: ValidationError, value: dict[str, Any], source: Source) -> list[Problem]:
    """One problem for each place that pydantic complains about."""
    problems: dict[tuple[str | int, ...], Problem] = {}
    for one in error.errors(include_url=False):
        path = _path_in(one["loc"], value)
        if path not in problems:
            problems[path] = _problem(one, path, source, hints=len(problems) < _HINTS)
    # A misspelt key is also a missing one, and is told once.
    misspelt = {(path[:-1], problem.hint) for path, problem in problems.items()}
    return [
        problem for path, problem in problems.items() if not path or (path[:-1], meant(str(path[-1]))) not in misspelt
    ]


def _path_in(location: Sequence[str | int], value: Any) -> tuple[str | int, ...]:
    """The part of pydantic's path that is in the file, or missing in it; not the member of a union that it tried."""
    for index, part in enumerate(location):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return tuple(location[: index + isinstance(value, dict)])
    return tuple(location)


def _problem(error: ErrorDetails, path: tuple[str | int, ...], source: Source, *, hints: bool) -> Problem:
    node, port = _target(path)
    last = str(path[-1]) if path else ""
    where = f"'{'.'.join(map(str, path))}'"
    hint, key = "", False
    if error["type"] == "extra_forbidden":
        message, key = f"unknown key {last!r}", True
        hint = closest(last, _keys_at(path[:-1])) if hints else ""
    elif error["type"] == "missing":
        message, key = f"the key {last!r} is missing", True
        path = path[:-1]
    elif error["type"] in ("too_short", "too_long"):
        message = f"{where} is {shown(error['input'])}; a position is column and row, two integers"
    elif error["type"] == "literal_error":
        message = f"{where} is {shown(error['input'])}; {_choices(str(error['ctx']['expected']))} is wanted"
    else:
        wanted = "a number" if _is_bound(path) else _WANTED.get(error["type"], "something else")
        message = f"{where} is {kind_of(error['input'])}; {wanted} is wanted"
        if isinstance(error["input"], str) and len(path) > 1 and path[-2] in _LINKS:
            hint = f'write {{"from": {shown(error["input"])}}}'
    return Problem("E007", message, hint, node, port, source.name, source.place(path, key=key))


def _choices(expected: str) -> str:
    return expected.replace("'", '"')


def _is_bound(path: Sequence[str | int]) -> bool:
    return len(path) == 3 and path[0] == "inputs" and path[2] in ("minimum", "maximum", "multiple_of")


def _target(path: Sequence[str | int]) -> tuple[str, str]:
    """The node and the port that a path leads to; `inputs` or `outputs` for those of the workflow itself."""
    names: list[str] = []
    while len(path) > 1 and path[0] == "nodes":
        names.append(str(path[1]))
        path = path[2:]
    port = str(path[1]) if len(path) > 1 and path[0] in _PORTS else ""
    return "/".join(names) or (str(path[0]) if port else ""), port


def _keys_at(path: Sequence[str | int]) -> list[str]:
    """The keys that the object at `path` may have."""
    model: type[BaseModel] = Workflow
    parts = iter(path)
    for part in parts:
        known = next((one for name, one in model.model_fields.items() if part == (one.alias or name)), None)
        named, inner = _held(known.annotation) if known else (False, None)
        if inner is None:
            break
        model = inner
        if named:
            next(parts, None)
    return [one.alias or name for name, one in model.model_fields.items()]


def _held(annotation: Any) -> tuple[bool, type[BaseModel] | None]:
    """The model in `dict[str, Model] | None`, and whether it is held by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return False, annotation
    for argument in get_args(annotation):
        _, model = _held(argument)
        if model:
            return get_origin(annotation) is dict or _held(argument)[0], model
    return False, None
