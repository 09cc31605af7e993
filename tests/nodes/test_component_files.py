"""ControlNets, T2I-Adapters and image encoders in a single file: what the header says is what the module becomes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.original_names import unet_name
from tests.nodes.tiny_families import tiny_unet
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from latentgraph.graph.access import AccessError
from latentgraph.nodes.handles import ControlNet, Handle, ImageEncoder, T2IAdapter, loaded
from latentgraph.nodes.loading.component import open_component

library: Any = diffusers  # Untyped.


def control_name(name: str, layers: int) -> str:
    """The name that the code of its authors has for a tensor of a ControlNet."""
    if found := re.match(r"controlnet_cond_embedding\.(conv_in|conv_out|blocks\.(\d+))\.(\w+)", name):
        number = {"conv_in": 0, "conv_out": 14}.get(found[1], 2 * (int(found[2] or 0) + 1))
        return f"input_hint_block.{number}.{found[3]}"
    if found := re.match(r"controlnet_(down_blocks\.(\d+)|mid_block)\.(\w+)", name):
        return f"zero_convs.{found[2]}.0.{found[3]}" if found[2] else f"middle_block_out.0.{found[3]}"
    return unet_name(name, layers, [])


def save_controlnet(path: Path, net: Any, start: str = "control_model.") -> None:
    """A ControlNet in a file as its authors write it."""
    layers = net.config.layers_per_block
    save_file({start + control_name(n, layers): t.contiguous() for n, t in net.state_dict().items()}, path)


def save_t2i_adapter(path: Path, adapter: Any) -> None:
    """A T2I-Adapter in a file as its authors write it."""
    per_level = adapter.config.num_res_blocks
    tensors = {}
    for name, tensor in adapter.state_dict().items():
        short = name.removeprefix("adapter.")
        if found := re.fullmatch(r"body\.(\d+)\.resnets\.(\d+)\.(.*)", short):
            short = f"body.{int(found[1]) * per_level + int(found[2])}.{found[3]}"
        elif found := re.fullmatch(r"body\.(\d+)\.(in_conv\..*)", short):
            short = f"body.{int(found[1]) * per_level}.{found[2]}"
        tensors[short] = tensor.contiguous()
    save_file(tensors, path)


def same_weights(handle: Handle, module: Any) -> None:
    made = loaded(handle)
    wanted, given = module.state_dict(), made.state_dict()
    assert wanted.keys() == given.keys()
    assert all(torch.equal(given[name], tensor) for name, tensor in wanted.items())


def controlnet(**config: Any) -> Any:
    torch.manual_seed(0)
    net = library.ControlNetModel.from_unet(
        tiny_unet(**{"cross_attention_dim": 32, **config}), conditioning_embedding_out_channels=(16, 32, 96, 256)
    )
    for parameter in net.parameters():  # Those that begin at zero would all be equal.
        torch.nn.init.normal_(parameter, std=0.05)
    return net.eval()


@pytest.mark.parametrize("start", ["control_model.", ""])
def test_a_controlnet_of_its_authors_gives_what_the_module_gives(start: str, tmp_path: Path) -> None:
    net = controlnet()
    save_controlnet(tmp_path / "net.safetensors", net, start)
    handle = open_component(ControlNet, str(tmp_path / "net.safetensors"))
    assert (handle.family, handle.class_name) == ("sd1", "ControlNetModel")
    same_weights(handle, net)
    told = {"encoder_hidden_states": torch.rand(1, 7, 32), "controlnet_cond": torch.rand(1, 3, 64, 64)}
    asked = (torch.rand(1, 4, 8, 8), torch.tensor(5))
    with torch.no_grad():
        wanted, given = (one(*asked, **told, return_dict=False) for one in (net, loaded(handle)))
    assert all(torch.equal(a, b) for a, b in zip([*wanted[0], wanted[1]], [*given[0], given[1]], strict=True))


@pytest.mark.parametrize("width", [1024, 2048])
def test_a_controlnet_for_another_family_is_known_by_its_width_and_what_is_added(width: int, tmp_path: Path) -> None:
    added = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 1576,
    }
    config = {"use_linear_projection": True, "attention_head_dim": (1, 1), **(added if width == 2048 else {})}
    net = controlnet(cross_attention_dim=width, **config)
    for name in ("original", "diffusers"):
        if name == "original":
            save_controlnet(tmp_path / f"{name}.safetensors", net)
        else:
            save_file(net.state_dict(), tmp_path / f"{name}.safetensors")
        handle = open_component(ControlNet, str(tmp_path / f"{name}.safetensors"))
        assert handle.family == ("sdxl" if width == 2048 else "sd2")
        same_weights(handle, net)
        assert list(handle.config["attention_head_dim"]) == [1, 1]


@pytest.mark.parametrize(("kind", "edge"), [("full_adapter", 8), ("full_adapter_xl", 16)])
@pytest.mark.parametrize("pixels", [1, 3])
def test_a_t2i_adapter_of_its_authors_gives_what_the_module_gives(
    kind: str, edge: int, pixels: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    adapter = library.T2IAdapter(
        in_channels=pixels, channels=[8, 16, 24, 24], num_res_blocks=2, downscale_factor=edge, adapter_type=kind
    ).eval()
    save_t2i_adapter(tmp_path / "original.safetensors", adapter)
    save_file(adapter.state_dict(), tmp_path / "diffusers.safetensors")
    picture = torch.rand(1, pixels, 64, 64)
    for name in ("original", "diffusers"):
        handle = open_component(T2IAdapter, str(tmp_path / f"{name}.safetensors"))
        assert handle.family == ("sdxl" if edge == 16 else "sd1")
        same_weights(handle, adapter)
        with torch.no_grad():
            pairs = zip(adapter(picture), loaded(handle)(picture), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs)


def test_an_image_encoder_gives_what_the_module_gives(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made: Any = CLIPVisionModelWithProjection  # Untyped.
    encoder = made(
        CLIPVisionConfig(
            hidden_size=64,
            intermediate_size=37,
            num_attention_heads=1,
            num_hidden_layers=2,
            image_size=30,
            patch_size=15,
            projection_dim=40,
            hidden_act="gelu",
        )
    ).eval()
    save_file(encoder.state_dict(), tmp_path / "clip.safetensors")
    handle = open_component(ImageEncoder, str(tmp_path / "clip.safetensors"))
    assert handle.config["image_size"] == 30
    pixels = torch.rand(1, 3, 30, 30)
    with torch.no_grad():
        assert torch.equal(loaded(handle)(pixels).image_embeds, encoder(pixels).image_embeds)


@pytest.mark.parametrize("kind", [ControlNet, T2IAdapter, ImageEncoder])
def test_what_is_no_such_part_is_refused(kind: type[Handle], tmp_path: Path) -> None:
    save_file({"something": torch.zeros(1)}, tmp_path / "else.safetensors")
    with pytest.raises(AccessError, match=r"else.safetensors' is a file, and no .* in a layout that is known"):
        open_component(kind, str(tmp_path / "else.safetensors"))
    (tmp_path / "old.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(AccessError, match="is a pickle"):
        open_component(kind, str(tmp_path / "old.pth"))
