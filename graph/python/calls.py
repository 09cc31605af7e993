"""From the call of a function to the inputs of a node: what it declares, and which argument is which port."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.node import NodeType, plain_function
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry


def declaration_of(function: Callable[..., Any], registry: Registry) -> NodeType:
    """The node type of a decorated function, made known to the registry where it is not of a package that is.

    Raises:
        NodeDefinitionError: Its declaration is wrong, or another node has its name.
    """
    name = node_name(function)
    known = registry.get(name)
    if known is not None and _is_same(known.function, plain_function(function)):
        return known
    plain = plain_function(function)
    source = _source_of(plain)
    if (module := sys.modules.get(plain.__module__)) is not None:
        registry.add_values(module)
    return registry.add(function, origin=source[0], source=f"#{source[1]}")


def node_name(function: Callable[..., Any]) -> str:
    """How workflows call a decorated function."""
    return str(getattr(function, "__latentgraph_node__").name)  # noqa: B009 - it is set so


def _is_same(known: Callable[..., Any], function: Callable[..., Any]) -> bool:
    """Whether both are one function, which a file of nodes and an import of it make two objects of."""
    if known is function:
        return True
    files = [getattr(getattr(one, "__code__", None), "co_filename", "") for one in (known, function)]
    # A notebook's cell is no file: what stands in it now is meant.
    return (
        known.__qualname__ == function.__qualname__
        and all(files)
        and Path(files[0]).is_file()
        and Path(files[0]).resolve() == Path(files[1]).resolve()
    )


def _source_of(function: Callable[..., Any]) -> tuple[str, str]:
    """The file of a function, and the digest of its text, by which a changed one is another."""
    try:
        file, text = inspect.getsourcefile(function) or "", inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        file, text = "", b"".join([code.co_code, repr(code.co_consts).encode()]) if code else b""
    return file, hashlib.sha256(text).hexdigest()


def bound_inputs(declared: NodeType, args: tuple[Any, ...], kwargs: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The arguments of a call by the names of the ports, in the order in which they stand there.

    Raises:
        WorkflowError: There are more than ports, or one is given twice. What is missing or unknown the check tells.
    """
    parameters = inspect.signature(declared.function).parameters.values()
    positional = [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    if len(args) > len(positional):
        message = f"'{declared.name}' takes {len(positional)} values in a row, not {len(args)}"
        raise WorkflowError([Problem("E102", message, "give the others by name", node)])
    given = dict(zip(positional, args, strict=False))
    for name, value in kwargs.items():
        if name in given:
            raise WorkflowError([Problem("E102", "two values are given for it", "leave one out", node, name)])
        given[name] = value
    return given
