"""What the tests build by hand: text to image as the nodes of the shipped model make it, in a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PROMPT = "a blue star"
SEED = 4
STEPS = 3


def _inputs(**links: str) -> dict[str, dict[str, str]]:
    return {port: {"from": end} for port, end in links.items()}


LOOP: dict[str, Any] = {
    "type": "loop",
    "each": _inputs(timesteps="schedule.timesteps"),
    "carry": {
        "latents": {"from": "make_latents.latents", "next": "denoise_step.latents"},
        "state": {"from": "schedule.state", "next": "denoise_step.state"},
        "random": {"from": "draw_noise.random", "next": "denoise_step.random"},
    },
    "inputs": _inputs(denoiser="load_model.denoiser", guidance="guidance.guidance"),
    "nodes": {
        "denoise_step": {
            "type": "denoise_step",
            "inputs": _inputs(
                denoiser="loop.denoiser",
                latents="loop.latents",
                timestep="loop.timesteps",
                state="loop.state",
                random="loop.random",
                guidance="loop.guidance",
            ),
        }
    },
}
TEXT_TO_IMAGE: dict[str, Any] = {
    "latentgraph": 1,
    "nodes": {
        "load_model": {"type": "load_model"},
        "tokenize": {"type": "tokenize", "inputs": {**_inputs(tokenizer="load_model.tokenizer"), "text": PROMPT}},
        "encode": {
            "type": "encode",
            "inputs": _inputs(text_encoder="load_model.text_encoder", tokens="tokenize.tokens"),
        },
        "guidance": {"type": "guidance", "inputs": _inputs(positive="encode.conditioning")},
        "random_state": {"type": "random_state", "inputs": {"seed": SEED}},
        "draw_noise": {
            "type": "draw_noise",
            "inputs": _inputs(denoiser="load_model.denoiser", vae="load_model.vae", random="random_state.random_state"),
        },
        "schedule": {
            "type": "schedule",
            "inputs": {**_inputs(scheduler="load_model.scheduler"), "num_inference_steps": STEPS},
        },
        "make_latents": {"type": "make_latents", "inputs": _inputs(noise="draw_noise.noise", state="schedule.state")},
        "denoise": LOOP,
        "decode": {"type": "decode", "inputs": _inputs(vae="load_model.vae", latents="denoise.latents")},
    },
    "outputs": {"image": {"from": "decode.image"}},
}


def same_pixels(one: Path, other: Path) -> bool:
    """Whether two pictures are equal, whatever else their files say."""
    import PIL.Image

    with PIL.Image.open(one) as first, PIL.Image.open(other) as second:
        return first.size == second.size and first.convert("RGB").tobytes() == second.convert("RGB").tobytes()
