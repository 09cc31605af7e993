"""The UNet: v-prediction on 4 x 16 x 16 latents, conditioned on the frozen text encoder."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentgraph.nodes.training.captions import caption, sparse_caption
from latentgraph.nodes.training.checkpoints import Training, device, half_precision, learning_rate
from latentgraph.nodes.training.latents import LatentSet, spec_from
from latentgraph.nodes.training.text import WIDTH, tokenize
from latentgraph.nodes.training.world import Spec

CONFIG: dict[str, Any] = {
    "sample_size": 16,
    "block_out_channels": (48, 96, 160),
    # Plain convolutions where cells are many, attention at 8 x 8 and in the middle, at 4 x 4.
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 16,
    "attention_head_dim": 4,  # diffusers reads this as the number of heads
    "cross_attention_dim": WIDTH,
    # The text also reaches every block through the time embedding, pooled from the same hidden
    # states: nothing else has to be passed, and what is global in a caption is learnt much sooner.
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 4,
    "resnet_time_scale_shift": "scale_shift",
}
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
}
BATCH = 64
EMPTY_SHARE = 0.1
"""Share of empty captions, which classifier-free guidance needs."""
SPARSE_SHARE = 0.25
"""Share of captions of a single word or two, which negative prompts mostly are."""


def new_unet() -> Any:
    """An untrained UNet."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor

    unet: Any = UNet2DConditionModel(**CONFIG)  # type: ignore[no-untyped-call]
    # With so few cells the backward pass of torch's fused CPU attention takes a quarter of a step.
    unet.set_attn_processor(AttnProcessor())
    return unet


def alphas_cumprod() -> Tensor:
    """Share of signal power at each timestep, (1000,): Stable Diffusion's own schedule."""
    betas = torch.linspace(SCHEDULE["beta_start"] ** 0.5, SCHEDULE["beta_end"] ** 0.5, 1000) ** 2
    return (1 - betas).cumprod(dim=0)


def draw_timesteps(count: int) -> Tensor:
    """Timesteps, int64 (count,): half uniform, half around 600, where shapes are decided."""
    uniform = torch.rand(count)
    middle = torch.sigmoid(torch.randn(count) * 0.8 + 0.4)
    picked = torch.where(torch.rand(count) < 0.5, uniform, middle)
    return (picked * 1000).long().clamp(0, 999)


HARDNESS = {"one": 1.0, "two": 2.5, "scene": 0.4, "sign": 1.0}
"""How often a kind is drawn, against its share of the set: scenes are learnt at once, two things last."""


class Batches:
    """Draws training batches: latents by lot, captions made anew at each use."""

    def __init__(self, data: LatentSet, tokenizer: Any, encoder: Any, rng: random.Random) -> None:
        self.data, self.tokenizer, self.encoder, self.rng = data, tokenizer, encoder, rng
        kinds = (spec_from(row).kind for row in data.attributes.tolist())
        self.sums = list(accumulate(HARDNESS[kind] for kind in kinds))

    def text(self, rows: Tensor) -> list[str]:
        """A caption for each row of attributes."""
        return [self._say(spec_from(row)) for row in rows.tolist()]

    def _say(self, spec: Spec) -> str:
        lot = self.rng.random()
        if lot < EMPTY_SHARE:
            return ""
        say = sparse_caption if lot < EMPTY_SHARE + SPARSE_SHARE else caption
        return say(spec, self.rng).text

    @torch.no_grad()
    def draw(self, size: int) -> tuple[Tensor, Tensor]:
        """Latents (size, 4, 16, 16) and hidden states (size, T, WIDTH)."""
        picked = torch.tensor(self.rng.choices(range(len(self.sums)), cum_weights=self.sums, k=size))
        latents = self.data.latents[picked].to(device()).float()
        tokens = tokenize(self.tokenizer, self.text(self.data.attributes[picked]))
        with half_precision():
            hidden = self.encoder(tokens).last_hidden_state
        return latents.contiguous(memory_format=torch.channels_last), hidden.float()


def v_loss(unet: Any, latents: Tensor, hidden: Tensor, signal: Tensor) -> Tensor:
    """Mean squared error of the predicted velocity (Salimans & Ho 2022, appendix D)."""
    timesteps = draw_timesteps(len(latents)).to(latents.device)
    share = signal[timesteps].view(-1, 1, 1, 1)
    noise = torch.randn_like(latents)
    noisy = share.sqrt() * latents + (1 - share).sqrt() * noise
    velocity = share.sqrt() * noise - (1 - share).sqrt() * latents
    with half_precision():
        predicted = unet(noisy, timesteps, hidden).sample
    return torch.nn.functional.mse_loss(predicted.float(), velocity)


def train_unet(
    path: Path,
    steps: int,
    batches: Callable[[random.Random], Batches],
    check: Callable[[Any, int], None],
    *,
    batch: int = BATCH,
    peak: float = 1e-3,
    check_every: int = 1000,
    save_every: int = 250,
    seed: int = 0,
) -> Training:
    """Train from the checkpoint at `path`, or from the start, up to `steps` steps.

    Args:
        batches: Makes the source of batches that draws with the run's own random state.
        check: Called with the averaged UNet and the step every `check_every` steps.
    """
    torch.manual_seed(seed)
    run = Training.start(new_unet(), seed=seed)
    if path.exists():
        run.load(path)
    source, signal = batches(run.rng), alphas_cumprod().to(device())
    began, first, total = time.perf_counter(), run.step, 0.0
    while run.step < steps:
        loss = v_loss(run.model, *source.draw(batch), signal)
        run.update(loss, learning_rate(run.step, steps, peak))
        total += loss.item()
        if run.step % 50 == 0:
            pace = (time.perf_counter() - began) / (run.step - first)
            print(f"unet {run.step}/{steps} loss {total / 50:.4f} {batch / pace:.0f} samples a second", flush=True)
            total = 0.0
        if run.step % save_every == 0 or run.step == steps:
            run.save(path)
        if run.step % check_every == 0 or run.step == steps:
            check(run.average, run.step)
    return run
