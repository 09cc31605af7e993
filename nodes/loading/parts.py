"""Handles of the parts of a model, whether it is a folder or a single file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.nodes.handles import (
    VAE,
    Denoiser,
    DepthEstimator,
    Handle,
    SafetyChecker,
    Scheduler,
    SchedulerSource,
    TextEncoder,
    Tokenizer,
)
from latentgraph.nodes.loading.checkpoint import Checkpoint
from latentgraph.nodes.loading.families import variant_of_denoiser
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.model_folder import SCHEDULERS, ModelFolder, Part, tree_digest
from latentgraph.nodes.loading.model_source import LocatedModel, locate
from latentgraph.nodes.loading.schedulers import model_scheduler
from latentgraph.nodes.loading.shipped import CONFIGS
from latentgraph.nodes.loading.single_file import (
    SingleFileSource,
    denoiser_config,
    fitting_configuration,
    single_file_digest,
)
from latentgraph.nodes.loading.sources import FolderSource

HANDLES: Final[Mapping[str, type[Handle]]] = {
    **{kind.role: kind for kind in (Tokenizer, TextEncoder, Denoiser, VAE, Scheduler, SafetyChecker, DepthEstimator)},
    "tokenizer_2": Tokenizer,
    "text_encoder_2": TextEncoder,
    "tokenizer_3": Tokenizer,
    "text_encoder_3": TextEncoder,
    "low_res_scheduler": Scheduler,
}
PREPARED: Final = ("safety_checker", "depth_estimator")
"""Roles whose images the feature extractor of the model prepares."""
PATCHED_FAMILIES: Final = ("sd1", "sd2")
"""Families whose pipeline rewrites configurations in its constructor."""
UNPATCHED_PIPELINE: Final = "LatentConsistencyModel"
"""How the names of those pipelines begin that are of such a family and rewrite none."""
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "UNet2DConditionModel": {"in_channels": 4, "sample_size": None, "time_cond_proj_dim": None},
    "AutoencoderKL": {"latent_channels": 4, "scaling_factor": 0.18215, "block_out_channels": [64]},
}
"""Entries that old configuration files lack, with the defaults of diffusers' classes."""


@dataclass(frozen=True)
class OpenedModel:
    """A model whose configuration has been read, and none of its weights."""

    located: LocatedModel
    folder: ModelFolder
    """Its own folder; of a single file the folder with its configuration."""
    checkpoint: Checkpoint | None = None
    """The single file."""

    @property
    def family(self) -> str:
        """Of all its parts."""
        return self.folder.family

    def described(self, roles: Iterable[str]) -> dict[str, str]:
        """The family of each part, that of the denoiser with what it sees beside latents; empty where it is unknown."""
        if not self.family:
            return {}
        denoiser = self.folder.parts["denoiser"]
        variant = variant_of_denoiser(denoiser.class_name, self._config(denoiser))
        told = dict.fromkeys(roles, self.family)
        return told | {"denoiser": f"{self.family}/{variant}"} if variant else told

    def _config(self, part: Part) -> dict[str, Any]:
        """The configuration of a part, with what the headers of a single file tell otherwise."""
        config = part_config(part, patched=self.patched)
        if self.checkpoint is None or part.role != "denoiser" or part.role not in self.checkpoint.prefixes:
            return config
        return config | denoiser_config(self.checkpoint, part)

    @property
    def patched(self) -> bool:
        """Whether its pipeline rewrites configurations."""
        return self.family in PATCHED_FAMILIES and not self.folder.pipeline.startswith(UNPATCHED_PIPELINE)

    @property
    def assumption(self) -> str:
        """What had to be taken for granted, for a warning; empty where everything is known."""
        if self.checkpoint is None or self.folder.folder != CONFIGS / "sd2":
            return ""
        return (
            "a Stable Diffusion 2 file does not say what its UNet predicts, so it is read as one of 768 pixels "
            "(velocity), as diffusers reads it; if it is a base model of 512 pixels, set 'config' to builtin:sd2_base"
        )

    def handles(self) -> dict[str, Any]:
        """A handle for each role; None for one that nobody plays, such as a second text encoder."""
        found: dict[str, Any] = {role: self._handle(role) for role in HANDLES}
        if found["denoiser"] is not None:
            found["denoiser"] = replace(found["denoiser"], vae=found["vae"], scheduler=found["scheduler"])
        return found

    def _handle(self, role: str) -> Handle | None:
        part = self.folder.parts.get(role)
        if part is None:
            return None
        if role in SCHEDULERS:
            return scheduler_handle(part, self.family, rewrite=self.patched)
        if self.checkpoint is not None and role in self.checkpoint.prefixes:
            return self._from_file(self.checkpoint, part)
        if self.checkpoint is not None and role == "safety_checker" and not _has_weights(part):
            return None  # The configuration names one, but its folder has only configuration.
        return self._from_folder(part)

    def _from_folder(self, part: Part) -> Handle:
        images = self.folder.parts.get("feature_extractor") if part.role in PREPARED else None
        source = FolderSource(
            folder=str(part.folder),
            shown=part.shown,
            role=part.role,
            library=part.library,
            class_name=part.class_name,
            variant=part.weights.variant,
            images=str(images.folder) if images else "",
        )
        if self.located.commit and self.checkpoint is None:
            digest = f"{self.located.commit}/{part.role}"
        else:
            digest = tree_digest(self.folder.folder, [*part.files(), *(images.files() if images else [])])
        config = part_config(part, patched=self.patched)
        return HANDLES[part.role](digest, self.family, config, part.class_name, source, part.parameters)

    def _from_file(self, checkpoint: Checkpoint, part: Part) -> Handle:
        role = part.role
        config = self._config(part)
        source = SingleFileSource(
            file=str(checkpoint.path),
            shown=checkpoint.shown,
            role=role,
            prefix=checkpoint.prefixes[role],
            class_name=part.class_name,
            configuration=str(part.folder),
            in_channels=config.get("in_channels", 4),
        )
        digest = single_file_digest(checkpoint, role, config)
        return HANDLES[role](digest, self.family, config, part.class_name, source, checkpoint.parameters(role))


def open_model(model: str, config: str | None) -> OpenedModel:
    """Read the configuration of the model called `model`.

    Args:
        model: A reference; a path counts from the working folder.
        config: Another model whose configuration a single file is loaded with; None: what fits it and ships.

    Raises:
        AccessError: It is not on this machine, or cannot be read safely.
    """
    located = locate(model)
    found = located.open()
    if isinstance(found, ModelFolder):
        if config is not None:
            raise AccessError(
                f"{model!r} is a folder and has its own configuration", "leave 'config' out: it is for single files"
            )
        return OpenedModel(located, found)
    chosen = locate(config, configuration=True).open() if config is not None else None
    if isinstance(chosen, Checkpoint):
        raise AccessError(f"{config!r} is a file without a configuration", "name a folder")
    return OpenedModel(located, fitting_configuration(found, chosen), found)


def part_config(part: Part, *, patched: bool) -> dict[str, Any]:
    """A part's configuration with the entries that old files lack, and the pipeline's rewrite of the picture size."""
    config = {**_DEFAULTS.get(part.class_name, {}), **part.config}
    size = config.get("sample_size")
    old = _is_before_0_9(str(config.get("_diffusers_version", "")))
    if part.role == "denoiser" and patched and old and isinstance(size, int) and size < 64:
        config["sample_size"] = 64  # StableDiffusionPipeline.__init__: version < 0.9.0 and sample_size < 64
    return config


def _is_before_0_9(version: str) -> bool:
    numbers = version.split(".")[:2]
    return len(numbers) == 2 and all(n.isdigit() for n in numbers) and (int(numbers[0]), int(numbers[1])) < (0, 9)


def _has_weights(part: Part) -> bool:
    try:
        return bool(part.weights.files)
    except AccessError:
        return False


def scheduler_handle(part: Part, family: str, *, rewrite: bool) -> Scheduler:
    """The model's own scheduler as the pipeline's constructor leaves it."""
    try:
        config = model_scheduler(part.class_name, part.config, rewrite=rewrite)
    except (ValueError, TypeError) as error:
        raise AccessError(f"{part.shown}: {error}", "look at its scheduler_config.json") from error
    digest = json_digest({"class": part.class_name, **config})
    return Scheduler(digest, family, config, part.class_name, SchedulerSource(part.class_name, config))
