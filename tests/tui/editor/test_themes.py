"""Colours that can be read, in our themes and in Textual's."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from latentgraph.tui.editor.contrast import LINES, TEXT, contrast, faded
from latentgraph.tui.editor.kinds import KINDS
from latentgraph.tui.editor.themes import CATEGORIES, DARK, LIGHT, THEMES, variable_defaults

EVERY = [*THEMES, *BUILTIN_THEMES.values()]


def colors_of(theme: Theme) -> dict[str, str]:
    """The variables as an app gets them."""
    return {**variable_defaults(theme), **theme.to_color_system().generate(), **theme.variables}


@pytest.mark.parametrize("theme", EVERY, ids=lambda theme: str(theme.name))
def test_every_variable_of_the_styles_is_there(theme: Theme) -> None:
    colors = colors_of(theme)
    wanted = [f"port-{kind}" for kind in KINDS] + [f"category-{name}" for name in CATEGORIES]
    wanted += ["graph-background", "graph-node", "graph-text", "graph-focus", "graph-label", "graph-running"]
    assert [name for name in wanted if name not in colors] == []


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_our_own_text_can_be_read(theme: Theme) -> None:
    colors = {name: Color.parse(value) for name, value in colors_of(theme).items() if name.startswith("graph-")}
    for ground in ("graph-node", "graph-node-current", "graph-background"):
        assert contrast(colors["graph-text"], colors[ground]) >= 7
        assert contrast(colors["graph-secondary"], colors[ground]) >= 4.5
        assert contrast(colors["graph-error"], colors[ground]) >= 4.5
    assert contrast(colors["graph-border"], colors["graph-node"]) >= 3
    assert contrast(colors["graph-label"], colors["graph-background"]) >= 4.5


SOLID = [one for one in EVERY if not one.ansi]


@pytest.mark.parametrize("theme", SOLID, ids=lambda theme: str(theme.name))
def test_ports_and_wires_can_be_told_from_their_ground_in_every_theme(theme: Theme) -> None:
    colors = colors_of(theme)
    background, node = Color.parse(colors["graph-background"]), Color.parse(colors["graph-node"])
    for kind in KINDS:
        color = Color.parse(colors[f"port-{kind}"])
        assert contrast(color, node) >= LINES, kind
        assert contrast(faded(color, background, 0.42, LINES), background) >= LINES, kind


@pytest.mark.parametrize("theme", SOLID, ids=lambda theme: str(theme.name))
def test_what_stands_beside_the_names_is_as_readable_as_the_theme_itself_allows(theme: Theme) -> None:
    colors = colors_of(theme)
    node = Color.parse(colors["graph-node"])
    most = contrast(Color.parse(colors["graph-focus"]), node)
    assert contrast(Color.parse(colors["graph-secondary"]), node) >= min(TEXT, 0.95 * most)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)
