"""What is handed out: the pictures that ComfyUI saves or shows."""

from __future__ import annotations

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ImageValue, MaskValue, Value


@rule("SaveImage", output=True)
def save_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """An output of the workflow, which the run saves."""
    t.output(t.name(node, "image"), t.take(node, "images", ImageValue).image)
    return ()


@rule("PreviewImage", output=True)
def preview_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """An output as well: what was worth a look there is worth one here."""
    t.output(t.name(node, "preview"), t.take(node, "images", ImageValue).image)
    return ()


@rule("MaskPreview", output=True)
def mask_preview(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The mask as a picture."""
    mask = t.take(node, "mask", MaskValue)
    t.output(t.name(node, "preview"), t.add("shown", "mask_to_image", mask=mask.mask).image)
    return ()
