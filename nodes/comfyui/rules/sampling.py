"""Sampling: a schedule, what it begins at, what it is steered by, and a loop of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.guiding import guidance_for
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.samplers import SAMPLERS, SCHEDULERS, SKIPPING, Sampler
from latentgraph.nodes.comfyui.translation import Added, Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import (
    ConditioningValue,
    LatentValue,
    ModelValue,
    NoiseValue,
    Source,
    Value,
)

MAX_SEED: Final = 2**64 - 1
SEED: Final = "Where the random numbers begin."


@dataclass(frozen=True, slots=True)
class Sampling:
    """All that a sampler of ComfyUI is given, whichever of its nodes it is."""

    model: ModelValue
    sampler: str
    sigmas: Mapping[str, Source]
    """Inputs of `schedule_sigmas`."""
    positive: ConditioningValue
    negative: ConditioningValue | None
    scale: Source
    noise: NoiseValue
    latents: LatentValue


@rule("KSampler")
def ksampler(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The whole of a schedule, or the last part of one where it begins at a picture."""
    latents = t.take(node, "latent_image", LatentValue)
    sampler = sampler_name(t, node)
    denoise = t.literal(node, "denoise", 1.0)
    if denoise <= 0:
        return (latents,)
    sigmas = {
        "kind": kind_of(t, node),
        "num_inference_steps": t.scalar(node, "steps", 20),
        "denoise": denoise if denoise <= 0.9999 else None,
        "skip_penultimate": True if sampler in SKIPPING else None,
    }
    return (sampled(t, node, sampling_of(t, node, "seed", sampler, sigmas, latents)),)


def sampling_of(
    t: Translation,
    node: PromptNode,
    seed: str,
    sampler: str,
    sigmas: Mapping[str, Any],
    latents: LatentValue,
    *,
    add_noise: bool = True,
) -> Sampling:
    """What the nodes that take model and conditionings are given."""
    return Sampling(
        model=t.take(node, "model", ModelValue),
        sampler=sampler,
        sigmas={name: value for name, value in sigmas.items() if value is not None},
        positive=t.take(node, "positive", ConditioningValue),
        negative=t.take(node, "negative", ConditioningValue),
        scale=t.scalar(node, "cfg", 8.0),
        noise=NoiseValue(seed_input(t, t.scalar(node, seed, 0)), added=add_noise),
        latents=latents,
    )


def seed_input(t: Translation, seed: Source) -> Source:
    """The seed of the first sampler, as an input of the workflow; else as it is."""
    if isinstance(seed, Link) or not isinstance(seed, int):
        return seed
    seed = seed % (MAX_SEED + 1)
    if "seed" not in t.memory:
        t.memory["seed"] = seed
        t.memory["seed input"] = t.input("seed", "integer", seed, SEED, minimum=0, maximum=MAX_SEED)
    first: Link = t.memory["seed input"]
    return first if seed == t.memory["seed"] else seed


def sampler_name(t: Translation, node: PromptNode) -> str:
    """The name of a sampler that we have something for.

    Raises:
        Untranslatable: We have not.
    """
    name: str = t.literal(node, "sampler_name", "euler")
    known = SAMPLERS.get(name)
    if known is None:
        raise Untranslatable(f"its sampler {name!r} is not known here", "take another, such as euler")
    if known.likeness == "missing":
        raise Untranslatable(f"diffusers has no sampler {name!r}: {known.remark}", f"take {known.nearest!r}")
    if known.likeness == "close":
        t.note(f"sampler {name!r} becomes {known.class_name}, which comes close: {known.remark}")
    return name


def kind_of(t: Translation, node: PromptNode) -> str:
    """The name of a scheduler.

    Raises:
        Untranslatable: It is not known.
    """
    name: str = t.literal(node, "scheduler", "normal")
    if name not in SCHEDULERS:
        raise Untranslatable(f"its scheduler {name!r} is not known here", f"there are: {', '.join(SCHEDULERS)}")
    return name


def sampled(t: Translation, node: PromptNode, given: Sampling) -> LatentValue:
    """The schedule, the start, the guidance and the loop, and what comes out of it."""
    sampler = SAMPLERS[given.sampler]
    schedule = scheduled(t, given, sampler)
    random = t.add("random", "random_state", seed=given.noise.seed)
    start, noise = begun(t, given, schedule, random.random_state)
    guidance = guidance_for(t, given.model, given.positive, given.negative, given.scale, start, given.latents.batch)
    stream = noise.random if noise else random.random_state
    if sampler.noisy:
        # ComfyUI draws the noise of the steps by a generator of its own, on the CPU begun one seed further.
        stream = t.add("step_random", "random_state", seed=given.noise.seed, offset=1).random_state
    denoise = t.loop(
        t.name(node, "denoise"),
        each={"timestep": schedule.timesteps},
        carry={
            "latents": (start, Link("step", "latents")),
            "state": (schedule.state, Link("step", "state")),
            "random": (stream, Link("step", "random")),
        },
        inputs={"denoiser": given.model.denoiser, "guidance": guidance},
        nodes={"step": ("denoise_step", {name: Link("loop", name) for name in STEP})},
    )
    return replace(given.latents, latents=denoise.latents)


STEP: Final = ("denoiser", "latents", "timestep", "state", "random", "guidance")


def scheduled(t: Translation, given: Sampling, sampler: Sampler) -> Added:
    """The scheduler of diffusers that steps as the sampler does, with ComfyUI's noise levels."""
    key = ("schedule", given.model.scheduler, given.sampler, str(dict(given.model.options)), str(dict(given.sigmas)))
    if key not in t.memory:
        options = {**given.model.options, **sampler.options}
        scheduler = t.add(
            "scheduler",
            "configure_scheduler",
            scheduler=given.model.scheduler,
            class_name=sampler.class_name,
            options=options or None,
        )
        t.memory[key] = t.add("schedule", "schedule_sigmas", scheduler=scheduler.scheduler, **given.sigmas)
    made: Added = t.memory[key]
    return made


def begun(t: Translation, given: Sampling, schedule: Added, random: Link) -> tuple[Link, Added | None]:
    """What the first step is given, and the node that draws its noise; None where none is added."""
    latents, model = given.latents, given.model
    if not given.noise.added:
        start = t.add("start", "start_latents", latents=t.latents(latents), state=schedule.state)
        return start.latents, None
    if latents.latents is not None or "denoise" in given.sigmas or "start_at_step" in given.sigmas:
        clean = t.latents(latents)
        noise = t.add("noise", "draw_noise_like", latents=clean, random=random)
        start = t.add("start", "start_latents", latents=clean, state=schedule.state, noise=noise.noise)
        return start.latents, noise
    vae = model.vae or t.memory.get("vae")
    if vae is None:
        raise Untranslatable("the model comes without a VAE, which tells the shape of latents", "load a checkpoint")
    noise = t.add(
        "noise",
        "draw_noise",
        denoiser=model.denoiser,
        vae=vae,
        random=random,
        height=latents.height,
        width=latents.width,
        batch=None if latents.batch == 1 else latents.batch,
    )
    return t.add("start", "make_latents", noise=noise.noise, state=schedule.state).latents, noise
