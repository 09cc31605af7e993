"""Latents and conditioning come back from their files as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from latentgraph.graph.document import read_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.sink import Sink
from latentgraph.nodes import draw_noise, load_conditioning, load_latents, load_model, random_state, save_latents
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.tensor_files import read_record
from latentgraph.nodes.values import Conditioning, Latents, Noise

LATENTS = Latents(torch.randn(2, 4, 8, 6), 64, 48, scaled=False, family="sd1")
CONDITIONING = Conditioning(
    torch.randn(2, 77, 8), torch.ones(2, 77), torch.randn(2, 5), {"time_ids": torch.ones(2, 6)}, "sdxl"
)


def saved(value: Latents | Conditioning, folder: Path) -> str:
    """The file that a value becomes."""
    sink = Sink(folder, Registry.load().values, {"workflow": "{}"})
    sink.save(value, "kept")
    (path,) = sink.files["kept"]
    assert path.name == "kept-1.safetensors"
    assert read_record(path) == {"workflow": "{}"}
    return str(path)


def test_latents_come_back_as_they_were(tmp_path: Path) -> None:
    read = load_latents(saved(LATENTS, tmp_path))
    assert value_digest(read) == value_digest(LATENTS)


def test_conditioning_comes_back_as_it_was(tmp_path: Path) -> None:
    assert value_digest(load_conditioning(saved(CONDITIONING, tmp_path))) == value_digest(CONDITIONING)


def test_conditioning_is_repeated_for_the_images_of_each_prompt(tmp_path: Path) -> None:
    read = load_conditioning(saved(replace(CONDITIONING, extras={}), tmp_path), images_per_prompt=2)
    assert torch.equal(read.embeddings, CONDITIONING.embeddings.repeat_interleave(2, dim=0))


def test_rows_that_share_memory_are_saved(tmp_path: Path) -> None:
    shared = Latents(torch.randn(1, 4, 8, 8).expand(3, 4, 8, 8), 64, 64)
    read = load_latents(saved(shared, tmp_path))
    assert read is not None
    assert torch.equal(read.samples, shared.samples)


def test_without_a_file_there_are_no_latents_and_other_conditioning() -> None:
    assert load_latents(None) is None
    assert load_conditioning(None, CONDITIONING) is CONDITIONING
    with pytest.raises(ValueError, match="nothing to hand on"):
        load_conditioning(None)


def test_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"weight": torch.zeros(2, 2)}, path)
    with pytest.raises(ValueError, match=r"x\.safetensors holds no latents: a float tensor \(B, C, h, w\)"):
        load_latents(str(path))
    with pytest.raises(ValueError, match=r"x\.safetensors holds no conditioning: a float tensor \(B, T, D\)"):
        load_conditioning(str(path))
    path.write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=r"x\.safetensors is no safetensors file that can be read"):
        load_latents(str(path))
    assert read_record(path) == {}


def test_given_latents_are_taken_and_nothing_is_drawn() -> None:
    model, random = load_model(), random_state(1)
    given = Latents(torch.randn(2, 4, 6, 8), 24, 32)
    noise, after = draw_noise(model.denoiser, model.vae, random, batch=2, given=given)
    assert (noise.height, noise.width) == (24, 32)
    assert torch.equal(noise.samples, given.samples)
    assert after is random
    with pytest.raises(ValueError, match=r"the given latents are \(2, 4, 6, 8\); expected 3 images of 4 channels"):
        draw_noise(model.denoiser, model.vae, random, batch=3, given=given)


def test_noise_is_saved_as_latents() -> None:
    noise = Noise(LATENTS.samples, 64, 48, "sd1")
    assert save_latents(noise).samples is noise.samples


def test_a_prepared_start_gives_the_picture_of_its_prompt_and_seed(
    engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    shipped = Path(__file__).parents[2] / "workflows"
    same = {"model": str(tiny_folder), "prompt": "a red star", "negative_prompt": "blue"}
    first = engine.run(read_document(shipped / "prepare_start.json"), same | {"seed": 4}, out=tmp_path).result()
    assert set(first.files) == {"latents", "prompt_embeds", "negative_prompt_embeds"}
    whole = read_document(shipped / "text_to_image_every_argument.json")
    steps = {"num_inference_steps": 2}
    expected = engine.run(whole, same | steps | {"seeds": "4"}).result().values["latents"]
    files = {name: paths[0] for name, paths in first.files.items()}
    prepared = engine.run(whole, {"model": str(tiny_folder)} | steps | files).result()
    assert torch.equal(prepared.values["latents"].samples, expected.samples)
    assert prepared.files == {}  # Latents that are an output become no file by themselves.
