"""The side of diffusers in `tests.bench.peak_memory`, as a process of its own.

    python -m tests.bench.peak_memory_diffusers WORKFLOW MODELS PICTURE

Writes one picture to the file PICTURE.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
from PIL import Image
from tests.bench.peak_memory_pairs import COMMON, PAIRS, SEED, Pair

LIBRARY: Any = diffusers  # Untyped.


def with_controlnets(pair: Pair, models: Path) -> Any:
    """A pipeline with as many ControlNets as it is given pictures."""
    names = [str(value)[1:] for name, value in pair.ours.items() if name.endswith("controlnet")]
    nets = [LIBRARY.ControlNetModel.from_pretrained(models / name) for name in names]
    return _class(pair).from_pretrained(models / pair.model, controlnet=nets if len(nets) > 1 else nets[0])


def with_depths(pair: Pair, models: Path) -> Any:
    """A pipeline that is given the depths, and estimates none."""
    pipeline = _class(pair).from_pretrained(models / pair.model, depth_estimator=None, feature_extractor=None)
    with Image.open(models / "gray.png") as opened:
        gray = torch.tensor(list(opened.tobytes()), dtype=torch.float32).view(1, opened.height, opened.width) / 255
    return lambda **given: pipeline(depth_map=gray, **given)


def with_lora(pair: Pair, models: Path) -> Any:
    """A pipeline with a LoRA in its denoiser and in its text encoder."""
    pipeline = _class(pair).from_pretrained(models / pair.model)
    pipeline.load_lora_weights(str(models), weight_name="lora.safetensors", adapter_name="one")
    pipeline.set_adapters(["one"], [pair.ours["scale"]])
    return pipeline


def with_embedding(pair: Pair, models: Path) -> Any:
    """A pipeline that was taught a token."""
    pipeline = _class(pair).from_pretrained(models / pair.model)
    pipeline.load_textual_inversion(str(models / "embedding.safetensors"))
    return pipeline


def with_refiner(pair: Pair, models: Path) -> Any:
    """Two pipelines in turn, which share what they have in common, as diffusers' documentation has it."""
    base = _class(pair).from_pretrained(models / pair.model)
    refiner = LIBRARY.StableDiffusionXLImg2ImgPipeline.from_pretrained(
        models / "sdxl_refiner", text_encoder_2=base.text_encoder_2, vae=base.vae
    )

    def both(**given: Any) -> Any:
        share = pair.ours["handover"]
        latents = base(**given, denoising_end=share, output_type="latent").images
        return refiner(**given, denoising_start=share, image=latents)

    return both


SPECIAL: Final[dict[str, Callable[[Pair, Path], Any]]] = {
    made.__name__: made for made in (with_controlnets, with_depths, with_lora, with_embedding, with_refiner)
}


def _class(pair: Pair) -> Any:
    return getattr(LIBRARY, pair.pipeline)


def _argument(value: Any, models: Path) -> Any:
    if isinstance(value, list):
        return [_argument(one, models) for one in value]
    if isinstance(value, str) and value.startswith("@"):
        with Image.open(models / value[1:]) as opened:
            return opened.convert("L" if "mask" in value else "RGB")
    return value


def main() -> None:
    """Make one picture."""
    name, models, picture = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    pair = PAIRS[name]
    make = SPECIAL.get(pair.special)
    pipeline = make(pair, models) if make else _class(pair).from_pretrained(models / pair.model)
    given = {key: _argument(value, models) for key, value in {**COMMON, **pair.values, **pair.theirs}.items()}
    seeds = given.pop("seeds", None)
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds or [SEED]]
    made = pipeline(**given, generator=generators if seeds else generators[0])
    made.images[0].save(picture)


if __name__ == "__main__":
    main()
