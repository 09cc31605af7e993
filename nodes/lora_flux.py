"""LoRA for Flux: small additions to its transformer and to its CLIP text encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser, TextEncoder
from latentgraph.nodes.loading.flux_lora_file import ReadsFluxLora, read_flux_lora
from latentgraph.nodes.lora import LoraAdapter, WithLora


class FluxLoraAdapter(LoraAdapter):
    """A LoRA for one part of a Flux model."""

    def add(self, module: Any, name: str) -> None:
        """Put its layers into a module, under a name."""
        from diffusers import loaders

        library: Any = loaders  # Untyped.
        mixin = library.FluxLoraLoaderMixin
        state, alphas, metadata = mixin.lora_state_dict(
            str(self.path.parent),
            weight_name=self.path.name,
            use_safetensors=True,
            local_files_only=True,
            return_alphas=True,
            return_lora_metadata=True,
        )
        more = {"network_alphas": alphas, "adapter_name": name, "metadata": metadata}
        if self.role == "denoiser":
            mixin.load_lora_into_transformer(state, transformer=module, **more)
        else:
            mixin.load_lora_into_text_encoder(state, text_encoder=module, prefix=self.role, **more)


@node(category="model", families=("flux",))
def load_lora_flux(
    denoiser: Denoiser,
    text_encoder: TextEncoder,
    lora: Annotated[str, ReadsFluxLora()],
    scale: float = 1.0,
    text_encoder_scale: float | None = None,
    fused: bool = False,
) -> WithLora:
    """Add a LoRA to the transformer of Flux and to its CLIP text encoder. Put one behind the other for several.

    The parts that are given stay as they are: each combination has modules of its own.

    Args:
        denoiser: Of the model; a LoRA for the text encoder alone leaves it as it is.
        text_encoder: CLIP, of the model; a LoRA for the denoiser alone leaves it as it is.
        lora: A .safetensors file, as diffusers or kohya's scripts write it.
        scale: How much of it to add; 0 is nothing, and below 0 is its contrary.
        text_encoder_scale: For the text encoder; null: as for the denoiser.
        fused: Add it to the weights once and not at every call: faster, and rounded a little otherwise.

    Example:
        model = load_flux("./flux")
        denoiser, text_encoder = load_lora_flux(model.denoiser, model.text_encoder, "./lora-flux.safetensors")
    """
    file = read_flux_lora(Path(lora), Path(lora).name)
    content = file_digest(file.path)
    if file.for_denoiser:
        denoiser = denoiser.adapted(FluxLoraAdapter(file.path, content, "denoiser", scale, fused))
    if file.for_text_encoder:
        own = scale if text_encoder_scale is None else text_encoder_scale
        text_encoder = text_encoder.adapted(FluxLoraAdapter(file.path, content, "text_encoder", own, fused))
    return WithLora(denoiser, text_encoder)
