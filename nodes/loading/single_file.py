"""A model in one .safetensors file, with its configuration from a folder that ships: the network is never asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.checkpoint import KINDS, OPEN_CLIP, PART_NAMES, Checkpoint
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.model_folder import ModelFolder, Part
from latentgraph.nodes.loading.placing import placement
from latentgraph.nodes.loading.shipped import shipped_configuration
from latentgraph.nodes.loading.sources import misfit, part_class, quiet_libraries

_NAME_ONE: Final = "name a folder in diffusers layout with its configuration by the input 'config'"


def fitting_configuration(checkpoint: Checkpoint, chosen: ModelFolder | None) -> ModelFolder:
    """The configuration to load a checkpoint with: the chosen one, or the one that ships, if it fits.

    Raises:
        AccessError: The checkpoint has other parts, or its UNet another shape.
    """
    configuration = chosen or shipped_configuration(_usual(checkpoint))
    denoiser = configuration.parts["denoiser"]
    for role, name in PART_NAMES.items():
        if (role in configuration.parts) != (role in checkpoint.prefixes):
            has, lacks = ("file", "configuration") if role in checkpoint.prefixes else ("configuration", "file")
            raise AccessError(
                f"{checkpoint.shown!r} is a checkpoint of {KINDS[checkpoint.kind]} and does not fit its configuration: "
                f"the {has} has a {name} and the {lacks} none",
                "name a folder with the configuration of such a model by the input 'config'",
            )
    whose = denoiser.shown if chosen else denoiser.shown.removesuffix("/unet")
    width = denoiser.config.get("cross_attention_dim", 1280)
    if checkpoint.attention_width not in (0, width):
        raise AccessError(
            f"{checkpoint.shown!r} does not fit {whose}: its UNet reads embeddings of {checkpoint.attention_width} "
            f"numbers, not {width}",
            _NAME_ONE,
        )
    if checkpoint.has_classes and not denoiser.config.get("num_class_embeds"):
        raise AccessError(f"{checkpoint.shown!r} does not fit {whose}: its UNet is told a noise level too", _NAME_ONE)
    return configuration


def _usual(checkpoint: Checkpoint) -> str:
    """The configuration that ships for it; of Stable Diffusion 2 the one that diffusers takes.

    The file does not say what the UNet predicts. Those that read more than latents were made of the base model.
    """
    if checkpoint.kind == "sd2" and checkpoint.in_channels not in (0, 4):
        return "sd2_base"
    return checkpoint.kind


def denoiser_config(checkpoint: Checkpoint, part: Part) -> dict[str, Any]:
    """The UNet's configuration with the number of channels that the checkpoint really has."""
    channels = checkpoint.in_channels or part.config.get("in_channels", 4)
    return {**part.config, "in_channels": channels}


def single_file_digest(checkpoint: Checkpoint, role: str, config: dict[str, Any]) -> str:
    """Digest of a part in a file: the whole file's, and the configuration that it is read with."""
    return json_digest({"file": file_digest(checkpoint.path), "role": role, "config": config})


@dataclass(frozen=True)
class SingleFileSource:
    """A part of a model in a single file."""

    file: str
    """Absolute."""
    shown: str
    role: str
    prefix: str
    """How the names of the part's tensors begin."""
    class_name: str
    configuration: str
    """The part's folder with its config.json."""
    in_channels: int = 4
    """Of a UNet."""

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        """Read the part's tensors, and only those, and build the module around them."""
        import torch

        precision = getattr(torch, dtype or "float32")
        with quiet_libraries():
            try:
                build = self._text_encoder if self.role.startswith("text_encoder") else self._diffusers_part
                module = build(self._tensors(), device, precision)
            except torch.OutOfMemoryError:
                raise
            except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
                # diffusers builds the module without memory; what the file does not fill cannot be moved afterwards.
                lacking = f"it lacks tensors of its {PART_NAMES[self.role]}"
                raise misfit(self.shown, lacking if "meta tensor" in str(error) else str(error)) from error
        return module.eval().to(device or "cpu")

    def _tensors(self) -> dict[str, Any]:
        from safetensors import safe_open

        with safe_open(self.file, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if name.startswith(self.prefix)}  # noqa: SIM118

    def _diffusers_part(self, tensors: dict[str, Any], device: str, precision: Any) -> Any:
        wanted = part_class(self.role, "diffusers", self.class_name, self.shown)
        options = {"in_channels": self.in_channels} if self.role == "denoiser" else {}
        return wanted.from_single_file(
            tensors,
            config=self.configuration,
            local_files_only=True,
            torch_dtype=precision,
            device=device or None,
            **options,
        )

    def _text_encoder(self, tensors: dict[str, Any], device: str, precision: Any) -> Any:
        wanted = part_class(self.role, "transformers", self.class_name, self.shown)
        config = wanted.config_class.from_pretrained(self.configuration, local_files_only=True)
        renamed = {name.removeprefix(self.prefix): tensor for name, tensor in tensors.items()}
        if self.prefix.endswith(OPEN_CLIP):
            from diffusers.loaders import single_file_utils

            convert: Any = single_file_utils.convert_open_clip_checkpoint  # Untyped.
            # It asks the module for its configuration only.
            renamed = convert(SimpleNamespace(config=config), tensors, prefix=self.prefix)
        module, report = wanted.from_pretrained(
            None, config=config, state_dict=renamed, dtype=precision, output_loading_info=True, **placement(device)
        )
        if missing := sorted(report["missing_keys"]):
            raise ValueError(f"it lacks tensors of its {PART_NAMES[self.role]}, such as {missing[0]!r}")
        return module
