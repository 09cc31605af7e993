"""Runs with other values: what is typed becomes values, and a plan becomes runs."""

from __future__ import annotations

from typing import Any

from tests.graph.toys import toy_registry
from tests.tui.editor.dialogs.asking import asked
from textual.widgets import Input, Select

from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.dialogs.run_with import RunPlan, RunWith

INPUTS: dict[str, Any] = {
    "prompt": {"type": "string", "default": "a star", "description": "What to paint."},
    "steps": {"type": "integer", "default": 25, "minimum": 1},
    "height": {"type": "integer", "default": None, "minimum": 8, "multiple_of": 8},
    "tiled": {"type": "boolean", "default": False},
    "scheduler": {"type": "string", "default": "ddim", "choices": ["ddim", "euler"]},
    "picture": {"type": "Dough", "default": None},
    "seed": {"type": "integer", "default": 7, "minimum": 0, "maximum": 9},
}


def _workflow(**inputs: Any) -> Workflow:
    return Workflow.model_validate({"latentgraph": 1, "inputs": inputs, "nodes": {}})


def _dialog(**inputs: Any) -> RunWith:
    return RunWith(_workflow(**(inputs or INPUTS)), toy_registry())


async def test_only_what_was_changed_is_a_value() -> None:
    async with asked(_dialog()) as dialog:
        await dialog.type("a ring")
        await dialog.press("tab")
        await dialog.type("30")
        await dialog.press("ctrl+r")
        assert dialog.answer == RunPlan({"prompt": "a ring", "steps": 30}, 1, "fixed")


async def test_what_a_port_does_not_take_stops_the_run_with_a_sentence() -> None:
    async with asked(_dialog()) as dialog:
        await dialog.press("tab", "tab")
        await dialog.type("65")
        assert "✗ height: 65 is not a multiple of 8" in dialog.text
        await dialog.press("enter", "ctrl+r")
        assert dialog.open
        await dialog.press("backspace", "backspace")
        await dialog.type("64")
        await dialog.press("enter")
        assert dialog.answer.values == {"height": 64}


async def test_null_unsets_what_may_be_unset() -> None:
    workflow = _workflow(**INPUTS)
    async with asked(RunWith(workflow, toy_registry(), {"height": 64})) as dialog:
        assert "64" in dialog.text
        await dialog.press("tab", "tab")
        await dialog.type("null")
        await dialog.press("enter")
        assert dialog.answer.values == {}


async def test_an_input_without_a_default_has_to_be_typed() -> None:
    async with asked(_dialog(steps={"type": "integer"})) as dialog:
        assert "✗ steps:" in dialog.text
        await dialog.type("4")
        await dialog.press("enter")
        assert dialog.answer.values == {"steps": 4}


async def test_choices_and_truth_are_chosen_by_mouse() -> None:
    async with asked(_dialog(), (100, 40)) as dialog:
        await dialog.click("ddim")
        await dialog.click("euler")
        await dialog.click("false")
        await dialog.click("true")
        await dialog.press_button("run")
        assert dialog.answer.values == {"tiled": True, "scheduler": "euler"}


async def test_what_nobody_can_type_is_not_asked_for() -> None:
    async with asked(_dialog()) as dialog:
        assert "picture" not in dialog.text


async def test_the_field_with_the_focus_is_explained() -> None:
    async with asked(_dialog()) as dialog:
        assert "What to paint." in dialog.text
        await dialog.press("tab")
        assert "What to paint." not in dialog.text


async def test_how_often_and_what_becomes_of_the_seed() -> None:
    async with asked(_dialog()) as dialog:
        screen = dialog.app.screen
        screen.query_one("#count", Input).value = "3"
        screen.query_one("#seeds", Select).value = "increment"
        await dialog.press("ctrl+r")
        assert dialog.answer == RunPlan({}, 3, "increment")


async def test_as_often_as_nobody_means_is_refused() -> None:
    async with asked(_dialog()) as dialog:
        dialog.app.screen.query_one("#count", Input).value = "0"
        await dialog.press("ctrl+r")
        assert dialog.open
        assert "✗ times: a number from 1 to 999" in dialog.text


async def test_without_a_seed_nothing_is_asked_of_it() -> None:
    async with asked(_dialog(prompt={"type": "string", "default": ""})) as dialog:
        assert not dialog.app.screen.query("#seeds")
        await dialog.press("ctrl+r")
        assert dialog.answer == RunPlan({}, 1, "fixed")


def test_a_seed_is_kept_counted_up_or_drawn() -> None:
    workflow = _workflow(**INPUTS)
    assert [run.get("seed") for run in RunPlan({}, 2).runs(workflow)] == [None, None]
    assert [run["seed"] for run in RunPlan({}, 4, "increment").runs(workflow)] == [7, 8, 9, 0]
    assert [run["seed"] for run in RunPlan({"seed": 1}, 2, "increment").runs(workflow)] == [1, 2]
    drawn = {run["seed"] for run in RunPlan({}, 99, "random").runs(workflow)}
    assert drawn <= set(range(10))
    assert len(drawn) > 3
