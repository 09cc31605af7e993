"""From the name of a model to what lies on this machine, and the port marker that does it before a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.model_folder import ModelFolder, read_model_folder
from latentgraph.nodes.references import Reference, builtin_folder, parse_reference
from latentgraph.nodes.weights import refuse_pickle


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model on this machine."""

    path: Path
    """A folder in diffusers layout, or a single file."""
    shown: str
    """What messages call it: as the user wrote it."""
    revision: str = ""
    """The commit of a hub snapshot: it names the contents, so no file has to be read for a digest."""

    @property
    def single_file(self) -> bool:
        """Whether it is one file."""
        return self.path.is_file()

    def folder(self) -> ModelFolder:
        """What is in its folder."""
        return read_model_folder(self.path, self.shown)


def locate(written: str) -> LocatedModel:
    """Where the model called `written` lies; a local path counts from the working folder.

    Raises:
        AccessError: It is not on this machine, or is nothing that can be read safely.
    """
    reference = parse_reference(written)
    if reference.kind == "builtin":
        return LocatedModel(builtin_folder(reference.name), written)
    if reference.kind == "hub":
        raise AccessError(f"{written!r} is not on this machine")
    return locate_path(FileAccess().path(reference.name, given=True), written)


def locate_path(path: Path, shown: str) -> LocatedModel:
    """A local model, after a look at what it is."""
    if path.is_file():
        refuse_pickle(path, shown)
        if path.suffix.lower() != ".safetensors":
            raise AccessError(
                f"{shown!r} is no model", "a model is a folder in diffusers layout or a .safetensors file"
            )
    return LocatedModel(path, shown)


@dataclass(frozen=True, slots=True)
class ReadsModel:
    """The port names a model: `Annotated[str, ReadsModel()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """What `written` stands for; looks at names, JSON and headers, and never at the network."""
        reference = parse_reference(written)
        if reference.kind == "hub":
            return self._hub(reference, written)
        if reference.kind == "builtin":
            found, value = LocatedModel(builtin_folder(reference.name), written), written
        else:
            found = locate_path(access.path(reference.name, given=given), written)
            value = str(found.path)
        model = found.folder()
        model.inspect()
        paths = [path for part in model.parts.values() for path in part.files()]
        return Resource(value, lambda: tree_digest(model.folder, paths))

    def _hub(self, reference: Reference, written: str) -> Resource:
        raise AccessError(f"{written!r} is not on this machine")


def tree_digest(root: Path, paths: Iterable[Path]) -> str:
    """One digest of files below `root`: of their places and their bytes."""
    parts = sorted(f"{path.relative_to(root).as_posix()}:{file_digest(path)}" for path in paths)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
