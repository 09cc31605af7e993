"""Questions with a few answers: by letter, by arrow and by mouse."""

from __future__ import annotations

import pytest
from tests.tui.editor.dialogs.asking import SIZES, asked
from textual.widgets import Button

from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm
from latentgraph.tui.editor.dialogs.external_change import ExternalChange
from latentgraph.tui.editor.dialogs.recover import Left, Recover, Recovery
from latentgraph.tui.editor.dialogs.rename import Rename

CHOICES = [Choice("save", "Save", "primary"), Choice("discard", "Discard", "error"), Choice("stay", "Stay", letter="t")]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "save"),
        (["s"], "save"),
        (["S"], "save"),
        (["d"], "discard"),
        (["t"], "stay"),
        (["right", "enter"], "discard"),
        (["left", "enter"], "stay"),
        (["tab", "tab", "space"], "stay"),
    ],
)
async def test_keys_answer(keys: list[str], answer: str) -> None:
    async with asked(Confirm("Save first?", CHOICES)) as dialog:
        await dialog.press(*keys)
        assert dialog.answer == answer


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_answers(size: tuple[int, int]) -> None:
    async with asked(Confirm("Save first?", CHOICES, "It has 3 edits."), size) as dialog:
        await dialog.click("Discard")
        assert dialog.answer == "discard"


async def test_long_answers_stand_below_each_other_where_it_is_narrow() -> None:
    choices = [Choice("one", "Take what is on the disk"), Choice("two", "Keep what is here")]
    async with asked(Confirm("Which?", choices), (40, 10)) as dialog:
        assert dialog.place("Keep what").y == dialog.place("Take what").y + 1
    async with asked(Confirm("Which?", choices), (80, 24)) as dialog:
        assert dialog.place("Keep what").y == dialog.place("Take what").y


async def test_names_are_shown_as_they_are() -> None:
    async with asked(Confirm("Save [b]old.json first?", CHOICES)) as dialog:
        assert "Save [b]old.json first?" in dialog.text


async def test_a_changed_file_is_saved_elsewhere_reloaded_or_overwritten() -> None:
    for key, answer in (("s", "save_as"), ("r", "reload"), ("o", "overwrite"), ("enter", "save_as")):
        async with asked(ExternalChange("star.json", modified=True)) as dialog:
            assert "star.json was changed by another program" in dialog.text
            await dialog.press(key)
            assert dialog.answer == answer


async def test_of_a_file_that_is_gone_nothing_can_be_reloaded() -> None:
    async with asked(ExternalChange("star.json", modified=False, gone=True)) as dialog:
        assert "star.json is not there any more." in dialog.text
        await dialog.press("r")
        assert dialog.open
        await dialog.press("w")
        assert dialog.answer == "overwrite"


async def test_a_new_name_is_typed_and_taken() -> None:
    async with asked(Rename("step", {"decode"})) as dialog:
        await dialog.type("first-step")
        await dialog.press("enter")
        assert dialog.answer == "first-step"


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("decode", "'decode' is taken"),
        ("loop", "'loop' is a reserved word"),
        ("2nd", "'2nd' is no name: letters, digits, '_' and '-', not starting with a digit or '-'"),
    ],
)
async def test_a_name_that_cannot_be_is_refused_with_the_reason(typed: str, fault: str) -> None:
    async with asked(Rename("step", {"decode", "step"})) as dialog:
        await dialog.type(typed)
        await dialog.press("enter")
        assert dialog.open
        assert " ".join(f"✗ {fault}".split()) in " ".join(dialog.text.replace("│", " ").split())
        assert dialog.app.screen.query_one("#take", Button).disabled


async def test_no_name_at_all_is_refused() -> None:
    async with asked(Rename("step")) as dialog:
        await dialog.press("backspace", "enter")
        assert dialog.open
        assert "✗ a name is wanted" in dialog.text


async def test_the_same_name_changes_nothing() -> None:
    async with asked(Rename("step")) as dialog:
        await dialog.click("Rename ")
        await dialog.press("enter")
        assert dialog.answer is None


async def test_a_title_may_be_any_text() -> None:
    async with asked(Rename("", {"my group"}, free=True)) as dialog:
        await dialog.type("my group")
        await dialog.press("enter")
        assert "✗ 'my group' is taken" in dialog.text
        await dialog.type(" 2")
        await dialog.press("enter")
        assert dialog.answer == "my group 2"


LEFT = [Left("a", "star.json", 14, "today at 14:03", "set steps"), Left("b", "untitled", 1, "yesterday", changed=True)]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], Recovery("a", "restore")),
        (["r"], Recovery("a", "restore")),
        (["down", "enter"], Recovery("b", "restore")),
        (["down", "d"], Recovery("b", "discard")),
        (["delete"], Recovery("a", "discard")),
        (["tab", "tab", "enter"], Recovery("a", "discard")),
        (["tab", "tab", "tab", "enter"], None),
    ],
)
async def test_what_was_left_behind_is_restored_or_thrown_away(keys: list[str], answer: Recovery | None) -> None:
    async with asked(Recover(LEFT)) as dialog:
        await dialog.press(*keys)
        assert dialog.answer == answer


async def test_a_click_chooses_what_was_left_behind_and_a_button_decides() -> None:
    async with asked(Recover(LEFT)) as dialog:
        assert "14 edits, today at 14:03; last: set steps" in dialog.text
        assert "1 edit, yesterday" in dialog.text
        assert "! the file on disk was changed since" in dialog.text
        await dialog.click("Discard")
        assert dialog.answer == Recovery("a", "discard")
