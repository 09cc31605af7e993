"""T2I-Adapters: what diffusers' StableDiffusionAdapterPipeline and its XL kin give, and what is said of wrong ones."""

from __future__ import annotations

import inspect
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
from tests.nodes.tiny import build_tiny_sd1
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import add_t2i_adapter, guidance, load_t2i_adapter
from latentgraph.nodes.prediction import predicted
from latentgraph.nodes.t2i_adapter import added_features
from latentgraph.nodes.value_details import guidance_rows
from latentgraph.nodes.values import AdapterFeatures, Conditioning, Guidance, Image, Timestep

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The decode_latents method is deprecated:FutureWarning"),
]
library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))
ADAPTERS: dict[str, dict[str, Any]] = {
    "full": {"in_channels": 3, "channels": [32, 64, 64], "adapter_type": "full_adapter", "downscale_factor": 2},
    "gray": {"in_channels": 1, "channels": [32, 64, 64], "adapter_type": "full_adapter", "downscale_factor": 2},
    "light": {"in_channels": 3, "channels": [32, 64], "adapter_type": "light_adapter", "downscale_factor": 2},
    "xl": {"in_channels": 3, "channels": [32, 64], "adapter_type": "full_adapter_xl", "downscale_factor": 4},
    "more_xl": {"in_channels": 3, "channels": [32, 64], "adapter_type": "full_adapter_xl", "downscale_factor": 4},
}
SEEN = {"full": "colours", "gray": "lightness", "light": "more_colours", "xl": "colours", "more_xl": "more_colours"}
"""Which picture each of them looks at."""


@dataclass(frozen=True)
class Case:
    """One call of a pipeline, and the workflow that should do the same."""

    adapters: tuple[str, ...]
    scale: float
    factor: float
    """Only the pipeline of Stable Diffusion XL has it."""
    guidance_scale: float
    batch: int
    scheduler: str

    def __str__(self) -> str:
        numbers = f"{self.scale:g}, {self.factor:g}, {self.guidance_scale:g}, {self.batch}"
        return f"{' and '.join(self.adapters)}, {numbers}, {self.scheduler}"

    @property
    def large(self) -> bool:
        """Whether it is for Stable Diffusion XL."""
        return "xl" in self.adapters

    @property
    def scales(self) -> list[float]:
        """For each adapter: the second has another."""
        return [self.scale, self.scale * 0.6 + 0.1][: len(self.adapters)]


def all_cases() -> list[Case]:
    """192 cases: every combination, of the adapters of each family."""
    names = ("PNDM", "Euler ancestral", "Heun", "DPM++ 2M Karras")
    small = itertools.product((("full",), ("gray",), ("light",), ("full", "gray")), (1.0, 0.7), (1.0,))
    large = itertools.product((("xl",), ("xl", "more_xl")), (0.7,), (1.0, 0.6))
    return [Case(*one, *more) for one in (*small, *large) for more in itertools.product((7.5, 1.0), (1, 2), names)]


def sampled() -> list[Case]:
    """One with each choice of adapters, by lot."""
    cases = all_cases()
    random.Random(3).shuffle(cases)
    return [next(case for case in cases if case.adapters == which) for which in {one.adapters: 0 for one in cases}]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in the shape of Stable Diffusion 1, one in that of XL, T2I-Adapters and pictures for them."""
    made = tmp_path_factory.mktemp("t2i")
    build_tiny_sd1(made / "model", safety_checker=False)
    build_tiny_sdxl(made / "model_xl")
    torch.manual_seed(5)
    unet = library.UNet2DConditionModel(
        cross_attention_dim=32,
        sample_size=32,
        layers_per_block=1,
        block_out_channels=(32, 64, 64),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    )
    shutil.rmtree(made / "model" / "unet")
    unet.save_pretrained(made / "model" / "unet")
    for name, config in ADAPTERS.items():
        library.T2IAdapter(**config, num_res_blocks=1).save_pretrained(made / name)
    for name, channels in (("colours", 3), ("more_colours", 3), ("lightness", 1)):
        rows = (torch.rand(64, 64, channels) * 255).to(torch.uint8).squeeze(-1)
        Picture.fromarray(rows.numpy()).save(made / f"{name}.png")
    return made


def opened(path: Path) -> Picture.Image:
    """The picture in a file."""
    with Picture.open(path) as picture:
        picture.load()
        return picture


@cache
def pipeline(folder: Path, names: tuple[str, ...]) -> Any:
    """diffusers' own."""
    adapters = [library.T2IAdapter.from_pretrained(folder / name) for name in names]
    adapter = adapters[0] if len(adapters) == 1 else library.MultiAdapter(adapters)
    if "xl" in names:
        made = library.StableDiffusionXLAdapterPipeline.from_pretrained(folder / "model_xl", adapter=adapter)
    else:
        made = library.StableDiffusionAdapterPipeline.from_pretrained(
            folder / "model", adapter=adapter, safety_checker=None, requires_safety_checker=False
        )
    made.set_progress_bar_config(disable=True)
    return made


def expected(case: Case, folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """What the pipeline gives, float (B, 3, H, W), and its latents."""
    pipe = pipeline(folder, case.adapters)
    class_name, options, eta = SCHEDULERS[case.scheduler]
    own = pipe.scheduler
    pictures = [opened(folder / f"{SEEN[name]}.png") for name in case.adapters]
    latents: list[torch.Tensor] = []
    several = len(pictures) > 1
    try:
        pipe.scheduler = getattr(library, class_name).from_config(own.config, **options)
        made = pipe(
            PROMPT,
            image=pictures if several else pictures[0],
            num_inference_steps=STEPS,
            guidance_scale=case.guidance_scale,
            num_images_per_prompt=case.batch,
            eta=eta,
            generator=torch.Generator("cpu").manual_seed(3),
            adapter_conditioning_scale=case.scales if several else case.scale,
            callback=lambda step, timestep, one: latents.append(one),
            output_type="pt" if case.large else "np",
            **({"adapter_conditioning_factor": case.factor} if case.large else {}),
        ).images
    finally:
        pipe.scheduler = own
    return (made if case.large else torch.from_numpy(made).permute(0, 3, 1, 2)), latents[-1]


def document(case: Case) -> Document:
    """The shipped workflow, or that of Stable Diffusion XL with the same nodes, and a second adapter written in."""
    own = json.loads((FOLDER / "t2i_adapter.json").read_text("utf-8"))
    content = json.loads((FOLDER / "sdxl_text_to_image.json").read_text("utf-8")) if case.large else own
    nodes = content["nodes"]
    if case.large:
        for name in ("t2i_adapter", "picture", "adapted"):
            nodes[name] = own["nodes"][name]
        for name in ("t2i_adapter", "image", "adapter_conditioning_scale", "adapter_conditioning_factor"):
            content["inputs"][name] = own["inputs"][name]
        nodes["adapted"]["inputs"]["image"] = {"from": "picture.image"}
        nodes["adapted"]["inputs"]["num_inference_steps"] = {"from": "inputs.num_inference_steps"}
        nodes["denoise"]["inputs"]["guidance"] = {"from": "adapted.guidance"}
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    nodes["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    if len(case.adapters) > 1:
        content["inputs"] |= {"second": {"type": "string"}, "second_image": {"type": "string"}}
        nodes["second"] = {"type": "load_t2i_adapter", "inputs": {"t2i_adapter": {"from": "inputs.second"}}}
        nodes["second_picture"] = {"type": "load_image", "inputs": {"path": {"from": "inputs.second_image"}}}
        added = dict(nodes["adapted"]["inputs"]) | {"scale": case.scales[1]}
        for name, link in (("guidance", "adapted.guidance"), ("t2i_adapter", "second.t2i_adapter")):
            added[name] = {"from": link}
        nodes["second_adapted"] = {"type": "add_t2i_adapter", "inputs": added}
        added["image"] = {"from": "second_picture.image"}
        nodes["denoise"]["inputs"]["guidance"] = {"from": "second_adapted.guidance"}
    return parse_document(json.dumps(content).encode(), "t2i.json")


def given(case: Case, folder: Path) -> dict[str, Any]:
    """Values for its inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    values = {
        "model": str(folder / ("model_xl" if case.large else "model")),
        "t2i_adapter": str(folder / case.adapters[0]),
        "image": str(folder / f"{SEEN[case.adapters[0]]}.png"),
        "adapter_conditioning_scale": case.scale,
        "adapter_conditioning_factor": case.factor,
        "prompt": PROMPT,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": 3,
    }
    if len(case.adapters) > 1:
        values["second"] = str(folder / case.adapters[1])
        values["second_image"] = str(folder / f"{SEEN[case.adapters[1]]}.png")
    return values


def hold(case: Case, engine: Engine, folder: Path) -> None:
    """Ours is theirs: the latents bit for bit, and the picture too where the pipeline decodes as the others do."""
    picture, latents = expected(case, folder)
    made = engine.run(document(case), given(case, folder), settings={"device": "cpu"}).result().values
    assert latents.std() > 0
    assert torch.equal(made["latents"].samples, latents)
    if case.large:
        assert torch.equal(made["decoded"].samples, picture)
    else:
        # StableDiffusionAdapterPipeline alone multiplies latents by 1 / scaling_factor where all others, and so
        # `decode`, divide them: one rounding more. From the same latents that is all there is between the pictures.
        vae = pipeline(folder, case.adapters).vae
        with torch.no_grad():
            divided = (vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0] * 0.5 + 0.5).clamp(0, 1)
        assert torch.equal(made["decoded"].samples, divided)
        assert (made["decoded"].samples - picture).abs().max() < 1e-5


def test_the_inputs_bear_the_names_of_the_pipeline() -> None:
    pipe = library.StableDiffusionAdapterPipeline, library.StableDiffusionXLAdapterPipeline
    call = set().union(*(inspect.signature(one.__call__).parameters for one in pipe))
    inputs = read_document(FOLDER / "t2i_adapter.json").workflow.inputs
    assert set(inputs) - call == {"model", "scheduler", "seed", "t2i_adapter"}


@pytest.mark.parametrize("case", sampled(), ids=str)
def test_a_t2i_adapter_gives_the_picture_of_the_pipeline(case: Case, engine: Engine, folder: Path) -> None:
    hold(case, engine, folder)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_t2i_adapter_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, folder: Path
) -> None:
    hold(case, engine, folder)


def test_it_does_move_the_picture_and_not_after_its_factor(engine: Engine, folder: Path) -> None:
    case = Case(("full",), 1.0, 1.0, 7.5, 1, "PNDM")
    told = {"listened": (1.0, 1.0), "silent": (0.0, 1.0), "never": (1.0, 0.0), "half": (1.0, 0.5)}
    made = {}
    for name, (scale, factor) in told.items():
        values = given(case, folder) | {"adapter_conditioning_scale": scale, "adapter_conditioning_factor": factor}
        made[name] = engine.run(document(case), values).result().values["latents"].samples
    assert torch.equal(made["silent"], made["never"])
    assert not torch.equal(made["listened"], made["silent"])
    assert not torch.equal(made["half"], made["silent"])
    assert not torch.equal(made["half"], made["listened"])


def problems(**values: Any) -> list[tuple[str, str, str, str]]:
    """What the check says of the shipped workflow with these values: code, node, port, sentence."""
    found = check(read_document(FOLDER / "t2i_adapter.json"), Registry.load(), values).errors
    return [(one.code, one.node, one.port, one.message) for one in found]


def test_what_is_no_t2i_adapter_is_found_by_the_check(folder: Path, tmp_path: Path) -> None:
    model = str(folder / "model")
    assert problems(model=model, t2i_adapter=str(folder / "full")) == []
    (code, _, _, message), *_ = problems(model=model, t2i_adapter=model)
    assert (code, message) == ("E115", f"{model!r} is no T2I-Adapter: it has no config.json (from inputs.t2i_adapter)")
    unet = str(folder / "model" / "unet")
    said = problems(model=model, t2i_adapter=unet)[0][3]
    assert said.startswith(f"{unet!r} is no T2I-Adapter: its class is UNet2DConditionModel")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    shutil.copy(folder / "full" / "config.json", pickled)
    (pickled / "diffusion_pytorch_model.bin").write_bytes(b"")
    assert "pickle" in problems(model=model, t2i_adapter=str(pickled))[0][3]


def test_one_of_another_family_is_found_by_the_check(folder: Path) -> None:
    found = problems(model=str(folder / "model"), t2i_adapter=str(folder / "xl"))
    assert [one[:3] for one in found] == [("E109", "adapted", "t2i_adapter")]
    assert found[0][3] == "'t2i_adapter.t2i_adapter' is of family sdxl, but 'guidance' is of family sd1"


def test_a_picture_of_another_size_and_an_adapter_of_another_width_are_told(
    engine: Engine, folder: Path, tiny_folder: Path
) -> None:
    case = Case(("full",), 1.0, 1.0, 7.5, 1, "PNDM")
    content = json.loads((FOLDER / "t2i_adapter.json").read_text("utf-8"))
    content["nodes"]["noise"]["inputs"]["height"] = 48
    wrong = parse_document(json.dumps(content).encode(), "wrong.json")
    with pytest.raises(NodeFailedError, match="gives 32 channels of 32 × 32 cells at level 1, and the denoiser has 32"):
        engine.run(wrong, given(case, folder)).result()
    with pytest.raises(NodeFailedError, match="at level 1, and the denoiser has 32 channels of 16 × 16 cells there"):
        engine.run(document(case), given(case, folder) | {"model": str(tiny_folder)}).result()


def side(rows: int = 1) -> Guidance:
    """A guidance of two sides."""
    one = Conditioning(torch.zeros(rows, 77, 32))
    return guidance(one, one)


def test_what_add_t2i_adapter_refuses(folder: Path) -> None:
    adapter = load_t2i_adapter(str(folder / "full")).t2i_adapter
    with pytest.raises(
        ValueError, match="edges are multiples of 2 pixels, and this one has 63 × 64; put `resize_image"
    ):
        add_t2i_adapter(side(), adapter, Image(torch.rand(1, 3, 64, 63)))
    with pytest.raises(ValueError, match="image holds 2 pictures for a batch of 3; give one, or one for each"):
        add_t2i_adapter(side(3), adapter, Image(torch.rand(2, 3, 64, 64)))


def test_one_picture_serves_a_batch_and_a_batch_has_one_for_each(folder: Path) -> None:
    adapter = load_t2i_adapter(str(folder / "full")).t2i_adapter
    pictures = Image(torch.rand(2, 3, 64, 64))
    each = add_t2i_adapter(side(2), adapter, pictures).features[0].levels[0]
    assert each.shape == (4, 32, 32, 32)
    assert torch.equal(each[:2], each[2:])
    assert not torch.equal(each[0], each[1])
    shared = add_t2i_adapter(side(2), adapter, Image(pictures.samples[:1]))
    assert torch.equal(shared.features[0].levels[0][0], shared.features[0].levels[0][1])
    assert ("T2I-Adapter 1", "3 levels in 100% of the steps") in list(guidance_rows(shared))


def test_a_transformer_takes_none() -> None:
    transformer = type("SD3Transformer2DModel", (), {"config": None})()
    level = torch.zeros(1, 4, 8, 8)
    one = Conditioning(torch.zeros(1, 77, 32))
    told = Guidance(one, None, 1.0, 0.0, one.embeddings, features=(AdapterFeatures((level,), 1.0, 0),))
    with pytest.raises(ValueError, match="a T2I-Adapter is for a UNet, and the denoiser is a SD3Transformer2DModel"):
        predicted(transformer, level, Timestep(torch.tensor(1), 0, 2), told)


def test_adapters_of_several_depths_are_told() -> None:
    level = torch.zeros(1, 4, 8, 8)
    features = (AdapterFeatures((level,), 1.0, 0), AdapterFeatures((level, level), 1.0, 0))
    one = Conditioning(torch.zeros(1, 77, 32))
    told = Guidance(one, None, 1.0, 0.0, one.embeddings, features=features)
    with pytest.raises(ValueError, match="T2I-Adapters of 1 and of 2 levels cannot be added up; take one kind"):
        added_features(None, level, Timestep(torch.tensor(1), 0, 2), told)
