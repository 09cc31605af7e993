"""The only place that writes what a run makes: whole files, under one folder, numbered up from what is there."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from latentgraph.graph.errors import RunError
from latentgraph.graph.files import UMASK
from latentgraph.graph.values import FileForm, ValueTypes

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")


class Sink:
    """Takes values from saving nodes and from the runner, and makes files of them.

    Attributes:
        files: What was written, by the name it was saved under.
    """

    def __init__(
        self,
        folder: Path | None,
        values: ValueTypes,
        record: Mapping[str, str] | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Write under `folder`.

        Args:
            folder: Made when the first file is written; None writes nothing.
            values: How each type becomes a file.
            record: How the values were made, for the files to carry; None leaves it out.
            overwrite: Count from 1 and replace what is there.
        """
        self._folder = folder
        self._values = values
        self._record = record or {}
        self._overwrite = overwrite
        self._next: dict[tuple[str, str], int] = {}
        self._saved: list[tuple[Any, list[Path]]] = []
        self.files: dict[str, list[Path]] = {}

    def save(self, value: Any, name: str) -> list[Path]:
        """Write every part of `value` as `<name>-<n>` with its type's suffix, and return the files.

        Raises:
            RunError: The type has no file form, or `name` is no file name.
        """
        known = self._values.of(type(value))
        if known is None or known.file is None:
            raise RunError(f"a {type(value).__name__} cannot be saved as a file")
        if not _NAME.fullmatch(name):
            raise RunError(f"{name!r} is no name for a file: letters, digits, '_', '-', '.' and blanks")
        if self._folder is None:
            return []
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = [self._write(part, name, known.file) for part in known.file.parts(value)]
        self._saved.append((value, paths))
        self.files.setdefault(name, []).extend(paths)
        return paths

    def save_output(self, value: Any, name: str) -> None:
        """Save an output that can be a file, unless a node saved this very value already."""
        known = self._values.of(type(value))
        if known is None or known.file is None:
            return
        if not known.file.of_outputs and not any(saved is value for saved, _ in self._saved):
            return
        for saved, paths in self._saved:
            if saved is value:
                self.files.setdefault(name, paths)
                return
        self.save(value, name)

    def _write(self, part: Any, name: str, form: FileForm[Any]) -> Path:
        assert self._folder is not None  # `save` has asked
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=form.suffix + ".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                form.write(part, file, self._record)
                _settle(file)
            # A temporary file is private to its owner; what a user keeps has the modes that the umask asks for.
            os.chmod(temporary, 0o666 & ~UMASK)
            return self._place(temporary, name, form.suffix)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _place(self, temporary: str, name: str, suffix: str) -> Path:
        assert self._folder is not None
        number = self._next.get((name, suffix)) or self._first_number(name, suffix)
        while True:
            path = self._folder / f"{name}-{number}{suffix}"
            self._next[name, suffix] = number + 1
            if self._overwrite:
                os.replace(temporary, path)
                return path
            try:
                # Linking fails where the name is taken, so that two runs at once never write over each other.
                os.link(temporary, path)
            except FileExistsError:
                number += 1
            except OSError:
                # A file system without hard links: the name is reserved by an empty file.
                if _reserve(path):
                    os.replace(temporary, path)
                    return path
                number += 1
            else:
                os.unlink(temporary)
                return path

    def _first_number(self, name: str, suffix: str) -> int:
        if self._overwrite or self._folder is None:
            return 1
        pattern = re.compile(re.escape(name) + r"-(\d+)" + re.escape(suffix))
        taken = [int(match[1]) for path in self._folder.iterdir() if (match := pattern.fullmatch(path.name))]
        return max(taken, default=0) + 1


def unwritable(folder: Path) -> str:
    """Why no file could be written in `folder`, which need not be there yet; empty where one could."""
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", "") or str(error)
    if not place.is_dir():
        return f"'{place}' is a file; a folder is wanted"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"the folder '{place}' cannot be written to"
    return ""


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _reserve(path: Path) -> bool:
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    return True
