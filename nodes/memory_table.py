"""The measured table of what models take in memory while they compute; `tests/bench/activations.py` makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from latentgraph.nodes.handles import Handle


@cache
def table() -> Mapping[str, Any]:
    """As it stands in memory_table.json."""
    data: Mapping[str, Any] = json.loads(files("latentgraph.nodes").joinpath("memory_table.json").read_text("utf-8"))
    return data


def numbers_while_computing(call: str, handle: Handle, units: int, rows: int, *, on_gpu: bool) -> float:
    """How many numbers live at most beside the weights of a model while it computes.

    Args:
        call: What it computes: denoise, control, decode, encode, read, look; and with what a gradient needs: learn (the
            denoiser, for its text), steer (the decoder, for its latents).
        handle: The model.
        units: Cells of latents, or pixels where it decodes or encodes a picture.
        rows: How many there are at once.
        on_gpu: Whether it computes there: a processor's libraries take more for a moment, as far as that was measured.

    Returns:
        0 where nothing like it was measured.
    """
    family, width = handle.family.partition("/")[0], width_of(call, handle)
    alike = [one for one in table()["entries"] if one["call"] == call and one["class"] == handle.class_name]
    alike = [one for one in alike if one["family"] == family] or alike
    if not alike:
        alike = [one for one in table()["entries"] if one["call"] == call and call in ("read", "look")]
    if not alike or not width:
        return 0.0
    nearest = min(alike, key=lambda one: abs(one["width"] - width))
    each: float = nearest["numbers_a_unit"] * units + nearest["numbers_a_row"]
    more: float = 1.0 if on_gpu else nearest["on_a_processor"]
    return float(each * rows * width / nearest["width"] * more)


def width_of(call: str, handle: Handle) -> int:
    """What a model's numbers are proportional to: how many channels there are where most of them are."""
    config = handle.config
    channels = config.get("block_out_channels")
    if channels:
        # The decoder's widest picture still has the channels of the level below.
        return int(channels[min(1, len(channels) - 1)] if call in ("decode", "steer") else channels[0])
    if "num_attention_heads" in config and "attention_head_dim" in config:
        return int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    vision = config.get("vision_config")
    if isinstance(vision, Mapping):
        config = vision
    return int(config.get("hidden_size") or config.get("d_model") or 0)
