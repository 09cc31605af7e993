"""Pictures as prompts: from an image to what an IP-Adapter reads (Ye et al. 2023, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import ImageEncoder, loaded
from latentgraph.nodes.ip_adapter import IMAGE_PROMPT
from latentgraph.nodes.loading.component import ReadsComponent, open_component
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import Guidance, Image, ImagePrompt, IPAdapter, Mask, ScaledImagePrompt

if TYPE_CHECKING:
    from torch import Tensor


class OpenedImageEncoder(NamedTuple):
    """What load_image_encoder gives.

    Attributes:
        image_encoder: For `encode_image_prompt`.
    """

    image_encoder: ImageEncoder


@node(category="model")
def load_image_encoder(image_encoder: Annotated[str, ReadsComponent(ImageEncoder)]) -> OpenedImageEncoder:
    """Open the image encoder of an IP-Adapter. Its weights are read when the first picture needs them.

    Args:
        image_encoder: A folder (./, ../ or / first) with the config.json and the weights of a
            CLIPVisionModelWithProjection, or a .safetensors file of one alone.

    Example:
        encoder = load_image_encoder("./image_encoder").image_encoder
    """
    return OpenedImageEncoder(open_component(ImageEncoder, image_encoder))


@node(category="image")
def crop_for_encoder(image_encoder: ImageEncoder, image: Image, after: Image | None = None) -> Image:
    """Cut from pictures the square that an image encoder sees, so that pictures of several shapes make one prompt.

    The shorter edge becomes as long as the encoder's square (bicubic), and the middle is kept. encode_image_prompt
    does the same to what it is given.

    Args:
        image_encoder: That will see them.
        image: One picture or more.
        after: Pictures from another crop_for_encoder that these are laid behind.

    Example:
        encoder = load_image_encoder("./image_encoder").image_encoder
        square = crop_for_encoder(encoder, load_image("./photo.png"))
    """
    import torch

    processor = image_processor(image_encoder.config, normalize=False)
    cut = [processor(to_pil(one), return_tensors="pt").pixel_values[0].float() / 255 for one in image.samples]
    before = [] if after is None else list(after.samples)
    if before and before[0].shape != cut[0].shape:
        size = f"{before[0].shape[-1]} × {before[0].shape[-2]}"
        raise ValueError(f"after holds pictures of {size} pixels; put them through a crop_for_encoder of their own")
    return Image(torch.stack([*before, *cut]))


@node(category="text", settings=("device", "dtype"))
def encode_image_prompt(
    image_encoder: ImageEncoder, image: Image, ip_adapter: IPAdapter | None = None, *, context: RunContext = ALONE
) -> ImagePrompt:
    """Make of pictures what an IP-Adapter reads, or one vector of each picture.

    Args:
        image_encoder: That the IP-Adapter was trained with.
        image: One picture or more; together they are one prompt.
        ip_adapter: From load_ip_adapter; null: the vectors that the encoder was trained to liken to those of texts.

    Example:
        denoiser, adapter = load_ip_adapter(load_model().denoiser, "./ip_adapter.safetensors")
        encoder = load_image_encoder("./image_encoder").image_encoder
        prompt = encode_image_prompt(encoder, load_image("./photo.png"), adapter)
    """
    states = ip_adapter is not None and ip_adapter.hidden_states
    width = image_encoder.config.get("hidden_size" if states else "projection_dim")
    if ip_adapter is not None and isinstance(width, int) and width != ip_adapter.width:
        raise ValueError(
            f"the IP-Adapter {ip_adapter.name!r} reads {ip_adapter.width} numbers, and the image encoder gives "
            f"{width}; take the image encoder that it was trained with"
        )
    module = loaded(image_encoder, context)
    first = next(module.parameters())
    pictures = [to_pil(one) for one in image.samples]
    pixels = image_processor(image_encoder.config)(pictures, return_tensors="pt").pixel_values
    positive, negative = features(module, pixels.to(first.device, first.dtype), hidden_states=states)
    return ImagePrompt(positive, negative, ip_adapter.family if ip_adapter else "")


def features(module: Any, pixels: Tensor, *, hidden_states: bool) -> tuple[Tensor, Tensor]:
    """What an image encoder makes of pictures, and what stands for none, as diffusers 0.42's `encode_image` does it.

    Args:
        module: A CLIPVisionModelWithProjection.
        pixels: As its processor makes them, (N, 3, H, W).
        hidden_states: Whether to take the last hidden states but one, in which no picture is a picture of zeros;
            else the projected vectors, in which it is zeros.

    Returns:
        Twice (N, T, D) or (N, D).
    """
    import torch

    with torch.no_grad():
        if not hidden_states:
            positive: Tensor = module(pixels).image_embeds
            return positive, torch.zeros_like(positive)
        both = [module(one, output_hidden_states=True).hidden_states[-2] for one in (pixels, torch.zeros_like(pixels))]
    return both[0], both[1]


def image_processor(config: Mapping[str, Any], *, normalize: bool = True) -> Any:
    """What resizes, crops and normalises pictures for an encoder: by Pillow, whatever else is installed.

    Args:
        config: Of the encoder; `image_size` is the edge of the square that it sees.
        normalize: Whether to give floats about 0, or to stop at the 8 bits of the cut pictures.
    """
    from transformers import CLIPImageProcessorPil

    edge = int(config["image_size"])
    made: Any = CLIPImageProcessorPil  # Untyped.
    return made(size=edge, crop_size=edge, do_rescale=normalize, do_normalize=normalize)


@node(category="text", variant=IMAGE_PROMPT)
def add_image_prompt(
    guidance: Guidance,
    prompt: ImagePrompt,
    scale: float = 1.0,
    blocks: dict[str, Any] | None = None,
    mask: Mask | None = None,
) -> Guidance:
    """Let pictures steer too, through an IP-Adapter. Put one behind the other, in the order of the IP-Adapters.

    Args:
        guidance: What else to steer by.
        prompt: The pictures, encoded.
        scale: How much they have to say: 0 is nothing, 1 is as in training; 0.5 leaves room for the words.
        blocks: In place of `scale` one for each block of the denoiser, 0 where none is named, such as
            {"up": {"block_0": [0, 1, 0]}} for the style of the pictures alone in Stable Diffusion XL.
        mask: Where in the picture to be made they count, of its shape: one for all of them, or one for each. What is
            at least half covered is in. Null: everywhere.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        prompt = load_image_prompt("./image_prompt.safetensors")
        steered = add_image_prompt(guidance(positive), prompt, scale=0.6)
    """
    import torch

    rows = len(guidance.positive.embeddings)
    sides = [prompt.negative, prompt.positive] if guidance.guided else [prompt.positive]
    embeddings = torch.cat([torch.cat([side[None]] * rows) for side in sides]).to(guidance.embeddings)
    where = None if mask is None else binary_masks(mask.samples, len(prompt.positive))
    told = ScaledImagePrompt(embeddings, scale if blocks is None else blocks, where)
    return replace(guidance, image_prompts=(*guidance.image_prompts, told))


def binary_masks(samples: Tensor, pictures: int) -> Tensor:
    """Masks for an image prompt as diffusers 0.42's IPAdapterMaskProcessor makes them.

    Args:
        samples: float32 (1, 1, H, W) in [0, 1] for all pictures, or (N, 1, H, W).
        pictures: N.

    Returns:
        0 or 1, float32 (1, N, H, W).
    """
    if len(samples) not in (1, pictures):
        raise ValueError(f"mask holds {len(samples)} masks for {pictures} pictures; give one, or one for each")
    return (samples >= 0.5).to(samples.dtype).expand(pictures, -1, -1, -1).reshape(1, pictures, *samples.shape[-2:])
