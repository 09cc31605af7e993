"""A model in one file, with the configuration that ships or one that is named."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.original_names import single_file_tensors
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_families import build_tiny_sd2, build_tiny_sdxl
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.graph.context import RunContext
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.load import describe_model, load_model
from latentgraph.nodes.load_sdxl import load_sdxl
from latentgraph.nodes.loading.checkpoint import Checkpoint
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.parts import open_model
from latentgraph.nodes.loading.shipped import shipped_configuration
from latentgraph.nodes.loading.sources import load_tokenizer

SD1 = Path(str(files("latentgraph.nodes"))) / "configs" / "sd1"


@pytest.fixture(scope="session")
def pipeline(tiny_folder: Path) -> Any:
    """The tiny model as diffusers loads it."""
    return load_pipeline(tiny_folder)


@pytest.fixture(scope="session")
def tiny_file(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a single file."""
    file = tmp_path_factory.mktemp("single") / "tiny.safetensors"
    save_file(single_file_tensors(pipeline), file)
    return file


@pytest.fixture
def home(tiny_file: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the file and the folder of the tiny model."""
    (tmp_path / "tiny.safetensors").symlink_to(tiny_file)
    (tmp_path / "tiny").symlink_to(tiny_folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(**literals: str) -> tuple[str, str]:
    """What the check says, which resolves each reference and then asks for the family."""

    def check() -> None:
        for name, written in literals.items():
            ReadsModel(name == "config").resolve(written, FileAccess(), given=True)
        describe_model(literals)

    with pytest.raises(AccessError) as caught:
        check()
    return caught.value.message, caught.value.hint


def test_a_single_file_gives_the_same_bits_as_its_folder(home: Path, pipeline: Any) -> None:
    model = load_model("./tiny.safetensors", "./tiny")
    for handle, part in (
        (model.denoiser, pipeline.unet),
        (model.vae, pipeline.vae),
        (model.text_encoder, pipeline.text_encoder),
    ):
        module, wanted = loaded(handle), part.state_dict()
        assert not module.training
        assert module.state_dict().keys() == wanted.keys()
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in module.state_dict().items())
        assert handle.parameters == sum(p.numel() for p in part.parameters())
    assert dict(model.scheduler.config) == dict(pipeline.scheduler.config)
    assert loaded(model.tokenizer)("a red star").input_ids == pipeline.tokenizer("a red star").input_ids
    assert model.safety_checker is not None
    assert describe_model({"model": "./tiny.safetensors", "config": "./tiny"})["denoiser"] == "sd1"


def test_a_single_file_loads_in_the_precision_of_the_run(home: Path) -> None:
    context = RunContext(settings={"device": "cpu", "dtype": "bfloat16"})
    model = load_model("./tiny.safetensors", "./tiny")
    for handle in (model.denoiser, model.vae, model.text_encoder):
        assert {p.dtype for p in loaded(handle, context).parameters()} == {torch.bfloat16}


def test_a_file_of_another_shape_asks_for_its_configuration(home: Path) -> None:
    assert refusal(model="./tiny.safetensors") == (
        "'./tiny.safetensors' does not fit the configuration of Stable Diffusion 1.x: "
        "its UNet reads embeddings of 32 numbers, not 768",
        "name a folder in diffusers layout with its configuration by the input 'config'",
    )


def test_a_configuration_is_for_single_files(home: Path) -> None:
    assert refusal(model="./tiny", config="./tiny") == (
        "'./tiny' is a folder and has its own configuration",
        "leave 'config' out: it is for single files",
    )
    assert refusal(config="./tiny.safetensors") == (
        "'./tiny.safetensors' is a file without a configuration",
        "name a folder",
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("model.diffusion_model.joint_blocks.0.x", "a Stable Diffusion 3 checkpoint"),
        ("model.diffusion_model.double_blocks.0.x", "a Flux checkpoint"),
    ],
)
def test_another_family_is_named(home: Path, name: str, what: str) -> None:
    save_file({name: torch.zeros(1)}, "x.safetensors")
    assert refusal(model="./x.safetensors") == (
        f"'./x.safetensors' is {what}; single files are read of Stable Diffusion 1.x, 2.x and XL only",
        "take the model as a folder in diffusers layout",
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("lora_unet_x.lora_down.weight", "a LoRA"),
        ("unet.x.lora_A.weight", "a LoRA"),
        ("controlnet_cond_embedding.x", "a ControlNet"),
        ("emb_params", "a textual inversion"),
        ("weight", "something else"),
    ],
)
def test_what_is_no_model_is_called_by_its_name(home: Path, name: str, what: str) -> None:
    save_file({name: torch.zeros(1)}, "x.safetensors")
    assert refusal(model="./x.safetensors") == (
        f"'./x.safetensors' is {what}, not a Stable Diffusion model",
        "name a full checkpoint (UNet, VAE and text encoder in one file) or a folder in diffusers layout",
    )


def test_a_file_without_one_of_the_parts_says_which(home: Path) -> None:
    tensors = load_file("tiny.safetensors")
    save_file({k: v for k, v in tensors.items() if k.startswith("model.")}, "unet.safetensors")
    assert refusal(model="./unet.safetensors") == (
        "'./unet.safetensors' holds no VAE and no text encoder",
        "a single-file model is a full checkpoint; a part of one cannot be loaded alone",
    )


def test_a_file_that_lacks_tensors_is_never_filled_with_noise(home: Path) -> None:
    tensors = load_file("tiny.safetensors")
    del tensors["model.diffusion_model.out.2.bias"]
    del tensors["cond_stage_model.transformer.text_model.final_layer_norm.bias"]
    save_file(tensors, "less.safetensors")
    model = load_model("./less.safetensors", "./tiny")
    for handle, lacking in (
        (model.denoiser, "UNet"),
        (model.text_encoder, "text encoder, such as 'final_layer_norm.bias'"),
    ):
        with pytest.raises(AccessError) as caught:
            loaded(handle)
        message = f"./less.safetensors: weights and configuration do not fit: it lacks tensors of its {lacking}"
        assert caught.value.message == message


def test_a_file_with_another_number_of_input_channels_keeps_them(home: Path) -> None:
    tensors = load_file("tiny.safetensors")
    first = "model.diffusion_model.input_blocks.0.0.weight"
    tensors[first] = torch.cat([tensors[first], tensors[first], tensors[first][:, :1]], dim=1)
    save_file(tensors, "inpaint.safetensors")
    denoiser = load_model("./inpaint.safetensors", "./tiny").denoiser
    assert denoiser.config["in_channels"] == 9
    assert torch.equal(loaded(denoiser).conv_in.weight, tensors[first])
    told = describe_model({"model": "./inpaint.safetensors", "config": "./tiny"})
    assert (told["denoiser"], told["vae"]) == ("sd1/mask", "sd1")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sd1", [859_520_964, 83_653_863, 123_060_480]),
        ("sd2", [865_910_724, 83_653_863, 340_387_840]),
        ("sd2_base", [865_910_724, 83_653_863, 340_387_840]),
        ("sdxl", [2_567_463_684, 83_653_863, 123_060_480, 694_659_840]),
        ("sdxl_refiner", [2_259_526_660, 83_653_863, 694_659_840]),  # Of its UNet only "2.3 billion" was published.
    ],
)
def test_the_shipped_configurations_have_the_published_numbers_of_parameters(name: str, counts: list[int]) -> None:
    library: Any = diffusers  # Untyped.
    parts = shipped_configuration(name).parts
    made = []
    with torch.device("meta"):
        made.append(library.UNet2DConditionModel.from_config(parts["denoiser"].config))
        made.append(library.AutoencoderKL.from_config(parts["vae"].config))
        for role, kind in (("text_encoder", CLIPTextModel), ("text_encoder_2", CLIPTextModelWithProjection)):
            if role in parts:
                made.append(kind(CLIPTextConfig.from_pretrained(parts[role].folder)))
    assert [sum(p.numel() for p in part.parameters()) for part in made] == counts


def test_stable_diffusion_2_predicts_velocity_and_its_base_noise() -> None:
    kinds = {name: shipped_configuration(name) for name in ("sd2", "sd2_base")}
    assert [model.family for model in kinds.values()] == ["sd2", "sd2"]
    assert [model.parts["scheduler"].config["prediction_type"] for model in kinds.values()] == [
        "v_prediction",
        "epsilon",
    ]
    assert [model.parts["denoiser"].config["sample_size"] for model in kinds.values()] == [96, 64]
    assert load_tokenizer(str(kinds["sd2_base"].parts["tokenizer"].folder), "sd2").pad_token_id == 0


def test_the_shipped_tokenizer_is_that_of_clip() -> None:
    tokenizer = load_tokenizer(str(SD1 / "tokenizer"), "sd1")
    assert len(tokenizer) == 49408
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (49406, 49407, 49407)
    assert tokenizer.model_max_length == 77
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert tokenizer("a photograph of an astronaut riding a horse").input_ids == [
        49406, 320, 8853, 539, 550, 18376, 6765, 320, 4558, 49407,
    ]  # fmt: skip


def test_the_licence_of_the_vocabulary_lies_beside_it() -> None:
    assert "Copyright (c) 2021 OpenAI" in (SD1 / "tokenizer" / "LICENSE.txt").read_text("utf-8")
    assert len(json.loads((SD1 / "tokenizer" / "vocab.json").read_text("utf-8"))) == 49408


FULL_SIZE = """
import sys, torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from tests.nodes.original_names import single_file_tensors
from transformers import CLIPTextConfig, CLIPTextModel
from types import SimpleNamespace
sd1, file = sys.argv[1:]
with init_empty_weights():
    model = SimpleNamespace(
        unet=UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(sd1 + "/unet")),
        vae=AutoencoderKL.from_config(AutoencoderKL.load_config(sd1 + "/vae")),
        text_encoder=CLIPTextModel(CLIPTextConfig.from_pretrained(sd1 + "/text_encoder")))
for part in vars(model).values():
    part.half().to_empty(device="cpu")
    for tensor in part.state_dict().values():
        tensor.normal_(std=0.02) if tensor.is_floating_point() else tensor.zero_()
save_file(single_file_tensors(model), file)
"""


@pytest.mark.exhaustive
def test_a_file_of_full_size_loads_without_naming_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "full.safetensors"
    subprocess.run([sys.executable, "-c", FULL_SIZE, str(SD1), str(file)], check=True)
    context = RunContext(settings={"device": "cpu", "dtype": "float16"})
    model = load_model(str(file))
    assert model.safety_checker is None
    assert model.denoiser.summary == "UNet2DConditionModel, 859.5M parameters, sd1"
    assert loaded(model.vae, context).decoder.conv_out.weight.shape == (3, 128, 3, 3)
    assert loaded(model.text_encoder, context).final_layer_norm.weight.shape == (768,)
    written = load_file(file)["model.diffusion_model.output_blocks.11.1.proj_out.weight"]
    assert torch.equal(loaded(model.denoiser, context).up_blocks[3].attentions[2].proj_out.weight, written)


def diffusers_reads(kind: str, file: Path, folder: Path) -> Any:
    """The file as diffusers' own from_single_file loads it, with the configuration in `folder`."""
    pipelines: Any = {
        "sd2": diffusers.StableDiffusionPipeline,
        "sdxl": diffusers.StableDiffusionXLPipeline,
        "sdxl_refiner": diffusers.StableDiffusionXLImg2ImgPipeline,
    }[kind]
    return pipelines.from_single_file(str(file), config=str(folder), local_files_only=True)


BUILDERS: Any = {
    "sd2": build_tiny_sd2,
    "sdxl": build_tiny_sdxl,
    "sdxl_refiner": partial(build_tiny_sdxl, refiner=True),
}


@pytest.mark.parametrize("kind", BUILDERS)
def test_single_files_of_every_family_give_the_bits_that_diffusers_reads(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    BUILDERS[kind](tmp_path / "folder")
    library: Any = diffusers  # Untyped.
    pipeline = library.DiffusionPipeline.from_pretrained(tmp_path / "folder")
    save_file(single_file_tensors(pipeline), tmp_path / "one.safetensors")
    theirs = diffusers_reads(kind, tmp_path / "one.safetensors", tmp_path / "folder")
    model: Any = (load_model if kind == "sd2" else load_sdxl)("./one.safetensors", "./folder")
    compared = []
    for name, part in (("denoiser", "unet"), ("vae", "vae"), *((n, n) for n in ("text_encoder", "text_encoder_2"))):
        handle, wanted = getattr(model, name, None), getattr(theirs, part, None)
        assert (handle is None) == (wanted is None)
        if handle is None or wanted is None:
            continue
        module, state = loaded(handle), wanted.state_dict()
        assert module.state_dict().keys() == state.keys()
        assert all(torch.equal(tensor, state[key]) for key, tensor in module.state_dict().items())
        original = getattr(pipeline, part).state_dict()
        assert all(torch.equal(tensor, original[key]) for key, tensor in state.items())
        assert handle.family == ("sd2" if kind == "sd2" else "sdxl")
        compared.append(part)
    assert len(compared) == (4 if kind == "sdxl" else 3)
    assert model.scheduler.config["num_train_timesteps"] == 1000


def test_what_a_file_of_full_size_does_not_use_is_not_counted(tmp_path: Path) -> None:
    prefix = "cond_stage_model.model."
    tensors = {
        **dict.fromkeys(("logit_scale", "text_projection", "transformer.resblocks.23.ln_1.bias"), 7),
        **dict.fromkeys(("token_embedding.weight", "transformer.resblocks.22.ln_1.bias"), 5),
    }
    save_file({prefix + name: torch.zeros(size) for name, size in tensors.items()}, tmp_path / "x.safetensors")
    checkpoint = Checkpoint(tmp_path / "x.safetensors", "x")
    assert (checkpoint.kind, checkpoint.parameters("text_encoder")) == ("sd2", 10)


def test_a_configuration_of_another_family_does_not_fit(tmp_path: Path, home: Path) -> None:
    build_tiny_sdxl(tmp_path / "xl")
    assert refusal(model="./tiny.safetensors", config="./xl") == (
        "'./tiny.safetensors' is a checkpoint of Stable Diffusion 1.x and does not fit its configuration: "
        "the configuration has a second text encoder and the file none",
        "name a folder with the configuration of such a model by the input 'config'",
    )


HEADS: Any = {
    "sd1": ("cond_stage_model.transformer.x", 768, 4),
    "sd2": ("cond_stage_model.model.x", 1024, 4),
    "sd2_base": ("cond_stage_model.model.x", 1024, 9),
    "sdxl": ("conditioner.embedders.1.model.x", 2048, 4),
    "sdxl_refiner": ("conditioner.embedders.0.model.x", 1280, 4),
}


def write_head(file: Path, kind: str, **more: torch.Tensor) -> None:
    """A file with the few tensors by which a checkpoint is known."""
    text, width, channels = HEADS[kind]
    names = [text, "first_stage_model.x", *(["conditioner.embedders.0.transformer.x"] if kind == "sdxl" else [])]
    unet = "model.diffusion_model."
    tensors = {name: torch.zeros(1) for name in names} | {
        unet + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(8, width),
        unet + "input_blocks.0.0.weight": torch.zeros(8, channels, 3, 3),
    }
    save_file(tensors | {unet + name: tensor for name, tensor in more.items()}, file)


@pytest.mark.parametrize("kind", HEADS)
def test_each_family_has_a_configuration_that_ships(kind: str, home: Path) -> None:
    write_head(home / "x.safetensors", kind)
    opened = open_model("./x.safetensors", None)
    assert opened.folder.folder.name == kind
    assert opened.family == kind.partition("_")[0]
    assert opened.handles()["denoiser"].config["in_channels"] == HEADS[kind][2]
    assert bool(opened.assumption) == (kind == "sd2")


def test_a_base_model_is_told_by_naming_its_configuration(home: Path) -> None:
    write_head(home / "x.safetensors", "sd2")
    warnings: list[str] = []
    load_model("./x.safetensors", context=RunContext(report_warning=warnings.append))
    assert "set 'config' to builtin:sd2_base" in warnings[0]
    resource = ReadsModel(True).resolve("builtin:sd2_base", FileAccess(), given=True)
    assert (resource.value, len(resource.digest())) == ("builtin:sd2_base", 64)
    assert load_model("./x.safetensors", "builtin:sd2_base").scheduler.config["prediction_type"] == "epsilon"
    assert refusal(model="builtin:sd2_base") == ("there is no built-in model 'sd2_base'", "there are: shapes")


def test_an_upscaler_asks_for_its_configuration(home: Path) -> None:
    write_head(home / "x.safetensors", "sd2_base", **{"label_emb.weight": torch.zeros(1000, 8)})
    assert refusal(model="./x.safetensors") == (
        "'./x.safetensors' does not fit the configuration of Stable Diffusion 2.x base: "
        "its UNet is told a noise level too",
        "name a folder in diffusers layout with its configuration by the input 'config'",
    )
