"""A sweep: one workflow over many values of its inputs, and the manifest that says which of them are done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any, Final, TypeAlias

from latentgraph.graph.errors import LatentgraphError, UnwritableError
from latentgraph.graph.events import Warned
from latentgraph.graph.files import write_whole

MANIFEST: Final = "manifest.jsonl"
MOST: Final = 100_000
"""Runs of a sweep: more is a slip of the pen."""
_HEAD: Final = b'{"sweep": '
_DRAWN: Final = b'{"drawn": '
Numbered: TypeAlias = tuple[int, Mapping[str, Any]]
"""A run of a sweep: its number, and the values of the inputs that the sweep sets."""


class SweepError(LatentgraphError):
    """A sweep cannot be what was asked for, or its folder belongs to another."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Inputs whose values change together, and their values in turn."""

    names: tuple[str, ...]
    points: tuple[tuple[Any, ...], ...]
    """One tuple a point, in the order of `names`."""


def combinations(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """The values of every run, once: each point of each axis with each of the others, the last axis fastest.

    Raises:
        SweepError: There are more than MOST.
    """
    count = 1
    for axis in axes:
        count *= len(axis.points)
    if count > MOST:
        raise SweepError(f"that makes {count} runs; at most {MOST} are one sweep")
    made = [
        {name: value for axis, point in zip(axes, points, strict=True) for name, value in zip(axis.names, point)}  # noqa: B905
        for points in product(*[axis.points for axis in axes])
    ]
    return list({key_of(values): values for values in made}.values())


@dataclass(frozen=True, slots=True)
class Entry:
    """A run that came to its end."""

    number: int
    """From 1; part of the names of its files."""
    values: Mapping[str, Any]
    """Of the inputs that the sweep sets."""
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By output or saving node, relative to the sweep's folder."""
    seconds: float = 0.0
    error: str = ""
    """Why there are no files; empty where it went well."""
    warnings: tuple[Warned, ...] = ()
    """What it had to say, or what was kept with the values that it took."""
    sources: str = ""
    """Digest of the contents of what it read, and of the code of its nodes; empty where it is not known."""

    def line(self) -> bytes:
        """As the manifest writes it."""
        files = {name: list(paths) for name, paths in self.files.items()}
        data: dict[str, Any] = {"run": self.number, "values": dict(self.values), "files": files,
                                "seconds": round(self.seconds, 3)}  # fmt: skip
        if self.error:
            data["error"] = self.error
        if self.warnings:
            data["warnings"] = [[one.node, one.message] for one in self.warnings]
        if self.sources:
            data["sources"] = self.sources
        return _line(data)


class Manifest:
    """The runs of a sweep that are done: JSON lines in its folder, the first of which says what sweep it is.

    Others say what was drawn for a command. A line is written when the files of its run are whole, and at once; what a
    killed process left of one is dropped.
    """

    def __init__(self, folder: Path, sweep: Mapping[str, Any]) -> None:
        """Open the manifest in `folder`, or begin one.

        Args:
            folder: Of the sweep.
            sweep: What makes it this sweep and no other: its workflow, its settings.

        Raises:
            SweepError: The folder holds another sweep, or something that is no manifest.
            OSError: It cannot be read or written.
        """
        self.path = folder / MANIFEST
        self.entries: dict[str, Entry] = {}
        """By their values."""
        self._drawn: dict[tuple[str, ...], dict[str, list[int]]] = {}
        """What was drawn for a command at last, by input."""
        self._folder = folder
        head = _line({"sweep": dict(sweep)}, sort_keys=True)
        # By bytes: a text has more ends of lines, and what a kill left of one may end within a character.
        lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
        whole = [line for line in lines if line.endswith(b"\n")]
        begun = any(not line.startswith(_DRAWN) for line in whole[1:])
        if whole[:1] != [head] and not begun and all(line.startswith((_HEAD, _DRAWN)) for line in lines):
            # No run was ever done in it: what was asked for then may have been wrong.
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, head)
            return
        if whole[:1] != [head]:
            raise SweepError(
                f"{folder} holds another sweep (of another workflow, or with other settings); take another --out"
            )
        for number, line in enumerate(whole[1:], start=2):
            self._take(number, line)
        if len(whole) < len(lines):
            write_whole(self.path, b"".join(whole))

    def done(self, values: Mapping[str, Any]) -> Entry | None:
        """The run with these values, if it went well and its files are still there."""
        entry = self.entries.get(key_of(values))
        if entry is None or entry.error:
            return None
        there = all((self._folder / name).is_file() for names in entry.files.values() for name in names)
        return entry if there else None

    def forget(self, values: Mapping[str, Any]) -> None:
        """Take the run with these values for one that is not done; its line stays until another follows."""
        self.entries.pop(key_of(values), None)

    def add(self, entry: Entry) -> None:
        """Note that a run is done.

        Raises:
            UnwritableError: It cannot be written down; the manifest is as it was.
        """
        self._append(entry.line())
        self.entries[key_of(entry.values)] = entry

    def drawn(self, command: Sequence[str]) -> dict[str, list[int]]:
        """The numbers that were drawn at last for the same command, by input; none where it drew nothing here."""
        return dict(self._drawn.get(tuple(command), {}))

    def draw(self, command: Sequence[str], drawn: Mapping[str, Sequence[int]]) -> None:
        """Note what was drawn for a command, so that the same one goes on with it.

        Raises:
            UnwritableError: It cannot be written down; the manifest is as it was.
        """
        numbers = {name: list(ones) for name, ones in drawn.items()}
        self._append(_line({"drawn": numbers, "command": list(command)}))
        self._drawn[tuple(command)] = numbers

    def ended(self, values: Mapping[str, Any]) -> bool:
        """Whether the run with these values went well, whatever became of its files."""
        entry = self.entries.get(key_of(values))
        return entry is not None and not entry.error

    def _append(self, line: bytes) -> None:
        # Without a buffer: what the disk has no room for must not be tried again when the file is closed.
        with self.path.open("ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                while line:
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError as error:
                file.truncate(end)
                raise UnwritableError(self._folder, error) from error

    def numbers(self, runs: Sequence[Mapping[str, Any]]) -> Iterator[int]:
        """A number for each of the runs: its own where it has one, else the lowest that is free.

        So a run has the number of its place, in whatever order runs came to their ends before the sweep was stopped.
        """
        used = {entry.number for entry in self.entries.values()}
        free = (number for number in count(1) if number not in used)
        for values in runs:
            entry = self.entries.get(key_of(values))
            yield entry.number if entry is not None else next(free)

    def _take(self, number: int, line: bytes) -> None:
        try:
            data = json.loads(line)
            if line.startswith(_DRAWN):
                drawn = {str(name): [int(one) for one in ones] for name, ones in data["drawn"].items()}
                self._drawn[tuple(map(str, data["command"]))] = drawn
                return
            entry = Entry(int(data["run"]), dict(data["values"]), dict(data["files"]), float(data["seconds"]),
                          str(data.get("error", "")),
                          tuple([Warned(str(node), str(said)) for node, said in data.get("warnings", ())]),
                          str(data.get("sources", "")))  # fmt: skip
            self.entries[key_of(entry.values)] = entry
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SweepError(f"{self.path}:{number} is no line of a manifest; take another --out") from None


def _line(data: Mapping[str, Any], *, sort_keys: bool = False) -> bytes:
    try:
        return (json.dumps(data, ensure_ascii=False, sort_keys=sort_keys) + "\n").encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character; JSON has a way to write it all the same.
        return (json.dumps(data, sort_keys=sort_keys) + "\n").encode()


def key_of(values: Mapping[str, Any]) -> str:
    """What stands for the values of a run, in whatever order they were given."""
    return json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
