"""Pictures as widgets: in cells, by the protocols, and live."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget

from latentgraph.tui.editor.pictures import kitty
from latentgraph.tui.editor.pictures.live import INTERVAL, LivePreview
from latentgraph.tui.editor.pictures.protocol import Mode
from latentgraph.tui.editor.pictures.view import CellPicture, PictureView, open_picture

RED, BLUE = (PIL.Image.new("RGB", (32, 16), colour) for colour in ("#ff0000", "#0000ff"))


@pytest.fixture(autouse=True)
def _library_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what the widgets change in the library."""
    from textual_image.renderable import tgp

    monkeypatch.setattr(tgp, "_send_tgp_message", tgp._send_tgp_message)


class Frame(App[None]):
    """A widget that fills the screen."""

    CSS = "PictureView, CellPicture, LivePreview { width: 1fr; height: 1fr; } PictureView { align: center middle; }"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def _area(app: App[Any], colour: str) -> tuple[int, int]:
    """Columns and rows that a colour fills."""
    rows = []
    for strip in app.screen._compositor.render_strips():
        cells = [
            segment.cell_length
            for segment in strip
            if segment.style and segment.style.bgcolor and segment.style.bgcolor.triplet
            and segment.style.bgcolor.triplet.hex == colour
        ]  # fmt: skip
        rows.append(sum(cells))
    filled = [count for count in rows if count]
    return (max(filled, default=0), len(filled))


async def test_a_picture_fills_its_room_and_keeps_its_shape() -> None:
    view = PictureView("blocks")
    app = Frame(view)
    async with app.run_test(size=(80, 24)) as pilot:
        view.show(RED)
        await pilot.pause()
        assert _area(app, "#ff0000") == (80, 20)
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert _area(app, "#ff0000") == (40, 10)
        view.show(BLUE)
        await pilot.pause()
        assert _area(app, "#ff0000") == (0, 0)
        assert _area(app, "#0000ff") == (40, 10)
        view.show(None)
        await pilot.pause()
        assert _area(app, "#0000ff") == (0, 0)


async def test_what_is_shown_before_there_is_a_screen_is_shown_then() -> None:
    view = PictureView("blocks")
    view.show(RED)
    app = Frame(view)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert _area(app, "#ff0000") == (80, 20)


async def test_without_pictures_nothing_is_drawn() -> None:
    view = PictureView("none")
    app = Frame(view)
    async with app.run_test(size=(80, 24)) as pilot:
        view.show(RED)
        await pilot.pause()
        assert _area(app, "#ff0000") == (0, 0)


@pytest.mark.parametrize("mode", ["kitty", "sixel"])
async def test_a_protocol_gets_the_room_that_the_picture_fills(mode: Mode, capfd: pytest.CaptureFixture[str]) -> None:
    view = PictureView(mode)
    app = Frame(view)
    async with app.run_test(size=(80, 24)) as pilot:
        sent: list[str] = []
        driver = app._driver
        assert driver is not None
        driver.write = sent.append  # type: ignore[method-assign,assignment]
        view.show(RED)
        await pilot.pause()
        await pilot.pause()
        # Cells are 10 × 20 where no terminal says otherwise.
        assert tuple(view.children[0].size) == (80, 20)
        view.show(BLUE)
        await pilot.pause()
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert tuple(view.children[0].size) == (40, 10)
        view.show(None)
        await pilot.pause()
        if mode == "kitty":
            assert any("\x1b_G" in text and "f=100" in text for text in sent)
    # Nothing goes past the thread that writes the screen.
    assert capfd.readouterr().out == ""


def test_a_picture_is_sent_in_whole_messages() -> None:
    written: list[str] = []

    class Driver:
        write = staticmethod(written.append)

    class Stub:
        _driver = Driver()

    kitty.send_through(Stub())  # type: ignore[arg-type]
    from textual_image.renderable import tgp

    tgp._send_tgp_message(i=7, m=0, f=100, payload="AAAA", q=2)
    tgp._send_tgp_message(a="d", I=7)
    assert written == ["\x1b_Gi=7,m=0,f=100,q=2;AAAA\x1b\\", "\x1b_Ga=d,I=7\x1b\\"]


def test_what_is_no_picture_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no")
    assert open_picture(tmp_path / "a.png") is None
    assert open_picture(tmp_path / "b.png") is None
    assert open_picture(tmp_path) is None


def _png(picture: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


async def test_a_live_picture_is_shown_with_how_far_it_is() -> None:
    live = LivePreview()
    app = Frame(live)
    async with app.run_test(size=(40, 12)) as pilot:
        live.offer(_png(RED), "denoise  step 3/25")
        await pilot.pause()
        assert _area(app, "#ff0000") == (40, 10)
        assert "LIVE denoise  step 3/25" in app.screen._compositor.render_strips()[0].text
        live.offer(b"no picture", "x")
        live.clear()
        await pilot.pause()
        assert _area(app, "#ff0000") == (0, 0)


async def test_of_many_live_pictures_few_are_painted_and_the_last_always() -> None:
    now = [0.0]
    live = LivePreview(clock=lambda: now[0])
    app = Frame(live)
    async with app.run_test(size=(40, 12)) as pilot:
        painted: list[PIL.Image.Image | None] = []
        cells = app.query_one(CellPicture)
        show = cells.show

        def seen(picture: PIL.Image.Image | None) -> None:
            painted.append(picture)
            show(picture)

        cells.show = seen  # type: ignore[method-assign]
        for index in range(50):
            now[0] = index * 0.01
            live.offer(BLUE if index == 49 else RED, str(index))
        assert len(painted) == 2
        now[0] = 9.0
        await pilot.pause(INTERVAL + 0.2)
        assert painted[-1] is BLUE
        assert len(painted) == 3


def test_a_file_of_a_format_that_runs_need_not_make_is_no_picture(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "made.png", format="EPS")
    assert open_picture(tmp_path / "made.png") is None
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "made.png")
    assert open_picture(tmp_path / "made.png") is not None
