"""What stands for a value while a workflow is written: where it will come from, and no value yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from latentgraph.graph.errors import NotComputedError

if TYPE_CHECKING:
    from latentgraph.graph.python.graph import Graph


class Placeholder:
    """An output of a node, or what is handed into the graph that it is of.

    A type checker takes it for the value that it will be, and so do nodes that it is given to. Whatever else asks it
    for something, as one may ask the value itself, is told that it is not computed yet.
    """

    __slots__ = ("_closed", "_graph", "_link", "_type")

    def __init__(self, graph: Graph, node: str, port: str, type_name: str, closed: Graph | None = None) -> None:
        """Say where a value will come from.

        Args:
            graph: Whose links can name it.
            node: As a link calls it.
            port: Its output.
            type_name: How messages call its type.
            closed: The body of the loop that gives it, which has to end before anything reads it.
        """
        self._graph = graph
        self._link = (node, port)
        self._type = type_name
        self._closed = closed

    def __repr__(self) -> str:
        """Where it comes from, for a debugger and a notebook."""
        return f"<{place_of(self)}: {self._type}, not computed yet>"

    def __getattr__(self, name: str) -> NoReturn:
        # What is private is asked by tools such as notebooks, which try what an object can do.
        if name.startswith("_"):
            raise AttributeError(name)
        raise not_computed(self, f"it has no '.{name}'")

    __hash__ = object.__hash__


def place_of(placeholder: Placeholder) -> str:
    """`denoise/step.latents`: the node by its path, and the port."""
    node, port = placeholder._link
    return f"{placeholder._graph.path}{node}.{port}"


def not_computed(placeholder: Placeholder, why_not: str) -> NotComputedError:
    """The error of a value that is used before there is one."""
    return NotComputedError(
        f"'{place_of(placeholder)}' ({placeholder._type}) is not computed yet, so {why_not}: a workflow is being "
        "written here; give it to a node, or run the workflow and take the value from its result"
    )


def _refusing(why_not: str) -> Callable[..., Any]:
    def refuse(self: Placeholder, *_: object) -> NoReturn:
        raise not_computed(self, why_not)

    return refuse


_ARITHMETIC = [
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
]
_REFUSED = {
    "it cannot be computed with": [
        *(f"__{side}{name}__" for name in _ARITHMETIC for side in ("", "r")),
        *(f"__{name}__" for name in ("neg", "pos", "abs", "invert", "round", "int", "float", "complex", "index")),
    ],
    "it cannot be compared": [f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")],
    "nothing can depend on whether it is true": ["__bool__"],
    "it has no items": [f"__{name}__" for name in ("len", "iter", "getitem", "contains", "reversed")],
    "it cannot be called": ["__call__"],
    "it is no text": ["__str__", "__format__", "__bytes__"],
}
for _why_not, _names in _REFUSED.items():
    for _name in _names:
        setattr(Placeholder, _name, _refusing(_why_not))
