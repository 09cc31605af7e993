"""The files that go along to a machine that does not have them.

They lie there in a folder under the very paths that they have here, so that a path that counts from the workflow's
folder, or from the working folder, leads to them there as well. A path that begins at the root is rewritten.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.errors import LatentgraphError

MOST: Final = 256 * 2**20
"""Bytes that go along in all, the smallest files first; what is larger has to be there already."""


class NotThereError(LatentgraphError):
    """What is too large to go along is not on the other machine."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Contents of files, by their absolute paths."""

    contents: Mapping[str, bytes]
    there: frozenset[str]
    """Files and folders that have to be at their paths on every machine."""

    def unpack(self, folder: Path) -> list[Path]:
        """Lay the files down under `folder`, and links to what has to be there; returns where the links lead.

        Raises:
            NotThereError: It is not.
            OSError: They cannot be written.
        """
        for name, content in self.contents.items():
            path = moved(name, folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name in sorted(self.there):
            if not os.path.exists(name):
                raise NotThereError(
                    f"there is no '{name}', and it is too large to be sent along; put it there under the same path, "
                    "or on a disk that all machines share"
                )
            link = moved(name, folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(name)
        return [Path(name).resolve() for name in sorted(self.there)]


def pack(paths: Iterable[Path]) -> Parcel:
    """A parcel of files and whole folders, as far as they go along.

    Raises:
        OSError: One cannot be read.
    """
    sizes = {path: sum(one.stat().st_size for one in _files(path)) for path in dict.fromkeys(paths)}
    contents: dict[str, bytes] = {}
    there, left = set(), MOST
    for path, size in sorted(sizes.items(), key=lambda item: item[1]):
        if size > left:
            there.add(str(path))
            continue
        left -= size
        contents |= {str(one): one.read_bytes() for one in _files(path)}
    return Parcel(contents, frozenset(there))


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def moved(path: str | Path, folder: Path) -> Path:
    """Where an absolute path of the one machine lies in the folder on the other."""
    return folder.joinpath(*Path(path).parts[1:])


def places(written: str, value: str, bases: Iterable[Path]) -> list[Path]:
    """The absolute paths by which a written path leads to a file, links on the way as they are.

    Args:
        written: As it stands in the workflow, or was given.
        value: The file, links resolved.
        bases: Folders that it may count from.
    """
    ways = [Path(os.path.normpath(base / Path(written).expanduser())) for base in bases]
    return list(dict.fromkeys([Path(value), *(way for way in ways if os.path.realpath(way) == value)]))


def rewritten(data: Any, table: Mapping[str, str]) -> Any:
    """Plain data in which each text that is in `table` is what the table says."""
    if isinstance(data, dict):
        return {name: rewritten(inner, table) for name, inner in data.items()}
    if isinstance(data, list):
        return [rewritten(inner, table) for inner in data]
    return table.get(data, data) if isinstance(data, str) else data
