"""How values show themselves in a notebook: pictures as pictures, and what holds tensors in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

LONGEST: Final = 60
"""Characters of a field that are shown."""
MOST_ITEMS: Final = 3
GAP: Final = 4
"""Pixels between the pictures of a batch."""


class Shown:
    """A value that a notebook shows by the shapes of its tensors, and not by their numbers."""

    def __init_subclass__(cls) -> None:
        # IPython goes from class to class, and would find the `__repr__` of a dataclass before what its base has.
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("..." if cycle else short_text(self))


def short_text(value: Any) -> str:
    """A value in a line: `Latents(samples=float32 (1, 4, 16, 16), height=64, width=64, family='sd1')`."""
    if isinstance(value, Shown):
        held = [(one, getattr(value, one.name)) for one in fields(value) if one.repr]  # type: ignore[arg-type]
        told = [f"{one.name}={short_text(inner)}" for one, inner in held if not _is_default(inner, one.default)]
        return f"{type(value).__name__}({', '.join(told)})"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        shape = tuple(value.shape)
        return f"{str(value.dtype).removeprefix('torch.')} {shape}" if shape else str(value.item())
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping) and len(value) > MOST_ITEMS:
        return f"{{{len(value)} entries}}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {short_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        items = [short_text(one) for one in value[:MOST_ITEMS]]
        more = [f"... {len(value)} in all"] if len(value) > MOST_ITEMS else []
        return f"[{', '.join(items + more)}]"
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _is_default(value: Any, default: Any) -> bool:
    # Tensors are compared number by number, which is nothing to do for a line of text.
    plain = isinstance(value, (str, int, float, tuple, Mapping))
    return value is None or (plain and (value == default or not (value or isinstance(value, (int, float)))))


def png_of(samples: Tensor) -> bytes | None:
    """The pictures of a batch side by side, as a PNG file; None where there are none.

    Args:
        samples: float32 (B, 3, H, W) in [0, 1].
    """
    import torch

    from latentgraph.nodes.pixels import to_pil

    if 0 in samples.shape:
        return None
    pictures = list(samples.unbind())
    row = [pictures[0]]
    for picture in pictures[1:]:
        row += [torch.ones(*picture.shape[:2], GAP), picture]
    file = BytesIO()
    to_pil(torch.cat(row, dim=2)).save(file, format="PNG")
    return file.getvalue()
