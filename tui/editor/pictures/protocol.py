"""How pictures are drawn in this terminal, found out before the screen is taken over: later answers are keys."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Mapping
from typing import Literal, TextIO, cast

Mode = Literal["kitty", "sixel", "blocks", "none"]
MODES = ("auto", "kitty", "sixel", "blocks", "none")
"""What a user may ask for."""
ANSWER_SECONDS = 0.3
"""Every terminal answers the second question, so that the wait ends with that; only a slow line makes it long."""
QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""Whether it knows kitty's protocol, and what kind of terminal it is."""
_MULTIPLEXED = ("TMUX", "STY", "ZELLIJ")


def choose(wanted: str = "auto", environ: Mapping[str, str] = os.environ, ask: Callable[[], str] | None = None) -> Mode:
    """How to draw pictures; to be called before the screen is taken over.

    Args:
        wanted: `auto`, or what the user asks for.
        environ: The environment.
        ask: Asks the terminal; only for tests another than the terminal itself.
    """
    mode = _automatic(environ, ask or ask_terminal) if wanted == "auto" else cast("Mode", wanted)
    if mode in ("kitty", "sixel"):
        _prepare()
    return mode


def _automatic(environ: Mapping[str, str], ask: Callable[[], str]) -> Mode:
    if environ.get("TERM") == "dumb":
        return "none"
    # A multiplexer passes no pictures on, or leaves them standing when it scrolls; a browser has cells only.
    if any(name in environ for name in _MULTIPLEXED) or "web" in environ.get("TEXTUAL_DRIVER", ""):
        return "blocks"
    return mode_of_answer(ask())


def mode_of_answer(answer: str) -> Mode:
    """What the terminal's answer says.

    A terminal that knows both draws kitty's pictures, but not at the place holders that a screen of cells needs.
    """
    attributes = answer.rpartition("\x1b[?")[2].rpartition("c")[0].split(";")
    if "4" in attributes:
        return "sixel"
    return "kitty" if ";OK" in answer else "blocks"


def ask_terminal() -> str:
    """The terminal's answer to the question; empty where there is no terminal."""
    stdin, stdout = sys.__stdin__, sys.__stdout__
    if stdin is None or stdout is None or not (stdin.isatty() and stdout.isatty()):
        return ""
    try:
        return _answer(stdin, stdout)
    except (OSError, ValueError, ImportError):
        return ""


def _answer(stdin: TextIO, stdout: TextIO) -> str:
    import termios
    import tty

    handle = stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle, termios.TCSANOW)
    try:
        stdout.write(QUESTION)
        stdout.flush()
        answer = b""
        while not answer.endswith(b"c") and select.select([handle], [], [], ANSWER_SECONDS)[0]:
            answer += os.read(handle, 1)
        return answer.decode("latin-1")
    finally:
        termios.tcsetattr(handle, termios.TCSANOW, before)


def _prepare() -> None:
    """Import what asks the terminal for the size of its cells while it can still answer."""
    import textual_image.widget  # noqa: F401
