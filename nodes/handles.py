"""The parts of a model as values that flow along links: small, immutable, without a single weight in them.

A handle says what a part is (class, configuration, family), what is in it (a digest) and where it comes from. The
module itself lives in the pool of the process and is made when a node first asks for it by `loaded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

from latentgraph.graph.access import AccessError
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.nodes import cuda_graphs
from latentgraph.nodes.fast import quicken
from latentgraph.nodes.known_signatures import remember_signatures
from latentgraph.nodes.loading.families import family_of_component
from latentgraph.nodes.loading.held import HeldSource, content_digest, held_config, json_digest
from latentgraph.nodes.memory import reads_straight, settled, where_to_wait
from latentgraph.nodes.text_keys import ROLES, remember_text

if TYPE_CHECKING:
    from transformers import CLIPImageProcessor


class Source(Protocol):
    """Where a live module comes from."""

    def make(self, device: str, dtype: str, warn: Any) -> Any:
        """The module, in eval mode, on `device` and in `dtype`; empty strings mean: as it is, or cpu and float32."""


class Adapter(Protocol):
    """Something that is added to a module after it was made: a LoRA, a learned token, an image adapter.

    It is a small immutable value, as a handle is: it says where its own weights come from, and does not hold them.
    """

    @property
    def digest(self) -> str:
        """Of everything that it does to a module; equal digests mean equal bits."""

    @property
    def summary(self) -> str:
        """A few words for people: `LoRA pixels.safetensors at 0.8`."""

    def apply(self, module: Any) -> None:
        """Change `module`, which nobody else has: it is on the CPU, or where a held one was, in the run's dtype."""


class LoadedDepthEstimator(NamedTuple):
    """What a DepthEstimator loads to."""

    module: Any
    """A DPTForDepthEstimation."""
    feature_extractor: Any
    """Resizes and normalises images as the estimator wants them."""


class LoadedSafetyChecker(NamedTuple):
    """What a SafetyChecker loads to."""

    module: Any
    """The checker: CLIP features of an image held against those of the concepts to be flagged."""
    feature_extractor: CLIPImageProcessor
    """Resizes and normalises images as the checker wants them."""


@dataclass(frozen=True, eq=False, repr=False)
class Handle:
    """What all parts of a model have in common."""

    digest: str
    """Of configuration and weights; equal digests mean equal bits."""
    family: str
    """`sd1`, `sd2`, `sdxl` ...; empty where the configuration does not tell."""
    config: Mapping[str, Any]
    """A snapshot of the configuration, read-only."""
    class_name: str
    """In diffusers or transformers."""
    source: Source = field(repr=False)
    parameters: int = 0
    """How many numbers the weights are, read off the headers of the files; 0 where there are none."""
    adapters: tuple[Adapter, ...] = ()
    """What is added to the module once it is made, in this order; `digest` covers them. Add one by `adapted`."""

    role: ClassVar[str] = ""

    @classmethod
    def of(cls, module: Any, *, family: str | None = None) -> Self:
        """A handle of a module that you hold, for calling nodes from Python.

        The module is put in eval mode and used as it is; change its weights and you need a new handle.

        Args:
            module: Of diffusers or transformers, with a `config`.
            family: The model family; None: recognised from the configuration.
        """
        config = held_config(module)
        return cls(
            digest=content_digest(module),
            family=family_of_component(cls.role, type(module).__name__, config) if family is None else family,
            config=config,
            class_name=type(module).__name__,
            source=HeldSource(module),
            parameters=sum(p.numel() for p in module.parameters()) if hasattr(module, "parameters") else 0,
        )

    def adapted(self, adapter: Adapter) -> Self:
        """The same part with `adapter` added behind those that it has."""
        return replace(self, digest=json_digest([self.digest, adapter.digest]), adapters=(*self.adapters, adapter))

    def __repr__(self) -> str:
        """What it is, and the beginning of its digest."""
        return f"{type(self).__name__}({self.summary}, {self.digest[:8]})"

    @property
    def summary(self) -> str:
        """One line for people: `UNet2DConditionModel, 2.2M parameters, sd1`."""
        parts = [self.class_name]
        if self.parameters:
            parts.append(f"{short_number(self.parameters)} parameters")
        parts += [adapter.summary for adapter in self.adapters]
        return ", ".join([*parts, self.family] if self.family else parts)


@dataclass(frozen=True, eq=False, repr=False)
class Tokenizer(Handle):
    """Cuts a text into tokens; loads to a `CLIPTokenizer` or `T5Tokenizer` whose `model_max_length` is set."""

    role: ClassVar[str] = "tokenizer"


@dataclass(frozen=True, eq=False, repr=False)
class TextEncoder(Handle):
    """Turns tokens (B, T) into embeddings (B, T, D); loads to a `CLIPTextModel`, one `WithProjection`, or a T5."""

    role: ClassVar[str] = "text_encoder"


@dataclass(frozen=True, eq=False, repr=False)
class Denoiser(Handle):
    """Predicts what noise is in latents (B, 4, h, w); loads to a `UNet2DConditionModel`."""

    vae: VAE | None = field(default=None, repr=False)
    """Of the same model, to show what is on its way; None where the denoiser came alone."""
    scheduler: Scheduler | None = field(default=None, repr=False)
    """Of the same model: the noise levels that it was trained on."""

    role: ClassVar[str] = "denoiser"


@dataclass(frozen=True, eq=False, repr=False)
class ControlNet(Handle):
    """Sees a picture and says by how much to move the denoiser's inner states; loads to a `ControlNetModel`."""

    role: ClassVar[str] = "controlnet"


@dataclass(frozen=True, eq=False, repr=False)
class T2IAdapter(Handle):
    """Sees a picture once and says by how much to move the denoiser's states at every step; a `T2IAdapter`."""

    role: ClassVar[str] = "t2i_adapter"


@dataclass(frozen=True, eq=False, repr=False)
class DepthEstimator(Handle):
    """Sees in a picture how near each point is; loads to a `LoadedDepthEstimator`."""

    role: ClassVar[str] = "depth_estimator"


@dataclass(frozen=True, eq=False, repr=False)
class ImageEncoder(Handle):
    """Turns pictures into features for an IP-Adapter; loads to a `CLIPVisionModelWithProjection`."""

    role: ClassVar[str] = "image_encoder"


@dataclass(frozen=True, eq=False, repr=False)
class UpscaleModel(Handle):
    """Pictures (B, 3, H, W) to pictures `scale` times as large; loads to an RRDBNet of `loading.esrgan`."""

    role: ClassVar[str] = "upscale_model"


@dataclass(frozen=True, eq=False, repr=False)
class VAE(Handle):
    """Images (B, 3, H, W) to latents (B, 4, h, w) and back; loads to an `AutoencoderKL`."""

    full_precision: bool = False
    """It overflows in float16, so that a run in float16 computes it in float32."""

    role: ClassVar[str] = "vae"


@dataclass(frozen=True, eq=False, repr=False)
class Scheduler(Handle):
    """The class and configuration of a sampler, without any state.

    `loaded` makes a new diffusers scheduler each time, because a live one keeps state between its steps. `config` is
    what the pipeline's own scheduler has after the pipeline's constructor, so that `from_config` on it does the same.
    """

    role: ClassVar[str] = "scheduler"

    @classmethod
    def of(cls, module: Any, *, family: str | None = None) -> Self:
        """The handle of a diffusers scheduler: of its class and configuration, not of its state."""
        from latentgraph.nodes.loading.schedulers import scheduler_snapshot

        config = scheduler_snapshot(module)
        name = type(module).__name__
        return cls(json_digest({"class": name, **config}), family or "", config, name, SchedulerSource(name, config))


@dataclass(frozen=True, eq=False, repr=False)
class SafetyChecker(Handle):
    """Finds images that must not be shown; loads to a `LoadedSafetyChecker`."""

    role: ClassVar[str] = "safety_checker"

    @classmethod
    def of_pair(cls, module: Any, feature_extractor: Any, *, family: str | None = None) -> Self:
        """The handle of a checker and of the feature extractor that prepares its images."""
        config = held_config(module)
        digest = json_digest({"module": content_digest(module), "images": feature_extractor.to_dict()})
        source = HeldSource(LoadedSafetyChecker(module, feature_extractor))
        parameters = sum(parameter.numel() for parameter in module.parameters())
        return cls(digest, family or "", config, type(module).__name__, source, parameters)


@dataclass(frozen=True)
class SchedulerSource:
    """Makes a diffusers scheduler from its class and configuration."""

    class_name: str
    config: Mapping[str, Any]

    def make(self, device: str, dtype: str, warn: Any) -> Any:
        """A new scheduler, before its first `set_timesteps`."""
        from latentgraph.nodes.loading.schedulers import make_scheduler

        return make_scheduler(self.class_name, self.config)


def loaded(handle: Handle, context: RunContext = ALONE, *, full_precision: bool = False, fast: bool = False) -> Any:
    """The live module that `handle` stands for, in eval mode, on the device and in the dtype of the run.

    It is made once for each process, device and dtype, and shared: do not change it. Only the part that is asked
    for is read. A handle with adapters has a module of its own, beside that of the plain handle. A Scheduler is made
    anew each time.

    Args:
        handle: Any part of a model.
        context: Its settings `device` and `dtype` say where; without them a module you hold stays as it is, and one
            that is read from files is on the CPU in float32.
        full_precision: Compute in float32, whatever the run says. The weights are rounded to the run's precision
            first, as where diffusers' pipelines bring a VAE that overflows from float16 to float32.
        fast: A module beside the exact one that gives up bits for speed; ask for it by `fast.computing`.
    """
    device, rounded = context.settings.get("device", ""), context.settings.get("dtype", "")
    if isinstance(handle, VAE) and handle.full_precision and rounded == "float16":
        full_precision = True
    dtype = "float32" if full_precision and rounded else rounded
    if isinstance(handle, Scheduler):
        return handle.source.make(device, dtype, context.warn)
    as_it_is = not handle.adapters and dtype == rounded and not fast
    if isinstance(handle.source, HeldSource) and as_it_is and handle.source.fits(device, dtype):
        return handle.source.module
    if isinstance(handle, Tokenizer):
        device = dtype = rounded = ""  # A tokenizer is no tensor: one serves every device.
    context.pool.listen(context.warn)
    precision = (dtype, rounded)
    key = ("module", handle.role, handle.class_name, handle.digest, device, precision, where_to_wait(device, context))
    return context.pool.get((*key, fast), lambda: _made(handle, device, precision, context, fast=fast))


def _made(handle: Handle, device: str, precision: tuple[str, str], context: RunContext, *, fast: bool) -> Any:
    dtype, rounded = precision
    made = _read(handle, device, rounded, context)
    for adapter in handle.adapters:
        adapter.apply(made)
    if dtype != rounded:
        made = made.float()
    if fast:
        quicken(made, device, context)
    keys = None
    if handle.role in ROLES and not fast:
        keys = remember_text(made)
        remember_signatures(made)
    if handle.role in cuda_graphs.ROLES:
        cuda_graphs.replay_launches(made, device, context, keys, fast=fast)
    if not device:
        return made
    if isinstance(made, LoadedSafetyChecker | LoadedDepthEstimator):
        return made._replace(module=settled(made.module, device, context))
    return settled(made, device, context)


def _read(handle: Handle, device: str, dtype: str, context: RunContext) -> Any:
    """The module as its files have it: on the CPU, or where its weights stay and nothing is added to them, there."""
    if handle.adapters or not reads_straight(device, context):
        return handle.source.make("cpu" if device else "", dtype, context.warn)
    try:
        return handle.source.make(device, dtype, context.warn)
    except AccessError as error:
        made = handle.source.make("cpu", dtype, context.warn)  # Where the files are at fault it says so again.
        why = (str(error.__cause__ or error.message).strip().splitlines() or [""])[0]
        context.warn(f"the weights of a {handle.class_name} go through main memory to {device}: {why[:200]}")
        return made


def short_number(count: int) -> str:
    """A count in three digits: 859.5M, 2.2M, 410K."""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    return str(count)
