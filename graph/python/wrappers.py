"""What is put around a function: a name and more for its node, or the file that it stands for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from typing import Any, Literal, ParamSpec, TypeVar, cast, get_type_hints

from latentgraph.graph.node import output_name
from latentgraph.graph.python.graph import UNNAMED, UNSET, Graph, Words, failure
from latentgraph.graph.python.naming import assigned_name
from latentgraph.graph.recording import RECORDER
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import SUBWORKFLOW

P = ParamSpec("P")
R = TypeVar("R")
_FILE = "__latentgraph_file__"


def named(
    name: str,
    function: Callable[P, R],
    *,
    description: str = UNSET,
    disabled: Literal["mute", "bypass"] = UNSET,
    package: str = UNSET,
    empty: Mapping[str, Any] = {},
) -> Callable[P, R]:
    """The function, whose call makes a node of this name: `named("positive", nodes.encode)(text_encoder, tokens)`.

    Args:
        name: Of the node.
        function: A node, or what `subworkflow` made.
        description: What the node is for.
        disabled: Muted, it is as if it were not there; bypassed, each output is the first input of its type.
        package: The package that provides its type, for those who do not have it.
        empty: Keys that are written though they say nothing.
    """
    words = Words(name, description, disabled, package, empty)

    @wraps(function, updated=())
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        graph = RECORDER.get()
        if not isinstance(graph, Graph):
            return function(*args, **kwargs)
        if (file := getattr(function, _FILE, None)) is not None:
            return cast(R, _open(graph, function, file, args, kwargs, words))
        return cast(R, graph.call(function, args, kwargs, words))

    return call


def subworkflow(file: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a function to stand for a workflow file, so that its call makes a node of the type `workflow`.

        class Picture(NamedTuple):
            image: Image
            flags: list[bool]

        @subworkflow("./picture.json")
        def picture(prompt: str = "a star", seed: int = 7) -> Picture:
            raise NotImplementedError

    Its parameters are the file's inputs and its result the outputs: one field each, or the one output itself.

    Args:
        file: Relative to the workflow that it is a node of.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            graph = RECORDER.get()
            if not isinstance(graph, Graph):
                raise failure("E113", f"'{file}' is a node only of a workflow", "call it inside `with workflow()`")
            return cast(R, _open(graph, call, file, args, kwargs, UNNAMED, assigned_name(sys._getframe(1))))

        setattr(call, _FILE, file)
        return call

    return declare


def _open(
    graph: Graph,
    function: Callable[..., Any],
    file: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    words: Words,
    variable: str = "",
) -> Any:
    """Make a node of a file."""
    try:
        given = dict(zip(signature(function).parameters, args, strict=False)) | dict(kwargs)
        signature(function).bind_partial(*args, **kwargs)
    except TypeError as error:
        raise failure("E102", f"{function.__name__}: {error}") from None
    name = words.name or graph.free(variable, function.__name__)
    graph.place(name, {"type": SUBWORKFLOW, "file": file, **words.data}, given)
    result = get_type_hints(function)["return"]
    fields = getattr(result, "_fields", None)
    if fields is not None:
        return result._make([graph.output(name, port) for port in fields])
    known = graph.outputs_of(name)
    return graph.output(name, known[0] if len(known) == 1 else output_name(PortType(result)))
