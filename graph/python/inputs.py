"""The inputs that a workflow declares, each typed as what its caller will set."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast, overload

from latentgraph.graph.check.inputs import input_offers
from latentgraph.graph.python.graph import UNSET, Graph, failure, plain, validated, written
from latentgraph.graph.workflow import Workflow, WorkflowInput

S = TypeVar("S", bound=str)
N = TypeVar("N", bound=int)
V = TypeVar("V")
INPUTS = "inputs"


class Inputs:
    """The part of a workflow that is being written which declares its inputs.

    Every method takes what a file says of an input: a `default` (without one the caller has to set it; None means: not
    set), `choices` and bounds as far as its type has them, and a `description`. `empty` holds keys that are to be
    written though they say nothing.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._inputs: dict[str, WorkflowInput] = {}

    @overload
    def string(self, name: str, *, description: str = ..., empty: Mapping[str, Any] = ...) -> str: ...
    @overload
    def string(
        self, name: str, *, choices: Sequence[S], description: str = ..., empty: Mapping[str, Any] = ...
    ) -> S: ...
    @overload
    def string(
        self, name: str, default: None, *, description: str = ..., empty: Mapping[str, Any] = ...
    ) -> str | None: ...
    @overload
    def string(
        self, name: str, default: None, *, choices: Sequence[S], description: str = ..., empty: Mapping[str, Any] = ...
    ) -> S | None: ...
    @overload
    def string(
        self,
        name: str,
        default: S,
        *,
        choices: Sequence[S] = ...,
        description: str = ...,
        empty: Mapping[str, Any] = ...,
    ) -> S: ...
    def string(
        self,
        name: str,
        default: str | None = UNSET,
        *,
        choices: Sequence[str] = UNSET,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Any:
        """Declare a text. Annotated as a Literal of its choices, the variable fits ports that take only these."""
        return self._declare(name, "string", empty, default=default, choices=choices, description=description)

    @overload
    def integer(
        self,
        name: str,
        default: None,
        *,
        minimum: int = ...,
        maximum: int = ...,
        multiple_of: int = ...,
        choices: Sequence[int] = ...,
        description: str = ...,
        empty: Mapping[str, Any] = ...,
    ) -> int | None: ...
    @overload
    def integer(
        self,
        name: str,
        default: int = ...,
        *,
        minimum: int = ...,
        maximum: int = ...,
        multiple_of: int = ...,
        choices: Sequence[int] = ...,
        description: str = ...,
        empty: Mapping[str, Any] = ...,
    ) -> int: ...
    def integer(
        self,
        name: str,
        default: int | None = UNSET,
        *,
        minimum: int = UNSET,
        maximum: int = UNSET,
        multiple_of: int = UNSET,
        choices: Sequence[int] = UNSET,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Any:
        """Declare a whole number."""
        bounds = {"minimum": minimum, "maximum": maximum, "multiple_of": multiple_of}
        return self._declare(
            name, "integer", empty, default=default, **bounds, choices=choices, description=description
        )

    @overload
    def number(
        self,
        name: str,
        default: None,
        *,
        minimum: float = ...,
        maximum: float = ...,
        multiple_of: float = ...,
        choices: Sequence[float] = ...,
        description: str = ...,
        empty: Mapping[str, Any] = ...,
    ) -> float | None: ...
    @overload
    def number(
        self,
        name: str,
        default: float = ...,
        *,
        minimum: float = ...,
        maximum: float = ...,
        multiple_of: float = ...,
        choices: Sequence[float] = ...,
        description: str = ...,
        empty: Mapping[str, Any] = ...,
    ) -> float: ...
    def number(
        self,
        name: str,
        default: float | None = UNSET,
        *,
        minimum: float = UNSET,
        maximum: float = UNSET,
        multiple_of: float = UNSET,
        choices: Sequence[float] = UNSET,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Any:
        """Declare a number."""
        bounds = {"minimum": minimum, "maximum": maximum, "multiple_of": multiple_of}
        return self._declare(name, "number", empty, default=default, **bounds, choices=choices, description=description)

    @overload
    def boolean(
        self, name: str, default: None, *, description: str = ..., empty: Mapping[str, Any] = ...
    ) -> bool | None: ...
    @overload
    def boolean(
        self, name: str, default: bool = ..., *, description: str = ..., empty: Mapping[str, Any] = ...
    ) -> bool: ...
    def boolean(
        self,
        name: str,
        default: bool | None = UNSET,
        *,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Any:
        """Declare a yes or no."""
        return self._declare(name, "boolean", empty, default=default, description=description)

    @overload
    def value(
        self, name: str, kind: type[V], default: None, *, description: str = ..., empty: Mapping[str, Any] = ...
    ) -> V | None: ...
    @overload
    def value(self, name: str, kind: type[V], *, description: str = ..., empty: Mapping[str, Any] = ...) -> V: ...
    def value(
        self,
        name: str,
        kind: type[V],
        default: None = UNSET,
        *,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Any:
        """Declare a value that no file can write, by its class, such as an Image."""
        registry = self._graph.scope.registry
        if registry.values.by_name(kind.__name__) is None and kind.__module__ in sys.modules:
            registry.add_values(sys.modules[kind.__module__])
        return self._declare(name, kind.__name__, empty, default=default, description=description)

    def input(self, name: str, kind: str, **keys: Any) -> Any:
        """Declare an input with the keys as a file has them, for what the other methods do not say."""
        return self._declare(name, kind, {}, **keys)

    def _declare(self, name: str, kind: str, empty: Mapping[str, Any], **keys: Any) -> Any:
        graph = self._graph
        if graph.closed:
            raise failure("E119", "the workflow is written already", "declare it inside its `with`", INPUTS, name)
        if name in self._inputs:
            raise failure("E004", f"an input is called {name!r} already", "choose another name", INPUTS, name)
        data = {"type": kind, **empty, **{key: plain(value, INPUTS, name) for key, value in written(**keys).items()}}
        declared = validated(WorkflowInput, data, INPUTS, name)
        workflow = Workflow(latentgraph=1, inputs={name: declared}, nodes={})
        with graph.telling():
            scope = graph.scope
            offers = input_offers(workflow, {}, scope.registry, scope.report, scope.access, complete=False)
        scope.offers |= offers
        self._inputs[name] = declared
        return cast(Any, graph.placeholder(INPUTS, name))
