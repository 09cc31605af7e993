"""KSampler and KSamplerAdvanced, which are given everything at once, and what is done to a model before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.samplers import SKIPPING
from latentgraph.nodes.comfyui.sampling import (
    Sampling,
    kind_of,
    note_low_scale,
    sampled,
    sampler_name,
    seed_input,
)
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ConditioningValue, LatentValue, ModelValue, NoiseValue, Source, Value

FULL: Final = 0.9999
"""ComfyUI takes a `denoise` of more for 1."""


@rule("KSampler")
def ksampler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The whole of a schedule, or the last part of one where it begins at a picture."""
    denoise = t.literal(node, "denoise", 1.0)
    if denoise <= 0:
        return (t.take(node, "latent_image", LatentValue),)
    sigmas = {"denoise": denoise} if denoise <= FULL else {}
    return (sampled(t, node, _sampling(t, node, "seed", sigmas)),)


@rule("KSamplerAdvanced")
def ksampler_advanced(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Some steps of a schedule, with or without noise before, and with or without some left behind."""
    steps = t.scalar(node, "steps", 20)
    first, last = t.literal(node, "start_at_step", 0), t.literal(node, "end_at_step", 10000)
    known = steps if isinstance(steps, int) else 10000
    if first >= min(last, known):
        return (t.take(node, "latent_image", LatentValue),)
    sigmas: dict[str, Any] = {"start_at_step": first} if first > 0 else {}
    if last < known:
        sigmas["end_at_step"] = last
        if t.literal(node, "return_with_leftover_noise", "disable") == "enable":
            sigmas["leftover_noise"] = True
    added = t.literal(node, "add_noise", "enable") == "enable"
    return (sampled(t, node, _sampling(t, node, "noise_seed", sigmas, added=added)),)


def _sampling(t: Translation, node: PromptNode, seed: str, sigmas: dict[str, Any], *, added: bool = True) -> Sampling:
    sampler = sampler_name(t, node)
    scale = t.scalar(node, "cfg", 8.0)
    note_low_scale(t, node, scale)
    levels: dict[str, Source] = {"kind": kind_of(t, node), "num_inference_steps": t.scalar(node, "steps", 20), **sigmas}
    if sampler in SKIPPING:
        levels["skip_penultimate"] = True
    return Sampling(
        model=t.take(node, "model", ModelValue),
        sampler=sampler,
        sigmas=levels,
        positive=t.take(node, "positive", ConditioningValue),
        negative=t.take(node, "negative", ConditioningValue),
        scale=scale,
        noise=NoiseValue(seed_input(t, t.scalar(node, seed, 0)), added),
        latents=t.take(node, "latent_image", LatentValue),
    )


PREDICTIONS: Final = {"eps": "epsilon", "v_prediction": "v_prediction", "x0": "sample", "lcm": "epsilon"}
"""What ComfyUI calls what a denoiser says, and what diffusers' schedulers call it."""


@rule("ModelSamplingDiscrete")
def model_sampling_discrete(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Options of the scheduler: what the denoiser predicts, and whether its training left any picture at the end."""
    model = t.take(node, "model", ModelValue)
    sampling: str = t.literal(node, "sampling", "eps")
    if sampling not in PREDICTIONS:
        raise Untranslatable(f"diffusers' schedulers know no prediction {sampling!r}")
    options: dict[str, Any] = {"prediction_type": PREDICTIONS[sampling]}
    if t.literal(node, "zsnr", False):
        options["rescale_betas_zero_snr"] = True
    if sampling == "lcm":
        t.note(
            "ModelSamplingDiscrete 'lcm' is what the LCM sampler does by itself; with another sampler it has no effect"
        )
    return (replace(model, options={**model.options, **options}),)


@rule("FreeU", "FreeU_V2")
def free_u(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`freeu`, whose blocks are chosen as ComfyUI chooses them; the second version is the structured one."""
    model, structured = t.take(node, "model", ModelValue), node.class_type == "FreeU_V2"
    defaults = {"b1": 1.3 if structured else 1.1, "b2": 1.4 if structured else 1.2, "s1": 0.9, "s2": 0.2}
    factors = {name: t.scalar(node, name, default) for name, default in defaults.items()}
    made = t.add(t.name(node, "freeu"), "freeu", denoiser=model.denoiser, **factors, structured=structured)
    return (replace(model, denoiser=made.denoiser),)


@rule("RescaleCFG")
def rescale_cfg(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Noted for what samples, whose guidance is rescaled."""
    model, share = t.take(node, "model", ModelValue), t.scalar(node, "multiplier", 0.7)
    return (replace(model, patches={**model.patches, "rescale": share}),)


PATCHES: Final = {
    "HyperTile": "it saves time and hardly changes the picture",
    "TomePatchModel": "it saves time and hardly changes the picture",
    "PatchModelAddDownscale": "",
    "PerturbedAttentionGuidance": "",
    "SelfAttentionGuidance": "",
}
"""Nodes that change how a UNet computes, and what to say of going without."""


@rule(*PATCHES)
def model_patch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing: the model goes on as it is, and the picture is another."""
    model = t.take(node, "model", ModelValue)
    t.leave_out(
        node, f"nothing here does what {node.class_type} does; the model is used without it", PATCHES[node.class_type]
    )
    return (model,)
