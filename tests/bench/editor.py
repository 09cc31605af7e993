"""How fast the terminal editor is: to start, to open what is large, and to answer keys, also while a run goes on.

    python -m tests.bench.editor [--first] [TURNS [KEYS]]

Whole processes of `latentgraph edit` on a pseudo-terminal of 160x45, with Textual's own driver. Each frame is followed
by a note of what it shows (see `editor_child`), so that the time of a key ends when the frame that it led to is read
from the terminal. CPU seconds are those of the process of the editor; other programs do not change them much. They do
change wall times: so typing into a plain Textual app, key by key in turn with the editor, stands beside them, and
`--first` lets all that is measured go before other programs (Linux, root), as if there were none.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from tests.bench.large_workflow import large_workflow
from tests.bench.terminal import Terminal

EDIT = ["edit", "--images", "blocks"]
PANS = ("\x1b[1;2C", "\x1b[1;2B", "\x1b[1;2D", "\x1b[1;2A")
"""Shift with an arrow, around in a square."""
HOME, END = "\x1b[H", "\x1b[F"
PROMPT = "a red circle"
"""How the text of the field begins that is typed into."""
TEXT = "a small red star beside "
PAUSE = 0.08
"""Seconds between two keys, about what a fast typist leaves."""
STEPS, PICTURES = 900, 8
"""Of the run that keeps the cores busy: more than is measured."""


class Start(NamedTuple):
    """From the start of a process to the first frame with boxes."""

    cpu: float
    wall: float


class Case(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    goal: str
    holds: bool | None = None


def start(arguments: list[str], folder: Path, *, first: bool) -> Start:
    """Start, wait for the first frame with boxes, end.

    Raises:
        RuntimeError: Something was imported that the first frame has no use for.
    """
    with Terminal(arguments, folder, first=first) as terminal:
        wall = terminal.until(lambda shown: shown["boxes"]) - terminal.started
        if unwanted := terminal.shown.get("unwanted"):
            raise RuntimeError(f"imported before the first frame: {', '.join(unwanted)}")
        return Start(terminal.shown["cpu"], wall)


def first_paint(turns: int, folder: Path, *, first: bool) -> list[Case]:
    """The start on a workflow of 14 nodes, against an app without anything in it, in turn."""
    mine, base = ([*EDIT, "text_to_image"], ["empty"])
    pairs = [(start(mine, folder, first=first), start(base, folder, first=first)) for _ in range(turns + 1)]
    del pairs[0]  # which compiled all modules
    least, empty = (min(one.cpu for one in side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one.cpu / other.cpu for one, other in pairs)
    return [
        Case("first paint of text_to_image, least CPU", f"{least:.2f} s", "1.0 s", least <= 1.0),
        Case("the same of an empty Textual app", f"{empty:.2f} s", ""),
        Case("median of their ratios", f"{ratio:.2f}", "2.0", ratio <= 2.0),
    ]


def opening(turns: int, folder: Path, large: Path, *, first: bool) -> list[Case]:
    """The start on a large workflow, until its boxes are there."""
    starts = [start([*EDIT, str(large)], folder, first=first) for _ in range(turns)]
    cpu, wall = min(one.cpu for one in starts), min(one.wall for one in starts)
    return [
        Case("opening 1,000 nodes until they are painted, least CPU", f"{cpu:.2f} s", "3 s", cpu <= 3.0),
        Case("the same, least wall", f"{wall:.2f} s", "3 s", wall <= 3.0),
    ]


def panning(keys: int, folder: Path, large: Path, *, first: bool) -> list[Case]:
    """CPU of each frame of a large workflow whose view is moved, from key to key."""
    with Terminal([*EDIT, str(large)], folder, first=first) as terminal:
        terminal.until(lambda shown: shown["boxes"] and shown["checked"])
        terminal.rest(1.0)
        spent = []
        for turn in range(keys):
            before = terminal.shown["cpu"]
            pan(terminal, turn)
            spent.append(1000 * (terminal.shown["cpu"] - before))
    middle, late = statistics.median(spent), percentile(spent)
    text = f"{middle:.1f} ms (95th percentile {late:.1f})"
    return [Case("panning at 1,000 nodes, median CPU a frame", text, "20 ms", middle <= 20)]


def answering(keys: int, folder: Path, *, first: bool) -> list[Case]:
    """Wall time from a key to its frame, idle and with a run in the engine's process that computes all the time."""
    busy = folder / "busy.json"
    busy.write_text(json.dumps(_many_steps()), "utf-8")
    cases = []
    arguments = [*EDIT, str(busy), "--out", str(folder / "outputs")]
    with Terminal(arguments, folder, first=first) as terminal, Terminal(["plain"], folder, first=first) as plain:
        plain.until(lambda shown: "text" in shown)
        terminal.until(lambda shown: shown["boxes"] and shown["checked"])
        terminal.rest(3.0)
        cases += _answers(terminal, plain, keys, "idle")
        terminal.press("\x12")
        terminal.until(lambda shown: (shown["step"] or 0) > 2, seconds=180)
        cases += _answers(terminal, plain, keys, "during a run")
        if terminal.shown["step"] is None:
            raise RuntimeError("the run ended before all was measured")
    return cases


def _answers(terminal: Terminal, plain: Terminal, keys: int, when: str) -> list[Case]:
    """Pan on the canvas, then type into the prompt's field, and into the plain app in turn with it."""
    panned, typed, base = [], [], []
    for turn in range(keys):
        panned.append(1000 * pan(terminal, turn))
        terminal.rest(PAUSE)
    _go_to(terminal, HOME + "\r")
    while not terminal.shown["text"].startswith(PROMPT):
        _go_to(terminal, "\t")
    terminal.press(END)  # else the first letter takes the place of all that is there
    terminal.rest(1.0)
    for turn in range(keys):
        letter = TEXT[turn % len(TEXT)]
        typed.append(1000 * type_one(terminal, letter))
        terminal.rest(PAUSE / 2)
        base.append(1000 * type_one(plain, letter))
        terminal.rest(PAUSE / 2)
    terminal.rest(1.0)
    _go_to(terminal, "\x1b")
    text = f"{statistics.median(base):.0f} ms, 95th percentile {percentile(base):.0f} ms"
    return [
        _answer_case(f"panning, {when}", panned),
        _answer_case(f"typing, {when}", typed),
        Case(f"typing into a plain Textual app, {when}", text, ""),
    ]


def _go_to(terminal: Terminal, keys: str) -> None:
    """Press keys that give the focus to something else, and wait until it has it."""
    before = terminal.shown["field"]
    terminal.press(keys)
    terminal.until(lambda shown: shown["field"] != before)
    terminal.rest(0.3)


def _answer_case(what: str, times: list[float]) -> Case:
    middle, late = statistics.median(times), percentile(times)
    text = f"{middle:.0f} ms, 95th percentile {late:.0f} ms"
    return Case(f"from key to frame, {what}", text, "50 ms, 150 ms", middle <= 50 and late <= 150)


def pan(terminal: Terminal, turn: int) -> float:
    """Press a key that moves the view and wait for the frame in which it is moved; seconds."""
    before = terminal.shown["view"]
    pressed = terminal.press(PANS[turn // 8 % len(PANS)])
    return terminal.until(lambda shown: shown["view"] != before, seconds=20) - pressed


def type_one(terminal: Terminal, letter: str) -> float:
    """Type a letter and wait for the frame that has it; seconds."""
    length = len(terminal.shown["text"])
    pressed = terminal.press(letter)
    return terminal.until(lambda shown: len(shown["text"]) == length + 1, seconds=20) - pressed


def percentile(values: list[float], share: float = 0.95) -> float:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _many_steps() -> dict[str, object]:
    workflow = json.loads(files("latentgraph.workflows").joinpath("text_to_image.json").read_text("utf-8"))
    workflow["inputs"]["num_inference_steps"]["default"] = STEPS
    workflow["inputs"]["num_images_per_prompt"]["default"] = PICTURES
    return dict(workflow)


def main() -> None:
    """Print one table, as Markdown."""
    first = "--first" in sys.argv
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    turns, keys = (*numbers, *(9, 96)[len(numbers) :])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        large = folder / "large.json"
        large.write_text(json.dumps(large_workflow(1000)), "utf-8")
        cases = [
            *first_paint(turns, folder, first=first),
            *opening(max(3, turns // 3), folder, large, first=first),
            *panning(keys, folder, large, first=first),
            *answering(keys, folder, first=first),
        ]
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| what | measured | goal | |\n|---|---|---|---|")
    for case in cases:
        print(f"| {case.what} | {case.measured} | {case.goal} | {'' if case.holds is None else '✓✗'[not case.holds]} |")


if __name__ == "__main__":
    main()
