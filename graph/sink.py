"""The only place that writes what a run makes: whole files, under one folder, numbered up from what is there."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from latentgraph.graph.errors import RunError, UnwritableError
from latentgraph.graph.files import UMASK, temporary
from latentgraph.graph.sidecar import sidecar_path, sidecar_text
from latentgraph.graph.values import FileForm, ValueTypes
from latentgraph.graph.worker import Work
from latentgraph.graph.writer import Writer

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")


class Sink:
    """Takes values from saving nodes and from the runner, and makes files of them."""

    def __init__(
        self,
        folder: Path | None,
        values: ValueTypes,
        record: Mapping[str, str] | None = None,
        *,
        sidecar: Mapping[str, str] | None = None,
        overwrite: bool = False,
        label: str = "",
        writer: Writer | None = None,
    ) -> None:
        """Write under `folder`.

        Args:
            folder: Made when the first file is written; None writes nothing.
            values: How each type becomes a file.
            record: How the values were made, for the files to carry; None leaves it out.
            sidecar: The same, for a JSON file of the same name beside each; None writes none.
            overwrite: Count from 1 and replace what is there.
            label: Stands before the number in every name, such as the run's number in a sweep.
            writer: Writes beside the run, which learns of what went wrong when it saves again or by `settle`; None
                writes at once.
        """
        self._label = label
        self._writer = writer
        self._folder = folder
        self._values = values
        self._record = record or {}
        self._sidecar = sidecar
        self._beside: set[Path] = set()
        """The sidecars of this run, which it does not replace even when it overwrites."""
        self._overwrite = overwrite
        self._next: dict[tuple[str, str], int] = {}
        self._saved: list[tuple[Any, list[Path]]] = []
        self._files: dict[str, list[Path]] = {}
        self._fault: BaseException | None = None

    @property
    def files(self) -> dict[str, list[Path]]:
        """What is written, by the name it was saved under."""
        return {name: paths for name, paths in self._files.items() if paths}

    def save(self, value: Any, name: str) -> None:
        """Write every part of `value` as `<name>-<n>` with its type's suffix.

        Raises:
            RunError: The type has no file form, or `name` is no file name.
            UnwritableError: The folder takes no more files.
        """
        known = self._values.of(type(value))
        if known is None or known.file is None:
            raise RunError(f"a {type(value).__name__} cannot be saved as a file")
        if not _NAME.fullmatch(name):
            raise RunError(f"{name!r} is no name for a file: letters, digits, '_', '-', '.' and blanks")
        if self._folder is None:
            return
        if self._fault is not None:
            raise self._fault
        paths: list[Path] = []
        self._saved.append((value, paths))
        parts = list(known.file.parts(value))
        write = partial(self._write_parts, known.file, parts, name, (paths, self._files.setdefault(name, [])))
        if self._writer is None:
            write()
        else:
            self._writer.do(partial(self._noting_faults, write), known.size(value))

    def settle(self) -> None:
        """Wait until all that was saved is whole on the disk.

        Raises:
            UnwritableError: The folder took no more files.
            Exception: What else went wrong when a value was written beside the run.
        """
        if self._writer is not None:
            self._writer.wait()
        if self._fault is not None:
            raise self._fault

    def save_output(self, value: Any, name: str) -> None:
        """Save an output that can be a file, unless a node saved this very value already."""
        known = self._values.of(type(value))
        if known is None or known.file is None:
            return
        if not known.file.of_outputs and not any(saved is value for saved, _ in self._saved):
            return
        for saved, paths in self._saved:
            if saved is value:
                self._files.setdefault(name, paths)
                return
        self.save(value, name)

    def _noting_faults(self, write: Work) -> None:
        """Write in another thread: what goes wrong is for whoever saves next, or asks whether all went well."""
        if self._fault is None:
            try:
                write()
            except BaseException as error:
                self._fault = error

    def _write_parts(self, form: FileForm[Any], parts: Sequence[Any], name: str, told: Iterable[list[Path]]) -> None:
        """Write the parts of a value, and add the files to the lists of those `told`."""
        assert self._folder is not None  # `save` has asked
        stem = f"{name}-{self._label}" if self._label else name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for part in parts:
                path = self._write(part, stem, form)
                for paths in told:
                    paths.append(path)
        except OSError as error:
            raise UnwritableError(self._folder, error) from error

    def _write(self, part: Any, name: str, form: FileForm[Any]) -> Path:
        with self._temporary() as made:
            with made.open("wb") as file:
                form.write(part, file, self._record)
                _settle(file)
            return self._place(made, name, form.suffix)

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A file of our own in the folder, gone afterwards unless it got a name."""
        assert self._folder is not None  # `save` has asked
        file = temporary(self._folder)
        try:
            # A temporary file is private to its owner; what a user keeps has the modes that the umask asks for.
            os.chmod(file, 0o666 & ~UMASK)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def _place(self, made: Path, name: str, suffix: str) -> Path:
        assert self._folder is not None
        number = self._next.get((name, suffix)) or self._first_number(name, suffix)
        while True:
            path = self._folder / f"{name}-{number}{suffix}"
            number += 1
            self._next[name, suffix] = number
            if self._claim_with_sidecar(made, path):
                return path

    def _claim_with_sidecar(self, made: Path, path: Path) -> bool:
        """Give a file its name, its sidecar before it: a record without its file is the lesser harm."""
        if self._sidecar is None:
            return self._claim(made, path)
        beside = sidecar_path(path)
        if beside in self._beside:
            return False
        with self._temporary() as text, made.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            with text.open("wb") as file:
                file.write(sidecar_text(self._sidecar, path.name, digest).encode())
                _settle(file)
            if not self._claim(text, beside):
                return False
        if not self._claim(made, path):
            beside.unlink()
            return False
        self._beside.add(beside)
        return True

    def _claim(self, made: Path, path: Path) -> bool:
        """Give a file its name; False where the name is taken."""
        if self._overwrite:
            os.replace(made, path)
            return True
        try:
            # Linking fails where the name is taken, so that two runs at once never write over each other.
            os.link(made, path)
        except FileExistsError:
            return False
        except OSError:
            # A file system without hard links: the name is reserved by an empty file.
            if not _reserve(path):
                return False
            os.replace(made, path)
        return True

    def _first_number(self, name: str, suffix: str) -> int:
        if self._overwrite or self._folder is None:
            return 1
        suffixes = {suffix, ".json"} if self._sidecar is not None else {suffix}
        pattern = re.compile(rf"{re.escape(name)}-(\d+)(?:{'|'.join(map(re.escape, sorted(suffixes)))})")
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
