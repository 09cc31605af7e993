"""LoRAs as kohya's scripts name them, and the scale of a single call: the pictures that diffusers gives with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_families import LIBRARY
from tests.nodes.tiny_families import build_tiny_sdxl
from tests.nodes.tiny_loras import RANK, drawn_for, save_kohya, save_plain
from torch import Tensor

from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

pytestmark = [
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
]
WORKFLOWS = {"sd1": "lora", "sdxl": "sdxl_lora"}


@dataclass(frozen=True)
class Made:
    """A tiny model of each family, and LoRAs for it."""

    models: dict[str, Path]
    loras: Path

    def lora(self, family: str, name: str) -> Path:
        """A file."""
        return self.loras / family / f"{name}.safetensors"


@pytest.fixture(scope="module")
def made(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same LoRA for each family under several names."""
    folder = tmp_path_factory.mktemp("named")
    build_tiny_sdxl(folder / "sdxl")
    models = {"sd1": tiny_folder, "sdxl": folder / "sdxl"}
    for family, model in models.items():
        pipeline = LIBRARY.DiffusionPipeline.from_pretrained(model)
        parts = drawn_for(pipeline)
        loras = folder / "loras" / family
        loras.mkdir(parents=True)
        save_plain(loras / "plain.safetensors", pipeline, parts)
        save_kohya(loras / "kohya.safetensors", parts)
        save_kohya(loras / "alpha.safetensors", parts, alpha=RANK / 2)
        layers = pipeline.unet.config.layers_per_block
        save_kohya(loras / "stability.safetensors", parts, layers_per_block=layers)
    return Made(models, folder / "loras")


def expected(model: Path, lora: Path, *, scale: float | None = None) -> Tensor:
    """What diffusers' pipeline gives, float (B, 3, H, W); the scale is that of the call."""
    pipe = LIBRARY.DiffusionPipeline.from_pretrained(model)
    pipe.set_progress_bar_config(disable=True)
    pipe.load_lora_weights(str(lora.parent), weight_name=lora.name)
    pipe.safety_checker = None
    more = {} if scale is None else {"cross_attention_kwargs": {"scale": scale}}
    call = {"num_inference_steps": 3, "guidance_scale": 5.0, "generator": torch.Generator("cpu").manual_seed(3)}
    pictures: Tensor = pipe(PROMPT, output_type="pt", **call, **more).images
    return pictures


def ours(engine: Engine, family: str, model: Path, lora: Path, scale: float = 1.0) -> Tensor:
    """What the shipped workflow decodes."""
    content = json.loads((files("latentgraph.workflows") / f"{WORKFLOWS[family]}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    given: dict[str, Any] = {"model": str(model), "lora": str(lora), "scale": scale, "prompt": PROMPT, "seed": 3}
    given |= {"num_inference_steps": 3, "guidance_scale": 5.0}
    run = engine.run(parse_document(json.dumps(content).encode(), "lora.json"), given, settings={"device": "cpu"})
    pictures: Tensor = run.result().values["decoded"].samples
    return pictures


EVERY = [("sd1", "alpha"), ("sdxl", "stability"), ("sd1", "kohya"), ("sdxl", "kohya"), ("sdxl", "alpha")]


@pytest.mark.parametrize(
    ("family", "name"),
    [pytest.param(*one, marks=() if n < 2 else pytest.mark.exhaustive) for n, one in enumerate(EVERY)],
)
def test_a_lora_in_the_names_of_kohya_gives_the_picture_of_diffusers(
    family: str, name: str, engine: Engine, made: Made
) -> None:
    model, lora = made.models[family], made.lora(family, name)
    wanted = expected(model, lora)
    assert wanted.std() > 0
    assert torch.equal(ours(engine, family, model, lora), wanted)
    # And it is the same LoRA as in diffusers' own names: none of its layers got lost on the way.
    plain = ours(engine, family, model, made.lora(family, "plain"), 0.5 if name == "alpha" else 1.0)
    assert torch.equal(plain, wanted)


@pytest.mark.parametrize("scale", [0.6, pytest.param(0.0, marks=pytest.mark.exhaustive),
                                   pytest.param(-0.5, marks=pytest.mark.exhaustive)])  # fmt: skip
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("name", ["plain", pytest.param("alpha", marks=pytest.mark.exhaustive)])
def test_the_scale_is_that_of_cross_attention_kwargs(
    family: str, name: str, scale: float, engine: Engine, made: Made
) -> None:
    model, lora = made.models[family], made.lora(family, name)
    wanted = expected(model, lora, scale=scale)
    assert torch.equal(ours(engine, family, model, lora, scale), wanted)
    assert not torch.equal(ours(engine, family, model, lora), wanted)


@pytest.mark.parametrize(
    ("family", "beginning"),
    [("sd1", "lora_te_"), ("sdxl", "lora_te2_"), pytest.param("sdxl", "lora_te1_", marks=pytest.mark.exhaustive)],
)
def test_a_text_encoders_part_that_diffusers_cannot_read_is_found_by_the_check(
    family: str, beginning: str, made: Made, tmp_path: Path
) -> None:
    whole, cut = load_file(made.lora(family, "kohya")), tmp_path / "cut.safetensors"
    kept = {name: one for name, one in whole.items() if not name.startswith(beginning) or "self_attn_q_proj" in name}
    save_file(kept, cut)
    # As diffusers does not read it either, it is not worth less here than there.
    with pytest.raises(ValueError, match="Could not automatically infer state dict type"):
        expected(made.models[family], cut)
    document = read_document(Path(str(files("latentgraph.workflows"))) / f"{WORKFLOWS[family]}.json")
    found = check(document, Registry.load(), {"model": str(made.models[family]), "lora": str(cut)}).errors
    assert "adds to a text encoder, but to none of its out_proj and mlp layers" in found[0].message
