"""Nodes that do to an engine's process whatever a node could, and one that shows how far it is."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.graph.values import FileForm, ValueType

EVENT = json.dumps({"event": "run_finished", "run": 1, "outputs": {}, "files": {}, "seconds": 0.0})


@dataclass(frozen=True, eq=False, slots=True)
class Riddle:
    """A value that cannot be described."""

    text: str


def _puzzled(riddle: Riddle) -> list[tuple[str, str]]:
    raise ValueError(f"nobody knows what {riddle.text} means")


RIDDLE = ValueType(Riddle, lambda riddle: riddle.text, lambda riddle: 100, repr, details=_puzzled)


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A line of a drawing."""

    length: int


def _draw(line: Line, file: BinaryIO, record: Mapping[str, str]) -> None:
    file.write(b"-" * line.length)


LINE = ValueType(
    Line,
    lambda line: f"{line.length} long",
    lambda line: line.length,
    repr,
    file=FileForm(".txt", lambda line: [line], _draw, lambda path: {}),
    details=lambda line: [("length", str(line.length))],
)


@node(category="mischief")
def scribble(number: int = 0) -> int:
    """Print to the descriptors of standard output and error what looks like messages, and what is no text at all."""
    os.write(1, f"{EVENT}\n".encode())
    os.write(1, b"\xff\xfe\x00 no text \x1b[31m\n")
    os.write(2, b"10%\r20%\r30%\n" + b"x" * 5000 + b"\n")
    print("printed")
    return number


@node(category="mischief")
def exhaust(number: int = 0) -> int:
    """Run out of memory."""
    raise MemoryError


@node(category="mischief")
def load(number: int = 0, seconds: float = 1.0) -> int:
    """Take long without looking up, as loading a model does."""
    time.sleep(seconds)
    return number


@node(category="mischief")
def seize(seconds: int = 60) -> int:
    """Hold the lock of the interpreter, as a library can."""
    ctypes.PyDLL(None).sleep(seconds)
    return seconds


@node(category="mischief")
def crash(number: int = 0) -> int:
    """Do what a library with a fault does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)
    return number


@node(category="mischief")
def ask(number: int = 0) -> str:
    """Read from standard input."""
    return repr(os.read(0, 10)) + str(number)


@node(category="mischief")
def where() -> str:
    """How the process stands to the others."""
    return json.dumps({"nice": os.nice(0), "session": os.getsid(0), "pid": os.getpid(), "folder": str(Path.cwd())})


@node(category="mischief")
def riddle(text: str = "it") -> Riddle:
    """Make a value that cannot be described."""
    return Riddle(text)


@node(category="mischief")
def sketch(number: int, *, context: RunContext = ALONE) -> int:
    """Show a line on its way."""
    context.preview(lambda: Line(8 + number))
    time.sleep(0.1)
    return number


@node(category="mischief")
def smudge(number: int, *, context: RunContext = ALONE) -> int:
    """Fail to show anything."""
    context.preview(lambda: 1 // 0)
    return number


@node(category="mischief", effect=True)
def publish(number: int = 3, *, context: RunContext = ALONE) -> Line:
    """Save a line."""
    context.save(Line(number), "line")
    return Line(number)


@node(category="mischief")
def remember(number: int, before: int = 0) -> int:
    """A number after another."""
    return 10 * before + number
