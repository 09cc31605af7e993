"""Looking at pictures: one after the other, near and far, and two at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from tests.tui.editor.dialogs.asking import SIZES, Asked, asked
from textual.geometry import Offset
from textual.widgets import Static

from latentgraph.tui.editor.pictures import folder, viewer
from latentgraph.tui.editor.pictures.compare import Compare, difference_text
from latentgraph.tui.editor.pictures.made import Made, differences
from latentgraph.tui.editor.pictures.viewer import Surface, Viewer


@pytest.fixture
def made(tmp_path: Path) -> list[Made]:
    """Three pictures, the left half of each of another colour and the right half black."""
    pictures = []
    for index, colour in enumerate(("#ff0000", "#00ff00", "#0000ff")):
        picture = PIL.Image.new("RGB", (64, 64), "black")
        picture.paste(colour, (0, 0, 32, 64))
        path = tmp_path / f"image-{index}.png"
        picture.save(path)
        pictures.append(Made(path, {"seed": index, "prompt": "[b]a star"}, "text_to_image", 1.25, "14:03"))
    return pictures


def _papers(dialog: Asked) -> set[str]:
    """The colours on the screen."""
    return {
        segment.style.bgcolor.triplet.hex
        for strip in dialog.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and segment.style.bgcolor is not None and segment.style.bgcolor.triplet is not None
    }


@pytest.mark.parametrize("size", SIZES)
async def test_the_newest_is_shown_and_the_arrows_go_through_the_history(
    made: list[Made], size: tuple[int, int]
) -> None:
    async with asked(Viewer(made), size) as dialog:
        assert "image-2.png  64 × 64 · 3 of 3" in dialog.text
        assert {"#0000ff", "#000000"} <= _papers(dialog)
        await dialog.press("left")
        assert "image-1.png" in dialog.text
        assert "#00ff00" in _papers(dialog)
        await dialog.press("left", "left")
        assert "image-0.png" in dialog.text
        await dialog.press("right")
        assert "image-1.png" in dialog.text


async def test_escape_leaves_without_an_answer(made: list[Made]) -> None:
    async with asked(Viewer(made)) as dialog:
        await dialog.press("escape")
        assert dialog.answer is None


async def test_the_values_can_be_taken(made: list[Made]) -> None:
    async with asked(Viewer(made, 0)) as dialog:
        await dialog.press("t")
        assert dialog.answer == made[0]


async def test_the_foot_can_be_clicked(made: list[Made]) -> None:
    async with asked(Viewer(made), (160, 45)) as dialog:
        await dialog.click("Older")
        assert "image-1.png" in dialog.text
        await dialog.click("Take values")
        assert dialog.answer == made[1]


@pytest.mark.parametrize("size", SIZES)
async def test_the_values_that_made_it_are_shown_and_hidden(made: list[Made], size: tuple[int, int]) -> None:
    async with asked(Viewer(made), size) as dialog:
        assert "seed  2" not in dialog.text
        await dialog.press("i")
        assert "seed  2" in dialog.text
        assert 'prompt  "[b]a star"' in dialog.text
        await dialog.press("i")
        assert "seed  2" not in dialog.text


async def test_nearer_and_to_the_side_only_one_half_is_in_view(made: list[Made]) -> None:
    async with asked(Viewer(made)) as dialog:
        for _ in range(5):
            await dialog.press("plus")
        assert "6 times" in dialog.text
        for _ in range(12):
            await dialog.press("shift+left")
        assert "#0000ff" in _papers(dialog)
        for _ in range(24):
            await dialog.press("shift+right")
        assert "#0000ff" not in _papers(dialog)
        await dialog.press("0")
        assert "#0000ff" in _papers(dialog)
        assert "times" not in dialog.lines[0]


async def test_the_wheel_enlarges_and_dragging_moves(made: list[Made]) -> None:
    async with asked(Viewer(made), (80, 24)) as dialog:
        surface = dialog.app.screen.query_one(Surface)
        for _ in range(5):
            surface.post_message(Surface.Wheeled(1))
        await dialog.pilot.pause()
        assert "6 times" in dialog.text
        for _ in range(6):
            await dialog.pilot.mouse_down(surface, offset=Offset(70, 10))
            await dialog.pilot.hover(surface, offset=Offset(5, 10))
            await dialog.pilot.mouse_up(surface, offset=Offset(5, 10))
        await dialog.pilot.pause()
        assert "#0000ff" not in _papers(dialog)


async def test_one_to_one_is_a_pixel_a_column(made: list[Made]) -> None:
    async with asked(Viewer(made), (40, 14)) as dialog:
        await dialog.press("1")
        left, upper, right, lower = dialog.app.screen._box()  # type: ignore[attr-defined]
        assert (right - left, lower - upper) == (40, 24)


async def test_a_picture_that_is_gone_is_a_sentence(made: list[Made], tmp_path: Path) -> None:
    (tmp_path / "image-1.png").unlink()
    (tmp_path / "image-0.png").write_text("no picture")
    async with asked(Viewer(made, 1)) as dialog:
        assert "image-1.png  it cannot be read" in dialog.text
        await dialog.press("plus", "shift+left", "1", "left")
        assert "image-0.png  it cannot be read" in dialog.text


async def test_the_folder_is_opened(made: list[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(viewer, "open_folder", lambda app, path: opened.append(path))
    async with asked(Viewer(made)) as dialog:
        await dialog.press("o")
        assert opened == [made[2].path]


async def test_without_a_desktop_the_folder_is_told(made: list[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "opener", lambda: None)
    async with asked(Viewer(made), (160, 45)) as dialog:
        folder.open_folder(dialog.app, made[0].path)
        assert dialog.app.clipboard == str(made[0].path.parent)


@pytest.mark.parametrize(
    ("environ", "platform", "opens"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "x"}, "darwin", False),
    ],
)
def test_a_folder_opens_only_on_a_desktop(
    environ: Mapping[str, str], platform: str, opens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert (folder.opener(environ, platform) is not None) == opens


def _captions(dialog: Asked) -> list[str]:
    return [one for one in ("older", "newer") if one in dialog.lines[0]]


@pytest.mark.parametrize("size", SIZES)
async def test_two_are_compared_side_by_side_with_what_differs(made: list[Made], size: tuple[int, int]) -> None:
    async with asked(Viewer(made), size) as dialog:
        await dialog.press("c")
        assert _captions(dialog) == ["older", "newer"]
        assert "seed  1  →  2" in dialog.text
        assert "prompt" not in dialog.text
        assert {"#00ff00", "#0000ff"} <= _papers(dialog)
        await dialog.press("escape")
        assert "image-2.png" in dialog.lines[0]


async def test_the_one_and_the_other_in_the_same_place(made: list[Made]) -> None:
    async with asked(Compare(made[0], made[1])) as dialog:
        await dialog.press("right")
        assert _captions(dialog) == ["newer"]
        await dialog.press("right")
        assert _captions(dialog) == ["older"]


async def test_they_blink_slowly_until_told_to_stop(made: list[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    from latentgraph.tui.editor.pictures import compare

    assert compare.BLINK_SECONDS > 1 / 3
    monkeypatch.setattr(compare, "BLINK_SECONDS", 0.05)
    async with asked(Compare(made[0], made[1])) as dialog:
        await dialog.press("space")
        seen = set()
        for _ in range(30):
            seen.add(tuple(_captions(dialog)))
            await dialog.pilot.pause(0.02)
        assert seen == {("older",), ("newer",)}
        await dialog.press("space")
        assert _captions(dialog) == ["older", "newer"]


async def test_the_history_page_may_begin_with_comparing(made: list[Made]) -> None:
    async with asked(Viewer(made, 1, compare=True)) as dialog:
        assert _captions(dialog) == ["older", "newer"]


async def test_the_first_has_nothing_to_be_compared_with(made: list[Made]) -> None:
    async with asked(Viewer(made, 0), (100, 30)) as dialog:
        await dialog.press("c")
        assert isinstance(dialog.app.screen, Viewer)
        assert [one.message for one in dialog.app._notifications] == ["There is no picture before this one."]


@pytest.mark.parametrize(
    ("older", "newer", "told"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "b  2  →  3"),
        ({"a": 1}, {}, "a  - 1"),
        ({}, {"a": None}, "a  + null"),
        ({"a": 1}, {"a": 1}, "No value differs."),
        ({"a": 1}, {"a": True}, "a  1  →  true"),
    ],
)
def test_differences_are_told_by_signs(older: dict[str, Any], newer: dict[str, Any], told: str) -> None:
    assert difference_text(Made(Path("a"), older), Made(Path("b"), newer)).plain == told
    assert bool(list(differences(older, newer))) == (told != "No value differs.")


def test_no_picture_is_no_viewer() -> None:
    with pytest.raises(ValueError, match="there is no picture to show"):
        Viewer([])


async def test_nothing_but_the_keys_of_the_table_is_at_the_foot(made: list[Made]) -> None:
    async with asked(Viewer(made), (160, 45)) as dialog:
        foot = dialog.lines[-1]
        assert "esc Close" in foot
        assert "palette" not in foot
        assert dialog.app.screen.query_one("#caption", Static).size.height == 1
