"""What flows along ComfyUI's links, as the translation knows it: places in our workflow, and what they stand for.

A rule takes these from the links of a node and gives others. Nothing is computed: `denoiser` is a link to the port of
ours that gives the denoiser. What ComfyUI keeps in one socket is several values of ours, so that a MODEL here knows its
scheduler and its VAE as well, and what it has for a node to come (an empty latent, a schedule) is only noted until the
node that needs it is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from latentgraph.graph.workflow import Link

Scalar: TypeAlias = "bool | int | float | str"
Source: TypeAlias = "Link | Scalar"
"""What an input of ours may be given: a link or a literal."""
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Value:
    """Anything that a ComfyUI link carries."""


@dataclass(frozen=True, slots=True)
class NoValue(Value):
    """Something that ComfyUI has and we have not; only who takes it cannot be translated."""

    reason: str
    """What is told of who takes it, a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class ScalarValue(Value):
    """INT, FLOAT, STRING or BOOLEAN."""

    source: Source


@dataclass(frozen=True, slots=True)
class ModelValue(Value):
    """MODEL: a denoiser, and what it is sampled with."""

    denoiser: Link
    scheduler: Link
    """The model's own, which tells the noise levels that it was trained on."""
    family: str
    """`sd1`, `sd2`, `sdxl` or `sdxl_refiner`."""
    vae: Link | None = None
    """Of the same checkpoint: it tells the shape of latents."""
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """Options of diffusers' schedulers that belong to the model, such as `prediction_type`."""
    name: str = ""
    """Of its file, for notes."""
    channels: int = 4
    """That its UNet reads: 9 where it was trained to inpaint."""
    patches: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What other rules have noted for the one that samples, by a word of theirs."""


@dataclass(frozen=True, slots=True)
class ClipValue(Value):
    """CLIP: one text encoder with its tokenizer, or two."""

    family: str
    tokenizer: Link | None
    """Of CLIP-L or, in Stable Diffusion 2, OpenCLIP-H; None in SDXL's refiner."""
    text_encoder: Link | None
    tokenizer_2: Link | None = None
    """Of OpenCLIP-bigG, in SDXL."""
    text_encoder_2: Link | None = None
    last_layer: int = 0
    """What CLIPSetLastLayer says, -1 to -24; 0: nobody has said anything."""


@dataclass(frozen=True, slots=True)
class VaeValue(Value):
    """VAE."""

    vae: Link
    family: str = ""


@dataclass(frozen=True, slots=True)
class SizeValue:
    """What SDXL is told of a picture's size, in pixels; `score` is there in the refiner's alone."""

    width: Source
    height: Source
    crop_left: Source = 0
    crop_top: Source = 0
    target_width: Source | None = None
    target_height: Source | None = None
    score: Source | None = None


@dataclass(frozen=True, slots=True)
class AreaValue:
    """A rectangle that a conditioning counts in: in pixels, or in shares of the picture."""

    width: float
    height: float
    left: float
    top: float
    shares: bool = False


@dataclass(frozen=True, slots=True)
class ControlValue:
    """A ControlNet or T2I-Adapter with its picture, applied to a conditioning."""

    controlnet: Link
    image: Link
    strength: Source = 1.0
    start: Source = 0.0
    end: Source = 1.0
    kind: Literal["controlnet", "t2i_adapter"] = "controlnet"


@dataclass(frozen=True, slots=True)
class PictureValue:
    """A picture, encoded, that stands in the place of the sum of a text (unCLIP)."""

    features: Link
    strength: Source = 1.0
    noise_augmentation: Source = 0.0


@dataclass(frozen=True, slots=True)
class ConditioningEntry:
    """One of the texts of a CONDITIONING, and where, when and how much it counts."""

    conditioning: Link
    size: SizeValue | None = None
    pictures: tuple[PictureValue, ...] = ()
    """What stands in the place of the sum of the text."""
    area: AreaValue | None = None
    mask: Link | None = None
    mask_bounds: bool = False
    """Whether the mask's bounding box is the area (`set_cond_area` is `mask bounds`)."""
    strength: Source = 1.0
    start: Source = 0.0
    """Share of the denoising before which it does not count, 0 to 1."""
    end: Source = 1.0
    controls: tuple[ControlValue, ...] = ()
    channels: Mapping[str, Link] = field(default_factory=lambda: NOTHING)
    """What an inpainting denoiser sees behind the latents: `mask` and `latents`."""
    patches: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What other rules have noted for the one that samples, by a word of theirs."""

    @property
    def plain(self) -> bool:
        """Whether it counts everywhere, always and once, with nothing beside the text."""
        return (
            self.area is None
            and self.mask is None
            and not self.controls
            and not self.channels
            and not self.pictures
            and not self.patches
            and (self.strength, self.start, self.end) == (1.0, 0.0, 1.0)
        )


@dataclass(frozen=True, slots=True)
class ConditioningValue(Value):
    """CONDITIONING: a list of texts, one as a rule."""

    entries: tuple[ConditioningEntry, ...]
    family: str


@dataclass(frozen=True, slots=True)
class LatentValue(Value):
    """LATENT. ComfyUI's are unscaled and ours are scaled; both mean the same picture."""

    latents: Link | None
    """None: an empty one, of which only the size is known, or one in a file. `Translation.latents` makes it ours."""
    width: Source = 512
    """Of an empty one, in pixels."""
    height: Source = 512
    batch: Source | None = 1
    """How many there are; None: nobody can tell before the run."""
    mask: Link | None = None
    """What to make anew, as a Mask in pixels (`noise_mask`)."""
    first: int | None = None
    """Its place in the batch that it was taken from, which decides its noise (`batch_index`)."""
    file: Link | None = None
    """Where it lies, while nobody has taken it."""

    @property
    def empty(self) -> bool:
        """Whether it is zeros."""
        return self.latents is None and self.file is None


@dataclass(frozen=True, slots=True)
class ImageValue(Value):
    """IMAGE."""

    image: Link
    batch: Source | None = None
    """How many there are; None: nobody can tell before the run."""


@dataclass(frozen=True, slots=True)
class MaskValue(Value):
    """MASK: 1 where something is to be made anew."""

    mask: Link


@dataclass(frozen=True, slots=True)
class ControlNetValue(Value):
    """CONTROL_NET."""

    controlnet: Link
    kind: Literal["controlnet", "t2i_adapter"] = "controlnet"


@dataclass(frozen=True, slots=True)
class UpscalerValue(Value):
    """UPSCALE_MODEL."""

    upscaler: Link


@dataclass(frozen=True, slots=True)
class ImageEncoderValue(Value):
    """CLIP_VISION."""

    image_encoder: Link


@dataclass(frozen=True, slots=True)
class ImageFeaturesValue(Value):
    """CLIP_VISION_OUTPUT."""

    features: Link


@dataclass(frozen=True, slots=True)
class NoiseValue(Value):
    """NOISE: where the noise comes from."""

    seed: Source
    added: bool = True
    """Whether noise is added to what is begun at; the noise of the steps is drawn all the same."""


@dataclass(frozen=True, slots=True)
class SamplerValue(Value):
    """SAMPLER: by ComfyUI's name."""

    name: str


@dataclass(frozen=True, slots=True)
class SigmasValue(Value):
    """SIGMAS: what to tell `schedule_sigmas`."""

    inputs: Mapping[str, Source]
    """By the names of that node."""


@dataclass(frozen=True, slots=True)
class GuiderValue(Value):
    """GUIDER: what is sampled, and what it is steered by."""

    model: ModelValue
    positive: ConditioningValue
    negative: ConditioningValue | None = None
    scale: Source = 1.0
