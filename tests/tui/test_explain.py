from __future__ import annotations

import io

import pytest

from latentgraph.tui.explain import Explained, show_explained

TOLD = [
    Explained("tokens", "run", '\'text\' went from "a red circle" to "a blue star on a white background"', 0.5),
    Explained("negative", "kept", "nothing that makes it changed"),
]


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_reasons_break_between_words_and_stand_in_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    for name, value in {"COLUMNS": "50", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("latentgraph.tui.explain.duration", lambda seconds: f"{seconds} s")
    show_explained(TOLD, as_json=False)
    plain = terminal.getvalue().replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert plain.splitlines() == [
        "tokens       0.5 s  'text' went from \"a red",
        '                    circle" to "a blue star on a',
        '                    white background"',
        "negative      kept  nothing that makes it changed",
    ]


def test_in_a_pipe_each_node_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    show_explained(TOLD, as_json=False)
    assert len(pipe.getvalue().splitlines()) == 2
