"""Guidance in a part of the steps, and outside of it the positive side alone, as diffusers' callback has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.callbacks import SDCFGCutoffCallback
from tests.nodes.tiny import load_pipeline

from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.guidance import at_turn, guidance
from latentgraph.nodes.latents import draw_noise, make_latents
from latentgraph.nodes.load import load_model
from latentgraph.nodes.random_state import random_state
from latentgraph.nodes.schedule import schedule
from latentgraph.nodes.schedule_part import part_of_schedule
from latentgraph.nodes.text import encode, tokenize
from latentgraph.nodes.values import Conditioning, Timestep


def test_an_end_gives_the_latents_of_diffusers_cutoff_callback(tiny_folder: Path) -> None:
    pipeline = load_pipeline(tiny_folder)
    pipeline.set_progress_bar_config(disable=True)
    cutoff: Any = SDCFGCutoffCallback
    theirs = pipeline(
        "a red circle", negative_prompt="a cat", num_inference_steps=4, guidance_scale=5.0, height=32, width=32,
        generator=torch.Generator().manual_seed(3), output_type="latent",
        callback_on_step_end=cutoff(cutoff_step_ratio=0.2),
    ).images  # fmt: skip

    model = load_model(str(tiny_folder))
    positive, negative = (
        encode(model.text_encoder, tokenize(model.tokenizer, text)) for text in ("a red circle", "a cat")
    )
    timesteps, state = schedule(model.scheduler, 4)
    noise, random = draw_noise(model.denoiser, model.vae, random_state(3), height=32, width=32)
    latents = make_latents(noise, state)
    # The callback acts behind its step, so that step 1 of PNDM's 5 turns (0.2 times 5) is guided still.
    told = guidance(positive, negative, scale=5.0, end=0.4)
    for timestep in timesteps:
        latents, state, random = denoise_step(model.denoiser, latents, timestep, state, random, told)
    assert torch.equal(latents.samples, theirs)


def test_only_turns_inside_the_interval_are_guided() -> None:
    side = Conditioning(torch.zeros(1, 77, 8))
    told = guidance(side, side, start=0.2, end=0.8)
    turns = [at_turn(told, Timestep(torch.tensor(0), index, 10)).guided for index in range(10)]
    assert turns == [False, False, True, True, True, True, True, True, False, False]


def test_outside_of_it_what_is_told_beside_the_text_is_that_of_the_positive_side() -> None:
    from dataclasses import replace

    side = Conditioning(torch.zeros(2, 77, 8))
    told = replace(guidance(side, side, end=0.5), added={"time_ids": torch.arange(4)})
    alone = at_turn(told, Timestep(torch.tensor(0), 9, 10))
    assert alone.embeddings is side.embeddings
    assert alone.added["time_ids"].tolist() == [2, 3]


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    side = Conditioning(torch.zeros(1, 77, 8))
    with pytest.raises(ValueError, match=r"^start is 0\.5 and end is 0\.5; guidance has to begin before it ends$"):
        guidance(side, side, start=0.5, end=0.5)


def test_whole_guidance_counts_at_turns_that_nobody_counted_and_a_part_of_it_has_to_be_told() -> None:
    side = Conditioning(torch.zeros(1, 77, 8))
    late = Timestep(torch.tensor(0), 3)
    assert at_turn(guidance(side, side), late).guided
    with pytest.raises(ValueError, match="has to be told how many there are"):
        at_turn(guidance(side, side, end=0.5), late)


def test_a_part_of_a_schedule_counts_its_turns() -> None:
    model = load_model()
    timesteps, _ = part_of_schedule(*schedule(model.scheduler, 10), denoising_end=0.5)
    assert {one.count for one in timesteps} == {len(timesteps)}
