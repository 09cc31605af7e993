"""What flows along the links between the stages: small immutable values under the field's standard names.

Axes keep their letters: B images, T tokens, D width of an embedding, C channels, H W pixels, h w latent cells.
`family` says which kind of model a value belongs to (`sd1` for Stable Diffusion 1.x); empty where any will do.
Tensors are shared, never changed: a node that wants another number makes another tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from latentgraph.nodes.showing import Shown, png_of

if TYPE_CHECKING:
    from torch import Tensor

    from latentgraph.nodes.handles import ControlNet


@dataclass(frozen=True, eq=False)
class TokenStream(Shown):
    """A text as one text encoder reads it."""

    input_ids: Tensor
    """Token numbers, int64 (B, T)."""
    mask: Tensor
    """1 where a token is of the text, 0 where it fills up, int64 (B, T)."""
    truncated: tuple[str, ...]
    """For each text the words that did not fit, as the tokenizer spells them; empty where all did."""
    pieces: tuple[tuple[str, ...], ...] = ()
    """For each text the piece of it that each token stands for; empty where nobody wrote them down."""


@dataclass(frozen=True, eq=False)
class Tokens(Shown):
    """A text cut into tokens, once for each text encoder of the model (one in Stable Diffusion 1.x)."""

    streams: tuple[TokenStream, ...]
    family: str = ""
    absent: bool = False
    """Nobody wrote a text, which some models take for another thing than an empty one."""


@dataclass(frozen=True, eq=False)
class Conditioning(Shown):
    """What the text encoder made of a text, for the denoiser to attend to; one type for every family."""

    embeddings: Tensor
    """Float (B, T, D); (1, 77, 768) for one image of Stable Diffusion 1.x."""
    mask: Tensor | None = None
    """Which tokens to attend to, (B, T); None: all."""
    pooled: Tensor | None = None
    """One vector for the whole text, (B, E), where the family has it."""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    """More tensors by the denoiser's own names for them, such as `time_ids`."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class Control(Shown):
    """A ControlNet, the picture that it looks at, and how much it has to say (Zhang et al. 2023)."""

    controlnet: ControlNet
    image: Tensor
    """float32 (B, 3, H, W) in [0, 1]; one for all images of the batch, or one for each."""
    scale: float
    """What its residuals are multiplied by."""
    start: float
    """Share of the turns before which it is silent, 0 to 1."""
    end: float
    """Share of the turns after which it is silent, 0 to 1."""
    only_positive: bool = False
    """Whether it moves only the prediction for the prompt (`guess_mode` of diffusers)."""


@dataclass(frozen=True, eq=False)
class IPAdapter(Shown):
    """What an IP-Adapter (Ye et al. 2023) wants to be told of a picture; its weights are with the denoiser."""

    name: str
    """Of its file."""
    hidden_states: bool
    """Whether it reads the encoder's last hidden states but one, or the one vector of the whole picture."""
    width: int
    """Of what it reads, D."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class ImagePrompt(Shown):
    """What an image encoder made of N pictures, for an IP-Adapter; they count as one prompt."""

    positive: Tensor
    """Float (N, D), a vector for each picture, or (N, T, D), hidden states."""
    negative: Tensor
    """What stands for no picture on the negative side, in the same shape."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class ScaledImagePrompt(Shown):
    """An image prompt for every row of a batch, and how much it has to say."""

    embeddings: Tensor
    """Rows as in the embeddings of the text: (B, N, D) or (B, N, T, D), of [negative; positive] 2B when guided."""
    scale: float | Mapping[str, Any]
    """One for all of the denoiser's attention, or by its blocks as diffusers' `set_ip_adapter_scale` takes it."""
    mask: Tensor | None = None
    """Where in the picture to be made each of the N counts, 0 or 1, float32 (1, N, H, W); None: everywhere."""


@dataclass(frozen=True, eq=False)
class AdapterFeatures(Shown):
    """What a T2I-Adapter made of a picture, to be added to the denoiser's states as they go down (Mou et al. 2023)."""

    levels: tuple[Tensor, ...]
    """Multiplied by their scale, (B, C, h, w) each, from the finest level to the coarsest; rows as in `embeddings`."""
    factor: float
    """Share of the steps in which they are added, from the first on, 0 to 1."""
    steps: int
    """The steps that `factor` is a share of; 0: the turns of the loop."""


@dataclass(frozen=True, eq=False)
class Guidance(Shown):
    """What to steer towards, what away from, and how strongly (classifier-free guidance, Ho & Salimans 2022)."""

    positive: Conditioning
    negative: Conditioning | None
    """None where the denoiser is called for the positive side only."""
    scale: float
    """1 + w of the paper: 1 or less means no guidance."""
    rescale: float
    """0 to 1: how far the spread of the guided prediction is drawn back to that of the positive one."""
    embeddings: Tensor
    """What the denoiser is given at every step: [negative; positive] (2B, T, D) when guided, else (B, T, D).

    Of a denoiser that is called once for each side they are those of the positive one.
    """
    added: Mapping[str, Tensor] = field(default_factory=dict)
    """More that it is given at every step, by its own names (`added_cond_kwargs`); rows as in `embeddings`."""
    channels: Tensor | None = None
    """What is laid behind the channels of its input at every step, (B, C, h, w): a mask and what it leaves, a depth."""
    labels: Tensor | None = None
    """What class it is told at every step, int64 (1,), such as the noise in the picture to be made larger."""
    controls: tuple[Control, ...] = ()
    """ControlNets that move its inner states at each step, in the order in which they were put in."""
    image_prompts: tuple[ScaledImagePrompt, ...] = ()
    """One for each IP-Adapter of the denoiser, in their order (`image_embeds` of diffusers)."""
    features: tuple[AdapterFeatures, ...] = ()
    """Of T2I-Adapters, whose sum is added to its states on their way down."""
    regions: tuple[tuple[Region, ...], tuple[Region, ...]] | None = None
    """Where several prompts count at once: those of the positive side and those of the negative one."""
    family: str = ""
    start: float = 0.0
    """Share of the steps before which only the positive side is predicted, 0 to 1."""
    end: float = 1.0
    """Share of the steps after which only the positive side is predicted, 0 to 1."""

    @property
    def guided(self) -> bool:
        """Whether the denoiser predicts both sides."""
        return self.negative is not None


@dataclass(frozen=True, eq=False)
class Region(Shown):
    """One prompt among several: where, when and how much it counts."""

    guidance: Guidance
    """Of this prompt alone: one side."""
    box: tuple[float, float, float, float] | None
    """Left, top, width and height; None: everywhere."""
    shares: bool
    """Whether the box is in shares of the picture's edges, and not in pixels."""
    mask: Tensor | None
    """How much it counts at each pixel, float32 (B, 1, H, W); None: the same everywhere."""
    strength: float
    """Its weight where several count."""
    start: float
    """Share of the denoising before which it does not count, 0 to 1."""
    end: float
    """Share of the denoising after which it does not count, 0 to 1."""
    cell: int = 8
    """Edge of a latent cell in pixels, for a box in pixels."""


@dataclass(frozen=True, eq=False)
class RegionalPrompts(Shown):
    """Prompts that count at once, of one side of a guidance (Liu et al. 2022, "Composable Diffusion")."""

    regions: tuple[Region, ...]
    """In the order in which they were put in."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class RandomState(Shown):
    """The one ordered stream of random numbers of a run, at some point of it.

    Who draws takes a state and gives the next one; two who draw from the same state get the same numbers.
    """

    seed: int
    """0 to 2^64 - 1."""
    state: bytes | None = None
    """Of the generator of the CPU, 5056 bytes; None: before the first draw."""
    draws: int = 0
    """How often it was drawn from."""
    streams: tuple[RandomState, ...] = ()
    """One stream for each image of the batch, in their order; empty: this one for all of them."""


@dataclass(frozen=True, eq=False)
class Noise(Shown):
    """Normally distributed numbers of mean 0 and deviation 1, in the shape of latents."""

    samples: Tensor
    """Float (B, C, h, w)."""
    height: int
    """Of the image they will become, in pixels."""
    width: int
    family: str = ""


@dataclass(frozen=True, eq=False)
class Latents(Shown):
    """An image in the space the denoiser works in, clean or noisy."""

    samples: Tensor
    """Float (B, C, h, w), with h = H / 8 and w = W / 8 in Stable Diffusion."""
    height: int
    """Of the image, in pixels."""
    width: int
    scaled: bool = True
    """Multiplied by the VAE's scaling factor, as the denoiser wants them; the VAE's own latents are not."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class Timestep(Shown):
    """A turn of the denoising loop."""

    value: Tensor
    """0-dim, of the scheduler's own dtype: where in the training noise schedule the denoiser is to think it is."""
    index: int
    """0 at the first turn."""
    count: int = 0
    """Of the turns of the loop; 0 where nobody counted them."""

    def beside(self, samples: Tensor) -> Tensor:
        """The value on the device of `samples`, without waiting for what a CUDA device is computing."""
        return self.value.to(samples.device, non_blocking=samples.device.type == "cuda")


@dataclass(frozen=True, eq=False)
class SchedulerState(Shown):
    """A scheduler between two steps: its table of noise levels and what it remembers of earlier steps.

    Opaque. `latentgraph.nodes.scheduler_state` steps a copy of it.
    """

    snapshot: Any = field(repr=False)
    """A diffusers scheduler that nobody calls: calls go to copies."""

    @property
    def class_name(self) -> str:
        """Of the scheduler, in diffusers."""
        return type(self.snapshot).__name__


@dataclass(frozen=True, eq=False)
class NoisePrediction(Shown):
    """What the denoiser says is to be taken out: noise, or velocity where the model was trained for that."""

    samples: Tensor
    """Float (B, C, h, w)."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class PredictionPair(Shown):
    """The predictions for both sides of a Guidance, before they are combined."""

    positive: NoisePrediction
    negative: NoisePrediction | None
    """None without guidance."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class LearnedToken(Shown):
    """A token whose embeddings are being learned, and what Adam remembers of the steps so far (Gal et al. 2022)."""

    token: str
    """What texts call it."""
    vectors: Tensor
    """Its embeddings, float32 (N, D) on the CPU, N being how many make up the token."""
    moments: tuple[Tensor, Tensor] | None = None
    """Running means of the gradient and of its square, each as `vectors`; None before the first step."""
    steps: int = 0
    """How many were taken."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class TokenGradient(Shown):
    """Which way the loss grows as the embeddings of a token change."""

    vectors: Tensor
    """float32 (N, D) on the CPU, as the embeddings."""
    family: str = ""


@dataclass(frozen=True, eq=False)
class Image(Shown):
    """Pictures, on the CPU."""

    samples: Tensor
    """float32 (B, 3, H, W) in [0, 1], red green blue."""

    def _repr_png_(self) -> bytes | None:
        return png_of(self.samples)


@dataclass(frozen=True, eq=False)
class Mask(Shown):
    """Where something applies, on the CPU."""

    samples: Tensor
    """float32 (B, 1, H, W) in [0, 1], 1 where it does."""

    def _repr_png_(self) -> bytes | None:
        return png_of(self.samples.expand(-1, 3, -1, -1))


@dataclass(frozen=True, eq=False)
class Depth(Shown):
    """How near each point of pictures is, on the CPU, in no unit: only its order and proportions count."""

    samples: Tensor
    """float32 (B, H, W), more is nearer."""

    def _repr_png_(self) -> bytes | None:
        near, far = self.samples.amax(), self.samples.amin()
        grey = (self.samples - far) / (near - far).clamp(min=1e-12)
        return png_of(grey.unsqueeze(1).expand(-1, 3, -1, -1))


@dataclass(frozen=True)
class CropArea(Shown):
    """A part of a picture, in its pixels from the upper left corner; right and bottom are the first left out."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """As Pillow has it."""
        return self.left, self.top, self.right, self.bottom
