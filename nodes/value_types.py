"""What the engine is told of each value: a line for people, its size, its digest, and how it becomes a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from latentgraph.graph.values import FileForm, Rows, ValueType
from latentgraph.nodes import value_details as show
from latentgraph.nodes.digesting import value_digest, value_size
from latentgraph.nodes.handles import (
    VAE,
    ControlNet,
    Denoiser,
    DepthEstimator,
    Handle,
    ImageEncoder,
    SafetyChecker,
    Scheduler,
    T2IAdapter,
    TextEncoder,
    Tokenizer,
    UpscaleModel,
)
from latentgraph.nodes.joining import (
    CONDITIONING_ROWS,
    GUIDANCE_ROWS,
    IMAGE_ROWS,
    LATENTS_ROWS,
    PREDICTION_ROWS,
    RANDOM_ROWS,
)
from latentgraph.nodes.png import PNG
from latentgraph.nodes.tensor_files import CONDITIONING_FILE, IMAGE_PROMPT_FILE, LATENTS_FILE, TOKEN_FILE
from latentgraph.nodes.values import (
    Conditioning,
    CropArea,
    Depth,
    Guidance,
    Image,
    ImagePrompt,
    IPAdapter,
    Latents,
    LearnedToken,
    Mask,
    Noise,
    NoisePrediction,
    PredictionPair,
    RandomState,
    RegionalPrompts,
    SchedulerState,
    Timestep,
    TokenGradient,
    Tokens,
)

T = TypeVar("T")


def _known(
    kind: type[T],
    summary: Callable[[T], str],
    details: Callable[[T], Iterable[tuple[str, str]]],
    *,
    family: bool = False,
    file: FileForm[T] | None = None,
    rows: Rows[T] | None = None,
) -> ValueType[T]:
    return ValueType(kind, summary, value_size, value_digest, family, file, details, rows)


def _handle(python_type: type[Handle]) -> ValueType[Any]:
    return ValueType(
        python_type,
        summary=lambda handle: handle.summary,
        size=lambda handle: 1024,  # The weights live in the pool, which has its own bound.
        digest=lambda handle: handle.digest,
        family=True,
        details=show.handle_rows,
    )


def _shape(tensor: Any) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _pixels(samples: Any) -> str:
    return f"{samples.shape[-1]} × {samples.shape[-2]} pixels"


def _tokens(value: Tokens) -> str:
    used = [int(stream.mask[0].sum()) for stream in value.streams]
    lengths = [stream.input_ids.shape[-1] for stream in value.streams]
    return ", ".join(f"{one} of {length} tokens" for one, length in zip(used, lengths, strict=True))


def _guidance(value: Guidance) -> str:
    return f"scale {value.scale:g}" if value.guided else "no negative side"


def _random_state(value: RandomState) -> str:
    seeds = ", ".join(str(one.seed) for one in value.streams)
    return f"{f'seeds {seeds}' if seeds else f'seed {value.seed}'}, {_plural(value.draws, 'draw')}"


TOKENS = _known(Tokens, _tokens, show.tokens_rows, family=True)
CONDITIONING = _known(
    Conditioning,
    lambda value: f"embeddings {_shape(value.embeddings)}",
    show.conditioning_rows,
    family=True,
    file=CONDITIONING_FILE,
    rows=CONDITIONING_ROWS,
)
GUIDANCE = _known(Guidance, _guidance, show.guidance_rows, family=True, rows=GUIDANCE_ROWS)
REGIONAL_PROMPTS = _known(
    RegionalPrompts, lambda value: _plural(len(value.regions), "prompt"), show.regions_rows, family=True
)
IP_ADAPTER = _known(
    IPAdapter,
    lambda value: f"{value.name}, reads {'hidden states' if value.hidden_states else 'one vector'} of a picture",
    show.ip_adapter_rows,
    family=True,
)
IMAGE_PROMPT = _known(
    ImagePrompt,
    lambda value: f"{_plural(len(value.positive), 'picture')} as {_shape(value.positive)}",
    show.image_prompt_rows,
    family=True,
    file=IMAGE_PROMPT_FILE,
)
RANDOM_STATE = _known(RandomState, _random_state, show.random_state_rows, rows=RANDOM_ROWS)
NOISE = _known(Noise, lambda value: f"noise {_shape(value.samples)}", show.noise_rows, family=True)
LATENTS = _known(
    Latents,
    lambda value: f"latents {_shape(value.samples)} of {value.width} × {value.height} pixels",
    show.latents_rows,
    family=True,
    file=LATENTS_FILE,
    rows=LATENTS_ROWS,
)
TIMESTEP = _known(
    Timestep, lambda value: f"timestep {value.value.item():g}, turn {value.index + 1}", show.timestep_rows
)
SCHEDULER_STATE = _known(SchedulerState, lambda value: value.class_name, show.scheduler_state_rows)
NOISE_PREDICTION = _known(
    NoisePrediction,
    lambda value: f"prediction {_shape(value.samples)}",
    show.prediction_rows,
    family=True,
    rows=PREDICTION_ROWS,
)
PREDICTION_PAIR = _known(
    PredictionPair,
    lambda value: (
        f"{'one prediction' if value.negative is None else 'two predictions'} {_shape(value.positive.samples)}"
    ),
    show.pair_rows,
    family=True,
)
LEARNED_TOKEN = _known(
    LearnedToken,
    lambda value: f"{value.token}, {_plural(len(value.vectors), 'embedding')}, {_plural(value.steps, 'step')}",
    show.learned_rows,
    family=True,
    file=TOKEN_FILE,
)
TOKEN_GRADIENT = _known(
    TokenGradient, lambda value: f"gradient {_shape(value.vectors)}", show.gradient_rows, family=True
)
IMAGE = _known(
    Image,
    lambda value: f"{_plural(len(value.samples), 'image')}, {_pixels(value.samples)}",
    show.image_rows,
    file=PNG,
    rows=IMAGE_ROWS,
)
MASK = _known(Mask, lambda value: f"{_plural(len(value.samples), 'mask')}, {_pixels(value.samples)}", show.mask_rows)
DEPTH = _known(
    Depth, lambda value: f"{_plural(len(value.samples), 'depth')}, {_pixels(value.samples)}", show.depth_rows
)
CROP_AREA = _known(
    CropArea,
    lambda value: f"{value.right - value.left} × {value.bottom - value.top} pixels at ({value.left}, {value.top})",
    show.crop_area_rows,
)
TOKENIZER = _handle(Tokenizer)
TEXT_ENCODER = _handle(TextEncoder)
DENOISER = _handle(Denoiser)
VAE_TYPE = _handle(VAE)
SCHEDULER = _handle(Scheduler)
CONTROLNET = _handle(ControlNet)
IMAGE_ENCODER = _handle(ImageEncoder)
T2I_ADAPTER = _handle(T2IAdapter)
DEPTH_ESTIMATOR = _handle(DepthEstimator)
UPSCALE_MODEL = _handle(UpscaleModel)
SAFETY_CHECKER = _handle(SafetyChecker)
