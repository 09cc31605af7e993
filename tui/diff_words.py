"""A difference as a line for people; long texts word by word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from latentgraph.graph.diff import Change
from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.workflow import link_text

if TYPE_CHECKING:
    from rich.text import Text

SIGNS: Final = {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}
STYLES: Final = {"added": "green", "removed": "red", "renamed": "cyan", "changed": "yellow"}
GONE, COME = "red strike", "green"
KEPT: Final = 6
"""Words that are shown on each side of a difference in a text."""
ALIKE: Final = 0.4
"""Share of words that two texts have in common at least; others are shown one after the other."""
MOST_WORDS: Final = 4000
"""Of a text that is compared word by word."""
DIGEST: Final = 12
"""Digits of a digest that are shown."""
_RUNS: Final = {"value": "value of", "setting": "setting", "version": "version of", "source": "contents of"}
_SECTIONS: Final = {"input": "inputs", "output": "outputs", "group": "groups"}
Block = tuple[str, int, int, int, int]
"""As difflib tells it: what is to be done, with where it begins and ends in both."""
_WORD: Final = re.compile(r"\s*\S+|\s+")


def change_text(change: Change, *, marks: bool) -> Text:
    """A difference in a line.

    Args:
        change: The difference.
        marks: Whether words that went and came are marked, as git does it: colours are not to be seen.
    """
    from rich.text import Text

    line = Text.assemble((f"{SIGNS[change.kind]} ", STYLES[change.kind]), (_place(change), "bold"))
    if change.kind == "renamed":
        return line.append(" → ").append(_escaped(_new_place(change)), "bold")
    if change.kind == "changed":
        return line.append(": ").append_text(_difference(change, marks=marks))
    value, style = (change.after, COME) if change.kind == "added" else (change.before, "red")
    return line.append(f"{_kind_of(change, value)}: " if change.what != "node" else _kind_of(change, value)).append(
        _contents(change, value), style
    )


def _place(change: Change) -> str:
    """Where the difference is, as `denoise/step.eta`; what was renamed goes by its old name."""
    path = change.was if change.kind == "renamed" else change.path
    name = change.old_name if change.kind == "renamed" else change.name
    return _escaped(_joined(change, path, name))


def _new_place(change: Change) -> str:
    return _joined(change, change.path, change.name)


def _joined(change: Change, path: str, name: str) -> str:
    part = f".{change.part}" if change.part else ""
    if change.what in _RUNS:
        return f"{_RUNS[change.what]} {name}"
    if change.what == "node":
        return f"{path}{part}"
    if change.what == "port":
        return f"{path}.{name}"
    if change.what in ("each", "carry", "collect"):
        return f"{path}.{change.what}.{name}{part}"
    around = f"{path}/" if path else ""
    section = _SECTIONS.get(change.what, change.what)
    return f"{around}{section}{f'.{name}' if name else ''}{part}"


def _kind_of(change: Change, value: Any) -> str:
    """The type of a node that came or went."""
    return f" ({_escaped(str(value.get('type')))})" if change.what == "node" and isinstance(value, dict) else ""


def _contents(change: Change, value: Any) -> str:
    if not isinstance(value, dict) or link_text(value) is not None:
        return _shown(value, change)
    if change.what == "node":
        inputs = value.get("inputs") or {}
        told = [f"{_escaped(port)} {_shown(one, change)}" for port, one in inputs.items()]
        body = len(value.get("nodes") or {})
        told += [f"{body} nodes inside" if body > 1 else "1 node inside"] if body else []
        return f": {', '.join(told)}" if told else ""
    if change.what in ("input", "output", "group", "carry"):
        return ", ".join(f"{key} {_shown(one, change)}" for key, one in value.items())
    return _shown(value, change)


def _difference(change: Change, *, marks: bool) -> Text:
    from rich.text import Text

    before, after = change.before, change.after
    if isinstance(before, str) and isinstance(after, str) and change.what not in ("setting", "version", "source"):
        words = [_WORD.findall(text) for text in (before, after)]
        if 2 < max(map(len, words)) <= MOST_WORDS:
            matcher = SequenceMatcher(None, words[0], words[1], autojunk=False)
            if matcher.ratio() >= ALIKE:
                return _by_word(matcher.get_opcodes(), *words, marks=marks)
    return Text.assemble((_shown(before, change), "red"), " → ", (_shown(after, change), COME))


def _by_word(blocks: Sequence[Block], before: list[str], after: list[str], *, marks: bool) -> Text:
    from rich.text import Text

    line = Text('"')
    for index, (tag, start, end, other_start, other_end) in enumerate(blocks):
        if tag == "equal":
            kept = _elided(before[start:end], first=index == 0, last=index == len(blocks) - 1)
            line.append(_escaped(kept))
            continue
        gone, come = "".join(before[start:end]), "".join(after[other_start:other_end])
        # The blank before a word is no part of what went or came.
        blank = " " if (come or gone).startswith(" ") else ""
        line.append(blank)
        for text, style, begin, close in ((gone, GONE, "[-", "-]"), (come, COME, "{+", "+}")):
            if text:
                line.append(begin if marks else "").append(_escaped(text.removeprefix(blank)), style)
                line.append(close if marks else (" " if text is gone and come else ""))
    return line.append('"')


def _elided(words: list[str], *, first: bool, last: bool) -> str:
    """Words that both have: those near a difference, and no more of them than tell where it is."""
    ahead, behind = (0 if first else KEPT), (0 if last else KEPT)
    if len(words) <= ahead + behind + 2:
        return "".join(words)
    return "".join([*words[:ahead], " …", *words[len(words) - behind :]])


def _shown(value: Any, change: Change) -> str:
    if value is ABSENT:
        return "not set"
    if (text := link_text(value)) is not None:
        return f"from {_escaped(text)}"
    if isinstance(value, str) and change.what == "source":
        return _escaped(value[:DIGEST])
    if isinstance(value, str) and (change.what in ("setting", "version") or change.part in _BARE):
        return _escaped(value)
    return _escaped_json(value)


_BARE: Final = ("type", "from", "disabled", "package")
"""Parts whose values are names, which need no quotes."""


def _escaped_json(value: Any) -> str:
    return "".join(_safe(json.dumps(value, ensure_ascii=False)))


def _escaped(text: str) -> str:
    """Text without its quotes as JSON writes it: a line stays a line, and a terminal is told nothing."""
    return "".join(_safe(json.dumps(text, ensure_ascii=False)[1:-1]))


def _safe(text: str) -> Iterator[str]:
    for character in text:
        yield character if character.isprintable() else f"\\u{ord(character):04x}"
