"""What is done to a model before it samples, run against ComfyUI's own arithmetic: FreeU, and guidance rescaled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.utils.torch_utils import fourier_filter
from tests.nodes.comfyui import k_diffusion
from tests.nodes.comfyui.test_translated_runs import SIGMAS, comfyui, encoded, run
from tests.nodes.comfyui.test_translation import changed, translate
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.document import parse_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes.comfyui.exporting import exported
from latentgraph.nodes.comfyui.reading import read_prompt

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
LEVELS = [float(SIGMAS[number]) for number in (999, 666, 333, 0)]
filtered: Any = fourier_filter  # It says that it takes whole numbers alone, and does not.
FREEU: dict[str, Any] = {"b1": 1.3, "b2": 1.6, "s1": 0.9, "s2": 0.3}


def patched(kind: str, *, before: Mapping[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    """The default graph with a patch of the model between its loader and the sampler."""
    nodes = changed(_3={"model": ["20", 0]})
    nodes["20"] = {"class_type": kind, "inputs": {"model": ["4", 0], **inputs}}
    if before is not None:
        nodes["21"] = dict(before)
        nodes["20"]["inputs"]["model"] = ["21", 0]
    return nodes


def exact(denoise: Any, shape: torch.Size) -> torch.Tensor:
    """The latents that Euler's method comes to."""
    noise = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(5)).double()
    begin = noise * math.hypot(LEVELS[0], 1)
    latents: torch.Tensor = k_diffusion.euler(begin, [*LEVELS, 0.0], denoise, k_diffusion.generator(0, shape))
    return latents


def texts(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """What the default graph steers by."""
    positive = encoded(model, [("a", 1.0), ("red", 1.3), ("circle", 1.0)])
    return positive, encoded(model, [("text, watermark", 1.0)])


def test_freeu_v2_makes_the_latents_of_comfyuis_arithmetic(engine: Engine, models: Mapping[str, Path]) -> None:
    made = run(patched("FreeU_V2", **FREEU), engine, models)["latents"].samples
    model = load_pipeline(models["sd1"])
    carried = model.unet.config.block_out_channels[-1]
    assert carried == 2 * model.unet.config.block_out_channels[0]

    def weigh(resnet: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        """FreeU_V2 for blocks of twice the channels, which are the first of each level here and all of the first."""
        own, skip = given[0][:, :carried].clone(), given[0][:, carried:]
        mean = own.mean(1).unsqueeze(1)
        share = (mean - mean.min()) / (mean.max() - mean.min())
        own[:, : carried // 2] *= (FREEU["b2"] - 1) * share + 1
        return (torch.cat([own, filtered(skip, threshold=1, scale=FREEU["s2"])], dim=1), *given[1:])

    first, second = model.unet.up_blocks
    for resnet in (*first.resnets, second.resnets[0]):
        resnet.register_forward_pre_hook(weigh)
    wanted = exact(comfyui(model, made, *texts(model), 7.0), made.shape)
    torch.testing.assert_close(made.double(), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["FreeU", "FreeU_V2"])
def test_freeu_comes_over_and_goes_back(registry: Registry, kind: str) -> None:
    made = translate(patched(kind, **FREEU), registry)
    assert made.untranslated == ()
    assert made.workflow.nodes["freeu"].inputs["structured"] == (kind == "FreeU_V2")
    text = made.workflow.model_dump_json(by_alias=True, exclude_unset=True)
    back = read_prompt(exported(parse_document(text.encode(), "w.json"), registry, "api").text.encode(), "w.json")
    (again,) = [one for one in back.nodes.values() if one.class_type == kind]
    assert {name: value for name, value in again.inputs.items() if name != "model"} == FREEU


def test_rescaled_guidance_is_comfyuis_where_the_model_predicts_velocity(
    engine: Engine, models: Mapping[str, Path]
) -> None:
    velocity = {"class_type": "ModelSamplingDiscrete",
                "inputs": {"model": ["4", 0], "sampling": "v_prediction", "zsnr": False}}  # fmt: skip
    made = run(patched("RescaleCFG", multiplier=0.6, before=velocity), engine, models)["latents"].samples
    model = load_pipeline(models["sd1"])
    both = texts(model)

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        root = math.hypot(sigma, 1)
        timestep = (SIGMAS.log() - math.log(sigma)).abs().argmin()
        with torch.no_grad():
            towards, away = (model.unet((x / root).float(), timestep, one).sample.double() for one in both)
        guided = away + (towards - away) * 7.0
        rescaled = guided * (towards.std(dim=(1, 2, 3), keepdim=True) / guided.std(dim=(1, 2, 3), keepdim=True))
        clean: torch.Tensor = x / root**2 - (0.6 * rescaled + 0.4 * guided) * sigma / root
        return clean

    torch.testing.assert_close(made.double(), exact(denoise, made.shape), rtol=1e-3, atol=1e-3)


def test_rescaled_guidance_of_a_model_that_predicts_noise_is_called_close(registry: Registry) -> None:
    made = translate(patched("RescaleCFG", multiplier=0.5), registry)
    assert made.untranslated == ()
    assert made.workflow.nodes["guidance"].inputs["rescale"] == 0.5
    assert any("close of one that predicts noise" in note for note in made.notes)


def test_several_texts_are_rescaled_together(registry: Registry) -> None:
    nodes = patched("RescaleCFG", multiplier=0.5)
    nodes["30"] = {
        "class_type": "ConditioningCombine",
        "inputs": {"conditioning_1": ["6", 0], "conditioning_2": ["7", 0]},
    }
    nodes["3"]["inputs"]["positive"] = ["30", 0]
    made = translate(nodes, registry)
    (guided,) = [one for one in made.workflow.nodes.values() if one.type == "regional_guidance"]
    assert guided.inputs["rescale"] == 0.5
