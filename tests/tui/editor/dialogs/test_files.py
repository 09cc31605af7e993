"""Opening and saving: recent files, what ships, the file system."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.tui.editor.dialogs.asking import SIZES, asked

from latentgraph.tui.editor.dialogs import folders
from latentgraph.tui.editor.dialogs.folders import list_folder
from latentgraph.tui.editor.dialogs.open import Opening, OpenWorkflow, StartScreen
from latentgraph.tui.editor.dialogs.pick import PickFile, SaveAs
from latentgraph.tui.shipped import Shipped, first_sentence, shipped_workflows

SHIPPED = (Shipped("text_to_image", Path("/s/text_to_image.json"), "A picture from a text."),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of every kind that matters."""
    for name in ("star.json", "[b]old.json", "notes.txt", ".hidden.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "rings").mkdir()
    (tmp_path / "rings/gold.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("size", SIZES)
async def test_the_start_offers_what_ships_first(size: tuple[int, int]) -> None:
    async with asked(StartScreen(SHIPPED, []), size) as dialog:
        assert "text_to_image" in dialog.text
        await dialog.press("enter")
        assert dialog.answer == Opening("shipped", Path("/s/text_to_image.json"), "text_to_image")


async def test_recent_files_come_before_what_ships(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [folder / "[b]old.json", folder / "star.json"], folder)) as dialog:
        assert dialog.place("[b]old.json").y < dialog.place("text_to_image").y
        await dialog.press("down", "enter")
        assert dialog.answer == Opening("file", folder / "star.json")


async def test_a_click_opens(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [folder / "star.json"], folder)) as dialog:
        await dialog.click("Empty workflow")
        assert dialog.answer == Opening("empty")


async def test_typing_searches_names(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [folder / "star.json"], folder)) as dialog:
        await dialog.type("t2i")
        assert "Nothing matches" in dialog.text
        await dialog.press("backspace", "backspace", "backspace")
        await dialog.type("textimage")
        assert "star.json" not in dialog.text
        await dialog.press("enter")
        assert dialog.answer.name == "text_to_image"


async def test_a_typed_path_opens(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [], folder)) as dialog:
        await dialog.type("rings/gold.json")
        await dialog.press("enter")
        assert dialog.answer == Opening("file", folder / "rings/gold.json")


async def test_browsing_goes_through_folders_by_keys(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [], folder)) as dialog:
        await dialog.type("browse")
        await dialog.press("enter")
        assert "rings/" in dialog.text
        await dialog.press("enter")
        assert "gold.json" in dialog.text
        await dialog.press("enter")
        assert dialog.answer == Opening("file", folder / "rings/gold.json")


@pytest.mark.parametrize("size", SIZES)
async def test_browsing_goes_through_folders_by_mouse(folder: Path, size: tuple[int, int]) -> None:
    async with asked(OpenWorkflow(SHIPPED, [], folder), size) as dialog:
        await dialog.click("Browse")
        await dialog.click("rings/")
        await dialog.click("../")
        await dialog.click("star.json")
        assert dialog.answer == Opening("file", folder / "star.json")


async def test_escape_in_the_file_system_comes_back_to_the_list(folder: Path) -> None:
    async with asked(OpenWorkflow(SHIPPED, [], folder)) as dialog:
        await dialog.click("Browse")
        await dialog.press("escape")
        assert dialog.open
        assert "text_to_image" in dialog.text


def test_what_ships_is_told_in_a_sentence_each() -> None:
    shipped = shipped_workflows()
    assert "text_to_image" in [one.name for one in shipped]
    for one in shipped:
        text = json.loads(one.path.read_text("utf-8"))["description"]
        assert one.sentence
        assert text.startswith(one.sentence)
        assert one.sentence[-1] in ".!?"


def test_a_sentence_ends_with_its_full_stop_and_not_in_a_number() -> None:
    assert first_sentence("Uses 1.5 steps. Then more.") == "Uses 1.5 steps."
    assert first_sentence("") == ""


async def test_only_files_of_the_kind_show_until_tab(folder: Path) -> None:
    async with asked(PickFile(folder, "A file", ("json",))) as dialog:
        assert "notes.txt" not in dialog.text
        assert ".hidden" not in dialog.text
        await dialog.press("tab")
        assert "notes.txt" in dialog.text
        await dialog.click("tab only .json")
        assert "notes.txt" not in dialog.text


async def test_typing_narrows_the_folder_and_a_slash_looks_into_another(folder: Path) -> None:
    async with asked(PickFile(folder)) as dialog:
        await dialog.type("st")
        assert "rings/" not in dialog.text
        await dialog.press("backspace", "backspace")
        await dialog.type("rings/go")
        await dialog.press("enter")
        assert dialog.answer == folder / "rings/gold.json"


async def test_a_dot_shows_what_is_hidden(folder: Path) -> None:
    async with asked(PickFile(folder)) as dialog:
        await dialog.type(".h")
        await dialog.press("enter")
        assert dialog.answer == folder / ".hidden.json"


async def test_a_folder_that_is_not_there_is_a_sentence(folder: Path) -> None:
    async with asked(PickFile(folder / "gone")) as dialog:
        assert "✗ The folder cannot be read: No such file or directory." in dialog.text
        await dialog.click("../")
        assert "star.json" in dialog.text


@pytest.mark.parametrize("typed", ["/" + "x" * 300 + "/", "~nobody-at-all/", "a/\0/"])
async def test_a_path_that_cannot_be_is_a_sentence(folder: Path, typed: str) -> None:
    async with asked(PickFile(folder)) as dialog:
        dialog.app.screen.query_one("#query").value = typed  # type: ignore[attr-defined]
        await dialog.pilot.pause()
        assert "✗ The folder cannot be read" in dialog.text


def test_a_link_to_itself_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    (tmp_path / "real.json").write_text("{}")
    assert [entry.name for entry in list_folder(tmp_path).entries] == ["real.json"]


def test_folders_come_first_and_sizes_are_told(folder: Path) -> None:
    (folder / "large.json").write_bytes(b" " * 12_400)
    (folder / "small.json").write_bytes(b" " * 1_240)
    listing = list_folder(folder, {".json"})
    assert [entry.name for entry in listing.entries] == [
        "rings",
        "[b]old.json",
        "large.json",
        "small.json",
        "star.json",
    ]
    assert [entry.about.split()[0] + " " + entry.about.split()[1] for entry in listing.entries[2:4]] == [
        "12 kB",
        "1.2 kB",
    ]


def test_a_huge_folder_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST", 3)
    for index in range(9):
        (tmp_path / f"{index}.json").touch()
    assert len(list_folder(tmp_path).entries) == 3


async def test_saving_takes_the_name_and_adds_the_ending(folder: Path) -> None:
    async with asked(SaveAs(folder, "workflow.json")) as dialog:
        await dialog.press("ctrl+u", "ctrl+k")
        await dialog.type("moon")
        await dialog.press("enter")
        assert dialog.answer == folder / "moon.json"


@pytest.mark.parametrize("size", SIZES)
async def test_saving_by_mouse_into_another_folder(folder: Path, size: tuple[int, int]) -> None:
    async with asked(SaveAs(folder, "moon.json"), size) as dialog:
        await dialog.click("rings/")
        assert "moon.json" in dialog.text
        await dialog.press_button("take")
        assert dialog.answer == folder / "rings/moon.json"


async def test_saving_by_keys_into_another_folder(folder: Path) -> None:
    async with asked(SaveAs(folder, "moon.json")) as dialog:
        await dialog.press("down", "down", "enter", "enter")
        assert dialog.answer == folder / "rings/moon.json"


@pytest.mark.parametrize(("key", "overwrites"), [("o", True), ("k", False), ("escape", False)])
async def test_a_file_is_overwritten_only_after_a_question(folder: Path, key: str, overwrites: bool) -> None:
    async with asked(SaveAs(folder, "star.json")) as dialog:
        await dialog.press("enter")
        assert "There is a file star.json already." in dialog.text
        await dialog.press(key)
        await dialog.pilot.pause()
        assert dialog.open != overwrites
        if overwrites:
            assert dialog.answer == folder / "star.json"


async def test_a_click_on_a_file_makes_its_name_the_answer_to_be_confirmed(folder: Path) -> None:
    async with asked(SaveAs(folder, "moon.json")) as dialog:
        await dialog.click("star.json")
        assert dialog.open
        await dialog.press_button("take")
        assert "There is a file star.json already." in dialog.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type a name for the file."),
        ("gone/moon", "There is no folder gone."),
        ("gone/", "There is no folder gone."),
    ],
)
async def test_a_place_that_cannot_be_is_refused(folder: Path, typed: str, sentence: str) -> None:
    async with asked(SaveAs(folder, "")) as dialog:
        await dialog.type(typed)
        await dialog.press("enter")
        assert dialog.open
        assert f"✗ {sentence}" in dialog.text


async def test_a_typed_folder_is_entered(folder: Path) -> None:
    async with asked(SaveAs(folder, "")) as dialog:
        await dialog.type("rings")
        await dialog.press("enter")
        assert "gold.json" in dialog.text


async def test_saving_where_one_may_not_look_is_a_sentence(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may look anywhere")
    (folder / "rings").chmod(0)
    async with asked(PickFile(folder / "rings")) as dialog:
        assert "✗ The folder cannot be read: Permission denied." in dialog.text
