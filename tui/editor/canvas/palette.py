"""The styles that the canvas paints with, mixed from the colours of its component classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from rich.style import Style
from textual.color import Color

from latentgraph.tui.editor.contrast import LINES, faded
from latentgraph.tui.editor.kinds import KINDS
from latentgraph.tui.editor.themes import CATEGORIES

NAMES = (
    "canvas",
    "node",
    "current",
    "text",
    "secondary",
    "mark",
    "label",
    "running",
    "done",
    "error",
    "warning",
    "map",
    "map-view",
)
COMPONENT_CLASSES = frozenset(
    f"graph--{name}"
    for name in (*NAMES, *(f"category-{name}" for name in CATEGORIES), *(f"port-{kind}" for kind in KINDS))
)
Ground = Literal["canvas", "node", "current"]
Strength = Literal["hot", "plain", "dim"]
"""Of a wire: of a selected box; any, while nothing is selected; any other."""
_FADES: dict[Strength, float] = {"hot": 0.0, "plain": 0.25, "dim": 0.42}
_BRIGHT = 0.45
"""Of a ground on which dark text is read better than light text, 0 to 1."""


class Colors(Protocol):
    """What a component class has."""

    color: Color
    background: Color


class Palette:
    """Styles by what they are for; made once, until the theme changes."""

    def __init__(self, component: Callable[[str], Colors]) -> None:
        """Mix from component classes.

        Args:
            component: The colours of a class by its name.
        """
        self._component = component
        self._colors: dict[str, tuple[Color, Color]] = {}
        self._styles: dict[object, Style] = {}
        self._wires: dict[tuple[str, Strength], Style] = {}
        # Colours of the terminal's own palette cannot be mixed: signs and attributes have to do.
        self.ansi = self.color("canvas").ansi is not None or self.ground("canvas").ansi is not None

    def _of(self, name: str) -> tuple[Color, Color]:
        found = self._colors.get(name)
        if found is None:
            component = self._component(f"graph--{name}")
            found = self._colors[name] = component.color, component.background
        return found

    def color(self, name: str) -> Color:
        """The foreground of a class."""
        return self._of(name)[0]

    def ground(self, name: str) -> Color:
        """The background of a class."""
        return self._of(name)[1]

    def category(self, name: str) -> Color:
        """The tint of a category of nodes."""
        return self.color(f"category-{name}" if name in CATEGORIES else "category-other")

    def mixed(self, one: Color, other: Color, share: float) -> Color:
        """A colour with a share of another in it; as it is where colours cannot be mixed."""
        return one if self.ansi else one.blend(other, share, alpha=1.0)

    def style(
        self, color: Color, ground: Color, *, bold: bool = False, dim: bool = False, under: bool = False
    ) -> Style:
        """A style of two colours."""
        key = color, ground, bold, dim, under
        found = self._styles.get(key)
        if found is None:
            found = self._styles[key] = Style(
                color=color.rich_color,
                bgcolor=ground.rich_color,
                bold=bold or None,
                dim=(dim and self.ansi) or None,
                underline=under or None,
            )
        return found

    def text(self, name: str, ground: Ground = "canvas", *, bold: bool = False, under: bool = False) -> Style:
        """A class's foreground on a ground."""
        return self.style(self.color(name), self.ground(ground), bold=bold, under=under)

    def faint(self, ground: Ground) -> Style:
        """For what is there to be found, not to be read."""
        secondary = self.color("secondary")
        return self.style(self.mixed(secondary, self.ground(ground), 0.3), self.ground(ground), dim=True)

    def wire(self, kind: str, strength: Strength) -> Style:
        """A wire of a kind of values."""
        found = self._wires.get((kind, strength))
        if found is None:
            ground = self.ground("canvas")
            color = self.color(f"port-{kind}")
            if not self.ansi:
                color = faded(color, ground, _FADES[strength], LINES)
            found = self.style(color, ground, bold=strength == "hot" and self.ansi, dim=strength == "dim")
            self._wires[kind, strength] = found
        return found

    def port(self, kind: str, ground: Ground, *, faint: bool = False, bold: bool = False) -> Style:
        """A port's glyph."""
        below = self.ground(ground)
        color = self.mixed(self.color(f"port-{kind}"), below, 0.5 if faint else 0.0)
        return self.style(color, below, dim=faint, bold=bold)

    def chip(self, category: str, ground: Ground, *, under: bool = False, faint: bool = False) -> Style:
        """A box's title: its category's tint, inverse; saturated on the current box."""
        tint = self.category(category)
        key = "chip", category, ground, under, faint
        if key in self._styles:
            return self._styles[key]
        if self.ansi:
            made = Style(color=tint.rich_color, bold=True, reverse=True, dim=faint or None, underline=under or None)
        else:
            below = tint if ground == "current" else self.mixed(self.ground("node"), tint, 0.2 if faint else 0.42)
            read = self.mixed(self.color("secondary" if faint else "text"), tint, 0.25)
            ink = self._ink(below) if ground == "current" else read
            made = Style(color=ink.rich_color, bgcolor=below.rich_color, bold=True, underline=under or None)
        self._styles[key] = made
        return made

    def pill(self, category: str, *, current: bool, faint: bool = False) -> Style:
        """The body of a box in the overview."""
        return self.chip(category, "current" if current else "node", faint=faint)

    def _ink(self, below: Color) -> Color:
        """What is readable on a saturated tint: the darkest or the lightest of the theme."""
        inks = (self.ground("canvas"), self.color("current"))
        pick = min if below.brightness > _BRIGHT else max
        return pick(inks, key=lambda one: one.brightness)
