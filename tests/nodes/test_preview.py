"""Previews show the picture that is coming, and a run gives the same bits whether somebody watches or not."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import PIL.Image
import pytest
import torch
import torch.nn.functional as F
from tests.nodes.parity_cases import SCHEDULERS
from torch import Tensor

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.events import Preview, RunFinished
from latentgraph.graph.pool import Pool
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import configure_scheduler, load_model, schedule
from latentgraph.nodes.handles import Denoiser, loaded
from latentgraph.nodes.preview import clean_estimate, colours, fitted_map, mapped, offer_preview, tiled
from latentgraph.nodes.scheduler_state import copied, scaled_input
from latentgraph.nodes.values import Image

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
WAYS = ("decoder", "linear map")
WORKFLOWS = ("text_to_image", "text_to_image_open_step")


def shipped(name: str) -> Document:
    """A shipped workflow."""
    return read_document(Path(str(files("latentgraph.workflows"))) / f"{name}.json")


@pytest.fixture
def at_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No preview is left out because the one before it was shown just now."""
    monkeypatch.setattr("latentgraph.graph.execute.SECONDS_BETWEEN_PREVIEWS", (0.0, 0.0))


@pytest.fixture(scope="module")
def forgetful() -> Engine:
    """An engine that keeps modules, and no values: everything runs again."""
    return Engine(Registry.load(), memory=0)


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one of the two ways to get colours of latents, whatever the VAE's size."""
    monkeypatch.setattr("latentgraph.nodes.preview.SMALL_VAE", 10**9 if way == "decoder" else 0)


@pytest.mark.usefixtures("at_every_turn")
@pytest.mark.parametrize(("workflow", "way"), zip(WORKFLOWS, WAYS, strict=True))
@pytest.mark.parametrize("scheduler", ["PNDM", "DDIM eta 0.7", "Euler ancestral", "SDE-DPM++", "Heun"])
def test_previews_change_no_bit_of_a_run(
    forgetful: Engine, tiny_folder: Path, workflow: str, way: str, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(way, monkeypatch)
    class_name, _, eta = SCHEDULERS[scheduler]
    given = {"model": str(tiny_folder), "scheduler": class_name, "eta": eta, "num_inference_steps": 4, "seed": 11}
    latents, shown = [], []
    for previews in (False, True):
        events = list(forgetful.run(shipped(workflow), given, settings={"device": "cpu"}, previews=previews))
        finished = events[-1]
        assert isinstance(finished, RunFinished)
        latents.append(finished.values["latents"].samples)
        shown.append(sum(isinstance(one, Preview) for one in events))
    assert shown[0] == 0
    assert shown[1] >= 4
    assert latents[0].std() > 0
    assert torch.equal(*latents)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_s_random_numbers_are_drawn(tiny_folder: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take(way, monkeypatch)
    vae = load_model(str(tiny_folder)).vae
    context = RunContext(pool=Pool())
    loaded(vae, context)
    before = torch.get_rng_state()
    colours(vae, torch.ones(1, 4, 8, 8), context)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.usefixtures("at_every_turn")
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_half_way_the_thing_that_is_coming_is_seen_in_its_colour(engine: Engine, workflow: str) -> None:
    given = {"prompt": "a red circle on a blue background", "num_inference_steps": 16, "seed": 7}
    events = list(engine.run(shipped(workflow), given, settings={"device": "cpu"}, previews=True))
    previews = [one for one in events if isinstance(one, Preview)]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert len(previews) == 16
    assert previews[8].summary == "1 image, 128 × 128 pixels"
    half = pixels(previews[8])
    final = F.interpolate(finished.values["image"].samples, size=half.shape[-2:])[0]
    red = (final[0] > 0.7) & (final[2] < 0.4)
    blue = (final[2] > 0.7) & (final[0] < 0.4)
    assert red.float().mean() > 0.05
    assert blue.float().mean() > 0.3
    shown_red, shown_blue = (half[:, where].mean(dim=1) for where in (red, blue))
    assert shown_red[0] > 0.6 > 0.4 > shown_red[2]
    assert shown_blue[2] > 0.6 > 0.4 > shown_blue[0]


def pixels(preview: Preview) -> Tensor:
    """float32 (3, H, W) in [0, 1] of a preview's file."""
    with PIL.Image.open(io.BytesIO(preview.picture), formats=("PNG",)) as picture:
        data = torch.frombuffer(bytearray(picture.convert("RGB").tobytes()), dtype=torch.uint8)
        return data.view(picture.height, picture.width, 3).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_clean_estimate_finds_what_the_noise_was_put_on(tiny_folder: Path, scheduler: str) -> None:
    class_name, options, _ = SCHEDULERS[scheduler]
    turns = schedule(configure_scheduler(load_model(str(tiny_folder)).scheduler, class_name, options), 10)
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(1, 4, 8, 8, generator=generator) for _ in range(2))
    for timestep in (turns.timesteps[0], turns.timesteps[5], turns.timesteps[-1]):
        live: Any = copied(turns.state)
        noisy = live.add_noise(clean, noise, timestep.value.reshape(1))
        model_input = scaled_input(live, noisy, timestep)
        found = clean_estimate(live, model_input, noise, timestep)
        # A schedule's own levels are rounded to timesteps of the training, which tells at the noisiest.
        assert (found - clean).abs().max() < (0.6 if timestep.index == 0 else 0.1)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_the_clean_estimate_knows_what_a_denoiser_predicts(kind: str) -> None:
    share = 0.3
    scheduler = SimpleNamespace(alphas_cumprod=torch.tensor([0.9, share]), config={"prediction_type": kind})
    clean, noise = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 0.25]])
    signal, spread = share**0.5, (1 - share) ** 0.5
    said = {"epsilon": noise, "v_prediction": signal * noise - spread * clean, "sample": clean}[kind]
    timestep: Any = SimpleNamespace(value=torch.tensor(1))
    found = clean_estimate(scheduler, signal * clean + spread * noise, said, timestep)
    assert torch.allclose(found, clean, atol=1e-6)


def test_the_clean_estimate_of_a_flow_is_where_it_leads_to() -> None:
    import diffusers

    library: Any = diffusers  # Untyped.
    scheduler = library.FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(4)
    clean, noise = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 0.25]])
    timestep: Any = SimpleNamespace(value=scheduler.timesteps[1])
    noisy = scheduler.scale_noise(clean, scheduler.timesteps[1:2], noise)
    assert torch.allclose(clean_estimate(scheduler, noisy, noise - clean, timestep), clean, atol=1e-6)


def test_a_scheduler_without_the_levels_of_the_training_leaves_the_latents_as_they_are() -> None:
    timestep: Any = SimpleNamespace(value=torch.tensor(1))
    noisy = torch.ones(1, 4, 2, 2, dtype=torch.float16)
    assert torch.equal(clean_estimate(object(), noisy, noisy, timestep), noisy.float())


class LinearVAE(torch.nn.Module):
    """An encoder that a linear map undoes."""

    def __init__(self, shift: float | None = None) -> None:
        super().__init__()
        self.mix = torch.nn.Parameter(
            torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.5, 0.3], [0.1, 0.0, 0.9], [0.3, 0.3, 0.3]])
        )
        self.config = SimpleNamespace(block_out_channels=(1, 1, 1, 1), scaling_factor=0.5, shift_factor=shift)

    def encode(self, pictures: Tensor) -> Any:
        means = F.avg_pool2d(pictures, 8)
        latents = torch.einsum("bchw,dc->bdhw", means, self.mix) + 0.7
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


@pytest.mark.parametrize("shift", [None, 0.4])
def test_the_linear_map_is_that_of_the_encoder_turned_round(shift: float | None) -> None:
    module = LinearVAE(shift)
    wanted = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    latents = (module.encode(F.interpolate(wanted, scale_factor=8)).latent_dist.mode() - (shift or 0)) * 0.5
    assert torch.allclose(mapped(latents.detach(), fitted_map(module)), wanted, atol=1e-4)


def test_the_linear_map_of_the_shipped_model_tells_plain_colours_apart() -> None:
    vae = load_model().vae
    module = loaded(vae)
    weights = fitted_map(module)
    for colour in ((0.9, -0.9, -0.9), (-0.9, -0.9, 0.9), (0.9, 0.9, 0.9), (-0.9, -0.9, -0.9)):
        plain = torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, 64, 64)
        with torch.no_grad():
            latents = module.encode(plain).latent_dist.mode() * module.config.scaling_factor
        middle = mapped(latents, weights)[0, :, 4:-4, 4:-4].mean(dim=(1, 2))
        assert [bool(value > 0) for value in middle] == [value > 0 for value in colour]


@pytest.mark.parametrize(
    ("batch", "size", "wanted"),
    [
        (1, (16, 16), (128, 128)),
        (1, (16, 24), (80, 120)),
        (1, (64, 64), (128, 128)),
        (1, (96, 64), (96, 64)),
        (1, (512, 256), (128, 64)),
        (1, (1000, 2), (128, 1)),
        (2, (64, 64), (64, 128)),
        (3, (64, 64), (128, 128)),
        (4, (512, 512), (128, 128)),
    ],
)
def test_a_preview_is_small_and_keeps_its_shape(batch: int, size: tuple[int, int], wanted: tuple[int, int]) -> None:
    sheet = tiled(torch.rand(batch, 3, *size))
    assert sheet.shape == (3, *wanted)
    assert 0 <= sheet.min() <= sheet.max() <= 1


def test_pictures_of_a_batch_lie_side_by_side() -> None:
    shades = torch.tensor([0.1, 0.5, 0.9]).view(3, 1, 1, 1).expand(3, 3, 64, 64)
    sheet = tiled(shades)
    corners = [float(sheet[0, row, column]) for row in (10, 100) for column in (10, 100)]
    assert corners == pytest.approx([0.1, 0.5, 0.9, 0.0])


def test_a_denoiser_that_came_alone_shows_nothing() -> None:
    offered: list[Any] = []
    context = RunContext(offer_preview=offered.append)
    whole = load_model().denoiser
    alone = Denoiser(whole.digest, whole.family, whole.config, whole.class_name, whole.source)
    offer_preview(alone, lambda: torch.zeros(1, 4, 8, 8), context)
    assert offered == []
    offer_preview(whole, lambda: torch.zeros(1, 4, 16, 16), context)
    image = offered[0]()
    assert isinstance(image, Image)
    assert image.samples.shape == (1, 3, 128, 128)


def test_without_a_watcher_no_estimate_is_made() -> None:
    def fail() -> Tensor:
        raise AssertionError("nobody asked")

    offer_preview(load_model().denoiser, fail, ALONE)
