"""LoRA: the pictures that diffusers gives with the same files, and what is said of wrong ones."""

from __future__ import annotations

import itertools
import json
import random
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.parity_cases import PROMPT, STEPS
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))


@dataclass(frozen=True)
class Case:
    """LoRAs with their scales, and how they are added."""

    names: tuple[str, ...]
    scales: tuple[float, ...]
    fused: bool

    def __str__(self) -> str:
        told = " and ".join(f"{name} at {scale:g}" for name, scale in zip(self.names, self.scales, strict=False))
        return f"{told}{', fused' if self.fused else ''}"


def all_cases() -> list[Case]:
    """One and two, in both orders, at several scales, fused or not."""
    names, scales = ("both", "unet", "text", "more"), (1.0, 0.7, 0.0, -0.5)
    one = [Case((name,), (scale,), fused) for name, scale, fused in itertools.product(names, scales, (False, True))]
    pairs, weights = (("both", "more"), ("more", "both")), ((1.0, 1.0), (0.8, 0.3))
    two = [Case(pair, weight, fused) for pair, weight, fused in itertools.product(pairs, weights, (False, True))]
    return one + two


def sampled(count: int = 8) -> list[Case]:
    """Some, by lot, two of them with two LoRAs."""
    cases, lot = all_cases(), random.Random(2)
    return lot.sample(cases[:32], count - 2) + lot.sample(cases[32:], 2)


@pytest.fixture(scope="session")
def loras(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LoRAs of rank 4 for the tiny model, as diffusers writes them."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    folder = tmp_path_factory.mktemp("loras")
    states = []
    for seed, targets in ((1, ["to_k", "to_q", "to_v", "to_out.0"]), (2, ["q_proj", "v_proj"])):
        pipe = load_pipeline(tiny_folder)
        module = pipe.unet if seed == 1 else pipe.text_encoder
        torch.manual_seed(seed)
        module.add_adapter(LoraConfig(r=4, lora_alpha=8, init_lora_weights=False, target_modules=targets))
        states.append({name: one.contiguous() for name, one in get_peft_model_state_dict(module).items()})
    save = library.StableDiffusionPipeline.save_lora_weights
    save(folder, unet_lora_layers=states[0], text_encoder_lora_layers=states[1], weight_name="both.safetensors")
    save(folder, unet_lora_layers={n: t * 0.5 for n, t in states[0].items()}, weight_name="unet.safetensors")
    save(folder, text_encoder_lora_layers=states[1], weight_name="text.safetensors")
    half = [{name: tensor * 0.5 for name, tensor in state.items()} for state in states]
    save(folder, unet_lora_layers=half[0], text_encoder_lora_layers=half[1], weight_name="more.safetensors")
    return folder


def expected(case: Case, model: Path, loras: Path) -> torch.Tensor:
    """What diffusers' pipeline gives, float (B, 3, H, W)."""
    pipe = load_pipeline(model)
    pipe.set_progress_bar_config(disable=True)
    for name in case.names:
        with warnings.catch_warnings():
            # Of diffusers' own second LoRA; ours has to come without a warning.
            warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
            pipe.load_lora_weights(str(loras), weight_name=f"{name}.safetensors", adapter_name=name)
    pipe.set_adapters(list(case.names), list(case.scales))
    if case.fused:
        pipe.fuse_lora(components=["unet", "text_encoder"], adapter_names=list(case.names))
    pipe.safety_checker = None
    made: torch.Tensor = pipe(
        PROMPT, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(3), output_type="pt"
    ).images
    return made


def document(case: Case) -> Document:
    """The shipped workflow, with a second LoRA written in behind the first."""
    content = json.loads((FOLDER / "lora.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    if len(case.names) > 1:
        text = json.dumps(content).replace('"lora.denoiser"', '"more.denoiser"')
        content = json.loads(text.replace('"lora.text_encoder"', '"more.text_encoder"'))
        inputs = {"denoiser": {"from": "lora.denoiser"}, "text_encoder": {"from": "lora.text_encoder"},
                  "lora": {"from": "inputs.second"}, "scale": case.scales[1], "fused": case.fused}  # fmt: skip
        content["nodes"]["more"] = {"type": "load_lora", "inputs": inputs}
        content["inputs"]["second"] = {"type": "string"}
    return parse_document(json.dumps(content).encode(), "lora.json")


def hold(case: Case, engine: Engine, model: Path, loras: Path) -> None:
    """Ours is theirs, bit for bit."""
    wanted = expected(case, model, loras)
    given: dict[str, Any] = {
        "model": str(model),
        "lora": str(loras / f"{case.names[0]}.safetensors"),
        "scale": case.scales[0],
        "fused": case.fused,
        "prompt": PROMPT,
        "num_inference_steps": STEPS,
        "guidance_scale": 7.5,
        "seed": 3,
    }
    if len(case.names) > 1:
        given["second"] = str(loras / f"{case.names[1]}.safetensors")
    made = engine.run(document(case), given, settings={"device": "cpu"}).result().values["decoded"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", sampled(), ids=str)
def test_a_lora_gives_the_picture_of_diffusers(case: Case, engine: Engine, tiny_folder: Path, loras: Path) -> None:
    hold(case, engine, tiny_folder, loras)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_lora_gives_the_picture_of_diffusers_in_every_case(
    case: Case, engine: Engine, tiny_folder: Path, loras: Path
) -> None:
    hold(case, engine, tiny_folder, loras)


def problems(**values: Any) -> list[str]:
    """What the check says of the shipped workflow with these values."""
    return [one.message for one in check(read_document(FOLDER / "lora.json"), Registry.load(), values).errors]


def test_what_is_no_lora_is_found_by_the_check(tiny_folder: Path, loras: Path, tmp_path: Path) -> None:
    model = str(tiny_folder)
    assert problems(model=model, lora=str(loras / "unet.safetensors")) == []
    assert (
        "is no LoRA: none of its tensors"
        in problems(model=model, lora=str(tiny_folder / "vae" / "diffusion_pytorch_model.safetensors"))[0]
    )
    assert "is no LoRA" in problems(model=model, lora=str(tiny_folder / "model_index.json"))[0]
    pickle = tmp_path / "style.pt"
    pickle.write_bytes(b"")
    assert "is a pickle" in problems(model=model, lora=str(pickle))[0]
    flux = tmp_path / "flux.safetensors"
    save_file({"transformer.blocks.0.attn.to_q.lora_A.weight": torch.zeros(4, 32)}, flux)
    assert "is a LoRA for a transformer" in problems(model=model, lora=str(flux))[0]


def test_a_lora_of_another_family_is_found_by_the_check(tiny_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "xl.safetensors"
    save_file({"lora_unet_x_attn2_to_k.lora_down.weight": torch.zeros(4, 2048)}, other)
    found = check(read_document(FOLDER / "lora.json"), Registry.load(), {"model": str(tiny_folder), "lora": str(other)})
    assert [(one.code, one.node) for one in found.errors][:1] == [("E109", "lora")]
    assert "is for family sdxl, what it is given is of family sd1" in found.errors[0].message


def test_a_lora_of_other_widths_is_told(engine: Engine, shapes_folder: Path, loras: Path) -> None:
    case = Case(("unet",), (1.0,), fused=False)
    given = {"model": str(shapes_folder), "lora": str(loras / "unet.safetensors")}
    with pytest.raises(NodeFailedError, match=r"the LoRA 'unet\.safetensors' does not fit the denoiser"):
        engine.run(document(case), given).result()
