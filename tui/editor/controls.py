"""The last thing that happens to what is drawn: nothing in it steers the terminal but what Textual itself writes."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


class WithoutControls(LineFilter):
    """Takes control characters out of what widgets draw.

    Names, values and file names may be a stranger's, and what an exception says anybody's: an escape sequence in one
    could write to the clipboard or draw over the screen. They take no cells, so that everything stays in its place.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Take them out; segments that are meant to steer, such as those of pictures, stay as they are."""
        if not any(_CONTROLS.search(segment.text) for segment in segments if not segment.control):
            return segments
        return [
            segment if segment.control else Segment(_CONTROLS.sub("", segment.text), segment.style)
            for segment in segments
        ]
