"""Which part of a picture is in view."""

from __future__ import annotations

from dataclasses import dataclass, replace

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
"""Times the size at which the whole picture fits."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """A zoom and the middle of the view, as shares of the picture's width and height."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5

    def zoomed(self, steps: int) -> Window:
        """Nearer by some steps, or farther."""
        nearer = [zoom for zoom in ZOOMS if zoom > self.zoom + 1e-9]
        farther = [zoom for zoom in ZOOMS if zoom < self.zoom - 1e-9]
        ways = nearer if steps > 0 else farther[::-1]
        return replace(self, zoom=ways[min(abs(steps), len(ways)) - 1]) if ways and steps else self

    def box(self, width: int, height: int, room_width: float, room_height: float) -> Box:
        """The part in view, in pixels of the picture: left, upper, right, lower.

        Args:
            width: Of the picture.
            height: Of the picture.
            room_width: Of the view, in any unit.
            room_height: Of the view, in the same unit.
        """
        scale = min(room_width / width, room_height / height) * self.zoom
        seen_width, seen_height = min(width, room_width / scale), min(height, room_height / scale)
        left = min(max(0.0, self.x * width - seen_width / 2), width - seen_width)
        upper = min(max(0.0, self.y * height - seen_height / 2), height - seen_height)
        return left, upper, left + seen_width, upper + seen_height

    def moved(self, columns: float, rows: float, width: int, height: int, box: Box) -> Window:
        """Moved by shares of what is in view; it stops at the picture's edges.

        Args:
            columns: To the right.
            rows: Down.
            width: Of the picture.
            height: Of the picture.
            box: What is in view.
        """
        left, upper, right, lower = box
        half_x, half_y = (right - left) / width / 2, (lower - upper) / height / 2
        x = (left + right) / 2 / width + columns * half_x * 2
        y = (upper + lower) / 2 / height + rows * half_y * 2
        return replace(self, x=min(max(x, half_x), 1 - half_x), y=min(max(y, half_y), 1 - half_y))
