"""Parts that come alone, in a folder of their own: a ControlNet and its like."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.nodes.handles import Handle
from latentgraph.nodes.loading.families import family_of_component
from latentgraph.nodes.loading.model_folder import INDEX, Part, tree_digest
from latentgraph.nodes.loading.model_source import refuse_links_out
from latentgraph.nodes.loading.references import parse_reference
from latentgraph.nodes.loading.sources import FolderSource
from latentgraph.nodes.loading.weights import read_json, refuse_pickle

P = TypeVar("P", bound=Handle)

CLASSES: Final = {"controlnet": ("ControlNetModel",)}
"""What a part may be of, by its role."""
NAMES: Final = {"controlnet": "ControlNet"}


def open_component(kind: type[P], written: str) -> P:
    """The handle of a part in a folder; a relative path counts from the working folder.

    Raises:
        AccessError: It is not there, or is no such part.
    """
    return _handle(kind, FileAccess().path(_local(kind, written), given=True), written)


def _local(kind: type[Handle], written: str) -> str:
    reference = parse_reference(written)
    if reference.kind != "local":
        raise AccessError(
            f"{written!r} is no folder; a {NAMES[kind.role]} is read from one", "it starts with ./, ../ or /"
        )
    return reference.name


def _handle(kind: type[P], folder: Path, shown: str) -> P:
    part = _part(kind, folder, shown)
    source = FolderSource(str(folder), shown, part.role, part.library, part.class_name, part.weights.variant)
    family = family_of_component(kind.role, part.class_name, part.config)
    digest = tree_digest(folder, part.files())
    return kind(digest, family, part.config, part.class_name, source, part.parameters)


def _part(kind: type[Handle], folder: Path, shown: str) -> Part:
    what, wanted = NAMES[kind.role], CLASSES[kind.role]
    if folder.is_file():
        refuse_pickle(folder, shown)
        raise AccessError(f"{shown!r} is a file; a {what} is read from a folder with its config.json")
    if not (folder / "config.json").is_file():
        hint = f"it is a whole model; a {what} has a folder of its own" if (folder / INDEX).is_file() else ""
        raise AccessError(f"{shown!r} is no {what}: it has no config.json", hint)
    class_name = str(read_json(folder / "config.json", f"{shown}/config.json").get("_class_name", ""))
    if class_name not in wanted:
        raise AccessError(f"{shown!r} is no {what}: its class is {class_name or 'not told'}", f"{wanted[0]} is wanted")
    return Part(kind.role, folder, shown, "diffusers", class_name)


@dataclass(frozen=True, slots=True)
class ReadsComponent:
    """The port names the folder of a part: `Annotated[str, ReadsComponent(ControlNet)]`."""

    kind: type[Handle]

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The folder, and the digest of what is in it; looks at names, JSON and headers.

        Raises:
            AccessError: It may not be read, is not there, or is no such part.
        """
        try:
            path = access.path(_local(self.kind, written), given=given)
            if not given and path.is_dir():
                refuse_links_out(path, written, access)
            handle = _handle(self.kind, path, written)
        except OSError as error:
            raise AccessError(f"{written!r} cannot be read: {error.strerror or error}", "look at its rights") from error
        return Resource(os.fspath(path), lambda: handle.digest)
