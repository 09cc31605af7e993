"""The characters that the canvas draws with, and what stands for them where a terminal has only ASCII.

A kind of values is a shape as well as a colour, a state a sign, a selected box a heavy one: nothing is told by colour
alone. All of them are one cell wide in common fonts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from latentgraph.tui.editor.views import Severity, Status

NORTH, EAST, SOUTH, WEST = 27, 9, 3, 1
"""Weights of a line's arms: a cell is their sum, an arm counted once where it is thin and twice where it is heavy."""
_LINES: Final = " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋"
_ROUND: Final = {"┌": "╭", "┐": "╮", "└": "╰", "┘": "╯"}
_ASCII_LINES: Final = {"─": "-", "━": "=", "│": "|", "┃": "|", "╴": "-", "╶": "-", "╵": "|", "╷": "|", " ": " "}


@dataclass(frozen=True, slots=True)
class Border:
    """The characters of a box's border."""

    top_left: str
    top: str
    top_right: str
    side: str
    bottom_left: str
    bottom: str
    bottom_right: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters."""

    lines: str
    """Of a wire, by the sum of its arms."""
    thin: Border
    heavy: Border
    """Of the current box."""
    double: Border
    """Of a marked box."""
    dashed: Border
    """Of a muted box, and of a frame around a group."""
    ports: Mapping[str, str]
    states: Mapping[Status, str]
    severities: Mapping[Severity, str]
    spinner: str
    muted: str
    bypassed: str
    from_input: str
    """Before the name of the input that a value comes from."""
    dot: str
    ellipsis: str
    bar: str
    bar_rest: str
    growing: str
    inside: str
    """Before what is inside a loop."""
    ascii: bool = False


UNICODE: Final = Glyphs(
    lines="".join(_ROUND.get(line, line) for line in _LINES),
    thin=Border("╭", "─", "╮", "│", "╰", "─", "╯"),
    heavy=Border("┏", "━", "┓", "┃", "┗", "━", "┛"),
    double=Border("╔", "═", "╗", "║", "╚", "═", "╝"),
    dashed=Border("╭", "╌", "╮", "╎", "╰", "╌", "╯"),
    ports={
        "denoiser": "◆",
        "encoder": "●",
        "tokenizer": "¶",
        "vae": "▲",
        "scheduler": "◇",
        "state": "◊",
        "checker": "⌂",
        "tokens": "▬",
        "conditioning": "■",
        "guidance": "±",
        "random": "♣",
        "noise": "▒",
        "latents": "▼",
        "timestep": "►",
        "prediction": "░",
        "pair": "▓",
        "image": "□",
        "mask": "○",
        "value": "▪",
        "any": "▫",
        "other-0": "♠",
        "other-1": "♦",
        "other-2": "◘",
        "other-3": "◙",
    },
    states={
        "idle": "",
        "queued": "○",
        "running": "►",
        "done": "✓",
        "cached": "≡",
        "failed": "✗",
        "skipped": "∙",
    },
    severities={"": "", "note": "i", "warning": "?", "error": "!"},
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    muted="∅",
    bypassed="↷",
    from_input="↤ ",
    dot="·",
    ellipsis="…",
    bar="━",
    bar_rest="─",
    growing="+",
    inside="» ",
)

ASCII: Final = Glyphs(
    lines="".join(_ASCII_LINES.get(line, "+") for line in _LINES),
    thin=Border("+", "-", "+", "|", "+", "-", "+"),
    heavy=Border("#", "=", "#", "#", "#", "=", "#"),
    double=Border("*", "*", "*", "*", "*", "*", "*"),
    dashed=Border(".", ".", ".", ":", ".", ".", "."),
    ports={
        "denoiser": "D",
        "encoder": "E",
        "tokenizer": "T",
        "vae": "V",
        "scheduler": "S",
        "state": "s",
        "checker": "K",
        "tokens": "t",
        "conditioning": "C",
        "guidance": "G",
        "random": "R",
        "noise": "N",
        "latents": "L",
        "timestep": ">",
        "prediction": "P",
        "pair": "Q",
        "image": "I",
        "mask": "M",
        "value": "o",
        "any": "@",
        "other-0": "W",
        "other-1": "X",
        "other-2": "Y",
        "other-3": "Z",
    },
    states={
        "idle": "",
        "queued": "o",
        "running": ">",
        "done": "v",
        "cached": "=",
        "failed": "x",
        "skipped": "-",
    },
    severities={"": "", "note": "i", "warning": "?", "error": "!"},
    spinner="|/-\\",
    muted="0",
    bypassed="~",
    from_input="< ",
    dot=".",
    ellipsis="~",
    bar="=",
    bar_rest="-",
    growing="+",
    inside="> ",
    ascii=True,
)
