"""Pictures at the edge: 8 bits, files, and the record of how they were made."""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import PIL.Image
import pytest
import torch
from PIL.PngImagePlugin import PngInfo

from latentgraph.graph.context import RunContext
from latentgraph.graph.node import node_type
from latentgraph.graph.types import ValueFaultError
from latentgraph.nodes.image import load_image, save_image
from latentgraph.nodes.pixels import from_pil, to_pil
from latentgraph.nodes.png import PNG
from latentgraph.nodes.values import Image


def picture(height: int = 6, width: int = 9) -> torch.Tensor:
    """Colours by lot, (3, H, W)."""
    return torch.rand((3, height, width), generator=torch.Generator().manual_seed(0))


def test_values_are_rounded_to_8_bits_as_diffusers_does() -> None:
    from diffusers.image_processor import VaeImageProcessor

    samples = torch.cat([picture().flatten(), torch.tensor([0.5 / 255, 1.5 / 255, 1.0])]).view(3, 5, 11)
    wanted = VaeImageProcessor.numpy_to_pil(samples.permute(1, 2, 0).numpy())[0]
    assert numpy.array_equal(numpy.asarray(to_pil(samples)), numpy.asarray(wanted))


def test_eight_bits_come_back_as_they_were() -> None:
    once = to_pil(picture())
    assert to_pil(from_pil(once)).tobytes() == once.tobytes()


def test_a_png_carries_its_record_in_any_script(tmp_path: Path) -> None:
    record = {
        "workflow": '{"latentgraph": 1}',
        "inputs": '{"prompt": "красный круг 赤い円 🔴"}',
        "long": "x" * 2_000_000,
    }
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        PNG.write(picture(), file, record)
    assert PNG.read_record(path) == record
    with PIL.Image.open(path) as reopened:
        assert reopened.tobytes() == to_pil(picture()).tobytes()


def test_a_png_without_a_record_has_none_and_neither_has_another_program_s(tmp_path: Path) -> None:
    plain, foreign, none = tmp_path / "plain.png", tmp_path / "foreign.png", tmp_path / "text.png"
    with plain.open("wb") as file:
        PNG.write(picture(), file, {})
    chunks = PngInfo()
    chunks.add_text("workflow", "{}")
    to_pil(picture()).save(foreign, pnginfo=chunks)
    none.write_text("no picture")
    assert [PNG.read_record(path) for path in (plain, foreign, none)] == [{}, {}, {}]


def test_equal_pictures_are_equal_bytes() -> None:
    written = []
    for _ in range(2):
        file = io.BytesIO()
        PNG.write(picture(), file, {"seed": "7"})
        written.append(file.getvalue())
    assert written[0] == written[1]


def test_each_picture_of_a_batch_is_a_part() -> None:
    parts = list(PNG.parts(Image(torch.stack([picture(), picture() / 2]))))
    assert [tuple(part.shape) for part in parts] == [(3, 6, 9), (3, 6, 9)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_picture_of_any_mode_is_read_as_colours(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    to_pil(picture()).convert(mode).save(path)
    samples = load_image(str(path)).samples
    assert (tuple(samples.shape), samples.dtype) == ((1, 3, 6, 9), torch.float32)
    assert float(samples.min()) >= 0
    assert float(samples.max()) <= 1


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    upright = to_pil(picture(8, 16))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # Orientation: turn right.
    upright.save(path, exif=exif)
    assert tuple(load_image(str(path)).samples.shape) == (1, 3, 16, 8)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(ValueError, match=r"^a\.png is no picture that can be read: "):
        load_image(str(path))


def test_a_saved_picture_is_handed_to_the_run_and_on() -> None:
    handed: list[tuple[object, str]] = []
    image = Image(picture().unsqueeze(0))
    context = RunContext(hand_over=lambda value, name: handed.append((value, name)))
    assert save_image(image, "draft 1", context=context) is image
    assert handed == [(image, "draft 1")]


@pytest.mark.parametrize("name", ["../a", "a/b", "a\\b", "", ".hidden", "a.", "C:", "a\nb", "x" * 101])
def test_a_file_name_with_a_way_out_of_the_folder_is_no_name(name: str) -> None:
    with pytest.raises(ValueFaultError):
        node_type(save_image).inputs["name"].type.parse(name)
