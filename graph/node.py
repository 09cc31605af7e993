"""A node is a typed Python function; its signature is the only declaration.

    @node(category="text")
    def encode(text_encoder: TextEncoder, tokens: Tokens, clip_skip: ClipSkip = 0) -> Conditioning:
        '''Run the text encoder over the tokens.'''

A parameter is an input port, its annotation the type, its default the default, `Annotated[int, Field(ge=1)]`
the bounds; the return type is the output port, and a NamedTuple is several. Called, the function is the function it
was, except where a workflow is being written in Python: there a call is a node (`latentgraph.graph.python`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast, get_type_hints

from latentgraph.graph.context import RunContext
from latentgraph.graph.docstring import Docstring, parse_docstring
from latentgraph.graph.errors import NodeDefinitionError
from latentgraph.graph.names import OF_A_FILE, name_fault
from latentgraph.graph.recording import RECORDER
from latentgraph.graph.types import PortType, ValueFaultError

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: Final = "__latentgraph_node__"
_PLAIN: Final = "__latentgraph_function__"


class Required:
    """The default of a port that has none."""

    def __repr__(self) -> str:
        """Shown where a signature is printed."""
        return "required"


REQUIRED: Final = Required()
Described = Mapping[str, str]
"""What a node can tell of its outputs from its literals alone: the model family of each, by the output's name."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or an output of a node."""

    name: str
    type: PortType
    default: Any = REQUIRED
    help: str = ""

    @property
    def required(self) -> bool:
        """Whether a workflow must give it a value or a link."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """What the decorator says beside the signature."""

    category: str
    name: str
    version: int = 1
    """Raised when the same inputs give another result, so that a kept value is not taken for a new one."""
    settings: tuple[str, ...] = ()
    """The run settings that change the result, such as `device`; only these are part of a value's key."""
    effect: bool = False
    """It hands something to the run's sink: it is wanted for itself and never taken from the cache."""
    describe: Callable[[Mapping[str, Any]], Described] | None = None
    """Told the literal inputs, returns the family of each output; reads configuration files and headers, no weights."""
    draws: str = ""
    """The input with the random state that it draws from: two nodes that draw from one state get the same numbers."""
    families: tuple[str, ...] = ()
    """The families whose values it works with; empty where any will do."""
    variant: str = ""
    """What it adds to a family: it gives `sd1/mask` where it is given `sd1` and this is `mask`; empty: nothing."""
    matching: tuple[str, ...] = ()
    """Inputs that have to be of one variant; the first says which, so that it is the others that are put right."""
    rowwise: bool = False
    """Each row (image) of what it gives depends on the same row of what it reads and on no other, so that the rows of
    several runs may be computed at once."""


@dataclass(frozen=True)
class NodeType:
    """The declaration of a node, read off its function."""

    function: Callable[..., Any]
    options: NodeOptions
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    several: bool
    """Whether the result is a NamedTuple with one field an output."""
    context: str = ""
    """Name of the keyword-only parameter that takes the RunContext; empty where there is none."""
    docstring: Docstring = field(default_factory=Docstring)
    source: str = ""
    """Digest of the source file, for nodes that come from a file and bear no version of a package."""

    @property
    def name(self) -> str:
        """How a workflow calls it."""
        return self.options.name

    @property
    def category(self) -> str:
        """The heading it is listed under."""
        return self.options.category

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The names of its outputs: one tuple for all the nodes of a workflow that are of this type."""
        return tuple(self.outputs)

    @cached_property
    def identity(self) -> str:
        """What stands for the node's code in the key of its values."""
        module = self.function.__module__
        return f"{module}.{self.function.__qualname__}@{self.options.version}{self.source}"


def node(
    *,
    category: str,
    name: str | None = None,
    version: int = 1,
    settings: tuple[str, ...] = (),
    effect: bool = False,
    describe: Callable[[Mapping[str, Any]], Described] | None = None,
    draws: str = "",
    families: tuple[str, ...] = (),
    variant: str = "",
    matching: tuple[str, ...] = (),
    rowwise: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a function to be a node. What is returned is called as the function is, with its signature and help.

    Args:
        category: The heading it is listed under.
        name: How workflows call it; the function's own name where None.
        version: Raised when the same inputs give another result.
        settings: Run settings that change the result.
        effect: It hands something to the run's sink.
        describe: Tells the family of each output from the literal inputs.
        draws: Name of the input with the random state that it draws from.
        families: The families whose values it works with, where not any will do.
        variant: Of a family, which the values that it gives are of too.
        matching: Names of the inputs that have to be of one variant, the one that says which first.
        rowwise: Each row of what it gives depends on the same row of what it reads, and on no other.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        called = name or function.__name__
        options = NodeOptions(category, called, version, tuple(settings), effect, describe, draws, tuple(families),
                              variant, tuple(matching), rowwise)  # fmt: skip
        setattr(function, _OPTIONS, options)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            recorder = RECORDER.get()
            if recorder is None:
                return function(*args, **kwargs)
            return cast(R, recorder.record(call, args, kwargs))

        setattr(call, _PLAIN, (call, function))
        return call

    return declare


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that its author wrote, which never asks whether a workflow is being written."""
    call, plain = getattr(function, _PLAIN, (None, function))
    # What wraps a node has its attributes, and is to be called itself.
    return cast(Callable[..., Any], plain if call is function else function)


def is_node(value: object) -> bool:
    """Whether `value` is a function that `node` declared."""
    return callable(value) and isinstance(getattr(value, _OPTIONS, None), NodeOptions)


def node_type(function: Callable[..., Any], source: str = "") -> NodeType:
    """Read the declaration off a decorated function.

    Args:
        function: A function that `node` declared.
        source: Digest of the file it was read from, if it is not of an installed package.

    Raises:
        NodeDefinitionError: The declaration cannot be right; the message names the function.
    """
    function = plain_function(function)
    place = _place(function)
    options: NodeOptions = getattr(function, _OPTIONS)
    if fault := name_fault(options.name):
        raise NodeDefinitionError(f"{place}: {fault}")
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:
        raise NodeDefinitionError(f"{place}: an annotation cannot be resolved: {error}") from error
    docstring = parse_docstring(function.__doc__ or "")
    inputs: dict[str, Port] = {}
    context = ""
    for parameter in inspect.signature(function).parameters.values():
        if hints.get(parameter.name) is RunContext:
            context = _context_name(place, parameter)
        else:
            inputs[parameter.name] = _input(place, parameter, hints, docstring)
    outputs, several = _outputs(place, hints, docstring)
    if options.draws and options.draws not in inputs:
        raise NodeDefinitionError(f"{place}: draws from '{options.draws}', which is none of its parameters")
    if lacking := [name for name in options.matching if name not in inputs]:
        raise NodeDefinitionError(f"{place}: matches '{lacking[0]}', which is none of its parameters")
    return NodeType(function, options, inputs, outputs, several, context, docstring, source)


def _place(function: Callable[..., Any]) -> str:
    """Where a node is declared: of a file that the user named its line, else the function's full name."""
    if function.__module__.startswith(OF_A_FILE):
        code = function.__code__
        return f"{Path(code.co_filename).name}:{code.co_firstlineno}: {function.__qualname__}"
    return f"{function.__module__}.{function.__qualname__}"


def _context_name(place: str, parameter: inspect.Parameter) -> str:
    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.default is inspect.Parameter.empty:
        raise NodeDefinitionError(
            f"{place}: the context '{parameter.name}' must be keyword-only with a default, "
            f"so that the function can be called alone: `*, {parameter.name}: RunContext = ALONE`"
        )
    return parameter.name


def _input(place: str, parameter: inspect.Parameter, hints: Mapping[str, Any], docstring: Docstring) -> Port:
    name = parameter.name
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise NodeDefinitionError(f"{place}: '{name}' takes any number of arguments; a port is one")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise NodeDefinitionError(f"{place}: '{name}' is positional-only; ports are passed by name")
    if name not in hints:
        raise NodeDefinitionError(f"{place}: parameter '{name}' has no annotation")
    port_type = _port_type(place, f"parameter '{name}'", hints[name])
    empty = parameter.default is inspect.Parameter.empty
    if not empty and port_type.literal and not (parameter.default is None and port_type.optional):
        try:
            port_type.parse(parameter.default)
        except ValueFaultError as fault:
            raise NodeDefinitionError(f"{place}: the default of '{name}' is not its own type: {fault}") from fault
    default = REQUIRED if empty else parameter.default
    return Port(name, port_type, default, docstring.arguments.get(name, ""))


def _outputs(place: str, hints: Mapping[str, Any], docstring: Docstring) -> tuple[dict[str, Port], bool]:
    if "return" not in hints:
        raise NodeDefinitionError(f"{place}: the result has no annotation")
    result = hints["return"]
    if result is type(None):
        return {}, False
    if not (isinstance(result, type) and issubclass(result, tuple) and hasattr(result, "_fields")):
        port_type = _port_type(place, "the result", result)
        name = output_name(port_type)
        return {name: Port(name, port_type, help=docstring.returns)}, False
    fields = get_type_hints(result, include_extras=True)
    helps = parse_docstring(result.__doc__ or "").arguments
    return {
        name: Port(name, _port_type(place, f"result '{name}'", annotation), help=helps.get(name, ""))
        for name, annotation in fields.items()
    }, True


def _port_type(place: str, what: str, annotation: Any) -> PortType:
    try:
        port_type = PortType(annotation)
        if port_type.literal and port_type.metadata:
            _try_bounds(port_type)
        return port_type
    except TypeError as error:
        raise NodeDefinitionError(f"{place}: {what}: {error}") from error


def _try_bounds(port_type: PortType) -> None:
    """Raise TypeError where a bound does not go with its type, which pydantic says only when a value meets it."""
    samples = {str: "", int: 0, float: 0.0, bool: False}
    for member in port_type.members:
        try:
            port_type.parse(samples.get(member))
        except ValueFaultError:
            continue
        except TypeError as error:
            raise TypeError(f"its bounds do not go with {port_type.name}") from error


def output_name(port_type: PortType) -> str:
    """The name of a single output: its class in snake case, or `value` where the class says nothing."""
    members = [member for member in port_type.members if member is not type(None)]
    member = members[0] if len(members) == 1 else None
    if not isinstance(member, type) or member.__module__ == "builtins":
        return "value"
    name = member.__name__
    parts = "".join("_" + c if c.isupper() and i and not name[i - 1].isupper() else c for i, c in enumerate(name))
    return parts.lower()
