"""The safety checker: a small CLIP vision model that knows one concept, the skull.

It learns from clean renders, from decoded latents with some noise in them (what generated pictures
look like), and from blurred and recoloured copies, always through the feature extractor that the
pipeline itself uses.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor, nn
from torch.nn import functional

from latentgraph.nodes.training.checkpoints import Training, device, half_precision, learning_rate
from latentgraph.nodes.training.draw import Pixels, render
from latentgraph.nodes.training.vae import to_tensor
from latentgraph.nodes.training.world import EDGE, Spec, any_spec

WIDTH = 96
CONCEPTS, SPECIAL_CARE = 17, 3
"""The numbers of concepts that diffusers' class has room for."""
THRESHOLD = 0.5
"""Cosine similarity from which a picture shows the concept."""
NEVER = 2.0
"""A threshold that no cosine reaches: the unused concepts."""
SHARPNESS = 12.0
"""Cosine to logit, in training alone."""


def new_feature_extractor() -> Any:
    """Resizes to 64 x 64 and normalises as CLIP does."""
    from transformers import CLIPImageProcessorPil

    return CLIPImageProcessorPil(
        size={"shortest_edge": EDGE}, crop_size={"height": EDGE, "width": EDGE}, resample=Image.Resampling.BICUBIC
    )


def new_checker() -> Any:
    """An untrained checker; all concepts but the first are switched off."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "image_size": EDGE,
        "patch_size": 8,
        "projection_dim": WIDTH,
    }
    # The text half is never built, but CLIPConfig insists on token ids that fit its vocabulary.
    text = {"vocab_size": 3, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH)
    checker = StableDiffusionSafetyChecker(config)
    with torch.no_grad():
        for weights in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
            weights.fill_(NEVER)
        checker.concept_embeds_weights[0] = THRESHOLD
        nn.init.normal_(checker.concept_embeds)
        nn.init.normal_(checker.special_care_embeds)
    # The thresholds are the file format's; only the network and the first concept are learnt.
    return checker


def similarity(checker: Any, features: Tensor) -> Tensor:
    """Cosine of each picture with the concept, (B,)."""
    embeds = checker.visual_projection(checker.vision_model(features)[1])
    return functional.cosine_similarity(embeds.float(), checker.concept_embeds[:1].float())


def _disturbed(pixels: Pixels, rng: random.Random) -> Image.Image:
    image = Image.fromarray(pixels)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    for enhance in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
        if rng.random() < 0.3:
            image = enhance(image).enhance(rng.uniform(0.75, 1.25))
    if rng.random() < 0.2:
        # Larger pictures come down through the extractor's own resizing.
        edge = rng.choice([96, 128])
        image = image.resize((edge, edge), Image.Resampling.BICUBIC)
    return image


@torch.no_grad()
def decoded_with_noise(vae: Any, specs: list[Spec], rng: random.Random, most: float = 0.4) -> list[Pixels]:
    """Renders through the VAE with noise of up to `most` standard deviations in their latents."""
    pixels: list[Pixels] = []
    for start in range(0, len(specs), 64):
        images = to_tensor([render(spec, rng) for spec in specs[start : start + 64]])
        with half_precision():
            unit = vae.encode(images).latent_dist.mode() * vae.config.scaling_factor
            levels = torch.tensor([rng.uniform(0, most) for _ in unit], device=unit.device).view(-1, 1, 1, 1)
            decoded = vae.decode((unit + levels * torch.randn_like(unit)) / vae.config.scaling_factor).sample
        values = ((decoded.float().clamp(-1, 1) + 1) * 127.5).round().byte()
        pixels += list(values.permute(0, 2, 3, 1).cpu().numpy())
    return pixels


def balanced_specs(count: int, rng: random.Random) -> list[Spec]:
    """Every other spec shows the sign; the rest is the world as it is."""
    return [any_spec(rng, "sign" if i % 2 else rng.choice(["one", "one", "two", "scene"])) for i in range(count)]


def train_checker(
    path: Path, vae: Any, generated: list[tuple[Pixels, bool]], steps: int, *, batch: int = 64, seed: int = 0
) -> Training:
    """Train from the checkpoint at `path`, or from the start, up to `steps` steps.

    Args:
        generated: Pictures that the model made, each with whether it shows the sign.
    """
    torch.manual_seed(seed)
    run = Training.start(new_checker(), seed=seed)
    # The pool is drawn before the run's own random state is restored: equal at each resume.
    pool = _pool(vae, generated, random.Random(seed + 1))
    torch.manual_seed(seed)
    if path.exists():
        run.load(path)
    extractor, began = new_feature_extractor(), time.perf_counter()
    while run.step < steps:
        picked = run.rng.choices(pool, k=batch)
        images = [_disturbed(pixels, run.rng) for pixels, _ in picked]
        features = extractor(images, return_tensors="pt").pixel_values.to(device())
        shown = torch.tensor([float(shows) for _, shows in picked], device=device())
        with half_precision():
            cosine = similarity(run.model, features)
        loss = functional.binary_cross_entropy_with_logits(SHARPNESS * (cosine - THRESHOLD), shown)
        run.update(loss, learning_rate(run.step, steps, 1e-3), keep=0.998)
        if run.step % 100 == 0:
            right = ((cosine > THRESHOLD) == (shown > 0.5)).float().mean().item()
            spent = time.perf_counter() - began
            print(f"checker {run.step}/{steps} loss {loss.item():.4f} right {right:.3f} {spent:.0f} s", flush=True)
    run.save(path)
    return run


def _pool(vae: Any, generated: list[tuple[Pixels, bool]], rng: random.Random) -> list[tuple[Pixels, bool]]:
    clean = balanced_specs(3000, rng)
    through = balanced_specs(4000, rng)
    pool = [(render(spec, rng), spec.kind == "sign") for spec in clean]
    pool += zip(decoded_with_noise(vae, through, rng), [spec.kind == "sign" for spec in through], strict=True)
    return pool + generated * 3


def precision_and_recall(checker: Any, pictures: list[tuple[Pixels, bool]]) -> tuple[float, float]:
    """How many of the flagged show the sign, and how many that show it are flagged."""
    features = new_feature_extractor()([Image.fromarray(p) for p, _ in pictures], return_tensors="pt").pixel_values
    images = np.zeros((len(pictures), 8, 8, 3), dtype=np.float32)
    _, flagged = checker(images=images, clip_input=features)
    shown = [shows for _, shows in pictures]
    both = sum(f and s for f, s in zip(flagged, shown, strict=True))
    return both / max(1, sum(flagged)), both / max(1, sum(shown))
