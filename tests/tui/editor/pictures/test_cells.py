"""Pictures out of characters, and which part of them is in view."""

from __future__ import annotations

import PIL.Image
import pytest
from textual.strip import Strip

from latentgraph.tui.editor.pictures.cells import fitted, paint
from latentgraph.tui.editor.pictures.window import ZOOMS, Window


def _colours(strip: Strip, x: int) -> tuple[str, str, str]:
    """Character, ink and paper of a cell."""
    segment = list(strip)[x]
    style = segment.style
    assert style is not None
    assert style.bgcolor is not None
    assert style.bgcolor.triplet is not None
    ink = style.color.triplet.hex if style.color is not None and style.color.triplet is not None else ""
    return segment.text, ink, style.bgcolor.triplet.hex


@pytest.mark.parametrize(
    ("size", "room", "cells"),
    [
        ((64, 64), (80, 20), (40, 20)),
        ((64, 64), (20, 80), (20, 10)),
        ((128, 32), (80, 40), (80, 10)),
        ((1, 1000), (40, 10), (1, 10)),
        ((64, 64), (0, 10), (0, 0)),
    ],
)
def test_a_picture_keeps_its_shape_in_cells_twice_as_high_as_wide(
    size: tuple[int, int], room: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert fitted(*size, *room) == cells


def test_one_colour_needs_no_ink() -> None:
    strips = paint(PIL.Image.new("RGB", (64, 64), "#204060"), 4, 2)
    assert [_colours(strip, x) for strip in strips for x in range(4)] == [(" ", "", "#204060")] * 8


@pytest.mark.parametrize(
    ("box", "glyph"),
    [
        ((0, 0, 2, 1), "▀"),
        ((0, 0, 1, 2), "▌"),
        ((0, 0, 1, 1), "▘"),
        ((1, 0, 2, 1), "▝"),
        ((0, 1, 1, 2), "▖"),
        ((0, 0, 2, 2), " "),
    ],
)
def test_four_pixels_make_a_cell_that_is_exact_where_they_have_two_colours(
    box: tuple[int, int, int, int], glyph: str
) -> None:
    picture = PIL.Image.new("RGB", (2, 2), "#000000")
    picture.paste("#ff8000", box)
    text, ink, paper = _colours(paint(picture, 1, 1)[0], 0)
    assert text == glyph
    if text == " ":
        assert paper == "#ff8000"
    else:
        assert (ink, paper) == ("#ff8000", "#000000")


def test_more_colours_than_two_become_the_closest_two() -> None:
    picture = PIL.Image.new("RGB", (2, 2))
    picture.putdata([(250, 0, 0), (255, 0, 0), (0, 0, 250), (0, 0, 255)])
    assert _colours(paint(picture, 1, 1)[0], 0) == ("▀", "#fc0000", "#0000fc")


def test_the_edges_of_an_enlarged_picture_stay_crisp() -> None:
    picture = PIL.Image.new("RGB", (2, 2), "white")
    picture.putpixel((0, 0), (0, 0, 0))
    strips = paint(picture, 16, 8)
    assert {_colours(strip, x)[2] for strip in strips for x in range(16)} == {"#000000", "#ffffff"}
    assert {_colours(strip, x)[0] for strip in strips for x in range(16)} == {" "}


def test_without_room_nothing_is_painted() -> None:
    assert paint(PIL.Image.new("RGB", (8, 8)), 0, 5) == []


def test_at_first_the_whole_picture_is_in_view() -> None:
    assert Window().box(64, 64, 80, 40) == (0, 0, 64, 64)


def test_nearer_shows_less_but_fills_the_room() -> None:
    # A square in a room twice as wide as high: at twice the size its whole width is still in view, and half its height.
    assert Window(2.0).box(64, 64, 80, 40) == (0, 16, 64, 48)
    assert Window(4.0).box(64, 64, 80, 40) == (16, 24, 48, 40)


def test_the_view_stops_at_the_edges() -> None:
    window = Window(4.0)
    for _ in range(20):
        window = window.moved(0.25, -0.25, 64, 64, window.box(64, 64, 40, 40))
    assert window.box(64, 64, 40, 40) == (48, 0, 64, 16)
    back = window.moved(-0.25, 0, 64, 64, window.box(64, 64, 40, 40))
    assert back.box(64, 64, 40, 40) == (44, 0, 60, 16)


def test_zooms_come_back_the_way_they_went() -> None:
    window = Window()
    seen = [window.zoom]
    for _ in range(20):
        window = window.zoomed(1)
        seen.append(window.zoom)
    assert tuple(dict.fromkeys(seen)) == ZOOMS
    for _ in range(20):
        window = window.zoomed(-1)
    assert window.zoom == 1.0
    assert Window(1.3).zoomed(1).zoom == 1.5
    assert Window(1.3).zoomed(-1).zoom == 1.0
