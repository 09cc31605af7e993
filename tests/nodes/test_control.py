"""ControlNets: the pictures of diffusers' StableDiffusionControlNetPipeline, and what is said of wrong ones."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image as Picture
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.tiny import edit_json

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))


@dataclass(frozen=True)
class Case:
    """One call of the pipeline, and the workflow that should do the same."""

    scheduler: str
    nets: int
    guidance_scale: float
    scale: float
    span: tuple[float, float]
    guess_mode: bool
    batch: int

    def __str__(self) -> str:
        guess = "guess" if self.guess_mode else "both sides"
        numbers = f"{self.guidance_scale:g}, {self.scale:g}, {self.span}"
        return f"{self.scheduler}, {self.nets}, {numbers}, {guess}, {self.batch}"


def all_cases() -> list[Case]:
    """128 cases: a half of every combination, for each of four schedulers."""
    choices = ((1, 2), (7.5, 1.0), (1.0, 0.6), ((0.0, 1.0), (0.2, 0.7)), (False, True), (1, 2))
    names = ("PNDM", "Euler ancestral", "Heun", "DPM++ 2M Karras")
    every = [Case(name, *chosen) for name in names for chosen in itertools.product(*choices)]
    return [case for number, case in enumerate(every) if bin(number % 64).count("1") % 2 == 0]


def sampled(count: int = 6) -> list[Case]:
    """Some, by lot."""
    return random.Random(4).sample(all_cases(), count)


def test_every_two_choices_meet() -> None:
    cases = all_cases()
    assert len(set(cases)) == 128
    fields = ("scheduler", "nets", "guidance_scale", "scale", "span", "guess_mode", "batch")
    for one, other in itertools.combinations(fields, 2):
        pairs = {(getattr(case, one), getattr(case, other)) for case in cases}
        assert len(pairs) == len({pair[0] for pair in pairs}) * len({pair[1] for pair in pairs})


@pytest.fixture(scope="session")
def nets(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ControlNets for the tiny model, whose last layers are not the zeros that training begins with."""
    folder = tmp_path_factory.mktemp("nets")
    unet = library.UNet2DConditionModel.from_pretrained(tiny_folder / "unet")
    for name, seed in (("edges", 1), ("depths", 2)):
        torch.manual_seed(seed)
        net = library.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32))
        for parameter in net.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.05)
        net.save_pretrained(folder / name)
        rows = torch.rand(64, 64, 3, generator=torch.Generator().manual_seed(seed))
        Picture.fromarray((rows.numpy() * 255).astype("uint8")).save(folder / f"{name}.png")
    return folder


@cache
def pipeline(model: Path, nets: Path, count: int) -> Any:
    """diffusers' own."""
    loaded = [library.ControlNetModel.from_pretrained(nets / name) for name in ("edges", "depths")][:count]
    made = library.StableDiffusionControlNetPipeline.from_pretrained(
        model, controlnet=loaded if count > 1 else loaded[0], safety_checker=None, requires_safety_checker=False
    )
    made.set_progress_bar_config(disable=True)
    return made


def picture(path: Path) -> Picture.Image:
    """The picture in a file."""
    with Picture.open(path) as opened:
        return opened.convert("RGB")


def expected(case: Case, model: Path, nets: Path) -> torch.Tensor:
    """What the pipeline gives, float (B, 3, H, W)."""
    pipe = pipeline(model, nets, case.nets)
    class_name, options, eta = SCHEDULERS[case.scheduler]
    own = pipe.scheduler
    pictures = [picture(nets / f"{name}.png") for name in ("edges", "depths")][: case.nets]
    several = case.nets > 1
    try:
        pipe.scheduler = getattr(library, class_name).from_config(own.config, **options)
        made: torch.Tensor = pipe(
            PROMPT,
            image=pictures if several else pictures[0],
            num_inference_steps=STEPS,
            guidance_scale=case.guidance_scale,
            num_images_per_prompt=case.batch,
            eta=eta,
            generator=torch.Generator("cpu").manual_seed(3),
            controlnet_conditioning_scale=[case.scale] * 2 if several else case.scale,
            guess_mode=case.guess_mode,
            control_guidance_start=case.span[0],
            control_guidance_end=case.span[1],
            output_type="pt",
        ).images
    finally:
        pipe.scheduler = own
    return made


def document(case: Case) -> Document:
    """The shipped workflow, with what it does not offer written in."""
    name = "controlnet_two" if case.nets > 1 else "controlnet"
    content = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    content["nodes"]["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    for node in ("control", "second_control")[: case.nets]:
        written = content["nodes"][node]["inputs"]
        written |= {"guess_mode": case.guess_mode, "start": case.span[0], "end": case.span[1]}
    return parse_document(json.dumps(content).encode(), name)


def given(case: Case, model: Path, nets: Path) -> dict[str, Any]:
    """Values for its inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    values = {
        "model": str(model),
        "controlnet": str(nets / "edges"),
        "image": str(nets / "edges.png"),
        "controlnet_conditioning_scale": case.scale,
        "prompt": PROMPT,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": 3,
    }
    if case.nets > 1:
        values |= {f"second_{name}": values[name] for name in ("controlnet_conditioning_scale",)}
        values |= {"second_controlnet": str(nets / "depths"), "second_image": str(nets / "depths.png")}
    return values


def hold(case: Case, engine: Engine, model: Path, nets: Path) -> None:
    """Ours is theirs, bit for bit."""
    wanted = expected(case, model, nets)
    values = engine.run(document(case), given(case, model, nets), settings={"device": "cpu"}).result().values
    assert wanted.std() > 0
    assert torch.equal(values["decoded"].samples, wanted)


@pytest.mark.parametrize("case", sampled(), ids=str)
def test_a_controlnet_gives_the_picture_of_the_pipeline(
    case: Case, engine: Engine, tiny_folder: Path, nets: Path
) -> None:
    hold(case, engine, tiny_folder, nets)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_controlnet_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, tiny_folder: Path, nets: Path
) -> None:
    hold(case, engine, tiny_folder, nets)


def test_a_net_that_pools_its_picture_moves_the_positive_side_alone(
    engine: Engine, tiny_folder: Path, nets: Path, tmp_path: Path
) -> None:
    pooling = tmp_path / "nets"
    shutil.copytree(nets, pooling)
    edit_json(pooling / "edges" / "config.json", global_pool_conditions=True)
    case = Case("PNDM", 1, 7.5, 1.0, (0.0, 1.0), guess_mode=False, batch=1)
    hold(case, engine, tiny_folder, pooling)


def test_it_does_move_the_picture(engine: Engine, tiny_folder: Path, nets: Path) -> None:
    case = Case("PNDM", 1, 7.5, 1.0, (0.0, 1.0), guess_mode=False, batch=1)
    values = given(case, tiny_folder, nets)
    made = [
        engine.run(document(case), values | {"controlnet_conditioning_scale": scale}).result().values["decoded"].samples
        for scale in (0.0, 1.0)
    ]
    assert not torch.equal(*made)


def problems(**values: Any) -> list[tuple[str, str, str, str]]:
    """What the check says of the shipped workflow with these values: code, node, port, sentence."""
    found = check(read_document(FOLDER / "controlnet.json"), Registry.load(), values).errors
    return [(one.code, one.node, one.port, one.message) for one in found]


def test_what_is_no_controlnet_is_found_by_the_check(tiny_folder: Path, nets: Path, tmp_path: Path) -> None:
    model = str(tiny_folder)
    assert problems(model=model, controlnet=str(nets / "edges")) == []
    (code, _, _, message), *_ = problems(model=model, controlnet=model)
    assert (code, message) == ("E115", f"{model!r} is no ControlNet: it has no config.json (from inputs.controlnet)")
    unet = str(tiny_folder / "unet")
    said = problems(model=model, controlnet=unet)[0][3]
    assert said.startswith(f"{unet!r} is no ControlNet: its class is UNet2DConditionModel")
    assert "there is no" in problems(model=model, controlnet="./nowhere")[0][3]
    pickle = tmp_path / "net"
    pickle.mkdir()
    (pickle / "config.json").write_text((nets / "edges" / "config.json").read_text())
    (pickle / "diffusion_pytorch_model.bin").write_bytes(b"")
    assert "pickle" in problems(model=model, controlnet=str(pickle))[0][3]


def test_a_controlnet_of_another_family_is_found_by_the_check(tiny_folder: Path, nets: Path, tmp_path: Path) -> None:
    other = tmp_path / "xl"
    other.mkdir()
    for file in (nets / "edges").iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    edit_json(other / "config.json", addition_embed_type="text_time")
    found = problems(model=str(tiny_folder), controlnet=str(other))
    assert [one[:3] for one in found] == [("E109", "control", "controlnet")]
    assert found[0][3] == "'controlnet.controlnet' is of family sdxl, but 'guidance' is of family sd1"


def test_a_picture_of_another_size_and_a_net_of_another_width_are_told(
    engine: Engine, tiny_folder: Path, shapes_folder: Path, nets: Path
) -> None:
    case = Case("PNDM", 1, 7.5, 1.0, (0.0, 1.0), guess_mode=False, batch=1)
    values = given(case, tiny_folder, nets)
    content = json.loads((FOLDER / "controlnet.json").read_text("utf-8"))
    content["nodes"]["noise"]["inputs"]["height"] = 48
    wrong = parse_document(json.dumps(content).encode(), "wrong.json")
    with pytest.raises(NodeFailedError, match=r"looks at 64 × 64 pixels for a picture of 64 × 48; put `resize_image`"):
        engine.run(wrong, values).result()
    with pytest.raises(NodeFailedError, match="reads embeddings of 32 numbers, those of the prompt have 96"):
        engine.run(document(case), values | {"model": str(shapes_folder)}).result()
