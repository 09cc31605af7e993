"""All pictures of a folder: their order and size, and what a folder may not hold."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
import torch

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes import load_images
from latentgraph.nodes.image import read_image
from latentgraph.nodes.load_images import ReadsPictures


def paint(path: Path, colour: str, size: tuple[int, int] = (8, 6)) -> None:
    """A picture of one colour; the size is width and height."""
    PIL.Image.new("RGB", size, colour).save(path)


def test_pictures_come_in_the_order_of_their_names_and_nothing_else_comes(tmp_path: Path) -> None:
    paint(tmp_path / "b.png", "red")
    paint(tmp_path / "a.bmp", "lime")
    (tmp_path / "inside").mkdir()
    paint(tmp_path / "inside" / "c.png", "blue")
    (tmp_path / "notes.txt").write_text("no picture", "utf-8")
    samples = load_images(str(tmp_path)).samples
    assert torch.equal(samples, torch.cat([read_image(tmp_path / name).samples for name in ("a.bmp", "b.png")]))


def test_pictures_of_different_sizes_are_put_in_one(tmp_path: Path) -> None:
    paint(tmp_path / "a.png", "red")
    paint(tmp_path / "b.png", "red", (4, 4))
    with pytest.raises(ValueError, match="of different sizes, such as 8 × 6 and 4 × 4; give height and width"):
        load_images(str(tmp_path))
    assert load_images(str(tmp_path), 10, 12, "crop").samples.shape == (2, 3, 10, 12)


def test_the_digest_is_that_of_the_pictures(tmp_path: Path) -> None:
    paint(tmp_path / "a.png", "red")
    access = FileAccess(tmp_path.parent)
    first = ReadsPictures().resolve(tmp_path.name, access, given=False).digest()
    (tmp_path / "notes.txt").write_text("no picture", "utf-8")
    assert ReadsPictures().resolve(tmp_path.name, access, given=False).digest() == first
    paint(tmp_path / "b.png", "blue")
    assert ReadsPictures().resolve(tmp_path.name, access, given=False).digest() != first


def test_a_folder_that_cannot_be_read_so_is_told(tmp_path: Path) -> None:
    inside, outside = tmp_path / "flow" / "pictures", tmp_path / "elsewhere"
    inside.mkdir(parents=True)
    outside.mkdir()
    access = FileAccess(tmp_path / "flow")

    def told(written: str) -> str:
        with pytest.raises(AccessError) as refused:
            ReadsPictures().resolve(written, access, given=False)
        return str(refused.value)

    assert told("pictures").startswith("'pictures' holds no pictures; their names end in .png, .jpg")
    paint(inside / "a.png", "red")
    assert told("pictures/a.png") == (
        "'pictures/a.png' is a file; a folder with pictures is wanted; load_image reads one file"
    )
    paint(outside / "b.png", "red")
    (inside / "b.png").symlink_to(outside / "b.png")
    assert told("pictures").startswith("in 'pictures' 'b.png' is a link that leads outside the workflow's folder")
    assert told("../elsewhere").startswith("'../elsewhere' lies outside the workflow's folder")
