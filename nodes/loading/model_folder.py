"""A model as a folder in the layout of diffusers: `model_index.json` and a folder for each part.

Everything here reads names, JSON and headers only, so that a check can use it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.families import family_of_model
from latentgraph.nodes.loading.weights import (
    PICKLE_SUFFIXES,
    WeightFiles,
    count_parameters,
    find_weights,
    pickle_error,
    read_header,
    read_json,
)

INDEX: Final = "model_index.json"
LIBRARIES: Final = ("diffusers", "transformers", "stable_diffusion")
"""Where a part's class may come from; `stable_diffusion` is how diffusers names its own safety checker."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "tokenizer": ("tokenizer",),
    "text_encoder": ("text_encoder",),
    "tokenizer_2": ("tokenizer_2",),
    "text_encoder_2": ("text_encoder_2",),
    "tokenizer_3": ("tokenizer_3",),
    "text_encoder_3": ("text_encoder_3",),
    "denoiser": ("unet", "transformer"),
    "vae": ("vae",),
    "scheduler": ("scheduler",),
    "low_res_scheduler": ("low_res_scheduler",),
    "safety_checker": ("safety_checker",),
    "depth_estimator": ("depth_estimator",),
    "feature_extractor": ("feature_extractor",),
}
"""Roles, and the folders that play them."""
OPTIONAL: Final = (
    "tokenizer_2",
    "text_encoder_2",
    "tokenizer_3",
    "text_encoder_3",
    "low_res_scheduler",
    "safety_checker",
    "depth_estimator",
    "feature_extractor",
)
TOKENIZERS: Final = ("tokenizer", "tokenizer_2", "tokenizer_3")
SCHEDULERS: Final = ("scheduler", "low_res_scheduler")
VOCABULARY: Final = "tokenizer.json"
"""Of a T5 tokenizer; the older spiece.model takes another library to read."""
_CONFIGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(TOKENIZERS, "tokenizer_config.json"),
    **dict.fromkeys(SCHEDULERS, "scheduler_config.json"),
    "feature_extractor": "preprocessor_config.json",
}
SMALL_SUFFIXES: Final = (".json", ".txt", ".model")
"""Of configurations and vocabularies."""
WITHOUT_WEIGHTS: Final = tuple(_CONFIGS)


@dataclass(frozen=True)
class Part:
    """One part of a model: where it lies, and what class it is of."""

    role: str
    folder: Path
    shown: str
    """What messages call the folder."""
    library: str
    class_name: str

    @cached_property
    def config(self) -> dict[str, Any]:
        """Its configuration file."""
        name = _CONFIGS.get(self.role, "config.json")
        if self.role in TOKENIZERS and not (self.folder / name).is_file():
            return {}  # Old folders have vocab.json and merges.txt alone.
        return read_json(self.folder / name, f"{self.shown}/{name}")

    @cached_property
    def weights(self) -> WeightFiles:
        """Its files of weights; none for a tokenizer or a scheduler."""
        if self.role in WITHOUT_WEIGHTS:
            return WeightFiles((), "")
        return find_weights(self.folder, self.shown)

    @cached_property
    def parameters(self) -> int:
        """How many numbers its weights are; reads the headers and so finds a file that is cut short."""
        return sum(count_parameters(read_header(f, f"{self.shown}/{f.name}")) for f in self.weights.files)

    def inspect(self) -> None:
        """Look at its configuration and at every header of its weights.

        Raises:
            AccessError: A file is missing, broken, cut short or a pickle.
        """
        self.config  # noqa: B018  # Reading is the test.
        self.parameters  # noqa: B018
        if self.role in TOKENIZERS and self.class_name.startswith("T5") and not (self.folder / VOCABULARY).is_file():
            raise AccessError(
                f"{self.shown} has no {VOCABULARY}, which says how a T5 tokenizer cuts",
                "download the model again, whole; an old one with spiece.model alone gets it from "
                "T5Tokenizer.from_pretrained and save_pretrained, where transformers and sentencepiece are installed",
            )

    def files(self) -> list[Path]:
        """Every file that decides what it computes."""
        return sorted({*self.small_files(), *self.weights.files})

    def small_files(self) -> list[Path]:
        """Its configuration and vocabulary."""
        return [path for path in self.folder.iterdir() if path.suffix in SMALL_SUFFIXES and path.is_file()]


@dataclass(frozen=True)
class ModelFolder:
    """A whole model in a folder."""

    folder: Path
    pipeline: str
    """Class of the pipeline it was saved from."""
    parts: Mapping[str, Part]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the pipeline is configured with beside its parts, such as `force_zeros_for_empty_prompt`."""

    @cached_property
    def family(self) -> str:
        """The family of all its parts."""
        denoiser = self.parts["denoiser"]
        return family_of_model(self.pipeline, denoiser.class_name, denoiser.config)

    def inspect(self) -> None:
        """Look at every configuration and every header.

        Raises:
            AccessError: A file is missing, broken, cut short or a pickle.
        """
        for part in self.parts.values():
            part.inspect()

    def files(self, *, weights: bool) -> list[Path]:
        """Every file that decides what it computes, or only those of its configuration."""
        return [path for part in self.parts.values() for path in (part.files() if weights else part.small_files())]


def tree_digest(root: Path, paths: Iterable[Path]) -> str:
    """One digest of files: of their places, seen from `root`, and their bytes."""
    parts = sorted(f"{Path(os.path.relpath(path, root)).as_posix()}:{file_digest(path)}" for path in paths)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_model_folder(folder: Path, shown: str, elsewhere: Mapping[str, Path] = MappingProxyType({})) -> ModelFolder:
    """What is in a folder in diffusers layout.

    Args:
        folder: Absolute.
        shown: What messages call it.
        elsewhere: Folders of parts, by name, that do not lie in `folder`.

    Raises:
        AccessError: It is no model, or one that cannot be read safely.
    """
    if not (folder / INDEX).is_file():
        raise _no_model(folder, shown)
    index = read_json(folder / INDEX, f"{shown}/{INDEX}")
    parts: dict[str, Part] = {}
    for role in PARTS:
        if part := _part(folder, shown, role, index, elsewhere):
            parts[role] = part
        elif role not in OPTIONAL and not index.get(f"{role}_2"):
            raise AccessError(
                f"{shown}/{INDEX} names no {' or '.join(PARTS[role])}",
                f"its pipeline is {index.get('_class_name', 'unknown')}; a Stable Diffusion model has one",
            )
    for role in ("safety_checker", "depth_estimator"):
        if role in parts and "feature_extractor" not in parts:
            raise AccessError(
                f"{shown} has a {role} but no feature_extractor, which prepares its images",
                f'copy the feature_extractor too, or write "{role}": [null, null] in {INDEX}',
            )
    options = {name: entry for name, entry in index.items() if not name.startswith("_") and not isinstance(entry, list)}
    return ModelFolder(folder, str(index.get("_class_name", "")), parts, options)


def _part(folder: Path, shown: str, role: str, index: Mapping[str, Any], elsewhere: Mapping[str, Path]) -> Part | None:
    name = next((name for name in PARTS[role] if index.get(name)), "")
    if not name:
        return None
    entry = index[name]
    if not (isinstance(entry, list) and len(entry) == 2):
        raise AccessError(f"{shown}/{INDEX}: '{name}' is {entry!r}; [library, class] is wanted")
    library, class_name = entry
    if class_name is None:
        return None
    if library not in LIBRARIES or not isinstance(class_name, str):
        raise AccessError(
            f"{shown}/{INDEX}: '{name}' is of {library!r}, code that comes with the model; latentgraph runs none",
            "only classes of diffusers and transformers are loaded",
        )
    place = elsewhere.get(name, folder / name)
    if not place.is_dir():
        raise AccessError(
            f"{shown} lacks the folder '{name}', which its {INDEX} names", "was the model downloaded or copied whole?"
        )
    return Part(role, place, f"{shown}/{name}", library, class_name)


def _no_model(folder: Path, shown: str) -> AccessError:
    names = sorted(path.name for path in folder.iterdir())
    message = f"{shown!r} is no model: it has no {INDEX}"
    if files := [name for name in names if name.endswith(".safetensors")]:
        if "config.json" in names:
            return AccessError(f"{message}; it looks like one part of a model", "name the folder of the whole model")
        return AccessError(message, f"a single-file model is named by its file: {shown.rstrip('/')}/{files[0]}")
    if any(name.lower().endswith(PICKLE_SUFFIXES) for name in names):
        first = next(name for name in names if name.lower().endswith(PICKLE_SUFFIXES))
        message = f"{message}, and {first!r} is a pickle; latentgraph reads safetensors only"
        return pickle_error(message, f"{shown.rstrip('/')}/{first}", single_file=True)
    return AccessError(
        message, "a model's folder is in the layout of diffusers: model_index.json, unet/, vae/, text_encoder/ ..."
    )
