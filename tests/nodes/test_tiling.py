"""Decoding in tiles: what it changes of the picture, and that it changes nothing of the shared VAE."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from diffusers.utils.torch_utils import TorchDeviceBackend

from latentgraph.graph.context import RunContext
from latentgraph.nodes import decode, encode_image_mean, load_model
from latentgraph.nodes.decode import to_unit_range, unscaled
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.latents import pixels_per_cell
from latentgraph.nodes.memory import Waiting
from latentgraph.nodes.tiling import resolve_tiling, tiled
from latentgraph.nodes.values import Image


def context(**settings: str) -> RunContext:
    return RunContext(settings={"device": "cpu", "dtype": "float32", **settings})


def drawing() -> Image:
    """A picture of 256 × 192 pixels with colours that change slowly and an edge."""
    down, across = torch.meshgrid(torch.linspace(0, 1, 192), torch.linspace(0, 1, 256), indexing="ij")
    disc = ((down - 0.5) ** 2 + (across - 0.5) ** 2 < 0.1).float()
    return Image(torch.stack([down, across, disc])[None])


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model()


@pytest.fixture(scope="module")
def latents(model: Any) -> Any:
    return encode_image_mean(model.vae, drawing(), context=context())


def test_tiles_change_the_picture_a_little_and_the_setting_does_as_the_port(model: Any, latents: Any) -> None:
    whole = decode(model.vae, latents, context=context()).samples
    by_port = decode(model.vae, latents, tile=128, context=context(tiling="64")).samples
    by_setting = decode(model.vae, latents, context=context(tiling="128")).samples
    assert torch.equal(by_port, by_setting)
    # The VAE that ships learned pictures of 64 pixels, and its tiles see little beside their edges.
    assert 0 < (by_port - whole).abs().mean() < 0.06


def test_the_tiles_are_those_of_diffusers(model: Any, latents: Any) -> None:
    own = copy.deepcopy(loaded(model.vae, context()))
    own.enable_tiling()
    own.tile_sample_min_size, own.tile_latent_min_size = 128, 128 // pixels_per_cell(model.vae.config)
    with torch.no_grad():
        theirs = own.decode(unscaled(own.config, latents.samples), return_dict=False)[0]
    made = decode(model.vae, latents, tile=128, context=context()).samples
    assert torch.equal(made, to_unit_range(theirs))


def test_what_is_no_larger_than_a_tile_is_decoded_at_once(model: Any, latents: Any) -> None:
    whole = decode(model.vae, latents, context=context()).samples
    assert torch.equal(decode(model.vae, latents, tile=256, context=context()).samples, whole)


def test_the_shared_module_stays_as_it_is(model: Any, latents: Any) -> None:
    run = context()
    module = loaded(model.vae, run)
    before = dict(vars(module))
    view = tiled(module, 128, run)
    assert (view is module, module.use_tiling, view.use_tiling) == (False, False, True)
    decode(model.vae, latents, tile=128, context=run)
    assert vars(module) == before
    assert all(one is other for one, other in zip(module.parameters(), view.parameters(), strict=True))
    assert tiled(module, 0, run) is module


def test_a_vae_that_waits_elsewhere_comes_for_its_tiles(
    model: Any, latents: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TorchDeviceBackend, "mem_get_info", lambda self: (2**40, 2**40))
    run = context()
    wanted = decode(model.vae, latents, tile=128, context=run).samples
    Waiting("cpu", "offload").take(loaded(model.vae, run))
    assert torch.equal(decode(model.vae, latents, tile=128, context=run).samples, wanted)


def test_a_small_decoder_decodes_at_once() -> None:
    small = torch.nn.Identity()
    assert tiled(small, 128, context()) is small


def test_only_whole_tiles_are_taken() -> None:
    assert [resolve_tiling(asked, {}) for asked in ("off", "64", "512")] == ["off", "64", "512"]
    for asked in ("on", "0", "100", "-64"):
        with pytest.raises(
            ValueError, match="is no size of a tile; take a multiple of 64 in pixels, such as 512, or off"
        ):
            resolve_tiling(asked, {})
