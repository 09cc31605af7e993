"""From the name of a model to what lies on this machine, and the port marker that does it before a run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.checkpoint import Checkpoint
from latentgraph.nodes.loading.hub import HubFetch, find_snapshot, is_offline
from latentgraph.nodes.loading.hub_errors import OFFLINE_HINT
from latentgraph.nodes.loading.model_folder import ModelFolder, read_model_folder, tree_digest
from latentgraph.nodes.loading.references import Reference, builtin_folder, parse_reference
from latentgraph.nodes.loading.shipped import CONFIGS, shipped_configuration
from latentgraph.nodes.loading.weights import refuse_pickle


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model on this machine."""

    path: Path
    """A folder in diffusers layout, or a single file."""
    shown: str
    """What messages call it: as the user wrote it, and never an absolute path that the user did not write."""
    commit: str = ""
    """Of a hub snapshot: it names the contents, so no file has to be read for a digest."""

    def open(self) -> ModelFolder | Checkpoint:
        """What is in it, by names and headers.

        Raises:
            AccessError: It is no model.
        """
        if self.path.is_file():
            return Checkpoint(self.path, self.shown)
        if self.path.parent == CONFIGS:
            return shipped_configuration(self.path.name)
        return read_model_folder(self.path, self.shown)


def locate(written: str, *, configuration: bool = False) -> LocatedModel:
    """Where the model called `written` lies; a local path counts from the working folder.

    Args:
        written: A reference.
        configuration: Only its configuration is wanted, so it may be one that ships.

    Raises:
        AccessError: It is not on this machine, or is nothing that can be read safely.
    """
    reference = parse_reference(written)
    if reference.kind == "builtin":
        return LocatedModel(builtin_folder(reference.name, configuration=configuration), written)
    if reference.kind == "local":
        return _local(FileAccess().path(reference.name, given=True), written)
    snapshot = find_snapshot(reference.name, reference.revision)
    if snapshot is None:
        hint = OFFLINE_HINT if is_offline() else "let the run download it: --download"
        raise AccessError(f"{written!r} is not on this machine", hint)
    return LocatedModel(snapshot.folder, written, snapshot.commit)


def _local(path: Path, shown: str) -> LocatedModel:
    if path.is_file():
        refuse_pickle(path, shown)
        if path.suffix.lower() != ".safetensors":
            raise AccessError(
                f"{shown!r} is no model", "a model is a folder in diffusers layout or a .safetensors file"
            )
    return LocatedModel(path, shown)


def refuse_links_out(folder: Path, shown: str, access: FileAccess) -> None:
    """Refuse a folder named by a workflow in which a link leads out of what the workflow may read."""
    for around, folders, files in os.walk(folder):
        for path in (Path(around, name) for name in (*folders, *files)):
            if path.is_symlink() and not access.holds(path.resolve()):
                where = path.relative_to(folder)
                raise AccessError(
                    f"in {shown!r} '{where}' is a link that leads outside the workflow's folder",
                    "give the model by --set, or open the folder that it leads to with --allow-read DIR",
                )


@dataclass(frozen=True, slots=True)
class ReadsModel:
    """The port names a model: `Annotated[str, ReadsModel()]`."""

    configuration: bool = False
    """Only its configuration is wanted, so it may be a folder without weights."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """What `written` stands for; looks at names, JSON and headers, and never at the network.

        Raises:
            AccessError: It may not be read, is not there, or is nothing that can be read safely.
        """
        try:
            return self._resolve(parse_reference(written), written, access, given=given)
        except OSError as error:
            raise AccessError(f"{written!r} cannot be read: {error.strerror or error}", "look at its rights") from error

    def _resolve(self, reference: Reference, written: str, access: FileAccess, *, given: bool) -> Resource:
        if reference.kind == "hub":
            return self._hub(reference, written, access.folder if access.folder and not given else Path.cwd())
        if reference.kind == "builtin":
            folder = builtin_folder(reference.name, configuration=self.configuration)
            return self._resource(LocatedModel(folder, written), written)
        path = access.path(reference.name, given=given)
        if not given:
            refuse_links_out(path, written, access)
        found = _local(path, written)
        return self._resource(found, str(found.path))

    def _hub(self, reference: Reference, written: str, here: Path) -> Resource:
        snapshot = find_snapshot(reference.name, reference.revision)
        fetch = HubFetch(reference.name, reference.revision)
        missing = Resource(written, lambda: fetch.description, fetch)
        if snapshot is None:
            if os.path.exists(here / written):
                raise AccessError(
                    f"the hub model {written!r} is not on this machine", f"if you mean the folder: './{written}'"
                )
            return missing
        try:
            return self._resource(LocatedModel(snapshot.folder, written, snapshot.commit), written)
        except AccessError:
            # A download that was cut short leaves a part of the model; another one goes on where it stopped.
            if is_offline():
                raise
            return missing

    def _resource(self, found: LocatedModel, value: str) -> Resource:
        model = found.open()
        if isinstance(model, Checkpoint):
            if self.configuration:
                raise AccessError(f"{found.shown!r} is a file without a configuration", "name a folder")
            model.inspect()
            return Resource(value, lambda: file_digest(found.path))
        if not self.configuration:
            model.inspect()
        if found.commit:
            return Resource(value, lambda: found.commit)
        paths = model.files(weights=not self.configuration)
        return Resource(value, lambda: tree_digest(found.path, paths))
