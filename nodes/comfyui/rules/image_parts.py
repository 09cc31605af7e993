"""Parts of pictures and of batches: cut out, laid over others, put together; and how large they are."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ImageValue, MaskValue, NoValue, ScalarValue, Value


@rule("ImageCrop")
def image_crop(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`crop_image`."""
    given = t.take(node, "image", ImageValue)
    size = {name: t.scalar(node, name, 512) for name in ("width", "height")}
    left, top = t.scalar(node, "x", 0), t.scalar(node, "y", 0)
    made = t.add(t.name(node, "cropped"), "crop_image", image=given.image, **size, left=left, top=top)
    return (replace(given, image=made.image),)


@rule("ImageCompositeMasked")
def image_composite_masked(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`composite_images`."""
    onto, given = t.take(node, "destination", ImageValue), t.take(node, "source", ImageValue)
    mask = t.optional(node, "mask", MaskValue)
    made = t.add(
        t.name(node, "composed"),
        "composite_images",
        onto=onto.image,
        image=given.image,
        mask=None if mask is None else mask.mask,
        left=t.scalar(node, "x", 0),
        top=t.scalar(node, "y", 0),
        stretch=t.literal(node, "resize_source", False) or None,
    )
    return (replace(onto, image=made.image),)


@rule("ImageBatch")
def image_batch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`join_images`; the second is brought to the size of the first, which leaves it alone where it has it."""
    first, second = (t.take(node, f"image{number}", ImageValue) for number in (1, 2))
    size = t.add("size", "image_size", image=first.image)
    fitted = t.add(
        "fitted",
        "resize_image",
        image=second.image,
        height=size.height,
        width=size.width,
        fit="crop",
        method="bilinear",
    )
    made = t.add(t.name(node, "batch"), "join_images", first=first.image, second=fitted.image)
    batch = first.batch + second.batch if isinstance(first.batch, int) and isinstance(second.batch, int) else None
    return (ImageValue(made.image, batch),)


@rule("RepeatImageBatch")
def repeat_image_batch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`repeat_images`."""
    given, amount = t.take(node, "image", ImageValue), t.literal(node, "amount", 1)
    made = t.add(t.name(node, "repeated"), "repeat_images", image=given.image, amount=amount)
    return (ImageValue(made.image, given.batch * amount if isinstance(given.batch, int) else None),)


@rule("ImageFromBatch")
def image_from_batch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`pick_images`."""
    given = t.take(node, "image", ImageValue)
    first, count = t.literal(node, "batch_index", 0), t.literal(node, "length", 1)
    made = t.add(t.name(node, "picked"), "pick_images", image=given.image, first=first, count=count)
    batch = None
    if isinstance(given.batch, int):
        batch = min(count, given.batch - min(first, given.batch - 1))
    return (ImageValue(made.image, batch),)


@rule("GetImageSize")
def get_image_size(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`image_size`, and how many pictures there are where that is known."""
    given = t.take(node, "image", ImageValue)
    size = t.add(t.name(node, "size"), "image_size", image=given.image)
    unknown = NoValue("it wants the number of pictures, which only the run will tell")
    count = unknown if given.batch is None else ScalarValue(given.batch)
    return ScalarValue(size.width), ScalarValue(size.height), count
