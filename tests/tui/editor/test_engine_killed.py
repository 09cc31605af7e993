"""Whatever happens to the engine's process, the editor keeps every edit, says what happened, and runs again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.graph.process.conftest import wait_until
from tests.tui.conftest import PAINTS, ROOT, write
from tests.tui.editor.desk import Desk, editing

MISCHIEF = str(ROOT / "tests/graph/process/mischief.py")
FILES = (PAINTS, MISCHIEF)
TRACEBACK = "Traceback (most recent call last)"


def turns(count: int, number: str = "loop.number", **body: Any) -> dict[str, Any]:
    """A loop that waits in every turn, beside a square to be painted; perhaps with more in its body."""
    wait = {"type": "wait", "inputs": {"number": {"from": number}, "seconds": 0.05}}
    return {
        "nodes": {
            "swatch": {"type": "paint"},
            "numbers": {"type": "numbers", "inputs": {"to": count}},
            "slow": {
                "type": "loop",
                "each": {"number": {"from": "numbers.value"}},
                "nodes": {"wait": wait, **body},
                "collect": {"numbers": {"from": "wait.value"}},
            },
        },
        "outputs": {"numbers": {"from": "slow.numbers"}, "swatch": {"from": "swatch.swatch"}},
    }


def status(desk: Desk, node: str) -> str:
    """What the canvas shows of a node's state."""
    return desk.screen.canvas.states[node].status


def ended(desk: Desk, runs: int) -> bool:
    """Whether so many runs were made and none goes on."""
    return len(desk.screen.made) == runs and desk.screen.runs.current is None


def outcome(desk: Desk) -> str:
    """How the last run ended."""
    return desk.screen.made.runs[-1].outcome


def kill(desk: Desk) -> int:
    """Kill the engine's process; its number."""
    pid = desk.screen.engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


async def set_turns(desk: Desk, count: int) -> None:
    """Write another number of turns into the form."""
    desk.screen.canvas.go_to("numbers")
    await desk.until(
        lambda: desk.screen.sidebar.inspector.subject and desk.screen.sidebar.inspector.subject.key == "numbers"
    )
    await desk.until(lambda: desk.screen.sidebar.inspector.settled)
    desk.screen.sidebar.inspector.focus_field("to")
    await desk.press("ctrl+u", *str(count), "enter")
    await desk.until(lambda: desk.session.history.data["nodes"]["numbers"]["inputs"]["to"] == count)
    await desk.press("f2")


async def test_a_kill_in_the_middle_of_a_run_costs_the_run_and_no_edit(tmp_path: Path) -> None:
    file = write(tmp_path / "slow.json", turns(900))
    async with editing(file, out=tmp_path / "out") as desk:
        desk.screen.canvas.go_to("swatch")
        await desk.press("D", "ctrl+r")
        await desk.until(lambda: desk.screen.runs.current and desk.screen.runs.current.progress)
        desk.screen.canvas.go_to("swatch")
        await desk.press("D", "x")
        edited = desk.session.text
        steps = desk.session.history.steps
        killed = kill(desk)
        await desk.until(lambda: ended(desk, 1))
        assert (status(desk, "slow"), status(desk, "swatch")) == ("failed", "done")
        sentence = "slow: the engine was killed; if nobody did it, the memory ran out"
        assert [one for one in desk.told if "killed" in one] == [sentence]
        assert desk.screen.made.runs[-1].message == sentence
        assert not desk.screen.run_bar.display
        assert (desk.session.text, desk.session.history.steps) == (edited, steps)

        await set_turns(desk, 2)
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 2))
        assert outcome(desk) == "done"
        assert status(desk, "slow") == "done"
        assert desk.screen.engine.pid not in (None, killed)

        # A run that is asked for before anybody noticed that the engine is gone is not taken for lost with it.
        kill(desk)
        wait_until(lambda: not desk.screen.engine.alive)
        desk.screen.action_run()
        await desk.until(lambda: ended(desk, 3))
        assert outcome(desk) == "done"


async def test_what_waited_behind_the_lost_run_runs_in_a_new_engine(tmp_path: Path) -> None:
    file = write(tmp_path / "slow.json", turns(900))
    async with editing(file, out=tmp_path / "out") as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.screen.runs.current and desk.screen.runs.current.progress)
        await set_turns(desk, 2)
        await desk.press("ctrl+r")
        assert len(desk.screen.runs.waiting) == 1
        kill(desk)
        await desk.until(lambda: ended(desk, 2))
        assert [run.outcome for run in desk.screen.made.runs] == ["failed", "done"]
        assert status(desk, "slow") == "done"


async def test_an_engine_that_dies_at_its_start_says_why_and_the_next_one_works(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    sound = Path(PAINTS).read_text()
    own.write_text(sound)
    file = write(tmp_path / "slow.json", turns(2))
    async with editing(file, out=tmp_path / "out", files=(str(own),)) as desk:
        own.write_text("import nothing_of_this_name")
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 1))
        why = f"{own}: cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'"
        assert why in desk.told
        assert outcome(desk) == "failed"

        own.write_text(sound)
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 2))
        assert outcome(desk) == "done"


async def test_where_no_engine_can_be_started_the_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    file = write(tmp_path / "slow.json", turns(2))
    async with editing(file, out=tmp_path / "out") as desk:
        desk.screen.warm_up()
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 1))
        assert "no engine can be started: No such file or directory" in desk.told


async def test_out_of_memory_in_a_node_marks_it_and_the_loop_around_it_and_keeps_the_engine(tmp_path: Path) -> None:
    greedy = turns(3, number="greedy.value", greedy={"type": "exhaust", "inputs": {"number": {"from": "loop.number"}}})
    file = write(tmp_path / "greedy.json", greedy)
    async with editing(file, out=tmp_path / "out", files=FILES) as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 1))
        assert (status(desk, "slow"), status(desk, "numbers")) == ("failed", "done")
        (sentence,) = [one for one in desk.told if "memory" in one]
        assert sentence.startswith("slow/greedy: ")
        assert TRACEBACK not in sentence
        pid = desk.screen.engine.pid

        desk.screen.canvas.go_to("slow")
        await desk.press("o")
        await desk.until(lambda: "greedy" in desk.screen.canvas.states)
        assert status(desk, "greedy") == "failed"
        await desk.press("backspace")
        await desk.until(lambda: not desk.screen.scope)

        desk.screen.canvas.go_to("swatch")
        await desk.press("r")
        await desk.until(lambda: ended(desk, 2))
        assert outcome(desk) == "done"
        assert desk.screen.engine.pid == pid


async def test_a_file_of_nodes_that_prints_rubbish_fills_the_log_and_nothing_else(tmp_path: Path) -> None:
    loud = tmp_path / "loud.py"
    loud.write_text(
        "import os\n"
        """os.write(1, b'{"event": "engine_ready", "pid": 1}\\n\\xff\\x00\\x1b[2J{\\n')\n"""
        "print('loud and clear')\n" + Path(MISCHIEF).read_text().replace("from __future__ import annotations\n", "")
    )
    nodes = {"mess": {"type": "scribble"}, "slow": {"type": "load", "inputs": {"number": {"from": "mess.value"}}}}
    file = write(tmp_path / "mess.json", {"nodes": nodes, "outputs": {"number": {"from": "slow.value"}}})
    async with editing(file, out=tmp_path / "out", files=(str(loud),)) as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: ended(desk, 1))
        assert outcome(desk) == "done"
        assert (status(desk, "mess"), status(desk, "slow")) == ("done", "done")
        desk.screen.show_page("log")
        await desk.until(lambda: desk.screen.sidebar.log.lines)
        lines = "\n".join(desk.screen.sidebar.log.lines)
        assert "loud and clear" in lines
        assert "\x1b" not in lines
        assert desk.told == []


HEADLESS = """
import asyncio, json, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.opening import open_argument

def loaded():
    return sorted({{name.partition(".")[0] for name in sys.modules}})

class Watched(EditorApp):
    first = None

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        if self.first is None and screen is self.main_screen and screen.canvas.scene.boxes:
            self.first = loaded()

async def main():
    registry = Registry.load([Path(one) for one in {files!r}])
    request = EditRequest({argument!r}, out=Path({out!r}), node_files=[Path(one) for one in {files!r}])
    app = Watched(registry, open_argument({argument!r}, registry), request, images="blocks")
    async with app.run_test(size=(160, 45)) as pilot:
        while app.first is None:
            await pilot.pause(0.02)
        if {run!r}:
            await pilot.press("ctrl+r")
            while not app.main_screen.made.runs:
                await pilot.pause(0.05)
    outcomes = [one.outcome for one in app.main_screen.made.runs]
    print(json.dumps({{"first": app.first, "last": loaded(), "outcomes": outcomes}}))

asyncio.run(main())
"""


def loaded_by(argument: str, out: Path, *, run: bool, files: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The packages that the editor's process has loaded at its first frame, and at its end."""
    program = HEADLESS.format(root=str(ROOT), argument=argument, out=str(out), run=run, files=files)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_at_the_first_frame_no_library_that_computes_is_loaded(tmp_path: Path) -> None:
    found = loaded_by("text_to_image", tmp_path, run=False)
    assert "textual" in found["first"]
    assert not {"torch", "diffusers", "transformers", "networkx", "numpy"} & set(found["first"])
    assert not {"torch", "diffusers", "transformers"} & set(found["last"])


def test_after_a_run_the_editor_has_still_no_torch(tmp_path: Path) -> None:
    file = write(tmp_path / "slow.json", turns(2))
    found = loaded_by(str(file), tmp_path / "out", run=True, files=(PAINTS,))
    assert found["outcomes"] == ["done"]
    assert not {"torch", "diffusers", "transformers"} & set(found["last"])
