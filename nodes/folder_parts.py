"""Handles of the parts of a model in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from latentgraph.nodes.handles import (
    VAE,
    Denoiser,
    Handle,
    SafetyChecker,
    Scheduler,
    SchedulerSource,
    TextEncoder,
    Tokenizer,
)
from latentgraph.nodes.held import json_digest
from latentgraph.nodes.model_folder import ModelFolder, Part
from latentgraph.nodes.model_source import LocatedModel, tree_digest
from latentgraph.nodes.schedulers import make_scheduler, rewritten_for_pipeline, scheduler_snapshot
from latentgraph.nodes.sources import FolderSource, prepare_libraries, quiet_libraries

HANDLES: Final[Mapping[str, type[Handle]]] = {
    kind.role: kind for kind in (Tokenizer, TextEncoder, Denoiser, VAE, Scheduler, SafetyChecker)
}
PATCHED_FAMILIES: Final = ("sd1", "sd2")
"""Families whose pipeline rewrites configurations in its constructor."""
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "UNet2DConditionModel": {"in_channels": 4, "sample_size": None, "time_cond_proj_dim": None},
    "AutoencoderKL": {"latent_channels": 4, "scaling_factor": 0.18215, "block_out_channels": [64]},
}
"""Entries that old configuration files lack, with the defaults of diffusers' classes."""


def folder_handles(located: LocatedModel) -> dict[str, Any]:
    """A handle for each role; None for a safety checker that is not there."""
    model = located.folder()
    return {role: _handle(located, model, role) for role in HANDLES}


def _handle(located: LocatedModel, model: ModelFolder, role: str) -> Handle | None:
    part = model.parts.get(role)
    if part is None:
        return None
    if role == "scheduler":
        return scheduler_handle(part, model.family)
    images = model.parts.get("feature_extractor") if role == "safety_checker" else None
    source = FolderSource(
        folder=str(part.folder),
        shown=part.shown,
        role=role,
        library=part.library,
        class_name=part.class_name,
        variant=part.weights.variant,
        images=str(images.folder) if images else "",
    )
    files = [*part.files(), *(images.files() if images else [])]
    digest = f"{located.revision}/{role}" if located.revision else tree_digest(model.folder, files)
    config = part_config(part, model.family)
    return HANDLES[role](digest, model.family, config, part.class_name, source, part.parameters)


def part_config(part: Part, family: str) -> dict[str, Any]:
    """A part's configuration with the entries that old files lack, and the pipeline's rewrite of the picture size."""
    config = {**_DEFAULTS.get(part.class_name, {}), **part.config}
    size = config.get("sample_size")
    old = _is_before_0_9(str(config.get("_diffusers_version", "")))
    if part.role == "denoiser" and family in PATCHED_FAMILIES and old and isinstance(size, int) and size < 64:
        config["sample_size"] = 64  # StableDiffusionPipeline.__init__: version < 0.9.0 and sample_size < 64
    return config


def _is_before_0_9(version: str) -> bool:
    numbers = version.split(".")[:2]
    return len(numbers) == 2 and all(n.isdigit() for n in numbers) and (int(numbers[0]), int(numbers[1])) < (0, 9)


def scheduler_handle(part: Part, family: str) -> Scheduler:
    """The model's own scheduler as the pipeline's constructor leaves it."""
    prepare_libraries()
    with quiet_libraries():
        config = scheduler_snapshot(make_scheduler(part.class_name, part.config))
    if family in PATCHED_FAMILIES:
        config = rewritten_for_pipeline(config)
    source = SchedulerSource(part.class_name, config)
    return Scheduler(json_digest({"class": part.class_name, **config}), family, config, part.class_name, source)
