"""Translated workflows, run: against ComfyUI's own arithmetic, written anew here from its facts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.comfyui import k_diffusion
from tests.nodes.comfyui.test_translation import DEFAULT, changed
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.document import Document
from latentgraph.graph.foreign import ImportOptions
from latentgraph.graph.run import Engine
from latentgraph.graph.workflow import Workflow
from latentgraph.nodes.comfyui.reading import read_prompt
from latentgraph.nodes.comfyui.translation import translate_prompt
from latentgraph.nodes.masks import image_to_mask

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
TRAINED = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
LEFT = torch.cumprod(1 - TRAINED, 0)
SIGMAS = ((1 - LEFT) / LEFT).sqrt()


def run(nodes: dict[str, Any], engine: Engine, models: Mapping[str, Path], **given: Any) -> dict[str, Any]:
    """What a workflow of ComfyUI gives here, and the latents of its last loop; it has to be translated wholly."""
    options = ImportOptions(Path("/nowhere"), engine.registry)
    made = translate_prompt(read_prompt(json.dumps(nodes).encode(), "w.json"), options)
    assert made.untranslated == ()
    data = made.workflow.model_dump(by_alias=True, exclude_unset=True)
    loops = [name for name, one in made.workflow.nodes.items() if one.type == "loop"]
    data["outputs"]["latents"] = {"from": f"{loops[-1]}.latents"}
    files = {"checkpoint": str(models["sd1"]), "refiner": str(models["refiner"])}
    values = {name: files[name] for name in made.workflow.inputs if name in files} | given
    workflow = Workflow.model_validate(data)
    result = engine.run(Document(workflow), values, settings={"device": "cpu", "dtype": "float32"}).result()
    return dict(result.values)


def comfyui(model: Any, x: torch.Tensor, text: torch.Tensor, negative: torch.Tensor, scale: float) -> Any:
    """ComfyUI's denoiser: the UNet at the nearest trained timestep, guided, as the clean picture that it sees."""

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        timestep = (SIGMAS.log() - math.log(sigma)).abs().argmin()
        scaled = (x / math.hypot(sigma, 1)).float()
        with torch.no_grad():
            noises = [model.unet(scaled, timestep, one, return_dict=False)[0].double() for one in (text, negative)]
        towards, away = (x - sigma * noise for noise in noises)
        guided: torch.Tensor = away + (towards - away) * scale
        return guided

    return denoise


def encoded(model: Any, words: list[tuple[str, float]]) -> torch.Tensor:
    """A prompt of one chunk: what a word does to the embedding of the empty prompt, times its weight."""
    tokenizer = model.tokenizer
    ids, weights = [tokenizer.bos_token_id], [1.0]
    for word, weight in words:
        taken = tokenizer(word, add_special_tokens=False).input_ids
        ids, weights = ids + taken, weights + [weight] * len(taken)
    ids += [tokenizer.eos_token_id] * (77 - len(ids))
    empty = [tokenizer.bos_token_id] + [tokenizer.eos_token_id] * 76
    with torch.no_grad():
        text, nothing = (model.text_encoder(torch.tensor([one]))[0] for one in (ids, empty))
    factors = torch.tensor(weights + [1.0] * (77 - len(weights)))[None, :, None]
    weighted: torch.Tensor = (text - nothing) * factors + nothing
    return weighted


@pytest.mark.parametrize(
    ("sampler", "scheduler", "formula"),
    [
        ("euler", "normal", "euler"),
        ("dpmpp_2m", "karras", "dpmpp_2m"),
        ("euler_ancestral", "simple", "euler_ancestral"),
    ],
)
def test_the_latents_are_those_of_comfyuis_arithmetic(
    engine: Engine, models: Mapping[str, Path], sampler: str, scheduler: str, formula: str
) -> None:
    steps, seed = 4, 5
    nodes = changed(_3={"sampler_name": sampler, "scheduler": scheduler, "steps": steps}, _5={"batch_size": 2})
    made = run(nodes, engine, models)["latents"].samples
    model = load_pipeline(models["sd1"])
    positive = encoded(model, [("a", 1.0), ("red", 1.3), ("circle", 1.0)])
    denoise = comfyui(
        model, made, positive.repeat(2, 1, 1), encoded(model, [("text, watermark", 1.0)]).repeat(2, 1, 1), 7.0
    )
    if scheduler == "normal":
        levels = [float(SIGMAS[number]) for number in (999, 666, 333, 0)]
    elif scheduler == "simple":
        levels = [float(SIGMAS[number]) for number in (999, 749, 499, 249)]
    else:
        ends = [float(SIGMAS[number]) ** (1 / 7) for number in (999, 0)]
        levels = [(ends[0] + step / 3 * (ends[1] - ends[0])) ** 7 for step in range(4)]
    noise = torch.randn(made.shape, generator=torch.Generator("cpu").manual_seed(seed)).double()
    # Step noise is of a generator that begins one seed further.
    drawn = k_diffusion.generator(seed + 1, made.shape)
    exact = getattr(k_diffusion, formula)(noise * math.hypot(levels[0], 1), [*levels, 0.0], denoise, drawn)
    # The UNet computes in float32, and guidance makes its rounding seven times larger.
    torch.testing.assert_close(made.double(), exact, rtol=1e-3, atol=1e-3)


def test_a_picture_is_begun_at_by_as_much_noise_as_its_first_level_has(
    engine: Engine, models: Mapping[str, Path]
) -> None:
    nodes = changed(_3={"steps": 2, "denoise": 0.5, "latent_image": ["11", 0]})
    again = changed(_3={"steps": 2, "seed": 6})["3"]
    nodes |= {"11": again}
    made = run(nodes, engine, models)["latents"].samples
    first = run(changed(_3={"steps": 2, "seed": 6}), engine, models)["latents"].samples.double()
    model = load_pipeline(models["sd1"])
    positive = encoded(model, [("a", 1.0), ("red", 1.3), ("circle", 1.0)])
    denoise = comfyui(model, made, positive, encoded(model, [("text, watermark", 1.0)]), 7.0)
    levels = [float(SIGMAS[number]) for number in (333, 0)]  # The last two of four.
    noise = torch.randn(made.shape, generator=torch.Generator("cpu").manual_seed(5)).double()
    exact = k_diffusion.euler(first + noise * levels[0], [*levels, 0.0], denoise, k_diffusion.generator(0, made.shape))
    torch.testing.assert_close(made.double(), exact, rtol=1e-3, atol=1e-3)


def test_a_run_cut_in_two_is_the_run_whole(engine: Engine, models: Mapping[str, Path]) -> None:
    whole = run(changed(_3={"steps": 4}), engine, models)["latents"].samples
    inputs = dict(DEFAULT["3"]["inputs"])
    seed = inputs.pop("seed")
    first = {**inputs, "noise_seed": seed, "add_noise": "enable", "start_at_step": 0, "end_at_step": 2,
             "return_with_leftover_noise": "enable"}  # fmt: skip
    second = {**inputs, "noise_seed": 0, "add_noise": "disable", "start_at_step": 2, "end_at_step": 10000,
              "return_with_leftover_noise": "disable", "latent_image": ["11", 0]}  # fmt: skip
    nodes = changed() | {
        "11": {"class_type": "KSamplerAdvanced", "inputs": first},
        "3": {"class_type": "KSamplerAdvanced", "inputs": second},
    }
    assert torch.equal(run(nodes, engine, models)["latents"].samples, whole)


def custom(**inputs: Any) -> dict[str, Any]:
    """The default graph with the family of SamplerCustomAdvanced."""
    nodes = changed()
    given = nodes["3"]["inputs"]
    nodes |= {
        "20": {"class_type": "RandomNoise", "inputs": {"noise_seed": given["seed"]}},
        "21": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "22": {
            "class_type": "BasicScheduler",
            "inputs": {"model": ["4", 0], "scheduler": "normal", "steps": 4, "denoise": 1},
        },
        "23": {
            "class_type": "CFGGuider",
            "inputs": {name: given[name] for name in ("model", "positive", "negative", "cfg")},
        },
        "3": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["20", 0], "sampler": ["21", 0], "sigmas": ["22", 0], "guider": ["23", 0],
                "latent_image": ["5", 0],
            },
        },
    }  # fmt: skip
    return nodes


def test_the_parts_of_a_custom_sampler_make_what_a_ksampler_makes(engine: Engine, models: Mapping[str, Path]) -> None:
    whole = run(changed(_3={"steps": 4}), engine, models)["latents"].samples
    assert torch.equal(run(custom(), engine, models)["latents"].samples, whole)


def test_sigmas_split_in_two_are_two_loops_of_one_run(engine: Engine, models: Mapping[str, Path]) -> None:
    whole = run(custom(), engine, models)["latents"].samples
    nodes = custom() | {
        "30": {"class_type": "SplitSigmas", "inputs": {"sigmas": ["22", 0], "step": 3}},
        "31": {"class_type": "DisableNoise", "inputs": {}},
    }
    first = json.loads(json.dumps(nodes["3"]))
    first["inputs"]["sigmas"] = ["30", 0]
    nodes["32"] = first
    nodes["3"]["inputs"] |= {"sigmas": ["30", 1], "noise": ["31", 0], "latent_image": ["32", 0]}
    assert torch.equal(run(nodes, engine, models)["latents"].samples, whole)


def test_what_is_not_masked_is_kept_and_what_is_comes_out_as_comfyui_makes_it(
    engine: Engine, models: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from latentgraph.nodes.comfyui.translation import RULES, KnownRule, Translation
    from latentgraph.nodes.comfyui.values import LatentValue, Value

    def masked(t: Translation, node: Any) -> tuple[Value, ...]:
        """Mask a picture by its own brightness."""
        first = t.take(node, "samples", LatentValue)
        vae = t.memory["vae"]
        picture = t.add("seen", "decode", vae=vae, latents=t.latents(first))
        return (replace(first, mask=t.add("mask", "image_to_mask", image=picture.image).mask),)

    monkeypatch.setitem(RULES, "Masked", KnownRule(masked, False))
    nodes = changed(_3={"steps": 2, "latent_image": ["12", 0], "denoise": 0.5})
    nodes |= {
        "11": changed(_3={"steps": 2, "seed": 6})["3"],
        "12": {"class_type": "Masked", "inputs": {"samples": ["11", 0]}},
    }
    made = run(nodes, engine, models)
    first = run(changed(_3={"steps": 2, "seed": 6}), engine, models)
    original = first["latents"].samples.double()
    gray = image_to_mask(first["image"]).samples
    fresh = torch.nn.functional.interpolate(gray, original.shape[-2:], mode="bilinear").double()
    noise = torch.randn(original.shape, generator=torch.Generator("cpu").manual_seed(5)).double()
    model = load_pipeline(models["sd1"])
    positive = encoded(model, [("a", 1.0), ("red", 1.3), ("circle", 1.0)])
    inner = comfyui(model, original, positive, encoded(model, [("text, watermark", 1.0)]), 7.0)

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        seen = x * fresh + (original + noise * sigma) * (1 - fresh)
        kept: torch.Tensor = inner(seen, sigma) * fresh + original * (1 - fresh)
        return kept

    levels = [float(SIGMAS[number]) for number in (333, 0)]
    begin = original + noise * levels[0]
    exact = k_diffusion.euler(begin, [*levels, 0.0], denoise, k_diffusion.generator(0, original.shape))
    torch.testing.assert_close(made["latents"].samples.double(), exact, rtol=1e-3, atol=1e-3)


def test_a_long_prompt_meets_a_short_one(engine: Engine, models: Mapping[str, Path]) -> None:
    long = " ".join(["a red circle on a blue background"] * 20)
    made = run(changed(_3={"steps": 2}, _6={"text": long}, _5={"batch_size": 2}), engine, models)
    assert made["image"].samples.isfinite().all()


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_a_model_of_another_family_is_loaded_encoded_and_told_what_it_needs(
    engine: Engine, models: Mapping[str, Path], family: str
) -> None:
    name = {"sd2": "v2-1_768-ema-pruned.ckpt", "sdxl": "sd_xl_base_1.0.safetensors"}[family]
    nodes = changed(_4={"ckpt_name": name}, _3={"steps": 2})
    made = run(nodes, engine, models, checkpoint=str(models[family]))
    assert made["image"].samples.isfinite().all()


def test_sdxl_hands_over_to_its_refiner(engine: Engine, models: Mapping[str, Path]) -> None:
    nodes = changed(_4={"ckpt_name": "sd_xl_base_1.0.safetensors"})
    inputs = dict(nodes["3"]["inputs"])
    seed = inputs.pop("seed")
    advanced = {**inputs, "noise_seed": seed, "add_noise": "enable", "start_at_step": 0, "end_at_step": 3,
                "return_with_leftover_noise": "enable", "sampler_name": "dpmpp_2m"}  # fmt: skip
    text = {"clip": ["14", 1], "text": "a star", "ascore": 6.0, "width": 1024, "height": 1024}
    sized = {"clip": ["4", 1], "width": 64, "height": 64, "crop_w": 0, "crop_h": 0, "target_width": 64,
             "target_height": 64, "text_g": "a (star:0.5)", "text_l": "a red star"}  # fmt: skip
    nodes |= {
        "6": {"class_type": "CLIPTextEncodeSDXL", "inputs": sized},
        "11": {"class_type": "KSamplerAdvanced", "inputs": advanced},
        "14": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_refiner_1.0.safetensors"}},
        "16": {"class_type": "CLIPTextEncodeSDXLRefiner", "inputs": text},
        "17": {"class_type": "CLIPTextEncodeSDXLRefiner", "inputs": {**text, "text": "", "ascore": 2.0}},
        "3": {
            "class_type": "KSamplerAdvanced",
            "inputs": {**advanced, "add_noise": "disable", "start_at_step": 3, "end_at_step": 10000,
                       "latent_image": ["11", 0], "return_with_leftover_noise": "disable", "model": ["14", 0],
                       "positive": ["16", 0], "negative": ["17", 0]},
        },
    }  # fmt: skip
    made = run(nodes, engine, models, checkpoint=str(models["sdxl"]))
    assert made["image"].samples.isfinite().all()
