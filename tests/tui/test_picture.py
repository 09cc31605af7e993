"""What a picture looks like in a terminal, cell by cell."""

from __future__ import annotations

import io

import PIL.Image
import pytest
from rich.console import Console
from rich.segment import Segment

from latentgraph.tui.picture import half_blocks


def _cells(width: int, height: int, columns: int, rows: int) -> list[list[Segment]]:
    picture = PIL.Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width, height // 2))
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system="truecolor")
    return console.render_lines(half_blocks(picture, columns, rows), pad=False)


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [
        (64, 64, (64, 32)),
        (16, 16, (64, 32)),
        (8, 8, (48, 24)),
        (512, 512, (64, 32)),
        (512, 256, (80, 20)),
        (256, 512, (32, 32)),
        (1, 1, (6, 3)),
        (2000, 3, (80, 1)),
    ],
)
def test_a_picture_fills_the_room_in_whole_multiples_of_its_pixels(
    width: int, height: int, shown: tuple[int, int]
) -> None:
    lines = _cells(width, height, 80, 32)
    assert ({sum(segment.cell_length for segment in line) for line in lines}, len(lines)) == ({shown[0]}, shown[1])


def test_the_edges_of_a_small_picture_stay_crisp() -> None:
    lines = _cells(8, 8, 80, 32)
    for index, line in enumerate(lines):
        style = line[0].style
        assert style is not None
        assert style.color is not None
        assert style.color.triplet is not None
        assert style.color.triplet.hex == ("#ff0000" if index < len(lines) // 2 else "#0000ff")
