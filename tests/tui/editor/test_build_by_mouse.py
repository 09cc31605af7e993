"""By mouse alone but for typing text: from an empty screen to a picture, and the saved file makes the same picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import Cli
from tests.tui.editor.building import PROMPT, SEED, STEPS, TEXT_TO_IMAGE, same_pixels
from tests.tui.editor.hands import WAIT_SECONDS, Hands, editor, open_empty
from textual.geometry import Offset
from textual.widget import Widget

from latentgraph.graph.boxes import End
from latentgraph.tui.editor.dialogs.rename import Rename
from latentgraph.tui.editor.dialogs.search import Rows
from latentgraph.tui.editor.pictures.viewer import Viewer

LEFT, SECOND, THIRD, RIGHT = 3, 34, 68, 95
"""Columns of the screen where the user puts boxes."""


async def test_text_to_image_is_built_run_and_saved_by_mouse_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.chdir(tmp_path)
    async with editor(open_empty(), out=tmp_path / "outputs") as user:
        await build(user)
        assert without_places(user.data) == TEXT_TO_IMAGE
        assert not user.main.session.problems
        assert user.sees("✓ valid")
        await user.click("^r Run")
        await user.until(lambda: user.main.made.runs, "the run to end", WAIT_SECONDS)
        (run,) = user.main.made.runs
        assert run.outcome == "done", run.message
        (picture,) = run.pictures
        await user.pilot.click(user.main.sidebar.picture)
        await user.until(lambda: isinstance(user.app.screen, Viewer), "the viewer")
        await user.until(lambda: user.sees(picture.name), "the name of the picture")
        await user.click("Close")
        await user.until(lambda: user.app.screen is user.main, "the viewer to close")
        await user.click("^s Save")
        await user.until(lambda: user.app.screen is not user.main, "the dialog")
        await user.type("mine")
        await user.pilot.click("#take")
        await user.until(lambda: Path("mine.json").exists(), "the file")
        await user.settle()
        await user.until(lambda: user.sees("mine.json") and not user.sees("unsaved"), "the name of the file")
    assert cli("run", "mine.json", "--out", "again").code == 0
    assert same_pixels(picture, next(Path("again").iterdir()))


def without_places(data: dict[str, Any]) -> dict[str, Any]:
    """A workflow without where its boxes were put."""
    return {key: value for key, value in data.items() if key != "layout"}


async def build(user: Hands) -> None:
    """Where a user clicks and drags who knows the nodes."""
    await add_at(user, "load_model", Offset(LEFT, 4))
    await pull(user, ("load_model", "tokenizer"), "tokenize", Offset(SECOND, 4))
    await write(user, "tokenize", "text", PROMPT)
    await pull(user, ("tokenize", "tokens"), "encode", Offset(THIRD, 4))
    await link(user, ("load_model", "text_encoder"), ("encode", "text_encoder"))
    await pull(user, ("encode", "conditioning"), "guidance", Offset(RIGHT, 12))
    await pull(user, ("load_model", "scheduler"), "schedule", Offset(SECOND, 14))
    await write(user, "schedule", "num_inference_steps", str(STEPS))
    await add_at(user, "random_state", Offset(LEFT, 26))
    await write(user, "random_state", "seed", str(SEED))
    await pull(user, ("random_state", "random_state"), "draw_noise", Offset(SECOND, 24))
    await link(user, ("load_model", "denoiser"), ("draw_noise", "denoiser"))
    await link(user, ("load_model", "vae"), ("draw_noise", "vae"))
    await pull(user, ("draw_noise", "noise"), "make_latents", Offset(THIRD, 18))
    await link(user, ("schedule", "state"), ("make_latents", "state"))
    await build_loop(user)


async def build_loop(user: Hands) -> None:
    await add_at(user, "loop", Offset(64, 28), name="repeat")
    await choose(user, "repeat", "Rename")
    await user.until(lambda: isinstance(user.app.screen, Rename), "the dialog")
    await user.type("denoise")
    await user.pilot.click("#take")
    await user.until(lambda: user.app.screen is user.main, "the dialog to close")
    await link(user, ("schedule", "timesteps"), ("denoise", "+each"))
    await link(user, ("make_latents", "latents"), ("denoise", "+carry"))
    await link(user, ("schedule", "state"), ("denoise", "+carry"))
    await link(user, ("draw_noise", "random"), ("denoise", "+carry"))
    await link(user, ("load_model", "denoiser"), ("denoise", "+input"))
    await link(user, ("guidance", "guidance"), ("denoise", "+input"))
    await build_body(user)
    await pull(user, ("denoise", "latents"), "decode", Offset(98, 26))
    await link(user, ("load_model", "vae"), ("decode", "vae"))
    await user.wheel(5, Offset(10, 36), shift=True)  # what takes the outputs has moved out of view, to the right
    await link(user, ("decode", "image"), (">outputs", "+output"))


async def build_body(user: Hands) -> None:
    await choose(user, "denoise", "Open")
    await user.settle()
    assert user.main.scope == ("denoise",)
    await add_at(user, "denoise_step", Offset(SECOND + 8, 14))
    for port in ("denoiser", "latents", "state", "random", "guidance"):
        await link(user, ("loop", port), ("denoise_step", port))
    await link(user, ("loop", "timesteps"), ("denoise_step", "timestep"))
    for port in ("latents", "state", "random"):
        await link(user, ("denoise_step", port), (">next", port))
    await user.click("untitled")
    await user.until(lambda: not user.main.scope, "the way back")
    await user.settle()


async def choose(user: Hands, box: str, entry: str) -> None:
    """Choose from the menu of the right button on a box."""
    await user.click_at(area(user, box) + Offset(3, 0), button=3)
    await user.click(f" {entry} ")


async def add_at(user: Hands, node: str, at: Offset, *, name: str = "") -> None:
    """Add a node by the menu of the right button."""
    await user.click_at(at, button=3)
    await user.click("Add a node here")
    await take_type(user, node)
    assert area(user, name or node) == at


async def pull(user: Hands, source: End, node: str, at: Offset) -> None:
    """Draw a link to where nothing is, and take a node for it."""
    await user.drag(user.port(source, "output"), at)
    await take_type(user, node)
    assert area(user, node) == at


async def take_type(user: Hands, node: str) -> None:
    await user.choose_type(node)
    rows = user.app.screen.query_one(Rows)
    await user.click_at(rows.region.offset + Offset(3, rows.highlighted or 0))
    await user.until(lambda: user.app.screen is user.main, "the dialog to close")
    await user.settle()


def area(user: Hands, key: str) -> Offset:
    """Where a box begins on the screen."""
    sheet, canvas = user.canvas.sheet, user.canvas
    assert sheet is not None
    place = sheet.areas[key]
    return Offset(place.x1 - canvas.left + canvas.region.x, place.y1 - canvas.top + canvas.region.y)


async def link(user: Hands, source: End, target: End) -> None:
    await user.drag(user.port(source, "output"), user.port(target, "input"))
    await user.settle()


async def write(user: Hands, node: str, port: str, text: str) -> None:
    """Click on a box, click into a field of its form, type, and click on the canvas."""
    await user.click_at(area(user, node) + Offset(3, 0))
    await user.settle()
    row = user.main.sidebar.inspector._form.row(port)
    assert row is not None
    assert isinstance(row.editor, Widget)
    await user.pilot.click(row.editor)
    await user.type(text)
    await user.click_at(area(user, node) + Offset(3, 0))
    await user.settle()
