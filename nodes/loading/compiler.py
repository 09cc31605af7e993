"""torch's compiler, left unread until something is compiled: reading it takes a third of what a small run does.

diffusers and transformers have it imported by marking a few functions for it. The marks are kept meanwhile, and made
where the compiler is read after all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from inspect import isroutine
from typing import Any, Final

from latentgraph.nodes.loading.deferred import defer, read

COMPILER: Final = "torch._dynamo"
INDEX_TRICK: Final = f"{COMPILER}._trace_wrapped_higher_order_op"
"""The module in it that transformers imports a name of."""
_allowed: list[Any] = []
"""What was marked to be taken into graphs as it is."""
_disabled: list[Disabled] = []


class Disabled:
    """A function that the compiler is to leave alone, before there is a compiler."""

    def __init__(self, function: Callable[..., Any], recursive: bool, options: dict[str, Any]) -> None:
        """Remember what was asked for."""
        self.function = function
        self.current = function
        """What is called."""
        self._how = (recursive, options)

    def disable(self) -> None:
        """Have the compiler, which is there now, leave it alone."""
        recursive, options = self._how
        self.current = sys.modules[COMPILER].disable(self.function, recursive, **options)


def defer_compiler() -> None:
    """Leave the compiler unread, if it is not read yet. torch is imported."""
    marks = {"allow_in_graph": allow_in_graph, "assume_constant_result": assume_constant_result, "disable": disable}
    defer(COMPILER, marks, after=_make_marks)
    defer(INDEX_TRICK, askers=("transformers",))


def allow_in_graph(marked: Any) -> Any:
    """As `torch._dynamo.allow_in_graph`, later."""
    if isinstance(marked, (list, tuple)):
        return [allow_in_graph(one) for one in marked]
    _allowed.append(marked)
    return marked


def assume_constant_result(function: Any) -> Any:
    """As `torch._dynamo.assume_constant_result`."""
    function._dynamo_marked_constant = True
    return function


def disable(function: Any = None, recursive: bool = True, **options: Any) -> Any:
    """As `torch._dynamo.disable`, later; until then there is nothing that the function would have to be kept from."""
    if function is None:
        return partial(disable, recursive=recursive, **options)
    if not isroutine(function):
        compiler: Any = sys.modules[COMPILER]
        read(compiler)
        return compiler.disable(function, recursive, **options)
    disabled = Disabled(function, recursive, options)
    _disabled.append(disabled)

    @wraps(function)
    def undisturbed(*args: Any, **kwargs: Any) -> Any:
        return disabled.current(*args, **kwargs)

    # By these the compiler knows a function that it may not look into.
    marks = {"disable": True, "disable_msg": options.get("reason"), "orig_callable": function}
    vars(undisturbed).update({f"_torchdynamo_{name}": value for name, value in marks.items()})
    return undisturbed


def _make_marks() -> None:
    compiler: Any = sys.modules[COMPILER]
    for marked in _allowed:
        compiler.allow_in_graph(marked)
    for disabled in _disabled:
        disabled.disable()
    _allowed.clear()
    _disabled.clear()
