"""What the shipped workflows that begin with a picture make of what they ship with, looked at."""

from __future__ import annotations

import inspect
from importlib.resources import files
from pathlib import Path

import diffusers
import pytest
import torch

from latentgraph.graph.document import read_document
from latentgraph.graph.run import Engine
from latentgraph.nodes.image import read_image

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
FOLDER = Path(str(files("latentgraph.workflows")))
PIPELINES = {
    # The pipeline takes the picture as it is.
    "image_to_image": ("StableDiffusionImg2ImgPipeline", {"height", "width"}),
    # Its users blur a mask before they give it to the pipeline, by `pipe.mask_processor.blur(mask, blur_factor=...)`.
    "inpaint": ("StableDiffusionInpaintPipeline", {"blur_factor"}),
    "inpaint_9_channel": ("StableDiffusionInpaintPipeline", {"blur_factor"}),
    "sdxl_image_to_image": ("StableDiffusionXLImg2ImgPipeline", {"height", "width"}),
    "sdxl_refine": ("StableDiffusionXLImg2ImgPipeline", {"height", "width"}),
    "sdxl_inpaint": ("StableDiffusionXLInpaintPipeline", {"blur_factor"}),
    "sdxl_inpaint_9_channel": ("StableDiffusionXLInpaintPipeline", {"blur_factor"}),
}
"""Which pipeline of diffusers a workflow takes its inputs' names from, and what more it has."""
SKY, LEAVES, GRASS = (0.58, 0.8, 0.96), (0.1, 0.45, 0.2), (0.27, 0.65, 0.27)


def made_by(engine: Engine, name: str) -> torch.Tensor:
    """The picture that a workflow makes as it ships, (3, H, W)."""
    run = engine.run(read_document(FOLDER / f"{name}.json"), {}, settings={"device": "cpu"})
    picture: torch.Tensor = run.result().values["image"].samples[0]
    return picture


def close(colour: torch.Tensor, wanted: tuple[float, float, float]) -> bool:
    """Whether a colour (3,) is what a person would call by the same name."""
    return bool((colour - torch.tensor(wanted)).abs().max() < 0.15)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_inputs_bear_the_names_of_the_pipeline(name: str) -> None:
    pipeline, more = PIPELINES[name]
    call = inspect.signature(getattr(diffusers, pipeline).__call__).parameters
    inputs = read_document(FOLDER / f"{name}.json").workflow.inputs
    assert set(inputs) - set(call) == {"model", "scheduler", "seed"} | more


def test_a_drawing_becomes_a_tree_in_the_place_where_it_was_drawn(engine: Engine) -> None:
    made, drawing = made_by(engine, "image_to_image"), read_image(FOLDER / "pictures" / "drawing.png").samples[0]
    for column in (4, 60):
        assert close(made[:, 4, column], SKY)
        assert close(made[:, 60, column], GRASS)
    drawn_leaves = (drawing[0] < 0.25) & (drawing[1] < 0.55)
    assert close(made[:, drawn_leaves].mean(1), LEAVES)
    # It is the drawing no more: the crooked trunk and the lumps of the crown are gone.
    assert (made - drawing).abs().mean() > 0.02


def test_a_square_becomes_a_star_and_the_circle_beside_it_stays(engine: Engine) -> None:
    made, before = made_by(engine, "inpaint"), read_image(FOLDER / "pictures" / "shapes.png").samples[0]
    # 0.05: what the VAE loses of the part that is kept.
    assert (made - before)[:, :, :30].abs().mean() < 0.05
    green = (made[1] > made[0] + 0.2) & (made[1] > made[2] + 0.2)
    red = (made[0] > made[1] + 0.2) & (made[0] > made[2] + 0.2)
    blue = (made[2] > made[0] + 0.3) & (made[2] > made[1] + 0.3)
    rows, columns = green.nonzero().unbind(1)
    assert 100 < len(rows) < 400
    assert 16 <= rows.min() < rows.max() <= 48
    assert 33 <= columns.min() < columns.max() <= 61
    # A star fills less of its box than the square that was there, or a circle.
    box = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
    assert len(rows) < 0.65 * box
    assert red[:, :32].sum() > 350
    assert blue.sum() < 40
