"""What single nodes of ComfyUI become: loaders, prompts, batches, samplers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.comfyui.test_translated_runs import custom, run
from tests.nodes.comfyui.test_translation import changed, translate
from tests.nodes.original_names import single_file_tensors
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.foreign import ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes.comfyui.checkpoints import family_of, readable_name
from latentgraph.nodes.comfyui.naming import file_reference
from latentgraph.nodes.comfyui.prompt import PromptLink, PromptNode
from latentgraph.nodes.comfyui.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.mark.parametrize(
    ("name", "family", "channels"),
    [
        ("v1-5-pruned-emaonly-fp16.safetensors", "sd1", 4),
        ("v1-5-pruned-emaonly.ckpt", "sd1", 4),
        ("DreamShaper_8_pruned.safetensors", "sd1", 4),
        ("AbyssOrangeMix2_hard.safetensors", "sd1", 4),
        ("sd-v1-5-inpainting.ckpt", "sd1", 9),
        ("SD1.5/any.safetensors", "sd1", 4),
        ("v2-1_768-ema-pruned.safetensors", "sd2", 4),
        ("512-inpainting-ema.safetensors", "sd2", 9),
        ("sd_xl_base_1.0.safetensors", "sdxl", 4),
        ("sdxl\\\\juggernautXL_v9.safetensors", "sdxl", 4),
        ("sd_xl_turbo_1.0_fp16.safetensors", "sdxl", 4),
        ("sd_xl_refiner_1.0.safetensors", "sdxl_refiner", 4),
    ],
)
def test_a_checkpoint_is_known_by_its_name(registry: Registry, name: str, family: str, channels: int) -> None:
    found = family_of(name, ImportOptions(Path("/nowhere"), registry), {}, "1")
    assert (found.name, found.channels, found.other) == (family, channels, "")
    assert found.why


@pytest.mark.parametrize(
    ("name", "other"), [("sd3_medium.safetensors", "Stable Diffusion 3"), ("flux1-dev.sft", "Flux")]
)
def test_a_checkpoint_of_another_family_is_told(registry: Registry, name: str, other: str) -> None:
    made = translate(changed(_4={"ckpt_name": name}), registry)
    assert made.untranslated[0].node == "CheckpointLoaderSimple"
    assert other in made.untranslated[0].reason


def test_a_checkpoint_that_lies_there_says_itself_what_it_is(
    registry: Registry,
    tmp_path: Path,
    tiny_folder: Path,
) -> None:
    (tmp_path / "checkpoints").mkdir()
    save_file(single_file_tensors(load_pipeline(tiny_folder)), tmp_path / "checkpoints" / "sd_xl_not.safetensors")
    options = ImportOptions(tmp_path / "here", registry, tmp_path)
    found = family_of("sd_xl_not.safetensors", options, {}, "1")
    assert (found.name, found.why) == ("sd1", "")
    (tmp_path / "checkpoints" / "broken_xl.safetensors").write_bytes(struct.pack("<Q", 5) + b"{")
    assert family_of("broken_xl.safetensors", options, {}, "1").name == "sdxl"


def test_a_checkpoint_is_known_by_what_is_made_with_it(registry: Registry) -> None:
    nodes = {
        "1": PromptNode("1", "CheckpointLoaderSimple", {"ckpt_name": "any.safetensors"}),
        "2": PromptNode("2", "EmptyLatentImage", {"width": 1024, "height": 1024}),
        "3": PromptNode("3", "KSampler", {"model": PromptLink("1", 0), "latent_image": PromptLink("2", 0)}),
        "4": PromptNode("4", "CheckpointLoaderSimple", {"ckpt_name": "any.safetensors"}),
    }
    options = ImportOptions(Path("/nowhere"), registry)
    assert family_of("any.safetensors", options, nodes, "1").name == "sdxl"
    assert family_of("any.safetensors", options, nodes, "4").name == "sd1"


@pytest.mark.parametrize(
    ("written", "reference"),
    [("a.safetensors", "./a.safetensors"), ("SD1.5\\x.safetensors", "./SD1.5/x.safetensors"),
     ("../../etc/passwd", "./etc/passwd"), ("/abs/x", "./abs/x"), ("", "./model.safetensors")],
)  # fmt: skip
def test_a_file_is_beside_the_workflow_and_never_above_it(written: str, reference: str) -> None:
    assert file_reference(written) == reference


def test_a_pickle_is_asked_for_as_safetensors() -> None:
    assert readable_name("v1-5.ckpt")[0] == "v1-5.safetensors"
    assert readable_name("v1.5.safetensors") == ("v1.5.safetensors", "")


def test_a_textual_inversion_is_loaded_by_its_name_in_the_prompt(
    engine: Engine,
    models: Any,
    tmp_path: Path,
) -> None:
    vectors = torch.randn(2, 32, generator=torch.Generator().manual_seed(1))
    save_file({"emb_params": vectors}, tmp_path / "blue-cat.safetensors")
    given = {"embedding": str(tmp_path / "blue-cat.safetensors")}
    nodes = changed(_3={"steps": 1}, _6={"text": "a (embedding:blue-cat:1.2), red"})
    made = run(nodes, engine, models, **given)["latents"].samples
    plain = run(changed(_3={"steps": 1}, _6={"text": "a (blue-cat:1.2), red"}), engine, models)["latents"].samples
    save_file({"emb_params": vectors + 1}, tmp_path / "other.safetensors")
    other = run(nodes, engine, models, embedding=str(tmp_path / "other.safetensors"))["latents"].samples
    assert not torch.equal(made, plain)
    assert not torch.equal(made, other)


@pytest.mark.parametrize(
    ("layer", "family", "skip"),
    [(-1, "sd1", None), (-2, "sd1", 1), (-2, "sd2", None), (-3, "sdxl", 1)],
)
def test_the_last_layer_is_a_clip_skip(registry: Registry, layer: int, family: str, skip: int | None) -> None:
    name = {"sd1": "a.safetensors", "sd2": "v2-1_768.safetensors", "sdxl": "sd_xl_base.safetensors"}[family]
    nodes = changed(_4={"ckpt_name": name}, _6={"clip": ["20", 0]})
    nodes["20"] = {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["4", 1], "stop_at_clip_layer": layer}}
    made = translate(nodes, registry)
    assert made.untranslated == ()
    assert made.workflow.nodes["positive"].inputs.get("clip_skip") == skip


def test_the_last_layer_of_a_model_that_was_not_trained_on_it_is_told(registry: Registry) -> None:
    nodes = changed(_4={"ckpt_name": "sd_xl_base.safetensors"}, _6={"clip": ["20", 0]})
    nodes["20"] = {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["4", 1], "stop_at_clip_layer": -1}}
    assert "trained on the last but one" in translate(nodes, registry).untranslated[0].reason


def test_a_picture_of_a_batch_has_the_noise_of_its_place_in_it(engine: Engine, models: Any) -> None:
    whole = run(changed(_3={"steps": 1}, _5={"batch_size": 3}), engine, models)["latents"].samples
    nodes = changed(_3={"steps": 1, "latent_image": ["20", 0]}, _5={"batch_size": 3})
    nodes["20"] = {"class_type": "LatentFromBatch", "inputs": {"samples": ["5", 0], "batch_index": 1, "length": 2}}
    part = run(nodes, engine, models)["latents"].samples
    torch.testing.assert_close(part, whole[1:], rtol=1e-3, atol=1e-3)  # In another batch the UNet rounds otherwise.


def test_a_latent_repeated_is_a_batch_with_noise_for_each(engine: Engine, models: Any) -> None:
    whole = run(changed(_3={"steps": 1}, _5={"batch_size": 4}), engine, models)["latents"].samples
    nodes = changed(_3={"steps": 1, "latent_image": ["20", 0]}, _5={"batch_size": 2})
    nodes["20"] = {"class_type": "RepeatLatentBatch", "inputs": {"samples": ["5", 0], "amount": 2}}
    assert torch.equal(run(nodes, engine, models)["latents"].samples, whole)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_name_of_a_sampler_is_translated_or_told_with_the_nearest(
    registry: Registry,
    sampler: str,
) -> None:
    made, known = translate(changed(_3={"sampler_name": sampler}), registry), SAMPLERS[sampler]
    if known.class_name:
        assert made.untranslated == ()
        assert made.workflow.nodes["scheduler"].inputs["class_name"] == known.class_name
        assert any(sampler in note for note in made.notes) == (known.likeness == "close")
    else:
        assert made.untranslated[0].hint == f"take {known.nearest!r}"


def test_what_a_model_predicts_is_an_option_of_its_scheduler(registry: Registry) -> None:
    nodes = changed(_3={"model": ["20", 0]})
    nodes["20"] = {
        "class_type": "ModelSamplingDiscrete",
        "inputs": {"model": ["4", 0], "sampling": "v_prediction", "zsnr": True},
    }
    made = translate(nodes, registry)
    assert made.workflow.nodes["scheduler"].inputs["options"] == {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
    }
    nodes["3"]["inputs"]["sampler_name"] = "heun"
    assert "does not know models with `zsnr`" in translate(nodes, registry).untranslated[0].reason


@pytest.mark.parametrize("patch", ["PerturbedAttentionGuidance", "HyperTile"])
def test_a_patch_of_the_model_is_told_and_gone_without(registry: Registry, patch: str) -> None:
    nodes = changed(_3={"model": ["20", 0]})
    nodes["20"] = {"class_type": patch, "inputs": {"model": ["4", 0]}}
    made = translate(nodes, registry)
    assert [one.node for one in made.untranslated] == [patch]
    assert made.workflow.outputs["image"].source == "decoded.image"


@pytest.mark.parametrize(
    ("kind", "inputs", "levels"),
    [
        ("KarrasScheduler", {"steps": 7, "sigma_max": 10.0, "sigma_min": 0.1, "rho": 5.0},
         {"kind": "karras", "num_inference_steps": 7, "sigma_max": 10.0, "sigma_min": 0.1, "rho": 5.0}),
        ("ExponentialScheduler", {"steps": 7}, {"kind": "exponential", "num_inference_steps": 7,
         "sigma_max": 14.614642, "sigma_min": 0.0291675}),
        ("SDTurboScheduler", {"steps": 2, "model": ["4", 0]}, {"kind": "turbo", "num_inference_steps": 2}),
        ("BetaSamplingScheduler", {"steps": 3, "model": ["4", 0]}, {"kind": "beta", "num_inference_steps": 3}),
    ],
)  # fmt: skip
def test_a_schedule_of_its_own_is_told_to_schedule_sigmas(
    registry: Registry,
    kind: str,
    inputs: dict[str, Any],
    levels: dict[str, Any],
) -> None:
    nodes = custom() | {"22": {"class_type": kind, "inputs": inputs}}
    made = translate(nodes, registry)
    assert made.untranslated == ()
    given = dict(made.workflow.nodes["schedule"].inputs)
    del given["scheduler"]
    assert given == levels


def test_a_guider_of_one_side_has_no_negative_and_a_scale_of_one(registry: Registry) -> None:
    nodes = custom()
    given = nodes["23"]["inputs"]
    nodes["23"] = {
        "class_type": "BasicGuider",
        "inputs": {"model": given["model"], "conditioning": given["positive"]},
    }
    made = translate(nodes, registry)
    assert made.workflow.nodes["guidance"].inputs == {"positive": {"from": "positive.conditioning"}, "scale": 1.0}
    assert "prompt" in made.workflow.inputs


def test_decoding_in_tiles_is_there_as_well(registry: Registry) -> None:
    nodes = changed(_8={"tile_size": 320, "overlap": 64})
    nodes["8"]["class_type"] = "VAEDecodeTiled"
    made = translate(nodes, registry)
    (decoded,) = [node for node in made.workflow.nodes.values() if node.type == "decode"]
    assert decoded.inputs["tile"] == 320
