"""The family of SamplerCustom, whose noise, sampler, levels and guidance are nodes of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.sampling import (
    Sampling,
    kind_of,
    known_sampler,
    note_low_scale,
    sampled,
    sampler_name,
    seed_input,
)
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import (
    ConditioningValue,
    GuiderValue,
    LatentValue,
    ModelValue,
    NoiseValue,
    NoValue,
    SamplerValue,
    SigmasValue,
    Source,
    Value,
)


@rule("SamplerCustom")
def sampler_custom(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """With model and conditionings of its own."""
    scale = t.scalar(node, "cfg", 8.0)
    note_low_scale(t, node, scale)
    guider = GuiderValue(
        t.take(node, "model", ModelValue),
        t.take(node, "positive", ConditioningValue),
        t.take(node, "negative", ConditioningValue),
        scale,
    )
    noise = NoiseValue(seed_input(t, t.scalar(node, "noise_seed", 0)), t.literal(node, "add_noise", True))
    return _outputs(t, node, guider, noise)


@rule("SamplerCustomAdvanced")
def sampler_custom_advanced(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """With a guider."""
    return _outputs(t, node, t.take(node, "guider", GuiderValue), t.take(node, "noise", NoiseValue))


def _outputs(t: Translation, node: PromptNode, guider: GuiderValue, noise: NoiseValue) -> tuple[Value, ...]:
    sigmas = t.take(node, "sigmas", SigmasValue)
    made = sampled(
        t,
        node,
        Sampling(
            model=guider.model,
            sampler=t.take(node, "sampler", SamplerValue).name,
            sigmas=sigmas.inputs,
            positive=guider.positive,
            negative=guider.negative,
            scale=guider.scale,
            noise=noise,
            latents=t.take(node, "latent_image", LatentValue),
        ),
    )
    if "leftover_noise" in sigmas.inputs:
        return made, NoValue("it wants the picture without the noise that a sampler has left in it")
    return made, made


@rule("RandomNoise")
def random_noise(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """A seed."""
    return (NoiseValue(seed_input(t, t.scalar(node, "noise_seed", 0))),)


@rule("DisableNoise")
def disable_noise(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """No noise to begin at; that of the steps is of seed 0."""
    return (NoiseValue(0, added=False),)


@rule("CFGGuider")
def cfg_guider(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Both sides and a scale."""
    scale = t.scalar(node, "cfg", 8.0)
    note_low_scale(t, node, scale)
    sides = [t.take(node, name, ConditioningValue) for name in ("positive", "negative")]
    return (GuiderValue(t.take(node, "model", ModelValue), sides[0], sides[1], scale),)


@rule("BasicGuider")
def basic_guider(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """One side."""
    return (GuiderValue(t.take(node, "model", ModelValue), t.take(node, "conditioning", ConditioningValue)),)


@rule("KSamplerSelect")
def ksampler_select(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """By its name."""
    return (SamplerValue(sampler_name(t, node)),)


NAMED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "SamplerEulerAncestral": ("euler_ancestral", {"eta": 1.0, "s_noise": 1.0}),
    "SamplerLMS": ("lms", {"order": 4}),
    "SamplerDPMPP_SDE": ("dpmpp_sde", {"eta": 1.0, "s_noise": 1.0, "r": 0.5}),
    "SamplerDPMPP_2M_SDE": ("dpmpp_2m_sde", {"solver_type": "midpoint", "eta": 1.0, "s_noise": 1.0}),
    "SamplerDPMPP_3M_SDE": ("dpmpp_3m_sde", {"eta": 1.0, "s_noise": 1.0}),
}
"""Nodes of one sampler each, and the inputs with which it is the sampler of that name."""


@rule(*NAMED)
def one_sampler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """By its name, where nothing else was asked of it."""
    name, usual = NAMED[node.class_type]
    for key, default in usual.items():
        if t.literal(node, key, default) != default:
            raise Untranslatable(f"diffusers' sampler knows no {key!r} other than {default}", f"leave it at {default}")
    return (SamplerValue(known_sampler(t, name)),)


@rule("BasicScheduler")
def basic_scheduler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The levels of a scheduler by its name."""
    return (_levels(kind_of(t, node), t.scalar(node, "steps", 20), t.literal(node, "denoise", 1.0)),)


@rule("BetaSamplingScheduler")
def beta_scheduler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Those by a beta distribution."""
    if (t.literal(node, "alpha", 0.6), t.literal(node, "beta", 0.6)) != (0.6, 0.6):
        raise Untranslatable("the kind `beta` here has 0.6 for alpha and beta")
    return (_levels("beta", t.scalar(node, "steps", 20)),)


@rule("SDTurboScheduler")
def turbo_scheduler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Those of models distilled to a few steps."""
    return (_levels("turbo", t.scalar(node, "steps", 1), t.literal(node, "denoise", 1.0)),)


@rule("KarrasScheduler", "ExponentialScheduler")
def interval_scheduler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Those between two levels."""
    levels: dict[str, Source] = {
        "kind": "karras" if node.class_type == "KarrasScheduler" else "exponential",
        "num_inference_steps": t.scalar(node, "steps", 20),
        "sigma_max": t.scalar(node, "sigma_max", 14.614642),
        "sigma_min": t.scalar(node, "sigma_min", 0.0291675),
    }
    if node.class_type == "KarrasScheduler":
        levels["rho"] = t.scalar(node, "rho", 7.0)
    return (SigmasValue(levels),)


@rule("SplitSigmas")
def split_sigmas(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Two parts of a schedule, the first of which leaves its noise in."""
    sigmas = t.take(node, "sigmas", SigmasValue)
    return _split(sigmas, t.literal(node, "step", 0))


@rule("SplitSigmasDenoise")
def split_sigmas_denoise(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Two parts of a schedule, by the share of its steps that the second takes."""
    sigmas = t.take(node, "sigmas", SigmasValue)
    if not isinstance(sigmas.inputs["num_inference_steps"], int):
        raise Untranslatable("the number of its steps is linked; a literal is wanted here")
    count = _whole(sigmas, "end_at_step", sigmas.inputs["num_inference_steps"]) - _whole(sigmas, "start_at_step", 0)
    return _split(sigmas, count - round(count * t.literal(node, "denoise", 1.0)))


def _split(sigmas: SigmasValue, step: int) -> tuple[Value, ...]:
    at = _whole(sigmas, "start_at_step", 0) + step
    before = {**sigmas.inputs, "end_at_step": at, "leftover_noise": True}
    after = {**sigmas.inputs, "start_at_step": at} if at else dict(sigmas.inputs)
    return SigmasValue(before), SigmasValue(after)


def _whole(sigmas: SigmasValue, name: str, default: int) -> int:
    """A step that only these rules write, and as a literal."""
    step = sigmas.inputs.get(name, default)
    return step if isinstance(step, int) else default


def _levels(kind: str, steps: Source, denoise: float = 1.0) -> SigmasValue:
    if denoise <= 0:
        raise Untranslatable("a denoise of 0 leaves no step to take")
    levels: dict[str, Source] = {"kind": kind, "num_inference_steps": steps}
    return SigmasValue(levels | ({"denoise": denoise} if denoise < 1 else {}))
