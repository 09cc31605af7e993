"""LoRA for Flux: the latents and pictures that FluxPipeline gives with the same files, and what wrong ones are told."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.parity_flux import Case as Call
from tests.nodes.parity_flux import arguments
from tests.nodes.tiny_flux import build_tiny_flux

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes.flux_patches import packed

library: Any = diffusers  # Untyped.
pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")


@dataclass(frozen=True)
class Case:
    """LoRAs with their scales, and how they are added."""

    names: tuple[str, ...]
    scales: tuple[float, ...]
    fused: bool

    def __str__(self) -> str:
        told = " and ".join(f"{name} at {scale:g}" for name, scale in zip(self.names, self.scales, strict=True))
        return f"{told}{', fused' if self.fused else ''}"


ONE = [
    Case((name,), (scale,), fused)
    for name, scale, fused in itertools.product(
        ("both", "transformer", "text", "kohya"), (1.0, 0.7, 0.0, -0.5), (False, True)
    )
]
TWO = [
    Case(pair, scales, fused)
    for pair, scales, fused in itertools.product(
        (("both", "kohya"), ("kohya", "both")), ((1.0, 1.0), (0.8, 0.3)), (False, True)
    )
]
SAMPLE = [ONE[0], ONE[11], ONE[20], ONE[26], TWO[2], TWO[7]]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "dev"
    build_tiny_flux(folder)
    return folder


@pytest.fixture(scope="module")
def loras(dev: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LoRAs of rank 4 for the tiny model, as diffusers writes them and as kohya's scripts do."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    folder = tmp_path_factory.mktemp("loras")
    pipeline = library.FluxPipeline.from_pretrained(dev)
    states = []
    for seed, (module, targets) in enumerate(
        ((pipeline.transformer, ["to_k", "to_q", "to_v", "to_out.0"]), (pipeline.text_encoder, ["q_proj", "v_proj"]))
    ):
        torch.manual_seed(seed)
        module.add_adapter(LoraConfig(r=4, lora_alpha=8, init_lora_weights=False, target_modules=targets))
        states.append({name: one.contiguous() for name, one in get_peft_model_state_dict(module).items()})
    save = library.FluxPipeline.save_lora_weights
    transformer, text = states
    save(folder, transformer_lora_layers=transformer, text_encoder_lora_layers=text, weight_name="both.safetensors")
    save(folder, transformer_lora_layers=transformer, weight_name="transformer.safetensors")
    save(folder, text_encoder_lora_layers=text, weight_name="text.safetensors")
    save_file(as_kohya(transformer), folder / "kohya.safetensors")
    return folder


def as_kohya(transformer: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The output layers of the blocks with two streams, under the names of kohya's scripts."""
    made = {}
    for block in (0, 1):
        name = f"lora_unet_double_blocks_{block}_img_attn_proj"
        for own, other in (("lora_A", "lora_down"), ("lora_B", "lora_up")):
            made[f"{name}.{other}.weight"] = transformer[f"transformer_blocks.{block}.attn.to_out.0.{own}.weight"] * 0.5
        made[f"{name}.alpha"] = torch.tensor(2.0)
    return {key: tensor.clone() for key, tensor in made.items()}


def expected(case: Case, model: Path, loras: Path) -> tuple[Any, Any]:
    """The last latents, in patches, and the picture of diffusers' pipeline."""
    pipeline, latents = library.FluxPipeline.from_pretrained(model), list[Any]()
    pipeline.set_progress_bar_config(disable=True)
    for name in case.names:
        pipeline.load_lora_weights(str(loras), weight_name=f"{name}.safetensors", adapter_name=name)
    pipeline.set_adapters(list(case.names), list(case.scales))
    if case.fused:
        pipeline.fuse_lora(components=["transformer", "text_encoder"], adapter_names=list(case.names))

    def look(_pipeline: Any, _turn: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        latents.append(values["latents"])
        return {}

    images = pipeline(
        **arguments(Call()), generator=torch.Generator().manual_seed(3), output_type="pt", callback_on_step_end=look
    ).images
    return latents[-1], images


def document(case: Case) -> Document:
    """The shipped workflow, with a second LoRA written in behind the first."""
    content = json.loads((files("latentgraph.workflows") / "flux_lora.json").read_text("utf-8"))
    first = content["nodes"]["lora"]["inputs"]
    first["fused"] = case.fused
    if len(case.names) > 1:
        for part in ("denoiser", "text_encoder"):
            content = json.loads(json.dumps(content).replace(f'"lora.{part}"', f'"more.{part}"'))
        content["nodes"]["more"] = {
            "type": "load_lora_flux",
            "inputs": {
                "denoiser": {"from": "lora.denoiser"},
                "text_encoder": {"from": "lora.text_encoder"},
                "lora": {"from": "inputs.second"},
                "scale": case.scales[1],
                "fused": case.fused,
            },
        }
        content["inputs"]["second"] = {"type": "string"}
    return parse_document(json.dumps(content).encode(), "flux_lora.json")


def hold(case: Case, engine: Engine, model: Path, loras: Path) -> None:
    latents, images = expected(case, model, loras)
    paths = [str(loras / f"{name}.safetensors") for name in case.names]
    given = {**arguments(Call()), "model": str(model), "lora": paths[0], "scale": case.scales[0], "seed": 3}
    if len(paths) > 1:
        given["second"] = paths[1]
    values = engine.run(document(case), given, settings={"device": "cpu"}).result().values
    assert images.std() > 0
    assert torch.equal(packed(values["latents"].samples), latents)
    assert torch.equal(values["image"].samples, images)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_a_lora_gives_latents_and_picture_of_diffusers(case: Case, engine: Engine, dev: Path, loras: Path) -> None:
    hold(case, engine, dev, loras)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", [*ONE, *TWO], ids=str)
def test_a_lora_gives_latents_and_picture_of_diffusers_in_every_case(
    case: Case, engine: Engine, dev: Path, loras: Path
) -> None:
    hold(case, engine, dev, loras)


def test_each_lora_changes_the_picture(engine: Engine, dev: Path, loras: Path) -> None:
    made = [expected(Case((name,), (1.0,), fused=False), dev, loras)[1] for name in ("transformer", "text", "kohya")]
    made.append(expected(Case(("text",), (0.0,), fused=False), dev, loras)[1])
    assert not any(torch.equal(one, other) for one, other in itertools.combinations(made, 2))


def test_what_is_no_lora_for_flux_is_found_by_the_check(dev: Path, loras: Path, tmp_path: Path) -> None:
    def problems(lora: Path) -> list[str]:
        given = {"model": str(dev), "lora": str(lora)}
        return [
            one.message.removesuffix(" (from inputs.lora)")
            for one in check(document(ONE[0]), Registry.load(), given).errors
        ]

    def saved(name: str, tensor: str) -> Path:
        save_file({tensor: torch.zeros(4, 8)}, tmp_path / name)
        return tmp_path / name

    assert problems(loras / "both.safetensors") == []
    assert problems(loras / "kohya.safetensors") == []
    other = saved("sd1.safetensors", "unet.down.attn2.to_k.lora_A.weight")
    assert problems(other) == [f"{str(other)!r} is a LoRA for something else, and not for Flux"]
    none = saved("none.safetensors", "transformer.x.weight")
    assert problems(none) == [f"{str(none)!r} is no LoRA: none of its tensors is called so"]
    control = tmp_path / "control.safetensors"
    more = {"transformer.transformer_blocks.0.attn.norm_q.weight": torch.zeros(4)}
    save_file(load_file(loras / "transformer.safetensors") | more, control)
    assert "makes Flux look at a picture" in problems(control)[0]
    pickle = tmp_path / "style.pt"
    pickle.write_bytes(b"")
    assert "is a pickle" in problems(pickle)[0]


def test_a_lora_of_other_widths_is_told(engine: Engine, dev: Path, tmp_path: Path) -> None:
    name, path = "transformer.transformer_blocks.0.attn.to_k", tmp_path / "wide.safetensors"
    save_file({f"{name}.lora_A.weight": torch.zeros(4, 8), f"{name}.lora_B.weight": torch.zeros(8, 4)}, path)
    given = {**arguments(Call()), "model": str(dev), "lora": str(path)}
    with pytest.raises(NodeFailedError, match=r"the LoRA 'wide\.safetensors' does not fit the denoiser"):
        engine.run(document(ONE[0]), given).result()
