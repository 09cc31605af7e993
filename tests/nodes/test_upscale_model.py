"""Upscale models: read in all three layouts of names, in tiles as well as whole, and refused where they are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes import load_upscale_model, upscale_image
from latentgraph.nodes.handles import UpscaleModel
from latentgraph.nodes.loading.esrgan import ReadsUpscaleModel, UpscaleConfig
from latentgraph.nodes.loading.rrdb import RRDBNet
from latentgraph.nodes.upscale_model import starts, tiled
from latentgraph.nodes.values import Image


def first_layout(name: str, doublings: int) -> str:
    """The name that the first ESRGAN files have for a tensor of Real-ESRGAN's."""
    if found := re.fullmatch(r"body\.(\d+)\.rdb(\d)\.(conv\d)\.(\w+)", name):
        return f"model.1.sub.{found[1]}.RDB{found[2]}.{found[3]}.0.{found[4]}"
    part, what = name.rsplit(".", 1)
    hr = 3 * doublings + 2
    places = {"conv_first": 0, "conv_hr": hr, "conv_last": hr + 2}
    if part == "conv_body":
        return f"model.1.sub.2.{what}"
    return f"model.{places.get(part) if part in places else 3 * int(part[-1])}.{what}"


def later_layout(name: str, doublings: int) -> str:
    """The name in ESRGAN's later code."""
    for new, old in (("body.", "RRDB_trunk."), ("conv_RRDB_trunk.", "trunk_conv."), ("conv_hr", "HRconv"),
                     ("conv_up", "upconv"), ("rdb", "RDB")):  # fmt: skip
        name = name.replace(new, old)
    return name


LAYOUTS: dict[str, Callable[[str, int], str]] = {
    "first": first_layout,
    "later": later_layout,
    "real": lambda name, doublings: name,
}


@pytest.fixture
def picture() -> Image:
    return Image(torch.rand(2, 3, 10, 14, generator=torch.manual_seed(3)))


def network(doublings: int, unshuffle: int = 1) -> Any:
    torch.manual_seed(0)
    made: Any = RRDBNet(UpscaleConfig(features=8, growth=4, blocks=2, doublings=doublings, unshuffle=unshuffle))
    return made


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("doublings", [0, 1, 2, 3])
def test_every_layout_of_names_gives_the_network(layout: str, doublings: int, tmp_path: Path, picture: Image) -> None:
    made = network(doublings)
    save_file({LAYOUTS[layout](n, doublings): t for n, t in made.state_dict().items()}, tmp_path / "up.safetensors")
    model = load_upscale_model(str(tmp_path / "up.safetensors")).upscale_model
    assert model.config["scale"] == 2**doublings
    with torch.no_grad():
        wanted = torch.cat([made(one.unsqueeze(0)) for one in picture.samples]).clamp(0, 1)
    assert torch.equal(upscale_image(model, picture).samples, wanted)


@pytest.mark.parametrize(("unshuffle", "scale"), [(2, 2), (4, 1)])
def test_a_network_that_unshuffles_takes_edges_that_are_no_multiples(
    unshuffle: int, scale: int, tmp_path: Path, picture: Image
) -> None:
    save_file(network(2, unshuffle).state_dict(), tmp_path / "up.safetensors")
    model = load_upscale_model(str(tmp_path / "up.safetensors")).upscale_model
    assert (model.config["scale"], model.config["unshuffle"]) == (scale, unshuffle)
    assert upscale_image(model, picture).samples.shape == (2, 3, 10 * scale, 14 * scale)


def test_a_block_computes_what_the_paper_says() -> None:
    block: Any = network(1).body[0].rdb1
    x = torch.rand(1, 8, 5, 5)
    with torch.no_grad():
        y = [x]
        for number in range(1, 5):
            y.append(nn.functional.leaky_relu(block.get_submodule(f"conv{number}")(torch.cat(y, 1)), 0.2))
        assert torch.equal(block(x), x + 0.2 * block.get_submodule("conv5")(torch.cat(y, 1)))


class Doubling(nn.Module):
    """Nearest pixels twice as large: what it gives does not depend on the tile."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


@pytest.mark.parametrize("size", [(64, 64), (65, 130), (200, 70), (64, 300)])
def test_tiles_cover_the_picture_and_their_weights_make_one(size: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *size)
    torch.testing.assert_close(tiled(Doubling(), picture, 2, 64, 16), Doubling()(picture))


def test_tiles_end_with_the_edge() -> None:
    assert starts(64, 64, 16) == [0]
    assert starts(65, 64, 16) == [0, 1]
    assert starts(160, 64, 16) == [0, 48, 96]


def test_an_overlap_of_half_a_tile_is_refused(picture: Image) -> None:
    model = UpscaleModel.of(network(1))
    with pytest.raises(ValueError, match="overlap is 32, and tile 64; neighbours may share less than half of a tile"):
        upscale_image(model, picture, tile=64, overlap=32)


def test_what_is_no_upscale_model_is_refused(tmp_path: Path) -> None:
    def said(name: str) -> str:
        with pytest.raises(AccessError) as refused:
            ReadsUpscaleModel().resolve(str(tmp_path / name), FileAccess(), given=True)
        return str(refused.value)

    (tmp_path / "old.pth").write_bytes(b"PK\x03\x04")
    assert "is a pickle" in said("old.pth")
    assert "safetensors" in said("old.pth")
    (tmp_path / "picture.png").write_bytes(b"")
    assert "an upscale model is a .safetensors file" in said("picture.png")
    save_file({"something": torch.zeros(1)}, tmp_path / "else.safetensors")
    assert "is no upscale model of the ESRGAN kind" in said("else.safetensors")
    del (tensors := network(2).state_dict())["conv_hr.weight"]
    save_file(tensors, tmp_path / "part.safetensors")
    assert "is no upscale model of the ESRGAN kind" in said("part.safetensors")
