"""Nodes that take their time and paint small pictures, without torch, to watch a run from the command line by."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.graph.values import FileForm, ValueType

PREFIX = "latentgraph."


@dataclass(frozen=True, eq=False, slots=True)
class Swatch:
    """A square of one colour."""

    colour: str
    edge: int


def _write(swatch: Swatch, file: BinaryIO, record: Mapping[str, str]) -> None:
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for name, text in record.items():
        chunks.add_itxt(PREFIX + name, text)
    PIL.Image.new("RGB", (swatch.edge, swatch.edge), swatch.colour).save(file, format="PNG", pnginfo=chunks)


def _read(path: Path) -> Mapping[str, str]:
    import PIL.Image

    with PIL.Image.open(path) as picture:
        text: Mapping[str, Any] = getattr(picture, "text", {})
        return {name.removeprefix(PREFIX): str(one) for name, one in text.items()}


SWATCH = ValueType(
    Swatch,
    lambda swatch: f"{swatch.edge} × {swatch.edge} pixels of {swatch.colour}",
    lambda swatch: 100,
    repr,
    file=FileForm(".png", lambda swatch: [swatch], _write, _read),
)


@node(category="paint")
def numbers(to: Annotated[int, Field(ge=0, le=1000)]) -> list[int]:
    """The numbers from 0 up to, and without, `to`."""
    return list(range(to))


@node(category="paint")
def wait(number: int, seconds: Annotated[float, Field(ge=0)] = 0.05) -> int:
    """Wait, and give the number on."""
    time.sleep(seconds)
    return number


@node(category="paint")
def paint(
    number: int = 0,
    colour: Literal["red", "green", "blue"] = "red",
    edge: Annotated[int, Field(ge=1, le=512)] = 16,
    *,
    context: RunContext = ALONE,
) -> Swatch:
    """Paint a square.

    Args:
        number: Read and not used.
        colour: Of all its pixels.
        edge: Length of a side in pixels.
    """
    if edge > 100:
        context.warn("that takes much paint")
    return Swatch(colour, edge)


@node(category="paint")
def mix_paint(recipe: Annotated[str, ReadsFile((".txt",))], edge: Annotated[int, Field(ge=1, le=512)] = 16) -> Swatch:
    """Paint a square of the colour that a file names."""
    return Swatch(Path(recipe).read_text().strip(), edge)


@node(category="paint", effect=True)
def hang(swatch: Swatch, name: str = "wall", *, context: RunContext = ALONE) -> Swatch:
    """Save a square under a name."""
    context.save(swatch, name)
    return swatch


@node(category="paint")
def spill(swatch: Swatch) -> Swatch:
    """Fail, always."""
    raise RuntimeError("the pot fell over")


@node(category="paint")
def topple(number: int) -> int:
    """Give a number on; 3 fails, and 5 kills the process."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 3:
        raise RuntimeError("the ladder fell over")
    return number
