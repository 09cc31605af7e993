"""Values show themselves in a notebook: pictures as pictures, tensors by their shapes."""

from __future__ import annotations

from io import BytesIO

import PIL.Image
import pytest
import torch

from latentgraph import nodes
from latentgraph.nodes.showing import GAP, Shown, short_text
from latentgraph.nodes.values import Conditioning, Depth, Image, Latents, Mask, RandomState, Timestep


def decoded(value: Image | Mask | Depth) -> PIL.Image.Image:
    png = value._repr_png_()
    assert png is not None
    return PIL.Image.open(BytesIO(png))


def test_a_picture_is_shown_as_it_is() -> None:
    samples = torch.zeros(1, 3, 4, 6)
    samples[0, 0, 1, 2], samples[0, 2, 3, 5] = 1.0, 0.5
    picture = decoded(Image(samples))
    assert (picture.size, picture.mode, picture.format) == ((6, 4), "RGB", "PNG")
    assert [picture.getpixel(place) for place in ((0, 0), (2, 1), (5, 3))] == [(0, 0, 0), (255, 0, 0), (0, 0, 128)]


def test_a_batch_stands_side_by_side() -> None:
    picture = decoded(Image(torch.stack([torch.zeros(3, 4, 6), torch.full((3, 4, 6), 0.2)])))
    assert picture.size == (12 + GAP, 4)
    assert [picture.getpixel((x, 0)) for x in (5, 6, 6 + GAP)] == [(0, 0, 0), (255, 255, 255), (51, 51, 51)]
    assert Image(torch.zeros(0, 3, 4, 6))._repr_png_() is None


def test_masks_and_depths_are_grey() -> None:
    assert decoded(Mask(torch.full((1, 1, 2, 2), 0.6))).getpixel((1, 1)) == (153, 153, 153)
    depth = decoded(Depth(torch.tensor([[[-5.0, 0.0], [2.5, 5.0]]])))
    assert [depth.getpixel(place) for place in ((0, 0), (1, 0), (1, 1))] == [(0, 0, 0), (128, 128, 128), (255,) * 3]
    assert decoded(Depth(torch.ones(1, 2, 2))).getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Latents(torch.zeros(1, 4, 16, 16), 64, 64), "Latents(samples=float32 (1, 4, 16, 16), height=64, width=64)"),
        (Conditioning(torch.zeros(1, 77, 8), extras={"time_ids": torch.zeros(1, 6)}, family="sdxl"),
         "Conditioning(embeddings=float32 (1, 77, 8), extras={time_ids: float32 (1, 6)}, family='sdxl')"),
        (RandomState(3, bytes(5056), 2), "RandomState(seed=3, state=5056 bytes, draws=2)"),
        ([Timestep(torch.tensor(501), 0)] * 4, "[" + "Timestep(value=501, index=0), " * 3 + "... 4 in all]"),
        ("x" * 100, "'" + "x" * 56 + "..."),
    ],
)  # fmt: skip
def test_a_value_is_a_line(value: object, text: str) -> None:
    assert short_text(value) == text


def test_a_notebook_is_told_the_line() -> None:
    class Printer:
        said = ""

        def text(self, text: str) -> None:
            self.said += text

    printer = Printer()
    state: Shown = RandomState(7)
    state._repr_pretty_(printer, False)
    assert printer.said == "RandomState(seed=7)"
    assert "_repr_pretty_" in vars(RandomState), "where IPython looks first"
    assert repr(nodes.load_model().scheduler).startswith("Scheduler(DDIMScheduler, sd1, ")
