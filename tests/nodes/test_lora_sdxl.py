"""LoRA for Stable Diffusion XL: the pictures that diffusers gives with the same files, and what wrong ones are told."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_families import LIBRARY
from tests.nodes.tiny_families import build_tiny_sdxl
from tests.nodes.tiny_loras import drawn_for, save_plain

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import load_lora_sdxl, load_sdxl

pytestmark = [
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
]
FOLDER = Path(str(files("latentgraph.workflows")))
PARTS = ("unet", "text_encoder", "text_encoder_2")
STEPS = 3


@dataclass(frozen=True)
class Case:
    """LoRAs with their scales, and how they are added."""

    names: tuple[str, ...]
    scales: tuple[float, ...]
    fused: bool = False
    encoder_scales: tuple[float, float] | None = None
    """Of the two text encoders, where they differ from that of the denoiser."""

    def __str__(self) -> str:
        told = " and ".join(f"{name} at {scale:g}" for name, scale in zip(self.names, self.scales, strict=True))
        encoders = f", encoders at {self.encoder_scales}" if self.encoder_scales else ""
        return f"{told}{encoders}{', fused' if self.fused else ''}"


def all_cases() -> list[Case]:
    """One and two, in both orders, at several scales, fused or not, and with a scale for each part."""
    names, scales = ("all", "unet", "text_encoder_2"), (1.0, 0.7, 0.0, -0.5)
    one = [Case((name,), (scale,), fused) for name, scale, fused in itertools.product(names, scales, (False, True))]
    pairs, weights = (("all", "more"), ("more", "all")), ((1.0, 1.0), (0.8, 0.3))
    two = [Case(pair, weight, fused) for pair, weight, fused in itertools.product(pairs, weights, (False, True))]
    apart = [Case(("all",), (0.6,), fused, (0.9, 0.2)) for fused in (False, True)]
    return apart + two + one


def sampled(count: int = 4) -> list[Case]:
    """Some, by lot: with a scale for each part, with two LoRAs, and with one."""
    cases, lot = all_cases(), random.Random(2)
    return [cases[0], lot.choice(cases[2:10]), *lot.sample(cases[10:], count - 2)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model."""
    folder = tmp_path_factory.mktemp("models") / "sdxl"
    build_tiny_sdxl(folder)
    return folder


@pytest.fixture(scope="module")
def loras(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LoRAs for the model, as diffusers writes them."""
    folder = tmp_path_factory.mktemp("loras")
    pipeline = LIBRARY.DiffusionPipeline.from_pretrained(model)
    parts = drawn_for(pipeline)
    save_plain(folder / "all.safetensors", pipeline, parts)
    save_plain(folder / "more.safetensors", pipeline, drawn_for(pipeline, seed=11))
    for name, state in parts.items():
        save_plain(folder / f"{name}.safetensors", pipeline, {name: state})
    return folder


def expected(case: Case, model: Path, loras: Path) -> torch.Tensor:
    """What diffusers' pipeline gives, float (B, 3, H, W)."""
    pipe = LIBRARY.StableDiffusionXLPipeline.from_pretrained(model)
    pipe.set_progress_bar_config(disable=True)
    for name in case.names:
        pipe.load_lora_weights(str(loras), weight_name=f"{name}.safetensors", adapter_name=name)
    scales: list[Any] = list(case.scales)
    if case.encoder_scales:
        scales = [dict(zip(PARTS, (case.scales[0], *case.encoder_scales), strict=True))]
    pipe.set_adapters(list(case.names), scales)
    if case.fused:
        pipe.fuse_lora(components=list(PARTS), adapter_names=list(case.names))
    generator = torch.Generator("cpu").manual_seed(3)
    made: torch.Tensor = pipe(PROMPT, num_inference_steps=STEPS, generator=generator, output_type="pt").images
    return made


def document(case: Case) -> Document:
    """The shipped workflow, with a second LoRA written in behind the first."""
    text = (FOLDER / "sdxl_lora.json").read_text("utf-8")
    parts = {"denoiser": "denoiser", "text_encoder": "text_encoder", "text_encoder_2": "text_encoder_2"}
    if len(case.names) > 1:
        for part in parts:
            text = text.replace(f'"lora.{part}"', f'"more.{part}"')
    content = json.loads(text)
    if case.encoder_scales:
        scales = dict(zip(("text_encoder_scale", "text_encoder_2_scale"), case.encoder_scales, strict=True))
        content["nodes"]["lora"]["inputs"] |= scales
    if len(case.names) > 1:
        links = {part: {"from": f"lora.{part}"} for part in parts}
        more = {"lora": {"from": "inputs.second"}, "scale": case.scales[1], "fused": case.fused}
        content["nodes"]["more"] = {"type": "load_lora_sdxl", "inputs": links | more}
        content["inputs"]["second"] = {"type": "string"}
    return parse_document(json.dumps(content).encode(), "sdxl_lora.json")


def hold(case: Case, engine: Engine, model: Path, loras: Path) -> None:
    """Ours is theirs, bit for bit."""
    wanted = expected(case, model, loras)
    given: dict[str, Any] = {"model": str(model), "prompt": PROMPT, "num_inference_steps": STEPS, "seed": 3}
    given |= {"lora": str(loras / f"{case.names[0]}.safetensors"), "scale": case.scales[0], "fused": case.fused}
    if len(case.names) > 1:
        given["second"] = str(loras / f"{case.names[1]}.safetensors")
    made = engine.run(document(case), given, settings={"device": "cpu"}).result().values["image"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", sampled(), ids=str)
def test_a_lora_gives_the_picture_of_diffusers(case: Case, engine: Engine, model: Path, loras: Path) -> None:
    hold(case, engine, model, loras)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_lora_gives_the_picture_of_diffusers_in_every_case(
    case: Case, engine: Engine, model: Path, loras: Path
) -> None:
    hold(case, engine, model, loras)


@pytest.mark.parametrize(("name", "changed"), [("all", (1, 1, 1)), ("unet", (1, 0, 0)), ("text_encoder_2", (0, 0, 1))])
def test_a_part_that_the_lora_says_nothing_of_stays_as_it_is(
    name: str, changed: tuple[int, ...], model: Path, loras: Path
) -> None:
    opened = load_sdxl(str(model))
    made = load_lora_sdxl(
        opened.denoiser, opened.text_encoder_2, str(loras / f"{name}.safetensors"), opened.text_encoder
    )
    assert made.text_encoder is not None
    adapted = (made.denoiser, made.text_encoder, made.text_encoder_2)
    assert tuple(len(one.adapters) for one in adapted) == changed
    assert not opened.denoiser.adapters


def errors(workflow: str, **values: Any) -> list[tuple[str, str, str]]:
    """What the check says of a shipped workflow with these values, first of all at the LoRA."""
    found = check(read_document(FOLDER / f"{workflow}.json"), Registry.load(), values).errors
    return [(one.code, one.node, one.message) for one in found]


@pytest.mark.parametrize(
    ("tensor", "width"),
    [
        ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight", 2048),
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight", 2048),
        ("lora_te2_text_model_encoder_layers_0_self_attn_out_proj.lora_down.weight", 1280),
        ("lora_te1_text_model_encoder_layers_0_self_attn_out_proj.lora_down.weight", 768),
    ],
)
def test_a_lora_for_sdxl_at_a_model_of_sd1_is_found_by_the_check(
    tensor: str, width: int, tiny_folder: Path, tmp_path: Path
) -> None:
    lora = tmp_path / "xl.safetensors"
    save_file({tensor: torch.zeros(4, width)}, lora)
    message = "is for family sdxl, what it is given is of family sd1"
    code, place, told = errors("lora", model=str(tiny_folder), lora=str(lora))[0]
    assert (code, place) == ("E109", "lora")
    assert message in told


def test_a_lora_for_sd1_at_a_model_of_sdxl_is_found_by_the_check(model: Path, loras: Path, tmp_path: Path) -> None:
    lora = tmp_path / "one.safetensors"
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight"
    save_file({name: torch.zeros(4, 768)}, lora)
    code, place, told = errors("sdxl_lora", model=str(model), lora=str(lora))[0]
    assert (code, place) == ("E109", "lora")
    assert "is for family sd1, what it is given is of family sdxl" in told
    assert errors("sdxl_lora", model=str(model), lora=str(loras / "all.safetensors")) == []


def test_the_node_for_one_text_encoder_takes_no_model_with_two(model: Path, loras: Path) -> None:
    nodes = {
        "model": {"type": "load_sdxl", "inputs": {"model": {"from": "inputs.model"}}},
        "lora": {
            "type": "load_lora",
            "inputs": {
                "denoiser": {"from": "model.denoiser"},
                "text_encoder": {"from": "model.text_encoder_2"},
                "lora": {"from": "inputs.lora"},
            },
        },
    }
    given = {"model": str(model), "lora": str(loras / "unet.safetensors")}
    content = {"latentgraph": 1, "inputs": {name: {"type": "string"} for name in given}, "nodes": nodes,
               "outputs": {"denoiser": {"from": "lora.denoiser"}}}  # fmt: skip
    found = check(parse_document(json.dumps(content).encode(), "w.json"), Registry.load(), given).errors
    assert found[0].code == "E109"
    assert "is of family sdxl, and 'load_lora' is for sd1 or sd2" in found[0].message


def test_other_small_additions_are_told_by_their_kind(model: Path, tmp_path: Path) -> None:
    for part, kind in (("hada_w1_a", "LoHa"), ("lokr_w1", "LoKr")):
        other = tmp_path / f"{part}.safetensors"
        save_file({f"lora_unet_mid_block_attentions_0_proj_in.{part}": torch.zeros(4, 4)}, other)
        assert f"is a {kind}, and not a LoRA" in errors("sdxl_lora", model=str(model), lora=str(other))[0][2]


def test_a_lora_of_other_widths_is_told(engine: Engine, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    save_file({f"{name}.lora_A.weight": torch.zeros(4, 7), f"{name}.lora_B.weight": torch.zeros(7, 4)}, other)
    given = {"model": str(model), "lora": str(other)}
    with pytest.raises(NodeFailedError, match=r"the LoRA 'other\.safetensors' does not fit the denoiser"):
        engine.run(read_document(FOLDER / "sdxl_lora.json"), given).result()
