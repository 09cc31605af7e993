"""Which files a run may read, and what a port that names a file means by it.

A stranger's workflow must not read what its user did not mean to give: a path written in the file has to lie, links
resolved, inside the file's own folder. What the user names on the command line may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from latentgraph.graph.digests import file_digest


class AccessError(Exception):
    """A file may not be read, or is not there.

    Attributes:
        hint: What the user can do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class Fetch(Protocol):
    """A download that has to happen before the run, if the user agrees."""

    @property
    def description(self) -> str:
        """What it is, told without the network and so without its size."""

    def announcement(self) -> str:
        """What it is and how large, asked of its server: `owner/name, 3.4 GB in 12 files`.

        Raises:
            AccessError: It cannot be had; the message says why.
        """

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Download, telling bytes done and bytes in all; raises AccessError with what to do where it fails."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path or a model's name in a workflow stands for."""

    value: str
    """What the node is given: an absolute path, or the name where it is no path."""
    digest: Callable[[], str]
    """Of its contents, for the key of what is made from it."""
    fetch: Fetch | None = None
    """Set where it is not on this machine."""
    afresh: Callable[[], str] | None = None
    """Takes the digest anew, where `digest` remembers what it was."""

    def changed(self, digest: str) -> bool:
        """Whether the contents are no longer those of `digest`; looks at files' sizes and times again."""
        try:
            return (self.afresh or self.digest)() != digest
        except (OSError, AccessError):
            return True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record in a picture says of the files that were read.

    Attributes:
        folders: Where they are looked for besides the picture's own folder.
        digests: Of their contents. Elsewhere only a file of these contents is taken: whoever wrote the record knows
            them already, so that a stranger's picture shows nothing that its user did not mean to give.
    """

    folders: tuple[Path, ...]
    digests: frozenset[str]

    def to_json(self) -> dict[str, list[str]]:
        """As plain data."""
        return {"folders": [str(folder) for folder in self.folders], "digests": sorted(self.digests)}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[str]]) -> Recorded:
        """What `to_json` wrote."""
        return cls(tuple([Path(folder) for folder in data["folders"]]), frozenset(data["digests"]))


@dataclass(frozen=True, slots=True)
class FileAccess:
    """What a workflow may read.

    Attributes:
        folder: Of the workflow's file; None where there is none, as on standard input.
        allowed: More folders that the user opened by `--allow-read`.
        recorded: Set where the workflow comes out of a record.
        seen: What was found on this machine, for whoever checks many runs in a row; None looks every time.
    """

    folder: Path | None = None
    allowed: tuple[Path, ...] = ()
    recorded: Recorded | None = None
    seen: dict[tuple[int, str, bool], Resource] | None = field(default=None, compare=False, repr=False)

    def path(self, written: str, *, given: bool) -> Path:
        """The absolute path that `written` means.

        Args:
            written: As it stands in the workflow or on the command line.
            given: Whether the user gave it, and not the file: then it counts from the working folder and may lie
                anywhere.

        Raises:
            AccessError: It may not be read, or is not there.
        """
        if "\0" in written:
            raise AccessError("a path cannot hold a NUL character")
        try:
            path = Path(written).expanduser() if given else (self.folder or Path.cwd()) / written
            path = path.resolve()
            present = path.exists()
        except (OSError, RuntimeError, UnicodeError) as error:
            # RuntimeError: a ring of symbolic links, or the home folder of nobody; UnicodeError: half a surrogate pair.
            ring = "Symlink loop" in str(error)
            reason = "its links go round in a ring" if ring else getattr(error, "strerror", None) or error
            raise AccessError(f"the path {written!r} leads nowhere: {reason}", "look at the path") from None
        if not given and not self.holds(path):
            raise AccessError(
                f"{written!r} lies outside the workflow's folder",
                "give it by --set, or open its folder with --allow-read DIR",
            )
        if not present:
            start = "where the command runs" if given else "the workflow's folder"
            raise AccessError(f"there is no {written!r}", f"look at the path; it counts from {start}")
        if not path.is_file() and not path.is_dir():
            # Reading a pipe or a device may never end.
            raise AccessError(f"{written!r} is neither a file nor a folder")
        return path

    def holds(self, path: Path) -> bool:
        """Whether what a workflow names may lie at `path`, whose links are resolved."""
        roots = [root.resolve() for root in (self.folder, *self.allowed) if root is not None]
        return any(path.is_relative_to(root) for root in roots)


class Reads(Protocol):
    """Metadata of a port, in `Annotated`, that says: the text names something to read."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """What `written` stands for, found without the network and without reading weights.

        Raises:
            AccessError: It may not be read, or is not there.
        """


def resolved(reads: Reads, written: str, access: FileAccess, *, given: bool) -> Resource:
    """What `written` stands for; what a record tells of is the file of the recorded contents, where there is one.

    Raises:
        AccessError: It may not be read, or is not there.
    """
    if access.seen is None:
        return _found(reads, written, access, given=given)
    # By the marker itself, which lives as long as its node: that of others' nodes need not be hashable.
    key = (id(reads), written, given)
    if key not in access.seen:
        resource = _found(reads, written, access, given=given)
        if resource.fetch is not None:
            return resource  # It may be here when it is asked for again.
        access.seen[key] = replace(resource, digest=cache(resource.digest), afresh=resource.digest)
    return access.seen[key]


def _found(reads: Reads, written: str, access: FileAccess, *, given: bool) -> Resource:
    if given or access.recorded is None:
        return reads.resolve(written, access, given=given)
    own = replace(access, recorded=None)
    places = [own, *(FileAccess(folder) for folder in access.recorded.folders)]
    found: dict[str, Resource] = {}
    refused: AccessError | None = None
    for place in places:
        try:
            resource = reads.resolve(written, place, given=False)
        except AccessError as error:
            refused = refused or error
            continue
        if place is own and resource.fetch is not None:
            return resource
        found.setdefault(resource.value, resource)
    # Digests are taken only where there is a choice: a check reads no weights.
    if refused is None and len(found) == 1:
        return next(iter(found.values()))
    for resource in found.values():
        if resource.fetch is None and resource.digest() in access.recorded.digests:
            return resource
    return reads.resolve(written, own, given=False)


@dataclass(frozen=True, slots=True)
class ReadsFile:
    """The port names a file: `Annotated[str, ReadsFile((".png", ".jpg"))]`."""

    suffixes: tuple[str, ...] = ()
    """Endings that are taken, in lower case with the dot; empty: any."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file's absolute path, and the digest of its bytes."""
        path = access.path(written, given=given)
        if path.is_dir():
            raise AccessError(f"{written!r} is a folder; a file is wanted")
        if self.suffixes and path.suffix.lower() not in self.suffixes:
            raise AccessError(f"{written!r} does not end in {' or '.join(self.suffixes)}")
        return Resource(str(path), lambda: file_digest(path))


def reads_of(metadata: tuple[object, ...]) -> Reads | None:
    """The marker among a port's metadata that says it names something to read."""
    return next((item for item in metadata if callable(getattr(item, "resolve", None))), None)  # type: ignore[return-value]
