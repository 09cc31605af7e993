"""UNets that come alone in a file: the same bits as in their folder, whatever their tensors are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.original_names import single_file_tensors
from tests.nodes.parity_families import LIBRARY
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes import load_denoiser, load_model
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.load_denoiser import describe_denoiser
from latentgraph.nodes.loading.denoiser_file import PREFIX, DenoiserFile, ReadsDenoiser

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
Tensors = dict[str, torch.Tensor]


def original(pipeline: Any) -> Tensors:
    return {name: one for name, one in single_file_tensors(pipeline).items() if name.startswith(PREFIX)}


def bare(pipeline: Any) -> Tensors:
    return {name.removeprefix(PREFIX): one for name, one in original(pipeline).items()}


def of_diffusers(pipeline: Any) -> Tensors:
    return {name: one.contiguous().clone() for name, one in pipeline.unet.state_dict().items()}


@pytest.mark.parametrize("named", [original, bare, of_diffusers])
def test_a_unet_in_a_file_is_that_of_its_folder(
    named: Callable[[Any], Tensors], tiny_folder: Path, tmp_path: Path
) -> None:
    pipeline = load_pipeline(tiny_folder)
    save_file(named(pipeline), tmp_path / "unet.safetensors")
    opened = load_denoiser(str(tmp_path / "unet.safetensors"), str(tiny_folder))
    module, wanted = loaded(opened.denoiser), pipeline.unet.state_dict()
    assert set(module.state_dict()) == set(wanted)
    assert all(torch.equal(one, wanted[name]) for name, one in module.state_dict().items())
    assert opened.denoiser.family == "sd1"
    assert opened.denoiser.parameters == sum(one.numel() for one in wanted.values())
    model = load_model(str(tiny_folder))
    assert opened.scheduler.digest == model.scheduler.digest
    with torch.no_grad():
        latents, text = torch.randn(1, 4, 8, 8), torch.randn(1, 5, module.config.cross_attention_dim)
        made, exact = (one(latents, 500, text).sample for one in (module, pipeline.unet))
    torch.testing.assert_close(made, exact, rtol=1e-4, atol=1e-5)  # Tensors that lie otherwise are summed otherwise.


def test_one_of_sdxl_and_one_that_was_trained_to_inpaint(tmp_path: Path) -> None:
    build_tiny_sdxl(tmp_path / "sdxl")
    pipeline = LIBRARY.StableDiffusionXLPipeline.from_pretrained(tmp_path / "sdxl")
    save_file(bare(pipeline), tmp_path / "xl.safetensors")
    opened = load_denoiser(str(tmp_path / "xl.safetensors"), str(tmp_path / "sdxl"))
    assert opened.denoiser.family == opened.scheduler.family == "sdxl"
    assert torch.equal(loaded(opened.denoiser).conv_in.weight, pipeline.unet.conv_in.weight)
    wider = bare(pipeline)
    wider["input_blocks.0.0.weight"] = torch.zeros(32, 9, 3, 3)
    save_file(wider, tmp_path / "inpaint.safetensors")
    literals = {"unet": str(tmp_path / "inpaint.safetensors"), "config": str(tmp_path / "sdxl")}
    assert describe_denoiser(literals) == {"denoiser": "sdxl/mask", "scheduler": "sdxl"}
    assert loaded(load_denoiser(**literals).denoiser).conv_in.in_channels == 9


@pytest.mark.parametrize(("width", "family"), [(768, "sd1"), (1024, "sd2"), (2048, "sdxl"), (1280, "sdxl")])
def test_the_width_of_the_text_tells_the_family(width: int, family: str, tmp_path: Path) -> None:
    tensors = {
        "conv_in.weight": torch.zeros(1, 4, 1, 1),
        "conv_out.weight": torch.zeros(4, 1, 1, 1),
        "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": torch.zeros(1, width),
    }
    save_file(tensors, tmp_path / "unet.safetensors")
    opened = load_denoiser(str(tmp_path / "unet.safetensors"))
    assert (opened.denoiser.family, opened.scheduler.family) == (family, family)


def test_a_file_that_lacks_some_of_it_is_told_when_it_is_read(tiny_folder: Path, tmp_path: Path) -> None:
    tensors = bare(load_pipeline(tiny_folder))
    del tensors["out.0.weight"]
    save_file(tensors, tmp_path / "unet.safetensors")
    opened = load_denoiser(str(tmp_path / "unet.safetensors"), str(tiny_folder))
    with pytest.raises(AccessError, match="weights and configuration do not fit: it lacks tensors of its UNet"):
        loaded(opened.denoiser)


def refusal(path: Path, config: str | None = None) -> str:
    """What is said of a file, by the check and, of its configuration, by the node."""
    try:
        ReadsDenoiser().resolve(str(path), FileAccess(), given=True)
        load_denoiser(str(path), config)
    except AccessError as error:
        return error.message
    return ""


def test_what_is_no_unet_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline(tiny_folder)
    save_file(single_file_tensors(pipeline), tmp_path / "whole.safetensors")
    assert "is a whole model" in refusal(tmp_path / "whole.safetensors")
    save_file({"lora_unet_x": torch.zeros(1)}, tmp_path / "lora.safetensors")
    assert "holds no UNet that is known" in refusal(tmp_path / "lora.safetensors")
    control = LIBRARY.ControlNetModel.from_unet(pipeline.unet, conditioning_embedding_out_channels=(16, 32))
    save_file(control.state_dict(), tmp_path / "control.safetensors")
    assert "holds no UNet that is known" in refusal(tmp_path / "control.safetensors")
    (tmp_path / "unet.ckpt").write_bytes(b"")
    assert "is a pickle" in refusal(tmp_path / "unet.ckpt")
    (tmp_path / "broken.safetensors").write_bytes(b"\x05")
    assert "broken.safetensors" in refusal(tmp_path / "broken.safetensors")
    assert "is no file" in refusal(tiny_folder)


def test_a_configuration_that_does_not_fit_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    save_file(bare(load_pipeline(tiny_folder)), tmp_path / "unet.safetensors")
    assert "reads texts of 32 numbers a token, as no Stable Diffusion does" in refusal(tmp_path / "unet.safetensors")
    assert "and its configuration says 768" in refusal(tmp_path / "unet.safetensors", "builtin:sd1")
    file = str(tmp_path / "unet.safetensors")
    assert "is a file without a configuration" in refusal(tmp_path / "unet.safetensors", file)
    assert DenoiserFile(tmp_path / "unet.safetensors", "x").in_channels == 4
