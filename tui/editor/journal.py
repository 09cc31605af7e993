"""What is written down while somebody edits, so that a killed editor costs nothing: every edit, as soon as it is done.

A journal is a file of JSON lines in the user's state folder. The first says what is edited and how it began; then comes
a line for every edit, undo, redo and save. It goes when the editor ends in order. As long as the editor lives it holds
a lock on the file, which the system takes back however the editor ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from platformdirs import user_state_path

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import parse_document
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.history import History
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.locks import is_held, lock

SECONDS_BETWEEN_SYNCS = 0.5
"""A crash of the whole machine costs what was done in that time; a crash of the editor alone costs nothing."""
_SECONDS_TO_BEGIN = 60
"""How long a journal without its first line may be one that another editor is just beginning."""


def journal_folder() -> Path:
    """Where the journals lie."""
    return user_state_path("latentgraph") / "journal"


class Journal:
    """Writes down the edits of one workflow.

    Nothing here raises: somebody whose disk is full can still edit and save elsewhere.

    Attributes:
        fault: Why nothing is written down, in a sentence; empty while all is well.
    """

    def __init__(
        self, path: Path | None, title: str, history: History, folder: Path | None = None, *, digest: str | None = None
    ) -> None:
        """See `start`."""
        self.fault = ""
        self._history = history
        self._folder = folder or journal_folder()
        known = file_digest(path) if digest is None else digest
        self._head = {"path": str(path.absolute()) if path else None, "title": title, "digest": known}
        self._file: Path | None = None
        self._handle = -1
        self._wanted = Event()
        self._ended = False

    @classmethod
    def start(
        cls, path: Path | None, title: str, history: History, folder: Path | None = None, *, digest: str | None = None
    ) -> Journal:
        """Begin a journal; its file is made with the first edit, and at once where there are some already.

        Args:
            path: The file that is edited; None where it has no name yet.
            title: How the workflow is called on the screen.
            history: Its edits, to which `done`, `undone` and `redone` refer: what was recovered is written down again.
            folder: Where the file is made.
            digest: Of the edited file as the edits know it; as it is on disk now where None.
        """
        journal = cls(path, title, history, folder, digest=digest)
        if history.done or history.undone:
            journal._write_all()
        return journal

    def done(self, edit: Edit) -> None:
        """Write down that the history did `edit`."""
        if edit.changes:
            # Whether it became one with the step before is seen by the count.
            self._append({"do": edit.to_json(), "steps": self._history.steps})

    def undone(self) -> None:
        """Write down that the history took its last step back."""
        self._append({"undo": True})

    def redone(self) -> None:
        """Write down that the history did a step again."""
        self._append({"redo": True})

    def saved(self, path: Path) -> None:
        """Write down that the workflow, as it is now, is in a file."""
        self._head |= {"path": str(path.absolute()), "title": path.name, "digest": file_digest(path)}
        if self._file:
            self._append({"saved": self._head})

    def close(self) -> None:
        """Take the journal away: all was saved, or is not wanted."""
        if self._file:
            with suppress(OSError):
                self._file.unlink()
        self._file, self._ended = None, True
        self._wanted.set()

    def _write_all(self) -> None:
        """Begin the file with everything that the history knows, of before this journal too."""
        for count, edit in enumerate(self._history.done + self._history.undone, start=1):
            self._append({"do": edit.to_json(), "steps": count})
        for _ in self._history.undone:
            self._append({"undo": True})

    def _append(self, line: dict[str, Any]) -> None:
        if self.fault or self._ended:
            return
        try:
            if self._file is None:
                self._open()
            self._put(line)
        except (OSError, ValueError) as error:
            # After half a line nothing can be added that would be read again.
            self.fault = f"What you do is not written down for a restart: {getattr(error, 'strerror', None) or error}."

    def _open(self) -> None:
        start = Workflow.model_validate(self._history.start, by_alias=True, by_name=False)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{uuid4().hex[:8]}.jsonl"
        self._handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        lock(self._handle)
        self._file = file
        self._put({"journal": 1, "pid": os.getpid(), **self._head, "text": canonical_text(start)})
        # A daemon, so that a slow disk does not hold up the end of the program.
        Thread(target=self._sync, name="journal", daemon=True).start()

    def _put(self, line: dict[str, Any]) -> None:
        raw = json.dumps(line).encode() + b"\n"
        while raw:
            raw = raw[os.write(self._handle, raw) :]
        self._wanted.set()

    def _sync(self) -> None:
        """Have the disk keep what was written, as long as something is; then close the file."""
        handle = self._handle
        while not self._ended:
            self._wanted.wait()
            self._wanted.clear()
            with suppress(OSError):
                os.fsync(handle)
            if not self._ended:
                time.sleep(SECONDS_BETWEEN_SYNCS)
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Left:
    """What an editor that did not end in order left behind."""

    file: Path
    """The journal."""
    path: Path | None
    """The file that was edited, or last saved."""
    title: str
    digest: str
    """Of that file as it was read or saved last; empty where there was none."""
    history: History
    """As it was left, with its undo and redo."""
    when: float
    """Of the last edit, in seconds since the epoch."""

    @property
    def id(self) -> str:
        """Tells it from others."""
        return self.file.stem

    @property
    def changed(self) -> bool:
        """Whether somebody changed the file since."""
        return file_digest(self.path) != self.digest

    def discard(self) -> None:
        """Forget it."""
        with suppress(OSError):
            self.file.unlink()


def recoverable(folder: Path | None = None) -> list[Left]:
    """What was left behind and is in no file, the latest first; journals of which all was saved are taken away."""
    found = []
    for file in sorted((folder or journal_folder()).glob("*.jsonl")):
        with suppress(OSError):
            if is_held(file, _writer(file)):
                continue
            left = read_journal(file)
            if left and left.history.modified:
                found.append(left)
            elif left or time.time() - file.stat().st_mtime > _SECONDS_TO_BEGIN:
                file.unlink()
    return sorted(found, key=lambda left: left.when, reverse=True)


def read_journal(file: Path) -> Left | None:
    """What a journal holds, up to the first line that is not whole; None where that is not even its first.

    Raises:
        OSError: It cannot be read.
    """
    lines = _lines(file.read_bytes())
    head = next(lines, None)
    try:
        if head is None:
            return None
        history = History(parse_document(str(head["text"]).encode(), file.name).workflow)
        for line in lines:
            if "saved" in line:
                head |= line["saved"]
                history.mark_saved()
            else:
                _replay(history, line)
        path = Path(head["path"]) if head["path"] else None
        return Left(file, path, head["title"], head["digest"], history, file.stat().st_mtime)
    except (KeyError, TypeError, ValueError, WorkflowError):
        return None


def _writer(file: Path) -> int:
    """The number of the process that made a journal, as its name tells."""
    number = file.stem.split("-")[-2:-1]
    return int(number[0]) if number and number[0].isdecimal() else 0


def file_digest(path: Path | None) -> str:
    """Tells two states of a file apart; empty where there is no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError:
        return ""


def _replay(history: History, line: dict[str, Any]) -> None:
    if "undo" in line:
        history.undo()
    elif "redo" in line:
        history.redo()
    else:
        if line["steps"] > history.steps:
            history.seal()
        history.do(Edit.from_json(line["do"]))


def _lines(raw: bytes) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; the last one may be torn, or zeros that a crash of the machine left."""
    for line in raw.split(b"\n")[:-1]:
        try:
            value = json.loads(line)
        except ValueError:
            return
        if not isinstance(value, dict):
            return
        yield value
