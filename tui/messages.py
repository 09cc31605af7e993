"""How a command speaks to whoever called it: sentences for people on standard error, JSON lines for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from latentgraph.graph.errors import FULL
from latentgraph.graph.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


class CommandError(Exception):
    """A command cannot go on; the sentence says why and what to do.

    Attributes:
        exit_code: 2 where the call is wrong, 1 where the work failed.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def not_written(target: object, error: OSError) -> CommandError:
    """That a file cannot be written.

    Args:
        target: It, as the caller named it.
        error: Why; a disk that is full is the only reason for which the call itself was right.
    """
    full = error.errno in FULL
    return CommandError(f"{target} cannot be written: {error.strerror}", exit_code=1 if full else 2)


def console(stream: TextIO) -> Console:
    """A console that never breaks a line in a pipe, and takes square brackets as they are."""
    from rich.console import Console

    wide = None if stream.isatty() else 100_000
    return Console(file=stream, width=wide, markup=False, highlight=False, emoji=False, soft_wrap=True)


def is_plain(stream: TextIO) -> bool:
    """Whether a console on `stream` would write what it is given as it is: a pipe that nobody wants colours in."""
    return not (stream.isatty() or any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE")))


def print_json(data: dict[str, Any]) -> None:
    """One object on a line of its own, at once, so that a reader of a pipe need not wait."""
    sys.stdout.write(json.dumps(data, default=str) + "\n")
    sys.stdout.flush()


def write_utf8(text: str) -> None:
    """Write the text of a file to standard output, in the encoding of such files whatever the locale."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as plain data."""
    return {
        "event": "problem",
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "node": problem.node,
        "port": problem.port,
        "file": problem.file,
        "line": problem.place.line if problem.place else None,
        "column": problem.place.column if problem.place else None,
    }


def say_problems(problems: Iterable[Problem], *, as_json: bool, stream: TextIO | None = None) -> None:
    """Print problems, one a line.

    Args:
        problems: What to print.
        as_json: As JSON lines on standard output, and not as sentences.
        stream: Where sentences go; standard error where None.
    """
    stream = stream or sys.stderr
    if as_json:
        for problem in problems:
            print_json(problem_json(problem))
    elif stream.isatty():
        _say_in_colour(problems, stream)
    else:
        stream.writelines(f"{problem}\n" for problem in problems)


def _say_in_colour(problems: Iterable[Problem], stream: TextIO) -> None:
    from rich.text import Text

    out = console(stream)
    for problem in problems:
        text = Text(str(problem))
        if problem.where:
            text.stylize("dim", 0, len(problem.where) + 1)
        start = text.plain.index(problem.code, len(problem.where))
        text.stylize(STYLES[problem.severity], start, start + len(problem.code))
        if problem.hint:
            text.stylize("green", len(text) - len(problem.hint))
        out.print(text)


def say(severity: str, sentence: str, *, as_json: bool = False) -> None:
    """Print a sentence that is about no place in a file.

    Args:
        severity: `error`, `warning` or `note`.
        sentence: What to say.
        as_json: As a JSON line on standard output.
    """
    if as_json:
        print_json({"event": "problem", "severity": severity, "code": "", "message": sentence})
    elif sys.stderr.isatty():
        from rich.text import Text

        console(sys.stderr).print(Text.assemble((f"{severity}: ", STYLES[severity]), sentence))
    else:
        sys.stderr.write(f"{severity}: {sentence}\n")


def say_fast(settings: Mapping[str, str]) -> None:
    """Tell a person of a run in fast mode that it is one."""
    if settings.get("speed") == "fast":
        slow = "models are compiled, which takes minutes the first time"
        say("note", f"fast mode: {slow}; pictures are a little different from those of an exact run (leave out --fast)")
