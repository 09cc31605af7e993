"""A VAE in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.original_names import VAE_ATTENTION, vae_name
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.access import AccessError
from latentgraph.nodes.decode import decode
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.image_latents import encode_image_mean
from latentgraph.nodes.load import load_model
from latentgraph.nodes.load_vae import load_vae
from latentgraph.nodes.values import Image, Latents


def original(vae: Any) -> dict[str, torch.Tensor]:
    """Its tensors by the names of the original code."""
    levels, named = len(vae.config.block_out_channels), {}
    for name, tensor in vae.state_dict().items():
        old = vae_name(name, levels)
        convolved = ".attn_1." in old and old.endswith("weight") and VAE_ATTENTION[0][1] not in old.split(".")
        named[old] = (tensor[..., None, None] if convolved and tensor.ndim == 2 else tensor).contiguous().clone()
    return named


@pytest.mark.parametrize("layout", ["original", "checkpoint", "diffusers"])
def test_a_file_in_either_layout_gives_the_pictures_of_the_models_own(
    tiny_folder: Path, tmp_path: Path, layout: str
) -> None:
    vae, path = load_pipeline(tiny_folder).vae, tmp_path / "vae.safetensors"
    if layout == "diffusers":
        save_file({name: tensor.contiguous().clone() for name, tensor in vae.state_dict().items()}, path)
    else:
        start = "first_stage_model." if layout == "checkpoint" else ""
        save_file({start + name: tensor for name, tensor in original(vae).items()}, path)
    latents = Latents(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)), 16, 16, family="sd1")
    opened, own = load_vae(str(path)).vae, load_model(str(tiny_folder)).vae
    assert torch.equal(decode(opened, latents).samples, decode(own, latents).samples)
    assert opened.family == "sd1"


def test_the_family_decides_the_scale_of_the_latents(tiny_folder: Path) -> None:
    folder = str(tiny_folder / "vae")
    for family, scale in (("sd1", 0.18215), ("sd2", 0.18215), ("sdxl", 0.13025)):
        opened = load_vae(folder, family).vae  # type: ignore[arg-type]
        assert (opened.family, opened.full_precision) == (family, family == "sdxl")
        assert loaded(opened).config.scaling_factor == scale == opened.config["scaling_factor"]


def test_a_file_that_is_no_vae_says_so(tmp_path: Path) -> None:
    save_file({"lora_down": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(AccessError, match="is a file, and no VAE in a layout that is known"):
        load_vae(str(tmp_path / "x.safetensors"))


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """A small decoder, in a folder of its own; the module is that which diffusers loads from it."""
    import diffusers

    library: Any = diffusers  # Untyped.
    torch.manual_seed(0)
    blocks = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    counts = {"num_encoder_blocks": (1, 1), "num_decoder_blocks": (1, 1)}
    library.AutoencoderTiny(**blocks, **counts).save_pretrained(tmp_path)
    return library.AutoencoderTiny.from_pretrained(tmp_path)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_small_decoder_gives_the_pictures_of_diffusers(small: Any, tmp_path: Path, family: Any) -> None:
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    vae = load_vae(str(tmp_path), family).vae
    assert (vae.family, vae.class_name, vae.full_precision) == (family, "AutoencoderTiny", False)
    made = decode(vae, Latents(samples, 16, 16, family=family)).samples
    with torch.no_grad():
        wanted = small.decode(samples / small.config.scaling_factor, return_dict=False)[0]
    assert torch.equal(made, (wanted * 0.5 + 0.5).clamp(0, 1))


def test_a_small_decoder_encodes_nothing_and_says_what_to_take(small: Any, tmp_path: Path) -> None:
    vae = load_vae(str(tmp_path)).vae
    with pytest.raises(ValueError, match=r"^an AutoencoderTiny only decodes here; encode pictures by"):
        encode_image_mean(vae, Image(torch.zeros(1, 3, 16, 16)))
