"""A sampler of ComfyUI as nodes of ours: a schedule, what it begins at, what it is steered by, and a loop of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.draft import Added
from latentgraph.nodes.comfyui.guiding import guidance_for
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.samplers import SAMPLERS, SCHEDULERS, Sampler
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable
from latentgraph.nodes.comfyui.values import ConditioningValue, LatentValue, ModelValue, NoiseValue, Source
from latentgraph.nodes.random_state import MAX_SEED

STEP: Final = ("denoiser", "latents", "timestep", "state", "random", "guidance")
"""What `denoise_step` is given, all of it by the loop."""
KEEPING: Final = ("DPMSolverMultistep", "DEIS", "UniPC", "SASolver", "LCM")
"""How the names of schedulers begin whose latents are in another measure than ComfyUI's, while noise is in them."""
WITHOUT_PICTURE: Final = ("EulerDiscrete", "EulerAncestral", "DPMSolverMultistep", "UniPC", "LCM")
"""How the names of schedulers begin that know models whose last timestep has no picture left in it."""


Body: TypeAlias = "Mapping[str, tuple[str, Mapping[str, Source | None]]]"
"""The nodes of a loop, each with its type and its inputs."""
MASKED: Final[Body] = {
    "restored": (
        "restore_unmasked",
        {name: Link("loop", name) for name in ("latents", "original", "noise", "mask", "timestep", "state")},
    ),
    "scaled": (
        "scale_model_input",
        {"latents": Link("restored", "latents"), "timestep": Link("loop", "timestep"), "state": Link("loop", "state")},
    ),
    "predicted": (
        "predict_noise",
        {
            "denoiser": Link("loop", "denoiser"),
            "model_input": Link("scaled", "model_input"),
            "timestep": Link("loop", "timestep"),
            "guidance": Link("loop", "guidance"),
        },
    ),
    "guided": (
        "guide",
        {"predictions": Link("predicted", "prediction_pair"), "guidance": Link("loop", "guidance")},
    ),
    "kept": (
        "keep_prediction",
        {
            "prediction": Link("guided", "noise_prediction"),
            "latents": Link("loop", "latents"),
            "original": Link("loop", "original"),
            "mask": Link("loop", "mask"),
            "timestep": Link("loop", "timestep"),
            "state": Link("scaled", "state"),
            "seen": Link("restored", "latents"),
        },
    ),
    "step": (
        "scheduler_step",
        {
            "latents": Link("loop", "latents"),
            "prediction": Link("kept", "noise_prediction"),
            "timestep": Link("loop", "timestep"),
            "state": Link("scaled", "state"),
            "random": Link("loop", "random"),
        },
    ),
}
"""The step taken apart, so that what is not masked is kept: the denoiser sees it as noisy as the turn is."""


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

    @property
    def known(self) -> Sampler:
        """What the sampler becomes."""
        return SAMPLERS[self.sampler]

    @property
    def whole(self) -> bool:
        """Whether it begins at the highest level of noise."""
        return "denoise" not in self.sigmas and "start_at_step" not in self.sigmas

    @property
    def keeping(self) -> bool:
        """Whether the scheduler's latents are in another measure than ComfyUI's."""
        return self.known.class_name.startswith(KEEPING)


def seed_input(t: Translation, seed: Source) -> Source:
    """The seed of the first sampler, as an input of the workflow; else as it is."""
    if isinstance(seed, Link) or not isinstance(seed, int):
        return seed
    seed = seed % (MAX_SEED + 1)
    if "seed" not in t.memory:
        t.memory["seed"] = seed
        about = "Where the random numbers begin."
        t.memory["seed input"] = t.input("seed", "integer", seed, about, minimum=0, maximum=MAX_SEED)
    first: Link = t.memory["seed input"]
    return first if seed == t.memory["seed"] else seed


def sampler_name(t: Translation, node: PromptNode) -> str:
    """The name of a sampler that there is something for.

    Raises:
        Untranslatable: There is not.
    """
    return known_sampler(t, t.literal(node, "sampler_name", "euler"))


def known_sampler(t: Translation, name: str) -> str:
    """The name of a sampler that there is something for.

    Raises:
        Untranslatable: There is not.
    """
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


def note_low_scale(t: Translation, node: PromptNode, scale: Source) -> None:
    """Say that a scale below 1 counts as 1."""
    if isinstance(scale, float) and scale < 1:
        t.note(f"{node.class_type} has a cfg of {scale:g}, which counts as 1 here: the prompt alone")


def sampled(t: Translation, node: PromptNode, given: Sampling) -> LatentValue:
    """The nodes of one sampler, and the latents that come out of it."""
    schedule = scheduled(t, given)
    random = t.add("random", "random_state", seed=given.noise.seed)
    start, noise = begun(t, given, schedule, random.random_state)
    guidance = guidance_for(
        t, given.model, given.positive, given.negative, given.scale, start, given.latents, given.noise.seed
    )
    stream = noise.random if noise else random.random_state
    if given.known.noisy:
        # ComfyUI draws the noise of the steps by a generator of its own, on the CPU begun one seed further.
        stream = t.add("step_random", "random_state", seed=given.noise.seed, offset=1).random_state
    inputs = {"denoiser": given.model.denoiser, "guidance": guidance}
    nodes: Body = {"step": ("denoise_step", {name: Link("loop", name) for name in STEP})}
    if given.latents.mask is not None:
        if noise is None:
            raise Untranslatable("it keeps what is not masked and adds no noise", "take the mask away from its latents")
        inputs |= {"original": t.latents(given.latents), "noise": noise.noise, "mask": given.latents.mask}
        nodes = MASKED
    carry = {"latents": start, "state": schedule.state, "random": stream}
    denoise = t.loop(
        loop_name(t, node),
        each={"timestep": schedule.timesteps},
        carry={name: (begin, Link("step", name)) for name, begin in carry.items()},
        inputs=inputs,
        nodes=nodes,
    )
    latents = denoise.latents
    if given.keeping and "leftover_noise" in given.sigmas:
        latents = t.add("leftover", "leftover_latents", latents=latents, state=denoise.state).latents
    return replace(given.latents, latents=latents)


def loop_name(t: Translation, node: PromptNode) -> str:
    """What to call the loop: by the title, if it says more than that it samples."""
    name = t.name(node, "denoise")
    return "denoise" if "sampler" in name else name


def scheduled(t: Translation, given: Sampling) -> Added:
    """The scheduler of diffusers that steps as the sampler does, with ComfyUI's noise levels."""
    sampler, model = given.known, given.model
    if model.options.get("rescale_betas_zero_snr") and not sampler.class_name.startswith(WITHOUT_PICTURE):
        raise Untranslatable(f"{sampler.class_name} does not know models with `zsnr`", "take the sampler 'euler'")
    noise_seed = given.noise.seed if sampler.seeded else None
    said = (dict(model.options), dict(given.sigmas), noise_seed)
    key = ("schedule", model.scheduler, given.sampler, str(said))
    if key not in t.memory:
        options = {**model.options, **sampler.options}
        scheduler = t.add(
            "scheduler",
            "configure_scheduler",
            scheduler=model.scheduler,
            class_name=sampler.class_name,
            options=options or None,
        )
        t.memory[key] = t.add(
            "schedule", "schedule_sigmas", scheduler=scheduler.scheduler, noise_seed=noise_seed, **given.sigmas
        )
    made: Added = t.memory[key]
    return made


def begun(t: Translation, given: Sampling, schedule: Added, random: Link) -> tuple[Link, Added | None]:
    """What the first step is given, and the node that draws its noise; None where none is added."""
    latents, model = given.latents, given.model
    if not given.noise.added:
        begin = t.latents(latents)
        if given.keeping:
            begin = t.add("start", "start_latents", latents=begin, state=schedule.state).latents
        return begin, None
    if not latents.empty or not given.whole:
        clean = t.latents(latents)
        noise = t.add("noise", "draw_noise_like", latents=clean, random=random, skip=latents.first or None)
        start = t.add("start", "start_latents", latents=clean, state=schedule.state, noise=noise.noise)
        return start.latents, noise
    vae = model.vae or t.memory.get("vae", t.memory.get("lone vae"))
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
