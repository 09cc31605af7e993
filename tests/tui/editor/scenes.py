"""The screens whose pictures are kept: how a user comes to each, with all that varies held still."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import PIL.Image
import pytest
from tests.tui.editor.desk import nodes
from tests.tui.editor.hands import Hands
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from latentgraph.graph.events import Event, NodeFinished, NodeProgress, NodeStarted, Preview, RunFinished, RunStarted
from latentgraph.graph.process import EngineProcess, EngineReady, Looked, LookedValue, RunEvent, RunRequest
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.canvas.hints import Choice
from latentgraph.tui.editor.dialogs.add_node import AddNode
from latentgraph.tui.editor.dialogs.help import Help
from latentgraph.tui.editor.dialogs.open import StartScreen
from latentgraph.tui.editor.made import MadeRun
from latentgraph.tui.editor.main_screen import MainScreen
from latentgraph.tui.editor.opening import open_argument
from latentgraph.tui.editor.pages import HistoryPage
from latentgraph.tui.editor.pictures.compare import Compare
from latentgraph.tui.editor.request import EditRequest

Scene = Callable[[Hands, Path], Awaitable[None]]

SHIPPED = "text_to_image"
STEPS, DONE = 25, 16
STEP_SECONDS = 0.4
ENDED = "2026-03-01T14:{minute:02}:00+01:00"
INPUTS = {
    "model": "builtin:shapes",
    "prompt": "a red circle on a blue background",
    "negative_prompt": "",
    "num_inference_steps": 25,
    "guidance_scale": 5.0,
    "num_images_per_prompt": 1,
    "eta": 0.0,
    "seed": 7,
}
TOKENS = LookedValue(
    "tokens",
    "Tokens",
    "9 of 77 tokens",
    (
        ("batch", "1"),
        ("tokens", "9 of 77"),
        ("pieces", "<|startoftext|> a red circle on a blue background <|endoftext|>"),
        ("ids", "0 3 41 17 9 3 12 5 1"),
    ),
)


class StillEngine(EngineProcess):
    """An engine that never starts a process; what it says is said by the test."""

    def start(self) -> None:
        """Start nothing."""

    def run(self, request: RunRequest) -> int:
        """Take every run for the first."""
        return 1

    def look(self, path: str) -> None:
        """Answer nothing."""


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def hold_still(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Freeze the cursors and the clock, and start no engine."""
    patch.setattr("latentgraph.graph.process.EngineProcess", StillEngine)
    patch.setattr("latentgraph.tui.editor.runs.time", SimpleNamespace(monotonic=clock.monotonic))
    patch.setattr(Input.cursor_blink, "_default", False)
    patch.setattr(TextArea.cursor_blink, "_default", False)


def still_app(opened: str | None, folder: Path) -> EditorApp:
    """The editor without anything that moves."""
    registry = nodes()
    app = EditorApp(
        registry,
        open_argument(opened, registry) if opened is not None else None,
        EditRequest(opened, out=folder),
        images="blocks",
    )
    app.animation_level = "none"
    return app


def steps_to(scene: Scene, app: EditorApp, folder: Path) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """What to do before the picture is taken."""

    async def run(pilot: Pilot[Any]) -> None:
        hands = Hands(app, pilot)
        await hands.settle()
        await scene(hands, folder)
        await hands.settle()
        app.clear_notifications()
        await pilot.pause()

    return run


# --- what is opened


def mistaken(folder: Path) -> str:
    """A file with something wrong in several places."""
    data = json.loads((files("latentgraph.workflows") / f"{SHIPPED}.json").read_text("utf-8"))
    data.pop("$schema")
    made = data["nodes"]
    made["guidance"]["inputs"]["positive"] = {"from": "tokens.tokens"}
    made["noise"]["inputs"]["height"] = 65
    del made["start"]["inputs"]["state"]
    made["checked"]["type"] = "safety_chek"
    file = folder / "mistakes.json"
    file.write_text(json.dumps(data))
    return str(file)


def picture(red: int, green: int, blue: int) -> PIL.Image.Image:
    """A disc on a ground, by arithmetic alone, so that it is the same with every library."""
    made = PIL.Image.new("RGB", (64, 64), (24, 48, 140))
    for y in range(64):
        for x in range(64):
            if (x - 31.5) ** 2 + (y - 31.5) ** 2 < 400:
                made.putpixel((x, y), (red, green, blue))
    return made


def _png(image: PIL.Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


# --- what the engine says


def say(main: MainScreen, *told: Event) -> None:
    """Have the screen hear of the run that goes on."""
    main.heard.extend(RunEvent(1, event) for event in told)
    main.hear()


def begin_run(main: MainScreen) -> Iterator[str]:
    """Ask for a run whose engine is there, and return its nodes in their order."""
    main.heard.append(EngineReady(1, {"device": "cpu", "dtype": "float32"}, {}))
    main.action_run()
    order = tuple(main.session.workflow.nodes)
    say(main, RunStarted(order, INPUTS, {"device": "cpu", "dtype": "float32"}))
    return iter(order)


def finish(main: MainScreen, node: str) -> None:
    """Have a node begin and end."""
    cached = node in ("model", "negative_tokens", "negative")
    say(main, NodeStarted(node), NodeFinished(node, cached, 0.0 if cached else 0.05, {}))


# --- the screens


async def opened(hands: Hands, folder: Path) -> None:
    """The workflow that ships, a node selected."""
    hands.canvas.go_to("guidance")


async def light(hands: Hands, folder: Path) -> None:
    """The same in the light theme."""
    hands.app.theme = "latentgraph-light"
    hands.canvas.go_to("guidance")


async def body(hands: Hands, folder: Path) -> None:
    """The inside of the loop."""
    hands.canvas.go_to("denoise")
    await hands.press("o")
    await hands.settle()
    hands.canvas.go_to("step")


async def errors(hands: Hands, folder: Path) -> None:
    """What is wrong, and the field of one of the problems."""
    for _ in hands.main.session.problems:
        await hands.press("f8")
        await hands.settle()
        current = hands.main.sidebar.problems.current
        if current is not None and (current.node, current.port) == ("noise", "height"):
            return
    raise AssertionError(f"no problem of the height among {hands.main.session.problems}")


async def running(hands: Hands, folder: Path) -> None:
    """In the middle of the loop, with a picture of what is coming."""
    main = hands.main
    clock = CLOCKS[0]
    hands.canvas.go_to("denoise")
    for node in begin_run(main):
        if node == "denoise":
            break
        finish(main, node)
    say(main, NodeStarted("denoise"))
    for done in range(1, DONE + 1):
        clock.now += STEP_SECONDS
        say(main, NodeProgress("denoise", done, STEPS, STEP_SECONDS))
    say(main, Preview("denoise", "1 × 4 × 8 × 8", _png(picture(150, 60, 90).resize((16, 16)))))


async def finished(hands: Hands, folder: Path) -> None:
    """After a run: the picture, and what a node gave."""
    main = hands.main
    for node in begin_run(main):
        finish(main, node)
    hands.canvas.go_to("tokens")
    await hands.settle()
    file = folder / "image-1.png"
    picture(220, 40, 40).save(file)
    say(main, RunFinished({}, {"image": (str(file),)}, 6.9))
    main.heard.append(Looked("tokens", (TOKENS,)))
    main.hear()


async def link(hands: Hands, folder: Path) -> None:
    """Letters stand at every port that a link may begin at."""
    hands.canvas.go_to("noise")
    await hands.press("c")


async def link_to(hands: Hands, folder: Path) -> None:
    """A link has begun at a port; letters stand at those that fit."""
    await link(hands, folder)
    await hands.type_label(Choice("noise", ("noise", "random"), "output"))


async def add_node(hands: Hands, folder: Path) -> None:
    """Nodes that fit what the current box gives."""
    hands.canvas.go_to("model")
    await hands.press("a")
    await hands.until(lambda: isinstance(hands.app.screen, AddNode), "the dialog of nodes")


async def help_screen(hands: Hands, folder: Path) -> None:
    """All keys."""
    await hands.press("f1")
    await hands.until(lambda: isinstance(hands.app.screen, Help), "the keys")


async def start(hands: Hands, folder: Path) -> None:
    """What is offered to whoever names no workflow."""
    await hands.until(lambda: isinstance(hands.app.screen, StartScreen), "the start screen")


def remember_runs(main: MainScreen, folder: Path) -> None:
    """Have made two pictures."""
    for number, colour in enumerate([(220, 40, 40), (240, 200, 40)], 1):
        file = folder / f"image-{number}.png"
        picture(*colour).save(file)
        inputs = INPUTS if number == 1 else {**INPUTS, "prompt": "a yellow circle on a blue background", "seed": 8}
        title = f"{SHIPPED} (copy)"
        main.made.add(MadeRun(title, ENDED.format(minute=number), "done", 6.9, inputs, (str(file),)))
    main.made.add(MadeRun(title, ENDED.format(minute=3), "cancelled", 2.5, inputs))
    main.sidebar.history.show(main.made.runs)


async def history(hands: Hands, folder: Path) -> None:
    """The runs that were made."""
    remember_runs(hands.main, folder)
    hands.canvas.go_to("decoded")
    await hands.settle()
    hands.main.show_page("history")
    hands.main.query_one(HistoryPage).query("OptionList").first().focus()
    await hands.press("down")


async def compare(hands: Hands, folder: Path) -> None:
    """Two pictures side by side."""
    await history(hands, folder)
    await hands.press("c")
    await hands.until(lambda: isinstance(hands.app.screen, Compare), "the two pictures")
    await hands.pilot.pause()


CLOCKS: list[Clock] = []
"""The one that is held still now."""
SCENES: dict[str, Scene] = {
    one.__name__: one
    for one in (
        opened,
        light,
        body,
        errors,
        running,
        finished,
        link,
        link_to,
        add_node,
        help_screen,
        start,
        history,
        compare,
    )
}
