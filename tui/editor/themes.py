"""The editor's own two themes, and what its variables are in every other theme.

Three families of variables: `$graph-...` for surfaces, text and states of the canvas, `$port-...` for the kinds of
values, `$category-...` for the tint of a node's title. A theme may set any of them; the rest are made from its colours.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color
from textual.theme import Theme

from latentgraph.tui.editor.contrast import LINES, TEXT, faded
from latentgraph.tui.editor.kinds import KINDS

CATEGORIES = ("border", "denoise", "image", "latents", "model", "noise", "other", "schedule", "structure", "text")
"""Categories of nodes with a tint of their own; all others share `other`."""

_DARK_PORTS = {
    "conditioning": "#ffa657",
    "denoiser": "#b39ddb",
    "guidance": "#ff8fa3",
    "image": "#64b5f6",
    "latents": "#ff9cf9",
    "mask": "#81c784",
    "noise": "#a9b8c9",
    "prediction": "#d09bff",
    "pair": "#e0bbff",
    "random": "#a5d66f",
    "checker": "#d7a98c",
    "scheduler": "#6ee7b7",
    "state": "#45d6c0",
    "encoder": "#ffd54a",
    "timestep": "#80deea",
    "tokenizer": "#e6d27a",
    "tokens": "#f5e6a8",
    "vae": "#ff7b72",
    "value": "#9aa4b8",
    "any": "#8791a7",
    "other-0": "#e57373",
    "other-1": "#4dd0e1",
    "other-2": "#dce775",
    "other-3": "#f48fb1",
}
_LIGHT_PORTS = {
    "conditioning": "#b35900",
    "denoiser": "#6a4fb0",
    "guidance": "#b8324f",
    "image": "#1a6fb5",
    "latents": "#b0219f",
    "mask": "#2e7d32",
    "noise": "#546579",
    "prediction": "#8a3fc7",
    "pair": "#7a35b0",
    "random": "#4a7a14",
    "checker": "#8a5a3a",
    "scheduler": "#0a7a55",
    "state": "#047a6c",
    "encoder": "#8a6a00",
    "timestep": "#007a8a",
    "tokenizer": "#7a6a1a",
    "tokens": "#75641f",
    "vae": "#c23b32",
    "value": "#566074",
    "any": "#667085",
    "other-0": "#b03a3a",
    "other-1": "#007c8c",
    "other-2": "#6b7a00",
    "other-3": "#b03a68",
}
_ANSI_PORTS = {
    "conditioning": "ansi_yellow",
    "denoiser": "ansi_bright_magenta",
    "guidance": "ansi_bright_red",
    "image": "ansi_bright_blue",
    "latents": "ansi_magenta",
    "mask": "ansi_green",
    "noise": "ansi_default",
    "prediction": "ansi_bright_magenta",
    "pair": "ansi_bright_magenta",
    "random": "ansi_bright_green",
    "checker": "ansi_red",
    "scheduler": "ansi_bright_green",
    "state": "ansi_green",
    "encoder": "ansi_bright_yellow",
    "timestep": "ansi_bright_cyan",
    "tokenizer": "ansi_yellow",
    "tokens": "ansi_yellow",
    "vae": "ansi_bright_red",
    "value": "ansi_default",
    "any": "ansi_default",
    "other-0": "ansi_red",
    "other-1": "ansi_cyan",
    "other-2": "ansi_yellow",
    "other-3": "ansi_bright_magenta",
}
_DARK_CATEGORIES = {
    "border": "#6b7890",
    "denoise": "#d8639a",
    "image": "#4a90d0",
    "latents": "#a565c0",
    "model": "#8a78c8",
    "noise": "#7d9a4c",
    "other": "#8b93a5",
    "schedule": "#3f9f8c",
    "structure": "#5d7fd0",
    "text": "#b98a52",
}
_LIGHT_CATEGORIES = {
    "border": "#5d6981",
    "denoise": "#b83f78",
    "image": "#2a6fae",
    "latents": "#8a46a6",
    "model": "#6754a8",
    "noise": "#5c7a2a",
    "other": "#667085",
    "schedule": "#1f7d6b",
    "structure": "#3f5fb0",
    "text": "#93652c",
}
_ANSI_CATEGORIES = {
    "border": "ansi_default",
    "denoise": "ansi_magenta",
    "image": "ansi_blue",
    "latents": "ansi_magenta",
    "model": "ansi_cyan",
    "noise": "ansi_green",
    "other": "ansi_default",
    "schedule": "ansi_green",
    "structure": "ansi_blue",
    "text": "ansi_yellow",
}

DARK = Theme(
    name="latentgraph-dark",
    primary="#58c7f3",
    secondary="#b39ddb",
    accent="#f0b429",
    warning="#f0b429",
    error="#ff5d5d",
    success="#7fd18b",
    foreground="#c9d1e0",
    background="#0d1017",
    surface="#11151e",
    panel="#161b25",
    dark=True,
    variables={
        "graph-background": "#0d1017",
        "graph-dot": "#272e3b",
        "graph-node": "#171c26",
        "graph-node-current": "#1e2533",
        "graph-border": "#5d6981",
        "graph-text": "#c9d1e0",
        "graph-secondary": "#8791a7",
        "graph-focus": "#f0f4ff",
        "graph-map": "#11151e",
        "graph-map-view": "#252d3c",
        "footer-key-foreground": "#f0b429",
        "footer-background": "#161b25",
        "footer-description-foreground": "#8791a7",
        "border-blurred": "#2a3140",
    },
)
LIGHT = Theme(
    name="latentgraph-light",
    primary="#0b6fa4",
    secondary="#6754a8",
    accent="#9a6200",
    warning="#9a6200",
    error="#c62828",
    success="#2e7d32",
    foreground="#1f2733",
    background="#f4f6fa",
    surface="#ebeef4",
    panel="#e1e6ee",
    dark=False,
    variables={
        "graph-background": "#f4f6fa",
        "graph-dot": "#d3d9e3",
        "graph-node": "#ffffff",
        "graph-node-current": "#eaf3ff",
        "graph-border": "#8b95a8",
        "graph-text": "#1f2733",
        "graph-secondary": "#5a6577",
        "graph-focus": "#0b1526",
        "graph-map": "#e6eaf1",
        "graph-map-view": "#cfd8e6",
        "footer-key-foreground": "#9a6200",
    },
)
THEMES = (DARK, LIGHT)


def variable_defaults(theme: Theme) -> dict[str, str]:
    """What the editor's variables are in a theme that does not set them; for `App.get_theme_variable_defaults`."""
    if theme.ansi:
        return _named(_ANSI_PORTS, _ANSI_CATEGORIES) | _ansi_surfaces()
    ports, categories = (_DARK_PORTS, _DARK_CATEGORIES) if theme.dark else (_LIGHT_PORTS, _LIGHT_CATEGORIES)
    return _named(ports, categories) | _surfaces(theme)


def _named(ports: Mapping[str, str], categories: Mapping[str, str]) -> dict[str, str]:
    assert set(ports) == set(KINDS)
    named = {f"port-{kind}": color for kind, color in ports.items()}
    return named | {f"category-{name}": color for name, color in categories.items()}


def _surfaces(theme: Theme) -> dict[str, str]:
    colors = theme.to_color_system().generate()
    background, foreground = Color.parse(colors["background"]), Color.parse(colors["foreground"])

    def between(share: float) -> str:
        return background.blend(foreground, share, alpha=1.0).hex

    node, current = Color.parse(between(0.06)), Color.parse(between(0.12))

    return {
        "graph-background": background.hex,
        "graph-dot": between(0.14),
        "graph-node": node.hex,
        "graph-node-current": current.hex,
        "graph-border": faded(foreground, node, 0.58, LINES).hex,
        "graph-text": faded(foreground, current, 0.08, TEXT).hex,
        "graph-secondary": faded(foreground, current, 0.36, TEXT).hex,
        "graph-focus": between(1.0),
        "graph-mark": colors["warning"],
        "graph-label": colors["warning"],
        "graph-running": colors["primary"] if theme.name in {DARK.name, LIGHT.name} else colors["accent"],
        "graph-done": colors["success"],
        "graph-error": colors["error"],
        "graph-warning": colors["warning"],
        "graph-map": between(0.04),
        "graph-map-view": between(0.18),
    }


def _ansi_surfaces() -> dict[str, str]:
    plain = ("background", "node", "node-current", "text", "secondary", "focus", "map")
    return {f"graph-{name}": "ansi_default" for name in plain} | {
        "graph-dot": "ansi_bright_black",
        "graph-border": "ansi_default",
        "graph-mark": "ansi_yellow",
        "graph-label": "ansi_yellow",
        "graph-running": "ansi_cyan",
        "graph-done": "ansi_green",
        "graph-error": "ansi_red",
        "graph-warning": "ansi_yellow",
        "graph-map-view": "ansi_bright_black",
    }
