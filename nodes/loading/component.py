"""Parts that come alone, in a folder or a file of their own: a ControlNet, an image encoder and their like."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.nodes.handles import Handle
from latentgraph.nodes.loading.component_file import ComponentFileSource, component_digest, described_file
from latentgraph.nodes.loading.families import family_of_component
from latentgraph.nodes.loading.model_folder import INDEX, Part, tree_digest
from latentgraph.nodes.loading.model_source import refuse_links_out
from latentgraph.nodes.loading.references import parse_reference
from latentgraph.nodes.loading.sources import FolderSource
from latentgraph.nodes.loading.weights import count_parameters, read_header, read_json

P = TypeVar("P", bound=Handle)


@dataclass(frozen=True)
class Kind:
    """What a part that comes alone has to be."""

    name: str
    """What messages call it."""
    library: str
    class_name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Entries that its configuration file may lack, as the class has them."""
    others: tuple[str, ...] = ()
    """Classes that a folder may name in place of `class_name`."""

    @property
    def one(self) -> str:
        """Its name with the article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    def told_class(self, config: Mapping[str, Any]) -> str:
        """The class that a configuration names; empty where it names none."""
        if self.library == "transformers":
            named = config.get("architectures")
            return str(named[0]) if isinstance(named, list) and named else ""
        return str(config.get("_class_name", ""))


KINDS: Final = {
    "controlnet": Kind("ControlNet", "diffusers", "ControlNetModel"),
    "image_encoder": Kind(
        "image encoder",
        "transformers",
        "CLIPVisionModelWithProjection",
        {"hidden_size": 768, "projection_dim": 512, "image_size": 224},
    ),
    "t2i_adapter": Kind(
        "T2I-Adapter",
        "diffusers",
        "T2IAdapter",
        {"in_channels": 3, "downscale_factor": 8, "adapter_type": "full_adapter"},
    ),
    "vae": Kind(
        "VAE", "diffusers", "AutoencoderKL", {"latent_channels": 4, "block_out_channels": [64]}, ("AutoencoderTiny",)
    ),
}
"""By the role of the part."""


def open_component(kind: type[P], written: str) -> P:
    """The handle of a part in a folder or a file; a relative path counts from the working folder.

    Raises:
        AccessError: It is not there, or is no such part.
    """
    return _handle(kind, FileAccess().path(_local(kind, written), given=True), written)


def _local(kind: type[Handle], written: str) -> str:
    reference = parse_reference(written)
    if reference.kind != "local":
        one = KINDS[kind.role].one
        raise AccessError(
            f"{written!r} is no folder; {one} is read from one or from a file", "it starts with ./, ../ or /"
        )
    return reference.name


def _handle(kind: type[P], folder: Path, shown: str) -> P:
    if folder.is_file():
        return _handle_of_file(kind, folder, shown)
    part = _part(kind, folder, shown)
    source = FolderSource(str(folder), shown, part.role, part.library, part.class_name, part.weights.variant)
    config = {**KINDS[kind.role].defaults, **part.config}
    family = family_of_component(kind.role, part.class_name, config)
    digest = tree_digest(folder, part.files())
    return kind(digest, family, config, part.class_name, source, part.parameters)


def _handle_of_file(kind: type[P], path: Path, shown: str) -> P:
    wanted = KINDS[kind.role]
    config = {**wanted.defaults, **described_file(kind.role, path, shown).config}
    source = ComponentFileSource(str(path), shown, kind.role, wanted.library, wanted.class_name)
    family = family_of_component(kind.role, wanted.class_name, config)
    parameters = count_parameters(read_header(path, repr(shown)))
    return kind(component_digest(path, config), family, config, wanted.class_name, source, parameters)


def _part(kind: type[Handle], folder: Path, shown: str) -> Part:
    wanted = KINDS[kind.role]
    if not (folder / "config.json").is_file():
        hint = f"it is a whole model; {wanted.one} has a folder of its own" if (folder / INDEX).is_file() else ""
        raise AccessError(f"{shown!r} is no {wanted.name}: it has no config.json", hint)
    class_name = wanted.told_class(read_json(folder / "config.json", f"{shown}/config.json"))
    if class_name not in (wanted.class_name, *wanted.others):
        raise AccessError(
            f"{shown!r} is no {wanted.name}: its class is {class_name or 'not told'}", f"{wanted.class_name} is wanted"
        )
    return Part(kind.role, folder, shown, wanted.library, class_name)


@dataclass(frozen=True, slots=True)
class ReadsComponent:
    """The port names the folder or the file of a part: `Annotated[str, ReadsComponent(ControlNet)]`."""

    kind: type[Handle]

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The folder or the file, and the digest of what is in it; looks at names, JSON and headers.

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
        return Resource(os.fspath(path), lambda: handle.digest, afresh=lambda: _handle(self.kind, path, written).digest)
