"""Opening a model in a folder: its parts, its family, what is loaded and when."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.tiny import edit_json, load_pipeline

from latentgraph.graph.access import FileAccess
from latentgraph.graph.context import RunContext
from latentgraph.graph.registry import Registry
from latentgraph.nodes.handles import Denoiser, SafetyChecker, Scheduler, Tokenizer, loaded
from latentgraph.nodes.load import describe_model, load_model
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.schedule import configure_scheduler


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


@pytest.fixture(scope="session")
def pipeline(tiny_folder: Path) -> Any:
    """The same model as diffusers loads it."""
    return load_pipeline(tiny_folder)


def test_every_part_is_bit_for_bit_what_the_pipeline_loads(tiny_folder: Path, pipeline: Any) -> None:
    model, context = load_model(str(tiny_folder)), RunContext()
    assert model.safety_checker is not None
    checker = loaded(model.safety_checker, context)
    for ours, theirs in (
        (loaded(model.text_encoder, context), pipeline.text_encoder),
        (loaded(model.denoiser, context), pipeline.unet),
        (loaded(model.vae, context), pipeline.vae),
        (checker.module, pipeline.safety_checker),
    ):
        assert not ours.training
        mine, wanted = ours.state_dict(), theirs.state_dict()
        assert mine.keys() == wanted.keys()
        assert all(torch.equal(mine[name], wanted[name]) for name in wanted)
    assert dict(model.scheduler.config) == dict(pipeline.scheduler.config)
    text = "a red circle, zzz"
    assert loaded(model.tokenizer, context)(text).input_ids == pipeline.tokenizer(text).input_ids


def test_a_handle_is_summed_up_without_reading_a_weight(tiny_folder: Path) -> None:
    model, values = load_model(str(tiny_folder)), Registry.load().values
    assert values.summary(model.denoiser) == "UNet2DConditionModel, 1.4M parameters, sd1"
    assert values.summary(model.text_encoder) == "CLIPTextModel, 30.4K parameters, sd1"
    assert values.summary(model.tokenizer) == "CLIPTokenizer, sd1"
    assert values.summary(model.scheduler) == "PNDMScheduler, sd1"


def test_only_the_part_that_is_asked_for_is_read(folder: Path) -> None:
    model, context = load_model(str(folder)), RunContext()
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    loaded(model.text_encoder, context)
    assert len(context.pool) == 1


def test_a_part_is_loaded_once_and_shared(tiny_folder: Path) -> None:
    context = RunContext()
    first, second = load_model(str(tiny_folder)), load_model(str(tiny_folder))
    assert loaded(first.denoiser, context) is loaded(second.denoiser, context)


def test_a_scheduler_is_made_anew_because_it_keeps_state(tiny_folder: Path) -> None:
    scheduler = load_model(str(tiny_folder)).scheduler
    assert loaded(scheduler) is not loaded(scheduler)


def test_parts_come_in_the_precision_of_the_run(tiny_folder: Path) -> None:
    context = RunContext(settings={"device": "cpu", "dtype": "bfloat16"})
    model = load_model(str(tiny_folder))
    assert loaded(model.denoiser, context).dtype == torch.bfloat16
    assert loaded(model.text_encoder, context).dtype == torch.bfloat16
    assert model.safety_checker is not None
    assert loaded(model.safety_checker, context).module.dtype == torch.bfloat16


def test_equal_files_have_equal_digests_and_other_weights_another(tiny_folder: Path, folder: Path) -> None:
    assert load_model(str(tiny_folder)).denoiser.digest == load_model(str(folder)).denoiser.digest
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    weights["conv_in.bias"] += 1
    save_file(weights, file)
    changed, before = load_model(str(folder)), load_model(str(tiny_folder))
    assert changed.denoiser.digest != before.denoiser.digest
    assert changed.vae.digest == before.vae.digest


def test_a_resource_digest_changes_with_its_files(folder: Path) -> None:
    before = ReadsModel().resolve(str(folder), FileAccess(), given=True).digest()
    edit_json(folder / "unet" / "config.json", norm_eps=1e-4)
    assert ReadsModel().resolve(str(folder), FileAccess(), given=True).digest() != before


def test_a_half_precision_variant_serves_where_the_plain_file_is_missing(folder: Path, tiny_folder: Path) -> None:
    plain = folder / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({k: v.half() for k, v in load_file(plain).items()}, plain.with_suffix(".fp16.safetensors"))
    plain.unlink()
    unet = loaded(load_model(str(folder)).denoiser)
    wanted = load_file(tiny_folder / "unet" / plain.name)["conv_in.weight"].half().float()
    assert torch.equal(unet.conv_in.weight, wanted)


def test_sharded_weights_are_read_from_all_their_files(folder: Path, pipeline: Any) -> None:
    for name, part in (("unet", pipeline.unet), ("text_encoder", pipeline.text_encoder)):
        shutil.rmtree(folder / name)
        part.save_pretrained(folder / name, max_shard_size="60KB" if name == "text_encoder" else "1MB")
        assert len(list((folder / name).glob("*-of-*.safetensors"))) > 1
    model = load_model(str(folder))
    assert model.denoiser.parameters == sum(p.numel() for p in pipeline.unet.parameters())
    assert torch.equal(loaded(model.denoiser).conv_out.weight, pipeline.unet.conv_out.weight)
    wanted = pipeline.text_encoder.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in loaded(model.text_encoder).state_dict().items())


def test_a_text_encoder_with_the_old_names_of_its_tensors_loads(folder: Path, pipeline: Any) -> None:
    file = folder / "text_encoder" / "model.safetensors"
    save_file({f"text_model.{name}": tensor for name, tensor in load_file(file).items()}, file)
    wanted = pipeline.text_encoder.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in loaded(load_model(str(folder)).text_encoder).state_dict().items())


def test_a_tokenizer_that_does_not_say_its_length_cuts_at_77(folder: Path, pipeline: Any) -> None:
    content = json.loads(pipeline.tokenizer.backend_tokenizer.to_str())
    shutil.rmtree(folder / "tokenizer")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(content["model"]["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in content["model"]["merges"])
    (folder / "tokenizer" / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    tokenizer = loaded(load_model(str(folder)).tokenizer)
    assert tokenizer.model_max_length == 77
    assert tokenizer("a red star").input_ids == pipeline.tokenizer("a red star").input_ids


def test_a_model_without_a_safety_checker_says_so_and_gives_null(folder: Path) -> None:
    edit_json(folder / "model_index.json", safety_checker=[None, None])
    warnings: list[str] = []
    model = load_model(str(folder), context=RunContext(report_warning=warnings.append))
    assert model.safety_checker is None
    assert warnings == ["'model' comes without a safety checker, so nobody looks at its pictures before you do"]


def test_an_outdated_scheduler_is_what_the_pipelines_constructor_makes_of_it(folder: Path) -> None:
    library: Any = diffusers  # Untyped.
    library.DDIMScheduler(steps_offset=0, clip_sample=True).save_pretrained(folder / "scheduler")
    edit_json(folder / "scheduler" / "scheduler_config.json", steps_offset=None, clip_sample=None)
    edit_json(folder / "model_index.json", scheduler=["diffusers", "DDIMScheduler"])
    scheduler = load_model(str(folder)).scheduler
    assert (scheduler.config["steps_offset"], scheduler.config["clip_sample"]) == (1, False)
    live = loaded(scheduler)
    assert (live.config.steps_offset, live.config.clip_sample) == (1, False)


def test_an_old_unet_that_says_32_draws_at_64(folder: Path) -> None:
    assert load_model(str(folder)).denoiser.config["sample_size"] == 32
    edit_json(folder / "unet" / "config.json", _diffusers_version="0.6.0")
    assert load_model(str(folder)).denoiser.config["sample_size"] == 64


@pytest.mark.parametrize(
    ("changes", "family"),
    [
        ({}, "sd1"),
        ({"cross_attention_dim": 1024}, "sd2"),
        ({"cross_attention_dim": 2048, "addition_embed_type": "text_time"}, "sdxl"),
        ({"class_embed_type": "projection"}, ""),
    ],
)
def test_the_family_is_told_from_the_configuration(folder: Path, changes: dict[str, object], family: str) -> None:
    edit_json(folder / "unet" / "config.json", **changes)
    described = describe_model({"model": str(folder)})
    assert set(described.values()) == ({family} if family else set())


def test_the_family_is_told_from_the_pipeline_where_it_is_of_another_kind(folder: Path) -> None:
    edit_json(folder / "model_index.json", _class_name="StableDiffusionXLPipeline")
    assert describe_model({"model": str(folder)})["denoiser"] == "sdxl"


def test_looking_a_model_up_imports_no_heavy_library(tiny_folder: Path) -> None:
    code = (
        "import sys\n"
        "from latentgraph.graph.access import FileAccess\n"
        "from latentgraph.nodes.load import describe_model\n"
        "from latentgraph.nodes.loading.model_source import ReadsModel\n"
        f"resource = ReadsModel().resolve({str(tiny_folder)!r}, FileAccess(), given=True)\n"
        "print(describe_model({'model': resource.value})['denoiser'], len(resource.digest()))\n"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'safetensors') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "sd1 64\n[]\n"


def test_the_shipped_model_opens_by_name() -> None:
    assert describe_model({})["vae"] == "sd1"
    assert load_model().denoiser.class_name == "UNet2DConditionModel"


def test_handles_travel_to_another_process(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder))
    again = pickle.loads(pickle.dumps(model))
    assert again.denoiser.digest == model.denoiser.digest
    assert loaded(again.vae).config.latent_channels == 4


def test_a_module_that_a_program_holds_becomes_a_handle(pipeline: Any) -> None:
    denoiser = Denoiser.of(pipeline.unet)
    assert (denoiser.family, denoiser.class_name) == ("sd1", "UNet2DConditionModel")
    assert denoiser.config["cross_attention_dim"] == 32
    assert loaded(denoiser) is pipeline.unet
    assert Denoiser.of(pipeline.unet).digest == denoiser.digest


def test_a_held_module_is_copied_and_not_moved_to_another_precision(pipeline: Any) -> None:
    context = RunContext(settings={"device": "cpu", "dtype": "bfloat16"})
    assert loaded(Denoiser.of(pipeline.unet), context).dtype == torch.bfloat16
    assert pipeline.unet.dtype == torch.float32


def test_tokenizer_scheduler_and_checker_become_handles_too(pipeline: Any) -> None:
    assert loaded(Tokenizer.of(pipeline.tokenizer)) is pipeline.tokenizer
    scheduler = Scheduler.of(pipeline.scheduler, family="sd1")
    assert dict(loaded(scheduler).config) == dict(pipeline.scheduler.config)
    checker = SafetyChecker.of_pair(pipeline.safety_checker, pipeline.feature_extractor)
    assert loaded(checker).feature_extractor is pipeline.feature_extractor


def test_another_scheduler_is_configured_from_the_models_own_as_diffusers_does_it(folder: Path) -> None:
    library: Any = diffusers
    library.DDIMScheduler().save_pretrained(folder / "scheduler")
    edit_json(folder / "scheduler" / "scheduler_config.json", steps_offset=None, clip_sample=None)
    edit_json(folder / "model_index.json", scheduler=["diffusers", "DDIMScheduler"])
    with warnings.catch_warnings():
        # The constructor says that it rewrites what an old file says.
        warnings.simplefilter("ignore", FutureWarning)
        pipeline = load_pipeline(folder)
    own = load_model(str(folder)).scheduler
    for name in ("EulerDiscreteScheduler", "DDIMScheduler", "LCMScheduler", "DDPMScheduler"):
        theirs = dict(getattr(diffusers, name).from_config(pipeline.scheduler.config).config)
        ours = dict(loaded(configure_scheduler(own, name)).config)
        for one in (ours, theirs):
            one.pop("_use_default_values", None)
        assert ours == theirs
