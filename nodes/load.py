"""The node that opens a model: everything after it works with the model's parts, each a handle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from latentgraph.graph.access import AccessError
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import (
    VAE,
    Denoiser,
    SafetyChecker,
    Scheduler,
    TextEncoder,
    Tokenizer,
)
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.openers import opened_by
from latentgraph.nodes.loading.parts import OpenedModel, open_model

DEFAULT_MODEL: Final = "builtin:shapes"


class Model(NamedTuple):
    """The parts of a model.

    Args:
        tokenizer: Cuts a prompt into tokens.
        text_encoder: Turns tokens into embeddings.
        denoiser: The UNet.
        vae: Latents to images and back.
        scheduler: The model's own sampler, as class and configuration.
        safety_checker: Finds images that must not be shown; null where the model has none.
    """

    tokenizer: Tokenizer
    text_encoder: TextEncoder
    denoiser: Denoiser
    vae: VAE
    scheduler: Scheduler
    safety_checker: SafetyChecker | None


def describe_model(literals: Mapping[str, Any]) -> Described:
    """The family of each output, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or cannot be what it is used for.
    """
    return opened_model(literals.get("model", DEFAULT_MODEL), literals.get("config")).described(Model._fields)


@node(category="model", describe=describe_model)
def load_model(
    model: Annotated[str, ReadsModel()] = DEFAULT_MODEL,
    config: Annotated[str, ReadsModel(configuration=True)] | None = None,
    *,
    context: RunContext = ALONE,
) -> Model:
    """Open a model. Weights are read when a node first needs them, and only those of the part it needs.

    Args:
        model: builtin:NAME, a local folder or .safetensors file (./, ../ or / first), or owner/name on the hub.
        config: For a single file that is not of the usual shape: a model in diffusers layout whose configuration,
            tokenizer and scheduler it is loaded with, or builtin:sd1, builtin:sd2 or builtin:sd2_base.

    Example:
        model = load_model()
        own = load_model("./sd1")  # a folder in diffusers' layout, or a .safetensors file
        assert own.denoiser.family == "sd1"
    """
    opened = opened_model(model, config)
    handles = opened.handles()
    parts = Model(**{name: handles[name] for name in Model._fields})
    if opened.assumption and config is None:
        context.warn(opened.assumption)
    if parts.safety_checker is None:
        # The engine gives an absolute path, which is nobody's business in a record that travels with a picture.
        name = Path(model).name if Path(model).is_absolute() else model
        context.warn(f"{name!r} comes without a safety checker, so nobody looks at its pictures before you do")
    return parts


def opened_model(model: str, config: str | None) -> OpenedModel:
    """A model that has no other parts than load_model hands out.

    Raises:
        AccessError: It is not on this machine, or has more parts.
    """
    opened = open_model(model, config)
    parts, shown = opened.folder.parts, repr(opened.located.shown)
    if "low_res_scheduler" in parts:
        raise AccessError(f"{shown} makes pictures larger", opened_by(opened.family))
    if "text_encoder_2" in parts:
        raise AccessError(f"{shown} has a second text encoder", opened_by(opened.family))
    return opened
