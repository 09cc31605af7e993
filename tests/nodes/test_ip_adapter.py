"""IP-Adapters: the pictures of diffusers' StableDiffusionPipeline after load_ip_adapter."""

from __future__ import annotations

import inspect
import itertools
import json
import random
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image as Picture
from safetensors.torch import save_file
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.tiny_families import build_tiny_sdxl
from tests.nodes.tiny_ip_adapter import build_ip_adapters

from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.run import Engine

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))
SHOWN: tuple[tuple[str, ...], ...] = (("wide",), ("small", "high"))
"""The pictures of the first and of the second IP-Adapter; the other way round where the first one is shown two."""


@dataclass(frozen=True)
class Case:
    """One call of the pipeline, and the workflow that should do the same."""

    adapters: tuple[str, ...]
    scale: float
    several: bool
    """Whether the first IP-Adapter is shown two pictures of several shapes."""
    guidance_scale: float
    batch: int
    saved: bool
    """Whether what the encoder made comes from a file, in the form that diffusers' own argument has."""
    scheduler: str

    def __str__(self) -> str:
        told = "saved" if self.saved else "encoded"
        numbers = f"{self.scale:g}, {'two pictures' if self.several else 'one picture'}, {self.guidance_scale:g}"
        return f"{' and '.join(self.adapters)}, {numbers}, {self.batch}, {told}, {self.scheduler}"

    @property
    def pictures(self) -> list[tuple[str, ...]]:
        """For each IP-Adapter."""
        return list(SHOWN[::-1] if self.several else SHOWN)[: len(self.adapters)]

    @property
    def scales(self) -> list[float]:
        """For each IP-Adapter: the second has another."""
        return [self.scale, self.scale - 0.25][: len(self.adapters)]


def all_cases() -> list[Case]:
    """120 cases: five choices combined in full, and two that follow from them."""
    adapters = (("plain",), ("plus",), ("full",), ("plain", "other"), ("plus", "plain"))
    names = ("PNDM", "Euler ancestral", "Heun", "DPM++ 2M Karras")
    cases = []
    chosen = itertools.product(adapters, (0.0, 0.5, 1.0), (False, True), (7.5, 1.0), (1, 2))
    for number, (which, scale, several, guidance, batch) in enumerate(chosen):
        cases.append(
            Case(which, scale, several, guidance, batch, number % 3 == 1, names[(number * 7 + number // 4) % 4])
        )
    return cases


def sampled() -> list[Case]:
    """Some, by lot: one with each choice of IP-Adapters, and one in which they say nothing."""
    cases = all_cases()
    random.Random(5).shuffle(cases)
    kinds = dict.fromkeys(case.adapters for case in cases)
    speaking = [next(case for case in cases if case.scale and case.adapters == which) for which in kinds]
    return [*speaking, next(case for case in cases if not case.scale)]


def test_every_two_choices_meet() -> None:
    cases = all_cases()
    assert len(set(cases)) == 120
    fields = ("adapters", "scale", "several", "guidance_scale", "batch", "saved", "scheduler")
    for one, other in itertools.combinations(fields, 2):
        pairs = {(getattr(case, one), getattr(case, other)) for case in cases}
        assert len(pairs) == len({pair[0] for pair in pairs}) * len({pair[1] for pair in pairs})


def test_the_inputs_bear_the_names_of_the_pipeline() -> None:
    call = inspect.signature(library.StableDiffusionPipeline.__call__).parameters
    inputs = read_document(FOLDER / "ip_adapter.json").workflow.inputs
    own = {"model", "scheduler", "seed", "ip_adapter", "image_encoder", "scale"}
    assert set(inputs) - set(call) == own


@pytest.fixture(scope="session")
def adapters(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IP-Adapters for the tiny model."""
    folder = tmp_path_factory.mktemp("ip_adapters")
    build_ip_adapters(folder, library.UNet2DConditionModel.from_pretrained(tiny_folder / "unet"))
    return folder


def pipeline(model: Path, adapters: Path, names: tuple[str, ...]) -> Any:
    """diffusers' own, with IP-Adapters and the image processor that it makes for itself."""
    made = library.StableDiffusionPipeline.from_pretrained(
        model, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    made.set_progress_bar_config(disable=True)
    made.load_ip_adapter(str(adapters), subfolder="", weight_name=[f"{name}.safetensors" for name in names])
    return made


def opened(path: Path) -> Picture.Image:
    """The picture in a file."""
    with Picture.open(path) as picture:
        return picture.convert("RGB")


def expected(case: Case, model: Path, adapters: Path, saved: list[Path]) -> tuple[torch.Tensor, torch.Tensor]:
    """What the pipeline gives, float (B, 3, H, W), and its latents; writes the embeddings into `saved`."""
    pipe = pipeline(model, adapters, case.adapters)
    pipe.set_ip_adapter_scale(case.scales)
    class_name, options, eta = SCHEDULERS[case.scheduler]
    pipe.scheduler = getattr(library, class_name).from_config(pipe.scheduler.config, **options)
    pictures = [[opened(adapters / f"{name}.png") for name in names] for names in case.pictures]
    shown: dict[str, Any] = {"ip_adapter_image": pictures}
    if case.saved:
        guided = case.guidance_scale > 1
        embeddings = pipe.prepare_ip_adapter_image_embeds(pictures, None, "cpu", 1, guided)
        shown = {"ip_adapter_image_embeds": embeddings}
        for path, one in zip(saved, embeddings, strict=False):
            zeros = torch.zeros_like(one)  # Without guidance nobody reads the negative side.
            save_file({"image_embeds": one if guided else torch.cat([zeros, one])}, path)
    latents: list[torch.Tensor] = []

    def keep(_pipe: Any, _step: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        latents.append(values["latents"])
        return values

    made = pipe(
        PROMPT,
        num_inference_steps=STEPS,
        guidance_scale=case.guidance_scale,
        num_images_per_prompt=case.batch,
        eta=eta,
        generator=torch.Generator("cpu").manual_seed(3),
        output_type="pt",
        callback_on_step_end=keep,
        **shown,
    ).images
    return made, latents[-1]


def linked(**links: str) -> dict[str, Any]:
    """Links by the names of inputs."""
    return {name: {"from": link} for name, link in links.items()}


def document(case: Case) -> Document:
    """The shipped workflow, as a case wants it."""
    return parse_document(json.dumps(written(case)).encode(), "ip_adapter.json")


def written(case: Case) -> dict[str, Any]:
    """The shipped workflow, with what it does not offer written in: further pictures, IP-Adapters and files."""
    content: dict[str, Any] = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    nodes = content["nodes"]
    nodes["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    if len(case.adapters) > 1:
        content["inputs"] |= {"second_adapter": {"type": "string"}}
        second = linked(denoiser="adapted.denoiser", ip_adapter="inputs.second_adapter")
        nodes["second_adapted"] = {"type": "load_ip_adapter", "inputs": second}
        told = linked(image_encoder="image_encoder.image_encoder", ip_adapter="second_adapted.ip_adapter")
        nodes["second_prompt"] = {"type": "encode_image_prompt", "inputs": told | linked(image="picture.image")}
        steered = linked(guidance="steering.guidance", prompt="second_prompt.image_prompt")
        nodes["second"] = {"type": "add_image_prompt", "inputs": steered | {"scale": case.scales[1]}}
        nodes["denoise"]["inputs"] |= linked(denoiser="second_adapted.denoiser", guidance="second.guidance")
    prompts = ["image_prompt", "second_prompt"][: len(case.adapters)]
    for number, (prompt, names) in enumerate(zip(prompts, case.pictures, strict=True)):
        if case.saved:
            content["inputs"][f"saved_{number}"] = {"type": "string"}
            nodes[prompt] = {"type": "load_image_prompt", "inputs": linked(path=f"inputs.saved_{number}")}
            continue
        before: dict[str, Any] = {}
        for name in names:
            content["inputs"][name] = {"type": "string"}
            nodes[name] = {"type": "load_image", "inputs": linked(path=f"inputs.{name}")}
            cut = linked(image_encoder="image_encoder.image_encoder", image=f"{name}.image") | before
            nodes[f"cut_{name}"] = {"type": "crop_for_encoder", "inputs": cut}
            before = linked(after=f"cut_{name}.image")
        nodes[prompt]["inputs"]["image"] = before["after"] if len(names) > 1 else {"from": f"{names[0]}.image"}
    return content


def given(case: Case, model: Path, adapters: Path, saved: list[Path]) -> dict[str, Any]:
    """Values for its inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    values: dict[str, Any] = {
        "model": str(model),
        "ip_adapter": str(adapters / f"{case.adapters[0]}.safetensors"),
        "image_encoder": str(adapters / "image_encoder"),
        "ip_adapter_image": str(adapters / "wide.png"),
        "scale": case.scale,
        "prompt": PROMPT,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": 3,
    }
    if len(case.adapters) > 1:
        values["second_adapter"] = str(adapters / f"{case.adapters[1]}.safetensors")
    for number, names in enumerate(case.pictures):
        values |= {f"saved_{number}": str(saved[number])} if case.saved else {}
        values |= {} if case.saved else {name: str(adapters / f"{name}.png") for name in names}
    return values


def hold(case: Case, engine: Engine, model: Path, adapters: Path, folder: Path) -> None:
    """Ours is theirs, bit for bit, in the latents and in the picture."""
    saved = [folder / "first.safetensors", folder / "second.safetensors"]
    picture, latents = expected(case, model, adapters, saved)
    values = engine.run(document(case), given(case, model, adapters, saved), settings={"device": "cpu"}).result().values
    assert picture.std() > 0
    assert torch.equal(values["latents"].samples, latents)
    assert torch.equal(values["decoded"].samples, picture)


@pytest.mark.parametrize("case", sampled(), ids=str)
def test_an_ip_adapter_gives_the_picture_of_the_pipeline(
    case: Case, engine: Engine, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    hold(case, engine, tiny_folder, adapters, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_an_ip_adapter_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    hold(case, engine, tiny_folder, adapters, tmp_path)


@pytest.mark.parametrize("masked", [(True, True), (False, True)], ids=["both", "the second"])
def test_masks_give_the_picture_of_the_pipeline(
    masked: tuple[bool, bool], engine: Engine, tiny_folder: Path, adapters: Path
) -> None:
    case = Case(("plain", "other"), 0.7, several=False, guidance_scale=7.5, batch=2, saved=False, scheduler="PNDM")
    sides = [torch.zeros(64, 64, dtype=torch.uint8) for _ in range(2)]
    sides[0][:, :30], sides[1][:, 30:] = 255, 255
    for name, rows in zip(("left", "right"), sides, strict=True):
        Picture.fromarray(rows.numpy()).save(adapters / f"{name}.png")
    pipe = pipeline(tiny_folder, adapters, case.adapters)
    pipe.set_ip_adapter_scale(case.scales)
    prepared = library.image_processor.IPAdapterMaskProcessor().preprocess(
        [Picture.fromarray(rows.numpy()) for rows in sides], height=64, width=64
    )
    counts = [len(names) for names in case.pictures]
    every = [one[None].repeat(1, count, 1, 1) for one, count in zip(prepared, counts, strict=True)]
    masks = [one if used else None for one, used in zip(every, masked, strict=True)]
    picture = pipe(
        PROMPT, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(3), output_type="pt",
        num_images_per_prompt=2, cross_attention_kwargs={"ip_adapter_masks": masks},
        ip_adapter_image=[[opened(adapters / f"{name}.png") for name in names] for names in case.pictures],
    ).images  # fmt: skip
    content = written(case)
    for node, name, used in zip(("steering", "second"), ("left", "right"), masked, strict=True):
        content["inputs"][name] = {"type": "string"}
        content["nodes"][name] = {"type": "load_mask", "inputs": linked(path=f"inputs.{name}")}
        content["nodes"][node]["inputs"] |= linked(mask=f"{name}.mask") if used else {}
    values = given(case, tiny_folder, adapters, []) | {
        name: str(adapters / f"{name}.png") for name in ("left", "right")
    }
    made = engine.run(parse_document(json.dumps(content).encode(), "masks.json"), values).result().values
    assert torch.equal(made["decoded"].samples, picture)


def test_scales_by_blocks_and_a_lora_give_the_picture_of_the_pipeline(
    engine: Engine, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    case = Case(("plain",), 1.0, several=False, guidance_scale=7.5, batch=1, saved=False, scheduler="PNDM")
    blocks = {"up": {"block_0": [0.0, 1.0, 0.3]}}
    cross = torch.Generator().manual_seed(4)
    name = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
    lora = {f"{name}.lora_A.weight": torch.randn(4, 32, generator=cross)}
    lora |= {f"{name}.lora_B.weight": torch.randn(64, 4, generator=cross)}
    save_file(lora, tmp_path / "style.safetensors")
    pipe = pipeline(tiny_folder, adapters, case.adapters)
    pipe.set_ip_adapter_scale(blocks)
    pipe.load_lora_weights(str(tmp_path), weight_name="style.safetensors")
    picture = pipe(
        PROMPT, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(3), output_type="pt",
        ip_adapter_image=opened(adapters / "wide.png"),
    ).images  # fmt: skip
    content = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    content["inputs"]["lora"] = {"type": "string"}
    added = linked(denoiser="adapted.denoiser", text_encoder="model.text_encoder", lora="inputs.lora")
    content["nodes"]["lora"] = {"type": "load_lora", "inputs": added}
    content["nodes"]["steering"]["inputs"]["blocks"] = blocks
    content["nodes"]["denoise"]["inputs"]["denoiser"] = {"from": "lora.denoiser"}
    values = given(case, tiny_folder, adapters, []) | {"lora": str(tmp_path / "style.safetensors")}
    del values["wide"]
    made = engine.run(parse_document(json.dumps(content).encode(), "both.json"), values).result().values
    assert torch.equal(made["decoded"].samples, picture)


def test_stable_diffusion_xl_takes_them_too(engine: Engine, tmp_path: Path) -> None:
    model, folder = tmp_path / "xl", tmp_path / "adapters"
    build_tiny_sdxl(model)
    pipe = library.StableDiffusionXLPipeline.from_pretrained(model)
    pipe.set_progress_bar_config(disable=True)
    build_ip_adapters(folder, pipe.unet)
    pipe.load_ip_adapter(str(folder), subfolder="", weight_name="plus.safetensors")
    pipe.set_ip_adapter_scale(0.5)
    picture = pipe(
        PROMPT, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(3), output_type="pt",
        ip_adapter_image=opened(folder / "wide.png"),
    ).images  # fmt: skip
    content = json.loads((FOLDER / "sdxl_text_to_image.json").read_text("utf-8"))
    lesson = read_document(FOLDER / "ip_adapter.json").workflow
    own = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))["nodes"]
    for name in ("ip_adapter", "image_encoder", "ip_adapter_image"):
        content["inputs"][name] = {"type": lesson.inputs[name].type}
    shown = {name: own[name] for name in ("adapted", "image_encoder", "picture", "image_prompt")}
    shown["shown"] = own["steering"]
    shown["shown"]["inputs"] |= linked(guidance="guidance.guidance") | {"scale": 0.5}
    content["nodes"] |= shown
    content["nodes"]["denoise"]["inputs"] |= linked(denoiser="adapted.denoiser", guidance="shown.guidance")
    values = {
        "model": str(model),
        "ip_adapter": str(folder / "plus.safetensors"),
        "image_encoder": str(folder / "image_encoder"),
        "ip_adapter_image": str(folder / "wide.png"),
        "prompt": PROMPT,
        "num_inference_steps": STEPS,
        "guidance_scale": 5.0,
        "seed": 3,
    }
    made = engine.run(parse_document(json.dumps(content).encode(), "xl.json"), values).result().values
    assert torch.equal(made["image"].samples, picture)
