"""Nothing between two steps waits for the device: `meta` stands for a GPU, where whoever asks for a number fails."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import PNDMScheduler, UNet2DConditionModel

from latentgraph.nodes.guidance import guidance, guided_prediction
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.random_state import random_state
from latentgraph.nodes.schedule import schedule
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.text_keys import remember_text
from latentgraph.nodes.values import Conditioning, SchedulerState

BUILD: Any = UNet2DConditionModel  # Untyped.


@pytest.mark.parametrize("rescale", [0.0, 0.7])
def test_a_whole_guided_loop_asks_the_device_for_nothing(rescale: float) -> None:
    with torch.device("meta"):
        unet = BUILD(
            block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=32,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ).eval()  # fmt: skip
    remember_text(unet)
    side = Conditioning(torch.empty(1, 7, 32, device="meta"))
    told = guidance(side, side, scale=5.0, rescale=rescale, end=0.8)
    scheduler: Any = PNDMScheduler
    timesteps, state = schedule(Scheduler.of(scheduler(skip_prk_steps=True, steps_offset=1)), 5)
    random, samples = random_state(1), torch.empty(1, 4, 8, 8, device="meta")
    for timestep in timesteps:
        live = copied(state)
        positive, negative = predictions(unet, scaled_input(live, samples, timestep), timestep, told)
        if negative is not None:
            positive = guided_prediction(positive, negative, told.scale, told.rescale)
        samples, random = stepped(live, positive, timestep, samples, random, 0.0)
        state = SchedulerState(live)
    assert samples.shape == (1, 4, 8, 8)
