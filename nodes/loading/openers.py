"""Which node opens a model of which family, for the hints of the nodes that do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPENERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "sdxl": ("a Stable Diffusion XL model", "load_sdxl", "sdxl_text_to_image"),
    "sd3": ("a Stable Diffusion 3 model", "load_sd3", "sd3_text_to_image"),
    "upscale": ("a model that makes pictures larger", "load_upscaler", "upscale_x4"),
    "flux": ("a Flux model", "load_flux", "flux_text_to_image"),
}
"""What a model of a family is called, the node that opens it, and a workflow in which it does."""


def opened_by(family: str) -> str:
    """The hint for a model of that family."""
    if family not in OPENERS:
        return "load_model opens Stable Diffusion 1 and 2"
    called, node, workflow = OPENERS[family]
    return f"{called} is opened by {node}, as in the workflow {workflow}"
