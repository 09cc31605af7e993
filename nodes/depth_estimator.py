"""How near each point of a picture is, estimated from the picture (Ranftl et al. 2021, Stable Diffusion 2 depth)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

from latentgraph.graph.access import AccessError
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import DepthEstimator, LoadedDepthEstimator, loaded
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.parts import OpenedModel, open_model
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import Depth, Image

ESTIMATOR: Final = "DPTForDepthEstimation"


class OpenedDepthEstimator(NamedTuple):
    """What load_depth_estimator gives.

    Attributes:
        depth_estimator: For `estimate_depth`.
    """

    depth_estimator: DepthEstimator


def describe_depth_estimator(literals: Mapping[str, Any]) -> Described:
    """The family of the model, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or has no depth estimator.
    """
    return opened_with_estimator(literals["model"]).described(OpenedDepthEstimator._fields)


@node(category="model", describe=describe_depth_estimator)
def load_depth_estimator(model: Annotated[str, ReadsModel()]) -> OpenedDepthEstimator:
    """Open the depth estimator of a model. Its weights are read when the first picture needs them.

    Args:
        model: A local folder in diffusers layout (./, ../ or / first), or owner/name on the hub.

    Example:
        estimator = load_depth_estimator("./sd2-depth").depth_estimator
    """
    return OpenedDepthEstimator(opened_with_estimator(model).handles()["depth_estimator"])


def opened_with_estimator(model: str) -> OpenedModel:
    """A model that has a depth estimator of the class that depth-to-image models come with.

    Raises:
        AccessError: It is not on this machine, or has none.
    """
    opened = open_model(model, None)
    part = opened.folder.parts.get("depth_estimator")
    if part is None or part.class_name != ESTIMATOR:
        raise AccessError(
            f"{model!r} has no depth estimator of the class {ESTIMATOR}",
            "name a model that was saved with one, or give the depths as a picture to `read_depth`",
        )
    return opened


@node(category="image", settings=("device", "dtype"))
def estimate_depth(depth_estimator: DepthEstimator, image: Image, *, context: RunContext = ALONE) -> Depth:
    """See in pictures how near each point is, in the operations of diffusers 0.42's depth-to-image pipeline.

    Args:
        depth_estimator: From load_depth_estimator.
        image: One picture or more.

    Example:
        estimator = load_depth_estimator("./sd2-depth").depth_estimator
        depth = estimate_depth(estimator, load_image("./photo.png"))
    """
    import torch

    estimator: LoadedDepthEstimator = loaded(depth_estimator, context)
    first = next(estimator.module.parameters())
    pictures = [to_pil(one) for one in image.samples]
    pixels = estimator.feature_extractor(images=pictures, return_tensors="pt").pixel_values
    pixels = pixels.to(first.device, first.dtype)
    with torch.no_grad(), torch.autocast(first.device.type, dtype=first.dtype, enabled=first.dtype != torch.float32):
        return Depth(estimator.module(pixels).predicted_depth.float().cpu())
