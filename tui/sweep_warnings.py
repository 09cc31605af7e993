"""What the runs of a sweep warn of: a sentence is told once, and counted at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from latentgraph.graph.events import Warned
from latentgraph.graph.sweep import Entry
from latentgraph.tui.messages import print_json, say

SPANS_SHOWN: Final = 8
"""Of the runs that one sentence is about; the manifest has them all."""
_NUMBER: Final = re.compile(r"\d[\d.,]*")


@dataclass(slots=True)
class _Sentence:
    line: str
    runs: list[int] = field(default_factory=list)
    """The numbers of those that it is about, the one that it was told of first."""
    kept: int = 0
    """How many of them were done before this call."""


class SweepWarnings:
    """Tells them as they come, and at the end of how many runs each was."""

    def __init__(self, told_apart: Callable[[Mapping[str, Any]], str], *, as_json: bool) -> None:
        """Tell nothing yet.

        Args:
            told_apart: Given the values of a run, what a reader tells it by; may be empty.
            as_json: Whether each is a line of JSON, with the run's number, and nothing is counted.
        """
        self._told_apart = told_apart
        self._as_json = as_json
        self._heard: set[tuple[int, Warned]] = set()
        self._sentences: dict[str, _Sentence] = {}

    def hear(self, number: int, values: Mapping[str, Any], warned: Warned) -> None:
        """Take what a run warns of, which may have been heard already."""
        if (number, warned) in self._heard:
            return
        self._heard.add((number, warned))
        if self._as_json:
            print_json(warned.to_json() | {"run": number, "values": dict(values)})
            return
        sentence = self._sentence(warned)
        # A run may say several things that differ in numbers alone; of another run they are no news.
        if not sentence.runs or sentence.runs[0] == number:
            label = self._told_apart(values)
            say("warning", f"{label}: {warned.line}" if label else warned.line)
        if number not in sentence.runs:
            sentence.runs.append(number)

    def end(self, total: int, kept: Iterable[Entry]) -> None:
        """Say of how many runs each sentence was, where that was not clear from its first telling.

        Args:
            total: Runs of the sweep.
            kept: Those that were done before this call.
        """
        if self._as_json:
            return
        for entry in kept:
            for sentence in {id(one): one for one in map(self._sentence, entry.warnings)}.values():
                sentence.runs.append(entry.number)
                sentence.kept += 1
        for sentence in self._sentences.values():
            runs, before = len(sentence.runs), sentence.kept
            if runs > 1 or before:
                when = "" if not before else ", done before" if before == runs else f", {before} of them done before"
                say("warning", f"{runs} of {total} runs ({_spans(sentence.runs)}){when}: {sentence.line}")

    def _sentence(self, warned: Warned) -> _Sentence:
        """What has the same words; numbers in it, such as bytes that are free, make it no other."""
        return self._sentences.setdefault(_NUMBER.sub("0", warned.line), _Sentence(warned.line))


def _spans(numbers: Sequence[int]) -> str:
    """Numbers as a reader takes them in: `3, 9, 12..26`."""
    ordered = sorted(numbers)
    starts = [ordered[0], *(after for before, after in pairwise(ordered) if after > before + 1)]
    ends = [*(before for before, after in pairwise(ordered) if after > before + 1), ordered[-1]]
    spans = [
        f"{start}..{end}" if end > start + 1 else ", ".join(map(str, dict.fromkeys((start, end))))
        for start, end in zip(starts, ends, strict=True)
    ]
    return ", ".join([*spans[:SPANS_SHOWN], *(["…"] if len(spans) > SPANS_SHOWN else [])])
