"""How pictures are drawn, by what the terminal says of itself."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from latentgraph.tui.editor.pictures.protocol import QUESTION, Mode, choose, mode_of_answer

KITTY = "\x1b_Gi=31;OK\x1b\\\x1b[?62;c"
XTERM_SIXEL = "\x1b[?62;4;6;22c"
WEZTERM = "\x1b_Gi=31;OK\x1b\\\x1b[?65;4;6;18;22c"
REFUSAL = "\x1b_Gi=31;EINVAL:no\x1b\\\x1b[?62c"


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        (KITTY, "kitty"),
        (XTERM_SIXEL, "sixel"),
        (WEZTERM, "sixel"),
        (REFUSAL, "blocks"),
        ("\x1b[?1;2c", "blocks"),
        ("\x1b[?64;22;44c", "blocks"),
        ("", "blocks"),
        ("garbage", "blocks"),
    ],
)
def test_the_answer_decides(answer: str, mode: Mode) -> None:
    assert mode_of_answer(answer) == mode


def _never() -> str:
    raise AssertionError("the terminal was asked")


@pytest.mark.parametrize(
    "environ",
    [{"TMUX": "/tmp/x"}, {"STY": "1"}, {"ZELLIJ": "0"}, {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}],
)
def test_where_cells_are_all_there_is_the_terminal_is_not_asked(environ: dict[str, str]) -> None:
    assert choose("auto", environ, _never) == "blocks"


def test_a_dumb_terminal_gets_no_pictures() -> None:
    assert choose("auto", {"TERM": "dumb"}, _never) == "none"


def test_what_the_user_asks_for_is_done() -> None:
    assert choose("blocks", {}, _never) == "blocks"
    assert choose("none", {}, _never) == "none"
    assert choose("kitty", {"TMUX": "x"}, _never) == "kitty"


def test_without_a_terminal_nothing_is_asked() -> None:
    code = "from latentgraph.tui.editor.pictures.protocol import choose; print(choose('auto', {'TERM': 'xterm'}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True
    )
    assert done.stdout == "blocks\n"


@pytest.mark.parametrize(("answer", "mode"), [(KITTY, "kitty"), (XTERM_SIXEL, "sixel"), ("\x1b[?1;2c", "blocks")])
def test_a_real_terminal_is_asked_once_and_left_as_it_was(answer: str, mode: Mode) -> None:
    main, side = pty.openpty()
    code = (
        "import os, sys, termios\n"
        "from latentgraph.tui.editor.pictures.protocol import ask_terminal, mode_of_answer\n"
        "before = termios.tcgetattr(0)\n"
        "mode = mode_of_answer(ask_terminal())\n"
        "assert termios.tcgetattr(0) == before\n"
        "print('mode', mode, flush=True)\n"
    )
    environ = {name: value for name, value in os.environ.items() if name not in ("TMUX", "STY")}
    with subprocess.Popen([sys.executable, "-c", code], stdin=side, stdout=side, env=environ) as process:
        os.close(side)
        said = ""
        try:
            while "mode" not in said or "\n" not in said.partition("mode")[2]:
                said += os.read(main, 1000).decode()
                if QUESTION in said and answer:
                    os.write(main, answer.encode())
                    answer = ""
        finally:
            os.close(main)
        assert process.wait(30) == 0
    assert f"mode {mode}" in said
    assert said.count(QUESTION) == 1


def test_choosing_cells_imports_neither_the_library_nor_pictures() -> None:
    code = (
        "import sys; from latentgraph.tui.editor.pictures.protocol import choose; choose('blocks')\n"
        "import latentgraph.tui.editor.pictures.viewer, latentgraph.tui.editor.pictures.live\n"
        "print([name for name in ('PIL', 'numpy', 'textual_image', 'torch', 'networkx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
