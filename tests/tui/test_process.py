"""The command line as a process of its own: signals, pipes, terminals and what it imports."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.tui.conftest import PAINTS

COMMAND = [sys.executable, "-m", "latentgraph.tui.main"]
BROKEN_PIPE = 1


def _start(
    *arguments: str, folder: Path, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    # A shell that starts a job in the background has Ctrl-C ignored; a test may run in one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, text=True, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE
    )


def _finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, out, err


def _wait_for_turn(process: subprocess.Popen[str]) -> list[str]:
    """The lines of `--json` until the loop has made a turn."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if json.loads(line)["event"] == "node_progress":
            return lines
    raise AssertionError("the run ended before its loop began")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_at_its_next_step_and_tells_what_is_kept(
    slow: str, tmp_path: Path, number: signal.Signals
) -> None:
    process = _start("run", slow, "--nodes", PAINTS, "--json", "--set", "turns=900", folder=tmp_path)
    _wait_for_turn(process)
    process.send_signal(number)
    code, out, err = _finish(process)
    last = json.loads(out.splitlines()[-1])
    assert (code, err) == (130, "")
    assert last["event"] == "run_cancelled"
    assert {"swatch", "hung"} <= set(last["finished"])
    assert last["files"] == {"wall": ["outputs/wall-1.png"]}
    assert (tmp_path / "outputs/wall-1.png").exists()


def test_a_person_is_told_in_words_what_a_cancelled_run_kept(slow: str, tmp_path: Path) -> None:
    process = _start("run", slow, "--nodes", PAINTS, "--set", "turns=900", folder=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "outputs/wall-1.png").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    code, out, err = _finish(process)
    stopping, cancelled = err.splitlines()
    assert (code, out) == (130, "")
    assert stopping == "stopping at the next step; press Ctrl-C again to stop at once"
    assert cancelled.startswith("cancelled in slow after ")
    assert cancelled.endswith("; kept: outputs/wall-1.png")


def test_a_second_signal_stops_at_once(slow: str, tmp_path: Path) -> None:
    values = ("--set", "turns=3", "--set", "seconds=60")
    process = _start("run", slow, "--nodes", PAINTS, *values, folder=tmp_path)
    assert process.stderr is not None
    time.sleep(0.1)
    while not (tmp_path / "outputs/wall-1.png").exists():
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert "stopping at the next step" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    code, out, err = _finish(process)
    assert (code, out, err) == (130, "", "stopped\n")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("arguments", [["nodes"], ["nodes", "--json"], ["schema"], ["check", "text_to_image"]])
def test_a_reader_that_goes_away_is_no_reason_for_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code, _, err = _finish(_start(*arguments, folder=tmp_path, stdout=writer))
    os.close(writer)
    assert (code, err) == (BROKEN_PIPE, "")


def test_a_run_ends_when_nobody_reads_its_events_any_more(slow: str, tmp_path: Path) -> None:
    process = _start("run", slow, "--nodes", PAINTS, "--json", "--set", "turns=900", folder=tmp_path)
    _wait_for_turn(process)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == BROKEN_PIPE
    assert process.communicate()[1] == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_told(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        code, _, err = _finish(_start("nodes", folder=tmp_path, stdout=full.fileno()))
    assert (code, err) == (1, "error: the output cannot be written: No space left on device\n")


def test_a_workflow_is_read_from_standard_input(slow: str, tmp_path: Path) -> None:
    with open(tmp_path / slow) as file:
        process = _start("run", "-", "--nodes", PAINTS, "--quiet", folder=tmp_path, stdin=file.fileno())
        assert _finish(process) == (0, "outputs/wall-1.png\n", "")
    (tmp_path / "half.json").write_text('{"latentgraph": 1,')
    with open(tmp_path / "half.json") as file:
        code, out, err = _finish(_start("check", "-", folder=tmp_path, stdin=file.fileno()))
    assert (code, err) == (2, "")
    problem, counts = out.splitlines()
    assert problem == "<stdin>:1:19: E003: the text ends before the JSON does; close every bracket that is open"
    assert counts == "1 workflow: 1 error"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_borne(slow: str, tmp_path: Path, closed: str) -> None:
    shell = f"'{sys.executable}' -m latentgraph.tui.main run {slow} --nodes '{PAINTS}' {closed}"
    done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "outputs/wall-1.png").exists()


def test_a_locale_that_lacks_a_character_is_borne(slow: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*COMMAND, "run", slow, "--nodes", PAINTS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "numbers: 4 values\nswatch: 16 ? 16 pixels of red ? outputs/wall-1.png\n"


def _on_terminal(command: list[str], folder: Path, answers: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a command on a terminal of 100 columns, and return its exit code and all that it drew."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 1000, 1000))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(command, cwd=folder, stdin=side, stdout=side, stderr=side, env=environment)
    os.close(side)
    drawn = b""
    while select.select([main], [], [], 60)[0]:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other end is closed: Linux says so with an error
            break
        if not piece:
            break
        drawn += piece
        for question, answer in list((answers or {}).items()):
            if question.encode() in drawn:
                os.write(main, answer.encode())
                del (answers or {})[question]
    os.close(main)
    return process.wait(timeout=60), drawn.decode()


def test_on_a_terminal_there_are_bars_and_the_picture(slow: str, tmp_path: Path) -> None:
    values = ["--set", "turns=30", "--set", "seconds=0.05"]
    code, drawn = _on_terminal([*COMMAND, "run", slow, "--nodes", PAINTS, *values], tmp_path)
    assert code == 0
    assert "━" in drawn
    assert "/30" in drawn
    assert " s left" in drawn
    assert "✓ " in drawn
    assert drawn.count("▀") == 64 * 32  # 16 pixels, enlarged four times
    assert "\x1b[38;2;255;0;0;48;2;255;0;0m▀" in drawn
    assert "outputs/wall-1.png" in drawn
    assert "done in " in drawn


@pytest.mark.parametrize(("protocol", "start"), [("kitty", "\x1b_Ga=p"), ("sixel", "\x1bP")])
def test_a_terminal_that_draws_pixels_gets_them_by_its_protocol(
    slow: str, tmp_path: Path, protocol: str, start: str
) -> None:
    code, drawn = _on_terminal([*COMMAND, "run", slow, "--nodes", PAINTS, "--images", protocol], tmp_path)
    assert code == 0
    assert start in drawn
    assert "▀" not in drawn
    assert "outputs/wall-1.png" in drawn


def test_on_a_terminal_problems_have_colours_and_quiet_is_quiet(slow: str, tmp_path: Path) -> None:
    code, drawn = _on_terminal([*COMMAND, "check", slow], tmp_path)
    assert code == 2
    assert "\x1b[1;31mE101\x1b[0m" in drawn
    code, drawn = _on_terminal([*COMMAND, "run", slow, "--nodes", PAINTS, "--quiet"], tmp_path)
    assert (code, drawn) == (0, "outputs/wall-1.png\r\n")


HEAVY = ("torch", "diffusers", "transformers", "huggingface_hub", "accelerate", "PIL", "textual_image", "numpy")
LIGHT = [
    ["check", "text_to_image"],
    ["nodes"],
    ["nodes", "denoise_step"],
    ["schema"],
    ["--help"],
    ["run", "--help"],
    ["run", "text_to_image", "--set", "seed=x"],
]


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_light_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from latentgraph.tui.main import call\n"
        "call(sys.argv[1:])\n"
        f"sys.stderr.write('loaded: ' + ' '.join(name for name in {HEAVY} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == "loaded: "
