"""What is wrong with a workflow that is written in Python is an exception in the line that is wrong."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from tests.graph import toys
from tests.graph.toys import Bread, Dough, toy_registry

from latentgraph.graph.errors import NotComputedError, WorkflowError
from latentgraph.graph.python import Flow, named, workflow
from latentgraph.graph.python.placeholder import Placeholder


def bread_for_dough(flow: Flow) -> None:
    """E107 bake.dough: takes Dough, 'b.bread' gives Bread"""
    m = toys.mix(500)
    b = toys.bake(m)
    toys.bake(b)  # type: ignore[arg-type] # wrong


def missing(flow: Flow) -> None:
    """E103 bake.dough: the input 'dough' (Dough) is missing; link it"""
    toys.bake()  # type: ignore[call-arg] # wrong


def unknown_port(flow: Flow) -> None:
    """E102 mix.salt: 'mix' has no input 'salt'; there are: flour, grain, water"""
    toys.mix(500, salt=3)  # type: ignore[call-arg] # wrong


def out_of_bounds(flow: Flow) -> None:
    """E104 mix.flour: 7 is not a multiple of 5"""
    toys.mix(flour=7)  # wrong


def text_for_a_number(flow: Flow) -> None:
    """E104 mix.flour: "500" is a string; takes integer; write 500 without quotes"""
    toys.mix("500")  # type: ignore[arg-type] # wrong


def bad_choice(flow: Flow) -> None:
    """E104 mix.grain: "wheet" is not one of "wheat", "rye"; did you mean 'wheat'?"""
    toys.mix(500, grain="wheet")  # type: ignore[arg-type] # wrong


def too_many(flow: Flow) -> None:
    """E102 square: 'square' takes 1 values in a row, not 2; give the others by name"""
    toys.square(1, 2)  # type: ignore[call-arg] # wrong


def twice(flow: Flow) -> None:
    """E102 square.number: two values are given for it; leave one out"""
    toys.square(1, number=2)  # type: ignore[misc] # wrong


def real_value(flow: Flow) -> None:
    """E104 bake.dough: a file cannot write a Dough; declare an input, `flow.value("dough", Dough)`,
    and give it to the run"""
    toys.bake(Dough(1, 2))  # wrong


def every_output(flow: Flow) -> None:
    """E104 bake.dough: this is every output of a node, and a port takes one; write .left, .right"""
    h = toys.halve(toys.mix(5))
    toys.bake(h)  # type: ignore[arg-type] # wrong


def link_in_a_list(flow: Flow) -> None:
    """E104 square.number: 'inputs.n' stands inside a list or an object, and a link is the whole
    value of a port; a node that puts values together can make the list"""
    n = flow.integer("n", 3)
    toys.square([n])  # type: ignore[arg-type] # wrong


def no_node(flow: Flow) -> None:
    """E101: <built-in function len> is no node; put @node(category=...) over the function"""
    named("x", len)([])  # wrong


def taken_name(flow: Flow) -> None:
    """E004 m: the name "m" is taken by a node of type 'mix'; choose another"""
    named("m", toys.mix)(5)
    named("m", toys.square)(5)  # wrong


def bad_name(flow: Flow) -> None:
    """E008 inputs: 'inputs' is a reserved word"""
    named("inputs", toys.mix)(5)  # wrong


def bad_default(flow: Flow) -> None:
    """E116 inputs.n: the default is not of the declared type: 7 is above the maximum 5"""
    flow.integer("n", 7, maximum=5)  # wrong


def bad_bounds(flow: Flow) -> None:
    """E116 inputs.n: the minimum 7 is above the maximum 5; swap them"""
    flow.number("n", minimum=7, maximum=5)  # wrong


def unknown_type(flow: Flow) -> None:
    """E116 inputs.b: unknown type 'Bred'; did you mean 'Bread'?"""
    flow.input("b", "Bred")  # wrong


def wrong_kind_of_key(flow: Flow) -> None:
    """E007 inputs.b: 'description' is an integer: input should be a valid string"""
    flow.string("b", description=3)  # type: ignore[call-overload] # wrong


def two_inputs(flow: Flow) -> None:
    """E004 inputs.b: an input is called 'b' already; choose another name"""
    flow.string("b")
    flow.integer("b")  # wrong


def two_outputs(flow: Flow) -> None:
    """E004 outputs.n: an output is called 'n' already; choose another name"""
    flow.output("n", toys.square(1))
    flow.output("n", toys.square(2))  # wrong


def literal_output(flow: Flow) -> None:
    """E105 outputs.n: takes a link, and 3 is an integer"""
    flow.output("n", 3)  # wrong


def muted_output(flow: Flow) -> None:
    """E118 outputs.dough: 'm.dough' is of a muted node; link another, or enable the node"""
    m = named("m", toys.mix, disabled="mute")(5)
    flow.output("dough", m)  # wrong


def body_used_outside(flow: Flow) -> None:
    """E119 square.number: 'turns/q.value' is inside the loop 'turns', and differs from turn to
    turn; `collect` it there into a list, or `carry` it and take its `last`"""
    c = toys.count(3)
    with flow.loop("turns") as turn:
        q = toys.square(turn.each("number", c))
    toys.square(q)  # wrong


def carry_without_next(flow: Flow) -> None:
    """E103 turns.dough: the loop carries it, and nothing says how it goes on; say what it is in the
    next turn: `dough.next = ...`"""
    c, m = toys.count(3), toys.mix(5)
    with flow.loop("turns") as turn:  # wrong
        turn.each("number", c)
        turn.carry("dough", m)


def carry_of_another_type(flow: Flow) -> None:
    """E107 turns.dough: starts as Dough, but 'b.bread' gives Bread"""
    c, m = toys.count(3), toys.mix(5)
    with flow.loop("turns") as turn:
        turn.each("number", c)
        dough = turn.carry("dough", m)
        b = toys.bake(dough.now)
        dough.next = b  # type: ignore[assignment] # wrong


def carry_as_value(flow: Flow) -> None:
    """E104 turns/bake.dough: <turns.dough, carried from turn to turn> is no value; write .now for its
    value in this turn, .last for that behind the loop"""
    c, m = toys.count(3), toys.mix(5)
    with flow.loop("turns") as turn:
        turn.each("number", c)
        dough = turn.carry("dough", m)
        toys.bake(dough)  # type: ignore[arg-type] # wrong


def last_inside(flow: Flow) -> None:
    """E119 turns/bake.dough: 'turns.dough' is not there before the loop ends; read it behind the `with`
    of the loop"""
    c, m = toys.count(3), toys.mix(5)
    with flow.loop("turns") as turn:
        turn.each("number", c)
        dough = turn.carry("dough", m)
        toys.bake(dough.last)  # wrong


def each_of_no_list(flow: Flow) -> None:
    """E107 turns.dough: takes a list, 'm.dough' gives Dough"""
    m = toys.mix(5)
    with flow.loop("turns") as turn:
        turn.each("dough", m)  # type: ignore[arg-type] # wrong


def nothing_to_turn_over(flow: Flow) -> None:
    """E110 turns: a loop takes its turns from lists (each); with only a carry it would not know
    when to end; add "each"
    """
    m = toys.mix(5)
    with flow.loop("turns") as turn:  # wrong
        dough = turn.carry("dough", m)
        dough.next = toys.knead(dough.now)


def one_name_twice(flow: Flow) -> None:
    """E111 turns.x: loop.x would be two things: it is in each already; choose another name"""
    c, m = toys.count(3), toys.mix(5)
    with flow.loop("turns") as turn:
        turn.each("x", c)
        turn.carry("x", m)  # wrong


def collected_twice(flow: Flow) -> None:
    """E111 turns.all: the loop would have two outputs 'all': it is in collect already"""
    c = toys.count(3)
    with flow.loop("turns") as turn:
        number = turn.each("number", c)
        turn.collect("all", number)
        turn.collect("all", number)  # wrong


def loop_goes_on(flow: Flow) -> None:
    """E119 turns.more: the loop 'turns' has ended; say it inside its `with`"""
    c = toys.count(3)
    with flow.loop("turns") as turn:
        turn.each("number", c)
    turn.each("more", c)  # wrong


def unknown_order(flow: Flow) -> None:
    """E105: 3 is no node; give what the call of a node returned, or its path"""
    toys.mix(5)
    flow.group("g", [3])  # wrong


def of_another(flow: Flow) -> None:
    """E119 bake.dough: 'm.dough' is of another workflow; a workflow takes values of others as its
    inputs"""
    with workflow(registry=toy_registry()):
        m = toys.mix(5)
    toys.bake(m)  # wrong


def not_finished(flow: Flow) -> None:
    """E119: the workflow is not written to its end; do this behind its `with`"""
    flow.text()  # wrong


WRONG: list[Callable[[Flow], None]] = [
    one
    for name, one in list(globals().items())
    if inspect.isfunction(one) and list(inspect.signature(one).parameters) == ["flow"] and not name.startswith("test")
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.__name__)
def test_a_mistake_is_an_exception_in_its_line(wrong: Callable[[Flow], None]) -> None:
    lines, first = inspect.getsourcelines(wrong)
    marked = [first + index for index, line in enumerate(lines) if "# wrong" in line]
    with workflow(registry=toy_registry()) as flow, pytest.raises(WorkflowError) as caught:
        wrong(flow)
    assert str(caught.value) == " ".join((wrong.__doc__ or "").split())
    mine = [frame.lineno for frame in traceback.extract_tb(caught.value.__traceback__) if frame.name == wrong.__name__]
    assert mine == marked


def test_what_was_refused_leaves_nothing_behind() -> None:
    with workflow(registry=toy_registry()) as flow:
        c = toys.count(3)
        with flow.loop("turns") as turn:
            number = turn.each("number", c)
            m = toys.mix(5)
            with pytest.raises(WorkflowError):
                toys.knead(m, flow)  # type: ignore[arg-type]
            with pytest.raises(WorkflowError):
                toys.bake(c)  # type: ignore[arg-type]
            squares = turn.collect("squares", toys.square(number))
        flow.output("squares", squares)
    assert list(flow.workflow.nodes["turns"].body) == ["m", "square"]
    assert flow.workflow.nodes["turns"].inputs == {}
    assert [problem.code for problem in flow.check()] == ["W201"]


def test_a_workflow_that_an_exception_ended_cannot_be_saved() -> None:
    with pytest.raises(ZeroDivisionError), workflow(registry=toy_registry()) as flow:
        raise ZeroDivisionError
    with pytest.raises(WorkflowError, match="E119: the workflow is not written to its end"):
        flow.text()
    assert toys.square(2) == 4, "nothing is written any more"


USES: dict[str, tuple[Callable[[Any], object], str]] = {
    "an attribute": (lambda value: value.samples, "it has no '.samples'"),
    "truth": (lambda value: 1 if value else 2, "nothing can depend on whether it is true"),
    "a sum": (lambda value: value + 1, "it cannot be computed with"),
    "a sum, turned": (lambda value: 1 + value, "it cannot be computed with"),
    "a sign": (lambda value: -value, "it cannot be computed with"),
    "a number": (int, "it cannot be computed with"),
    "an index": (lambda value: [1, 2][value], "it cannot be computed with"),
    "equality": (lambda value: value == 3, "it cannot be compared"),
    "order": (lambda value: value < 3, "it cannot be compared"),
    "length": (len, "it has no items"),
    "items": (lambda value: value[0], "it has no items"),
    "a turn of a loop": (list, "it has no items"),
    "a member": (lambda value: 3 in value, "it has no items"),
    "a call": (lambda value: value(), "it cannot be called"),
    "a text": (str, "it is no text"),
    "a formatted text": (lambda value: f"{value} in oil", "it is no text"),
}


@pytest.mark.parametrize("use", USES)
def test_a_value_that_is_not_computed_yet_says_so(use: str) -> None:
    act, why_not = USES[use]
    with workflow(registry=toy_registry()):
        loaf = toys.bake(toys.mix(5))
        with pytest.raises(NotComputedError) as caught:
            act(loaf)
    assert str(caught.value) == (
        f"'loaf.bread' (Bread) is not computed yet, so {why_not}: a workflow is being written here; give it to a "
        "node, or run the workflow and take the value from its result"
    )


def test_tools_may_look_at_what_is_not_computed_yet() -> None:
    with workflow(registry=toy_registry()):
        h = toys.halve(toys.mix(5))
    assert repr(h.left) == "<h.left: Dough, not computed yet>"
    assert repr(h) == "Halves(left=<h.left: Dough, not computed yet>, right=<h.right: Dough, not computed yet>)"
    assert not hasattr(h.left, "_repr_html_")
    assert len({h.left, h.right, h.left}) == 2
    assert isinstance(h, toys.Halves)
    assert isinstance(h.left, Placeholder)
    with pytest.raises(NotComputedError, match=r"'h.left' \(Dough\) is not computed yet, so it has no '.flour'"):
        toys.bake(h.left)
    assert Bread(1, "soft").grams == 1
