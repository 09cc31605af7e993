"""Signatures of attention processors, read once and not at every call.

diffusers (0.42.1, `Attention.forward`) asks at each call by `inspect.signature` which arguments its processor takes,
and Python works that out anew each time. Nothing of what is computed changes.
"""

from __future__ import annotations

import inspect
from typing import Any


class KnownCall:
    """The `__call__` of an attention processor, with its signature beside it, where `inspect.signature` looks first."""

    def __init__(self, processor: Any) -> None:
        """Read the signature of the processor."""
        self._call = processor.__call__
        self.__signature__ = inspect.signature(self._call)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the processor gives."""
        return self._call(*given, **named)


def remember_signatures(module: Any) -> None:
    """Have the attentions of a module find the signatures of their processors ready.

    Args:
        module: With the processors that it is going to have; one that is set later has its signature read as before.
    """
    from diffusers.models import attention_processor

    library: Any = attention_processor  # Untyped.
    for layer in module.modules():
        if isinstance(layer, library.Attention) and "__call__" not in vars(layer.processor):
            # The attribute of the object: calling the processor goes by its class, as ever.
            vars(layer.processor)["__call__"] = KnownCall(layer.processor)
