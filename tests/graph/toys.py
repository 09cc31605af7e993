"""Nodes that have nothing to do with pictures: words, numbers and a file form of plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.node import node
from latentgraph.graph.registry import Registry
from latentgraph.graph.settings import Setting
from latentgraph.graph.values import FileForm, ValueType

ran: list[str] = []
"""What ran, in order; a test clears it first."""


@dataclass(frozen=True, eq=False, slots=True)
class Dough:
    """Flour and water, in grams."""

    flour: int
    water: int


@dataclass(frozen=True, eq=False, slots=True)
class Bread:
    """A loaf."""

    grams: int
    crust: str


class Halves(NamedTuple):
    """A dough in two.

    Attributes:
        left: The first half.
        right: The second half.
    """

    left: Dough
    right: Dough


def _digest(value: Any) -> str:
    return repr([getattr(value, name) for name in value.__slots__])


def _write(bread: Bread, file: BinaryIO, record: Mapping[str, str]) -> None:
    lines = [f"{bread.grams} g, {bread.crust}"] + [f"#{name}={text!r}" for name, text in record.items()]
    file.write("\n".join(lines).encode())


def _read_record(path: Path) -> Mapping[str, str]:
    import ast

    lines = path.read_text().splitlines()[1:]
    return {name: ast.literal_eval(text) for name, text in (line[1:].split("=", 1) for line in lines)}


DOUGH = ValueType(Dough, lambda d: f"{d.flour} g flour, {d.water} g water", lambda d: 100, _digest, family=True)
BREAD = ValueType(
    Bread,
    lambda b: f"{b.grams} g of bread",
    lambda b: 100,
    _digest,
    file=FileForm(".txt", lambda b: [b], _write, _read_record),
)
OVEN = Setting("oven", "Which oven bakes.", "gas", lambda asked, _: asked)


def _grain(literals: Mapping[str, Any]) -> Mapping[str, str]:
    return {"dough": literals["grain"]}


@node(category="bakery", describe=_grain)
def mix(
    flour: Annotated[int, Field(ge=1, multiple_of=5)], water: int = 300, grain: Literal["wheat", "rye"] = "wheat"
) -> Dough:
    """Mix flour and water.

    Args:
        flour: Grams of flour.
        water: Grams of water.
        grain: What the flour is made of.
    """
    ran.append("mix")
    return Dough(flour, water)


@node(category="bakery")
def knead(dough: Dough, minutes: Annotated[float, Field(ge=0, le=60)] = 10.0, *, context: RunContext = ALONE) -> Dough:
    """Knead a dough, which loses a gram of water a minute."""
    ran.append("knead")
    if minutes > 30:
        context.warn("more than half an hour is too long")
    return Dough(dough.flour, dough.water - round(minutes))


@node(category="bakery")
def halve(dough: Dough) -> Halves:
    """Cut a dough in two."""
    ran.append("halve")
    half = Dough(dough.flour // 2, dough.water // 2)
    return Halves(half, half)


@node(category="bakery")
def join(first: Dough, second: Dough) -> Dough:
    """Put two doughs together."""
    ran.append("join")
    return Dough(first.flour + second.flour, first.water + second.water)


@node(category="bakery", settings=("oven",))
def bake(dough: Dough, crust: Literal["soft", "dark"] = "soft", *, context: RunContext = ALONE) -> Bread:
    """Bake a dough."""
    ran.append("bake")
    return Bread(dough.flour + dough.water, crust)


@node(category="bakery", effect=True)
def sell(bread: Bread, label: str = "loaf", *, context: RunContext = ALONE) -> Bread:
    """Hand a loaf over."""
    ran.append("sell")
    context.save(bread, label)
    return bread


@node(category="numbers")
def add(a: float, b: float = 1) -> float:
    """Add two numbers."""
    ran.append("add")
    return a + b


@node(category="numbers")
def count(to: Annotated[int, Field(ge=0)]) -> list[int]:
    """The numbers from 0 up to, and without, `to`."""
    ran.append("count")
    return list(range(to))


@node(category="numbers")
def square(number: int) -> int:
    """A number times itself."""
    ran.append("square")
    return number * number


@node(category="text")
def read(file: Annotated[str, ReadsFile((".txt",))]) -> str:
    """The text of a file."""
    ran.append("read")
    return Path(file).read_text()


@node(category="text")
def fail(text: str) -> str:
    """Raise, always."""
    raise RuntimeError(f"no luck with {text}")


@node(category="text")
def lie() -> int:
    """Declare an integer and return a text."""
    return "three"  # type: ignore[return-value]


def toy_registry() -> Registry:
    """A registry with the nodes above and nothing else."""
    import sys

    registry = Registry()
    registry.add_module(sys.modules[__name__], origin="toys")
    return registry


def toy_document(data: Mapping[str, Any], path: Path | None = None) -> Document:
    """A document out of plain data, with the version filled in."""
    import json

    return parse_document(json.dumps({"latentgraph": 1, **data}).encode(), "toy.json", path)
