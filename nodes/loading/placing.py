"""Tensors of a file put where a module computes, one after the other.

A file is mapped and not read: what lies in memory beside the module is one tensor, not a second model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def filled(module: Any, tensors: dict[str, Any], device: str, dtype: str) -> Any:
    """A module with the tensors of a file in it.

    Args:
        module: Its parameters have shapes alone (on the device `meta`); it is changed.
        tensors: By the module's names, and perhaps others, which are left. It is emptied on the way, so that what was
            copied can go.
        device: Where the module is to be; empty: the CPU.
        dtype: Of what is a floating-point number in it; empty: float32.

    Returns:
        The module, in eval mode.

    Raises:
        RuntimeError: Tensors of it are missing, or have another shape.
    """
    import torch

    place, precision = device or "cpu", getattr(torch, dtype or "float32")
    own: dict[str, Any] = {}
    for name in module.state_dict():
        if name in tensors:
            tensor = tensors.pop(name)
            kind = precision if tensor.is_floating_point() else tensor.dtype
            # Copies lie in memory as the tensors of every other module do, and so give the same bits.
            own[name] = tensor.to(device=place, dtype=kind, copy=True)
    module.load_state_dict(own, assign=True)
    return module.eval().to(device=place, dtype=precision)


def placement(device: str) -> Mapping[str, Any]:
    """The argument by which from_pretrained puts each tensor onto a device as it comes; none for the CPU."""
    return {} if device in ("", "cpu") else {"device_map": {"": device}}
