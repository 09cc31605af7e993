"""LoadLatent and SaveLatent: what lies in a file is sampled and decoded as ComfyUI does it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.comfyui import k_diffusion
from tests.nodes.comfyui.test_translated_runs import SIGMAS, comfyui, encoded, run
from tests.nodes.comfyui.test_translation import changed, translate
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.document import Document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture
def kept(tmp_path: Path) -> tuple[torch.Tensor, str]:
    """Latents as the VAE has them, and their file."""
    tensor = torch.randn((1, 4, 32, 32), generator=torch.Generator().manual_seed(3)) * 5
    path = tmp_path / "kept.latent"
    save_file({"latent_tensor": tensor, "latent_format_version_0": torch.tensor([])}, path)
    return tensor, str(path)


def test_a_latent_of_a_file_is_begun_at(
    engine: Engine, models: Mapping[str, Path], kept: tuple[torch.Tensor, str]
) -> None:
    tensor, path = kept
    nodes = changed(_3={"steps": 2, "denoise": 0.5, "latent_image": ["11", 0]})
    nodes["11"] = {"class_type": "LoadLatent", "inputs": {"latent": "kept.latent"}}
    made = run(nodes, engine, models, latent=path)["latents"].samples
    model = load_pipeline(models["sd1"])
    denoise = comfyui(
        model,
        made,
        encoded(model, [("a", 1.0), ("red", 1.3), ("circle", 1.0)]),
        encoded(model, [("text, watermark", 1.0)]),
        7.0,
    )
    first = tensor.double() * 0.18215
    levels = [float(SIGMAS[number]) for number in (333, 0)]  # The last two of four.
    noise = torch.randn(made.shape, generator=torch.Generator("cpu").manual_seed(5)).double()
    exact = k_diffusion.euler(first + noise * levels[0], [*levels, 0.0], denoise, k_diffusion.generator(0, made.shape))
    assert math.isfinite(exact.sum())
    torch.testing.assert_close(made.double(), exact, rtol=1e-3, atol=1e-3)


def test_a_latent_of_a_file_is_decoded_whichever_node_comes_first(
    registry: Registry, engine: Engine, models: Mapping[str, Path], kept: tuple[torch.Tensor, str]
) -> None:
    tensor, path = kept
    nodes = {
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["11", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}},
        "11": {"class_type": "LoadLatent", "inputs": {"latent": "kept.latent [input]"}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
    }
    made = translate(nodes, registry)
    assert made.untranslated == ()
    assert made.workflow.inputs["latent"].default == "./kept.latent"
    given = {"checkpoint": str(models["sd1"]), "latent": path}
    (picture,) = engine.run(Document(made.workflow), given, settings={"device": "cpu"}).result().values.values()
    with torch.no_grad():
        wanted = (load_pipeline(models["sd1"]).vae.decode(tensor).sample / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(picture.samples, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("prefix", "name"), [("latents/ComfyUI", "ComfyUI"), ("my %date%", "latents"), ("", "latents")]
)
def test_latents_are_saved_under_the_last_part_of_their_prefix(
    engine: Engine, models: Mapping[str, Path], tmp_path: Path, prefix: str, name: str
) -> None:
    nodes = changed(_3={"steps": 1})
    nodes["12"] = {"class_type": "SaveLatent", "inputs": {"samples": ["3", 0], "filename_prefix": prefix}}
    made = translate(nodes, engine.registry)
    assert made.untranslated == ()
    assert any("SaveLatent becomes save_latents" in note for note in made.notes)
    saver = made.workflow.nodes["saved"]
    assert (saver.type, saver.inputs["name"]) == ("save_latents", name)
    values = engine.run(Document(made.workflow), {"checkpoint": str(models["sd1"])}, settings={"device": "cpu"})
    assert values.result().values["latents"].samples.isfinite().all()


def test_a_file_without_any_model_is_told(registry: Registry) -> None:
    nodes = {
        "1": {"class_type": "LoadLatent", "inputs": {"latent": "kept.latent"}},
        "2": {"class_type": "SaveLatent", "inputs": {"samples": ["1", 0], "filename_prefix": "x"}},
    }
    (told,) = translate(nodes, registry).untranslated
    assert (told.node, told.reason) == ("SaveLatent", "a latent in a file is of no model here")
