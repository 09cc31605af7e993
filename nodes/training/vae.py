"""The autoencoder: 64 x 64 pixels to 4 x 16 x 16 latents and back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentgraph.nodes.training.checkpoints import Training, device, half_precision, learning_rate
from latentgraph.nodes.training.draw import render
from latentgraph.nodes.training.world import EDGE, Spec, training_spec

CONFIG: dict[str, Any] = {
    "block_out_channels": (16, 32, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "latent_channels": 4,
    "sample_size": EDGE,
    "scaling_factor": 0.18215,
    "mid_block_add_attention": False,
}
KL_WEIGHT = 0.05
Loss = Callable[[Any, Tensor], tuple[Tensor, Tensor]]
"""Of the VAE and images: what is minimised, and the log error within it."""


def to_tensor(pixels: list[Any]) -> Tensor:
    """Stack uint8 (H, W, 3) pictures to float32 (B, 3, H, W) in [-1, 1]."""
    batch = torch.from_numpy(np.stack(pixels)).to(device())
    batch = batch.permute(0, 3, 1, 2).float() / 127.5 - 1
    return batch.contiguous(memory_format=torch.channels_last)


def renders(specs: list[Spec], rng: random.Random) -> Tensor:
    """Draw each spec: float32 (B, 3, H, W) in [-1, 1]."""
    return to_tensor([render(spec, rng) for spec in specs])


def log_error(decoded: Tensor, images: Tensor) -> Tensor:
    """Mean over images of ln(mean squared error): minus the PSNR up to scale and offset."""
    return ((decoded.float() - images) ** 2).mean(dim=(1, 2, 3)).add(1e-6).log().mean()


def vae_loss(vae: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    """The loss and, within it, the log error; `images` is (B, 3, H, W) in [-1, 1]."""
    with half_precision():
        posterior = vae.encode(images).latent_dist
        decoded = vae.decode(posterior.sample()).sample
    error = log_error(decoded, images)
    spread = posterior.logvar.float()
    kl = 0.5 * (posterior.mean.float() ** 2 + spread.exp() - 1 - spread).mean()
    return error + KL_WEIGHT * kl, error


@torch.no_grad()
def psnr(vae: Any, images: Tensor) -> float:
    """Mean PSNR in dB of encoding to the mode and decoding, in float32, for a range of [0, 1]."""
    decoded = torch.cat([vae.decode(vae.encode(part).latent_dist.mode()).sample for part in torch.split(images, 32)])
    error = ((decoded.clamp(-1, 1) - images) ** 2).mean(dim=(1, 2, 3)) / 4
    return float((-10 * error.clamp_min(1e-10).log10()).mean())


def new_vae() -> Any:
    """An untrained autoencoder."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(**CONFIG)  # type: ignore[no-untyped-call]


def train_vae(path: Path, steps: int, *, batch: int = 16, peak: float = 2e-3, seed: int = 0) -> Training:
    """Train from the checkpoint at `path`, or from the start, up to `steps` steps."""
    torch.manual_seed(seed)
    run = Training.start(new_vae(), weight_decay=0.0, seed=seed)
    _train(run, vae_loss, path, steps, batch, peak)
    return run


def decoder_loss(vae: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    """The log error of decoding alone, from latents with a little noise: the UNet's are not exact either."""
    with half_precision():
        with torch.no_grad():
            latents = vae.encode(images).latent_dist.mode()
        noise = torch.randn_like(latents) * 0.02 / vae.config.scaling_factor
        decoded = vae.decode(latents + noise).sample
    error = log_error(decoded, images)
    return error, error


def frozen_encoder(vae: Any) -> Any:
    """The VAE with its decoder alone to be trained."""
    vae.requires_grad_(True)
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    return vae


def train_decoder(
    path: Path, vae: Any, steps: int, *, batch: int = 16, peak: float = 1.5e-3, seed: int = 0
) -> Training:
    """Refine the decoder of a trained VAE whose latents must stay as they are, up to `steps` steps."""
    run = Training.start(frozen_encoder(vae), weight_decay=0.0, seed=seed)
    _train(run, decoder_loss, path, steps, batch, peak)
    return run


def _train(run: Training, loss_of: Loss, path: Path, steps: int, batch: int, peak: float) -> None:
    if path.exists():
        run.load(path)
    check_rng = random.Random(1)
    check = renders([training_spec(check_rng) for _ in range(64)], check_rng)
    began, first = time.perf_counter(), run.step
    while run.step < steps:
        images = renders([training_spec(run.rng) for _ in range(batch)], run.rng)
        loss, error = loss_of(run.model, images)
        run.update(loss, learning_rate(run.step, steps, peak), keep=0.998)
        if run.step % 100 == 0:
            pace = (time.perf_counter() - began) / (run.step - first)
            print(f"vae {run.step}/{steps} log error {error.item():.3f} {pace:.3f} s a step", flush=True)
        if run.step % 500 == 0 or run.step == steps:
            print(f"vae {run.step} PSNR {psnr(run.average, check):.2f} dB", flush=True)
            run.save(path)
