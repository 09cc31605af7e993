"""By keys alone, from an empty screen to a picture, and the saved file makes the same picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui.conftest import Cli
from tests.tui.editor.building import PROMPT, SEED, STEPS, TEXT_TO_IMAGE, same_pixels
from tests.tui.editor.hands import WAIT_SECONDS, Hands, editor, open_empty

from latentgraph.tui.editor.pictures.viewer import Viewer


async def test_text_to_image_is_built_run_and_saved_by_keys_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.chdir(tmp_path)
    async with editor(open_empty(), out=tmp_path / "outputs") as user:
        await build(user)
        assert user.data == TEXT_TO_IMAGE
        assert not user.main.session.problems
        assert user.sees("✓ valid")
        await user.press("ctrl+r")
        await user.until(lambda: user.main.made.runs, "the run to end", WAIT_SECONDS)
        (run,) = user.main.made.runs
        assert run.outcome == "done", run.message
        (picture,) = run.pictures
        await user.press("v")
        await user.until(lambda: isinstance(user.app.screen, Viewer), "the viewer")
        await user.until(lambda: user.sees(picture.name), "the name of the picture")
        await user.until(lambda: user.sees("▀") or user.sees("▄") or user.sees("█"), "the picture")
        await user.press("v")
        await user.press("ctrl+s")
        await user.type("mine")
        await user.press("enter")
        await user.until(lambda: Path("mine.json").exists(), "the file")
        await user.settle()
        await user.until(lambda: user.sees("mine.json") and not user.sees("unsaved"), "the name of the file")
    assert cli("run", "mine.json", "--out", "again").code == 0
    assert same_pixels(picture, next(Path("again").iterdir()))


async def build(user: Hands) -> None:
    """What a user presses who knows the nodes."""
    await user.add("load_model")
    await build_text(user)
    await build_noise(user)
    await build_schedule(user)
    await build_loop(user)
    await build_body(user)
    await user.add("decode")
    await user.link(("load_model", "vae"), ("decode", "vae"))
    await user.link(("decode", "image"), (">outputs", "+output"))


async def build_text(user: Hands) -> None:
    await user.add("tokenize")
    await user.write("text", PROMPT)
    await user.add("encode")
    await user.link(("load_model", "text_encoder"), ("encode", "text_encoder"))
    await user.add("guidance")


async def build_noise(user: Hands) -> None:
    await user.add("random_state")
    await user.write("seed", str(SEED))
    await user.add("draw_noise")
    await user.link(("load_model", "denoiser"), ("draw_noise", "denoiser"))
    await user.press("full_stop")
    await user.link(("load_model", "vae"), ("draw_noise", "vae"))
    await user.add("make_latents")


async def build_schedule(user: Hands) -> None:
    await user.press("home")
    await user.go_to("load_model")
    await user.add("schedule")
    await user.write("num_inference_steps", str(STEPS))
    await user.link(("schedule", "state"), ("make_latents", "state"))


async def build_loop(user: Hands) -> None:
    await user.add("loop")
    await user.press("t", "ctrl+u")
    await user.type("denoise")
    await user.press("enter")
    await user.settle()
    await user.press("full_stop")
    await user.link(("schedule", "timesteps"), ("denoise", "+each"))
    await user.link(("make_latents", "latents"), ("denoise", "+carry"))
    await user.link(("schedule", "state"), ("denoise", "+carry"))
    await user.link(("draw_noise", "random"), ("denoise", "+carry"))
    await user.link(("load_model", "denoiser"), ("denoise", "+input"))
    await user.link(("guidance", "guidance"), ("denoise", "+input"))


async def build_body(user: Hands) -> None:
    await user.go_to("denoise")
    await user.press("o")
    await user.settle()
    await user.go_to("loop")
    await user.add("denoise_step")
    for port in ("latents", "state", "random"):
        await user.link(("denoise_step", port), (">next", port))
    await user.press("backspace")
    await user.settle()
    assert user.canvas.cursor == "denoise"
