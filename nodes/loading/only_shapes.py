"""Tensors that have a shape and no numbers (on the device `meta`), of which a model is made before its file is read.

Where torch has no code of its own for one, it takes a definition in Python, and imports sympy to reason about shapes
with unknowns in them. What making a model takes of these has a shorter way to the same tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

META: Final = "meta"
DRAWN: Final = frozenset(
    {
        *(torch.Tensor.normal_, torch.Tensor.uniform_),
        *(init.normal_, init.uniform_, init.trunc_normal_),
        *(init.kaiming_normal_, init.kaiming_uniform_, init.xavier_normal_, init.xavier_uniform_),
    }
)
"""What fills a tensor with random numbers."""
MADE: Final = frozenset({torch.randn, torch.rand, torch.arange})
"""What makes a tensor that is filled."""


class OnlyShapes(TorchFunctionMode):
    """Within this, tensors without numbers are made the short way, and not filled."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what was asked for, where it is about such a tensor the short way."""
        options = dict(kwargs or {})
        if func in DRAWN:
            tensor = args[0] if args else options["tensor"]
            return tensor if tensor.is_meta else func(*args, **options)
        if func in MADE and str(options.get("device")) == META:
            return torch.empty(*args, **options) if func is not torch.arange else _counted(*args, **options)
        if (
            func is torch.empty_like
            and args
            and args[0].is_meta
            and args[0].is_contiguous()
            and options.keys() == {"device"}
        ):
            return torch.empty(args[0].shape, dtype=args[0].dtype, **options)
        return func(*args, **options)


def _counted(*args: Any, **options: Any) -> torch.Tensor:
    return torch.arange(*args, **{**options, "device": "cpu"}).to(META)
