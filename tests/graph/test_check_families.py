"""Variants of a family: what they go along with, where they have to match, and what is said where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pytest
from tests.graph.toys import Dough, toy_document, toy_registry

from latentgraph.graph.check import check
from latentgraph.graph.node import node
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.values import ValueType

Data = dict[str, Any]


@dataclass(frozen=True)
class Tin:
    """What a dough is baked in."""


TIN = ValueType(Tin, lambda tin: "a tin", lambda tin: 1, lambda tin: "tin", family=True)


class Kit(NamedTuple):
    """Attributes:
    tin: Of some variant.
    dough: Of none.
    """

    tin: Tin
    dough: Dough


def _variant(literals: Mapping[str, Any]) -> Mapping[str, str]:
    told = literals["grain"]
    return {"tin": f"{told}/{literals['for_']}" if literals["for_"] else told, "dough": told}


@node(category="toy", describe=_variant)
def kit(grain: Literal["wheat", "rye"] = "wheat", for_: str = "") -> Kit:
    """A tin and a dough."""
    return Kit(Tin(), Dough(1, 1))


@node(category="toy", variant="seeds")
def strew(dough: Dough) -> Dough:
    """Put seeds into a dough."""
    return dough


@node(category="toy", variant="nuts", families=("rye",))
def stud(dough: Dough) -> Dough:
    """Put nuts into a dough of rye."""
    return dough


@node(category="toy", variant="fruit")
def sweeten(dough: Dough) -> Dough:
    """Put fruit into a dough."""
    return dough


@node(category="toy", variant="fruit")
def grease(tin: Tin) -> Tin:
    """Make a tin fit for fruit."""
    return tin


@node(category="toy", describe=lambda literals: {"dough": "wheat"})
def label(dough: Dough) -> Dough:
    """Say that a dough is of wheat, whatever is in it."""
    return dough


@node(category="toy", matching=("tin", "dough"))
def fill(dough: Dough, tin: Tin) -> Dough:
    """Put a dough into a tin made for it."""
    return dough


@node(category="toy")
def weigh(dough: Dough, tin: Tin) -> Tin:
    """Weigh both: any will do, and what comes out is the tin."""
    return tin


@pytest.fixture(scope="module")
def registry() -> Registry:
    made = toy_registry()
    for one in (kit, strew, stud, sweeten, grease, label, fill, weigh):
        made.add(one)
    made.values.add(TIN)
    return made


def at(type_: str, disabled: str = "", **inputs: Any) -> Data:
    """A node whose texts with a dot in them are links."""
    linked = {name: {"from": one} if isinstance(one, str) and "." in one else one for name, one in inputs.items()}
    return {"type": type_, "inputs": linked} | ({"disabled": disabled} if disabled else {})


def errors(registry: Registry, output: str, **nodes: Data) -> list[Problem]:
    """What is wrong with a graph."""
    return check(toy_document({"nodes": nodes, "outputs": {"o": {"from": output}}}), registry).errors


def test_parts_of_one_family_fit_together_whatever_the_variant(registry: Registry) -> None:
    nodes = {"k": at("kit", for_="seeds"), "w": at("weigh", dough="k.dough", tin="k.tin")}
    assert errors(registry, "w.tin", **nodes) == []


def test_inputs_that_match_have_to_be_of_one_variant(registry: Registry) -> None:
    nodes = {"k": at("kit", for_="seeds"), "f": at("fill", dough="k.dough", tin="k.tin")}
    (problem,) = errors(registry, "f.dough", **nodes)
    assert (problem.code, problem.node, problem.port) == ("E109", "f", "dough")
    assert problem.message == "'k.dough' is of family wheat, but 'tin' is of family wheat/seeds"
    assert problem.hint == "put `strew` before"
    nodes |= {"s": at("strew", dough="k.dough"), "f": at("fill", dough="s.dough", tin="k.tin")}
    assert errors(registry, "f.dough", **nodes) == []


def test_what_is_of_a_variant_does_not_fit_what_is_of_none(registry: Registry) -> None:
    nodes = {"k": at("kit"), "s": at("strew", dough="k.dough"), "f": at("fill", dough="s.dough", tin="k.tin")}
    (problem,) = errors(registry, "f.dough", **nodes)
    assert problem.message == "'s.dough' is of family wheat/seeds, but 'tin' is of family wheat"
    assert problem.hint == "take a model of family wheat/seeds, or leave out `strew`"


def test_a_node_for_another_family_is_no_remedy(registry: Registry) -> None:
    hints = {}
    for grain in ("wheat", "rye"):
        nodes = {"k": at("kit", grain=grain, for_="nuts"), "f": at("fill", dough="k.dough", tin="k.tin")}
        hints[grain] = [problem.hint for problem in errors(registry, "f.dough", **nodes)]
    assert hints == {
        "wheat": ["no node that is known here gives wheat/nuts; take another model"],
        "rye": ["put `stud` before"],
    }


def test_variants_add_up_in_any_order(registry: Registry) -> None:
    for first, second in (("strew", "sweeten"), ("sweeten", "strew")):
        nodes = {
            "k": at("kit", for_="seeds"),
            "g": at("grease", tin="k.tin"),
            "a": at(first, dough="k.dough"),
            "b": at(second, dough="a.dough"),
            "f": at("fill", dough="b.dough", tin="g.tin"),
        }
        assert errors(registry, "f.dough", **nodes) == []
        nodes["f"] = at("fill", dough="a.dough", tin="g.tin")
        (problem,) = errors(registry, "f.dough", **{name: one for name, one in nodes.items() if name != "b"})
        own = {"strew": "seeds", "sweeten": "fruit"}[first]
        assert problem.message == f"'a.dough' is of family wheat/{own}, but 'tin' is of family wheat/fruit+seeds"
        assert problem.hint == f"put `{second}` before"


def test_a_variant_that_is_too_much_is_left_out_or_given_to_the_other(registry: Registry) -> None:
    nodes = {"k": at("kit"), "s": at("sweeten", dough="k.dough"), "f": at("fill", dough="s.dough", tin="k.tin")}
    (problem,) = errors(registry, "f.dough", **nodes)
    assert problem.message == "'s.dough' is of family wheat/fruit, but 'tin' is of family wheat"
    assert problem.hint == "put `grease` before 'tin', or leave out `sweeten`"


def test_what_was_made_of_something_unknown_may_be_of_any_variant(registry: Registry) -> None:
    def found(**inputs: Any) -> list[str]:
        document = toy_document({
            "inputs": {"dough": {"type": "Dough"}},
            "nodes": {"k": at("kit", for_="seeds"), "l": at("label", **inputs),
                      "f": at("fill", dough="l.dough", tin="k.tin")},
            "outputs": {"o": {"from": "f.dough"}},
        })  # fmt: skip
        return [problem.message for problem in check(document, registry).errors]

    assert found(dough="inputs.dough") == []
    assert found(dough="k.dough") == ["'l.dough' is of family wheat, but 'tin' is of family wheat/seeds"]


def test_a_variant_goes_along_with_values_of_its_type(registry: Registry) -> None:
    nodes = {
        "k": at("kit", for_="seeds"),
        "s": at("strew", dough="k.dough"),
        "n": at("knead", dough="s.dough"),
        "w": at("weigh", dough="n.dough", tin="k.tin"),
        "f": at("fill", dough="n.dough", tin="w.tin"),
    }
    assert errors(registry, "f.dough", **nodes) == []
    nodes["s"] = at("strew", "bypass", dough="k.dough")
    assert [problem.message for problem in errors(registry, "f.dough", **nodes)] == [
        "'n.dough' is of family wheat, but 'tin' is of family wheat/seeds"
    ]


def test_where_the_variant_is_not_known_nothing_is_said(registry: Registry) -> None:
    document = toy_document({
        "inputs": {"dough": {"type": "Dough"}},
        "nodes": {"k": at("kit", for_="seeds"), "f": at("fill", dough="inputs.dough", tin="k.tin")},
        "outputs": {"o": {"from": "f.dough"}},
    })  # fmt: skip
    assert check(document, registry).errors == []


def test_a_loop_hands_variants_in_and_carries_what_gets_one(registry: Registry) -> None:
    body = {"s": at("strew", dough="loop.d"), "f": at("fill", dough="s.dough", tin="loop.tin")}
    loop = {"type": "loop", "each": {"i": {"from": "c.value"}}, "inputs": {"tin": {"from": "k.tin"}},
            "carry": {"d": {"from": "k.dough", "next": "f.dough"}}, "nodes": body}  # fmt: skip
    nodes = {"k": at("kit", for_="seeds"), "c": at("count", to=2), "l": loop}
    assert errors(registry, "l.d", **nodes) == []
    body["f"] = at("fill", dough="loop.d", tin="loop.tin")
    del body["s"]
    (problem,) = errors(registry, "l.d", **nodes)
    assert (problem.code, problem.node, problem.port) == ("E109", "l/f", "dough")
