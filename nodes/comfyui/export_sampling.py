"""What each of our nodes is in ComfyUI: a schedule, what it begins at, and the loop that becomes a sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from latentgraph.graph.workflow import Link, Node, link_text
from latentgraph.nodes.comfyui.export_values import GuidanceOf, RandomOf, ScheduleOf, SchedulerOf, StartOf
from latentgraph.nodes.comfyui.exporting import (
    Exporting,
    Given,
    Missing,
    Nothing,
    Reader,
    UnexportableError,
    V,
    Wire,
    exports,
)
from latentgraph.nodes.comfyui.samplers import SAMPLERS

NATIVE: Final[Mapping[str, int]] = {"load_model": 512, "load_sdxl": 1024}
"""Pixels of the edge of a picture that a model was trained on."""
CLOSED: Final[tuple[frozenset[str], ...]] = tuple(
    frozenset(types.split())
    for types in (
        "denoise_step",
        "denoise_step keep_unmasked",
        "scale_model_input predict_noise guide scheduler_step",
        "restore_unmasked scale_model_input predict_noise guide keep_prediction scheduler_step",
    )
)
"""What the body of a loop may hold, each once, to be what a sampler of ComfyUI does; a mask is kept in two ways."""


@exports("configure_scheduler")
def configure_scheduler(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler."""
    own = node.take("scheduler", SchedulerOf)
    options = node.plain("options") or {}
    return {
        "scheduler": SchedulerOf(node.plain("class_name") or own.class_name, tuple(sorted(options.items(), key=str)))
    }


@exports("schedule")
def schedule(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler: timesteps at even distances, as the scheduler spreads them."""
    made = ScheduleOf(node.take("scheduler", SchedulerOf), "", node.scalar("num_inference_steps"))
    return {"timesteps": made, "state": made}


@exports("schedule_sigmas")
def schedule_sigmas(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler: the levels of one of ComfyUI's own schedulers."""
    made = ScheduleOf(
        node.take("scheduler", SchedulerOf), node.plain("kind"), node.scalar("num_inference_steps"),
        node.plain("denoise"), node.plain("start_at_step"), node.plain("end_at_step"), node.plain("leftover_noise"),
        _levels(node),
    )  # fmt: skip
    return {"timesteps": made, "state": made}


def _levels(node: Reader) -> tuple[str, tuple[tuple[str, Any], ...]] | None:
    """The node that makes levels that no scheduler of KSampler has."""
    kind, bounds = node.plain("kind"), {key: node.plain(key) for key in ("sigma_max", "sigma_min") if node.has(key)}
    if kind != "turbo" and not bounds:
        return None
    if kind == "turbo":
        return "SDTurboScheduler", (("denoise", node.plain("denoise")),)
    made = {"karras": "KarrasScheduler", "exponential": "ExponentialScheduler"}.get(kind)
    if made is None or len(bounds) < 2:
        raise UnexportableError("no node of ComfyUI makes such levels", "kind karras or exponential, and both ends")
    return made, tuple({**bounds, **({"rho": node.plain("rho")} if kind == "karras" else {})}.items())


@exports("skip_steps")
def skip_steps(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The first steps are left out, as many as diffusers leaves out at this strength."""
    whole, strength = node.take("state", ScheduleOf), node.plain("strength")
    if not isinstance(whole.steps, int):
        raise UnexportableError("how many steps there are is computed")
    made = replace(whole, first=whole.steps - min(int(whole.steps * strength), whole.steps))
    return {"timesteps": made, "state": made}


@exports("part_of_schedule")
def part_of_schedule(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The whole of it, where neither end is told."""
    if node.has("denoising_start") or node.has("denoising_end"):
        raise UnexportableError("it takes a part of the schedule", "KSamplerAdvanced takes steps, and not shares")
    return {"timesteps": node.take("timesteps", ScheduleOf), "state": node.take("state", ScheduleOf)}


@exports("random_state")
def random_state(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The seed of the sampler."""
    return {"random_state": RandomOf(node.scalar("seed"))}


@exports("draw_noise")
def draw_noise(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """EmptyLatentImage: the sampler draws the noise itself."""
    random = node.take("random", RandomOf)
    native = next((NATIVE[one.type] for one in x.workflow.nodes.values() if one.type in NATIVE), 512)
    sizes = [node.scalar(port) if node.has(port) else native for port in ("width", "height")]
    if not node.has("width") or not node.has("height"):
        node.note(f"the size that the model was trained on is taken for {native} pixels")
    (empty,) = x.add("EmptyLatentImage", node.name, width=sizes[0], height=sizes[1], batch_size=node.scalar("batch"))
    return {"noise": StartOf(empty, random.seed), "random": random}


@exports("draw_noise_like")
def draw_noise_like(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The sampler draws the noise itself, for the latents that it begins at."""
    random = node.take("random", RandomOf)
    return {"noise": StartOf(node.take("latents", Wire), random.seed), "random": random}


@exports("make_latents")
def make_latents(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What the sampler begins at, of nothing but noise."""
    return {"latents": node.take("noise", StartOf)}


@exports("add_noise", "start_inpaint")
def add_noise(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What the sampler begins at, a picture with noise in it."""
    return {"latents": StartOf(node.take("latents", Wire), node.take("noise", StartOf).seed)}


@exports("start_latents")
def start_latents(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What the sampler begins at."""
    latents = node.take("latents", Wire)
    if not node.has("noise"):
        return {"latents": StartOf(latents, 0, added=False)}
    return {"latents": StartOf(latents, node.take("noise", StartOf).seed)}


@exports("leftover_latents")
def leftover_latents(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What a sampler gives that leaves noise in."""
    return {"latents": node.take("latents", Wire)}


@dataclass(frozen=True, slots=True)
class _Body:
    """The nodes of a loop's body, by what they do."""

    predicts: Node
    steps: Node
    masks: Node | None


def _body(loop: Node) -> _Body:
    """Look whether a body is a sampler of ComfyUI.

    Raises:
        UnexportableError: It does something else.
    """
    by_type = {one.type: one for one in loop.body.values()}
    if frozenset(by_type) not in CLOSED or len(by_type) != len(loop.body):
        known = frozenset[str]().union(*CLOSED)
        more = ", ".join(kind for kind in by_type if kind not in known) or "its nodes in another order or number"
        raise UnexportableError(f"a sampler of ComfyUI is closed, and the body of this loop holds {more}",
                                "the body may hold one denoise_step")  # fmt: skip
    masks = by_type.get("keep_unmasked", by_type.get("restore_unmasked"))
    step = by_type.get("denoise_step")
    return _Body(step or by_type["predict_noise"], step or by_type["scheduler_step"], masks)


@exports("loop")
def loop(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """KSampler, or KSamplerAdvanced where it begins or ends inside the schedule."""
    body = _body(node.node)
    outside = _Outside(x, node.node)
    steered = outside.take(body.predicts, "guidance", GuidanceOf)
    plan = outside.take(body.predicts, "timestep", ScheduleOf)
    start = outside.take(body.steps, "latents", StartOf)
    latents = start.latents
    if body.masks is not None:
        (latents,) = x.add("SetLatentNoiseMask", samples=latents, mask=outside.take(body.masks, "mask", Wire))
    common = {
        "model": outside.take(body.predicts, "denoiser", Wire), "steps": plan.steps, "cfg": steered.scale,
        "sampler_name": _sampler(node, plan.scheduler), "scheduler": plan.kind or "normal",
        "positive": steered.positive, "negative": steered.negative, "latent_image": latents,
    }  # fmt: skip
    if not plan.kind:
        node.note("ComfyUI's scheduler 'normal' spreads the steps a little otherwise than diffusers")
    if plan.levels is not None:
        made = _custom(x, node, plan, start, common)
    elif plan.first or plan.last is not None or plan.leftover or not start.added:
        (made,) = x.add("KSamplerAdvanced", node.name, noise_seed=start.seed, start_at_step=plan.first,
                        add_noise="enable" if start.added else "disable",
                        end_at_step=10_000 if plan.last is None else plan.last,
                        return_with_leftover_noise="enable" if plan.leftover else "disable", **common)  # fmt: skip
    else:
        (made,) = x.add("KSampler", node.name, seed=start.seed, denoise=plan.denoise, **common)
    carried = {name: Nothing() for name in node.node.carry or {}}
    name = _loop_name(body.steps, "latents")
    return {**carried, "random": RandomOf(start.seed), **({name: made} if name else {})}


def _custom(x: Exporting, node: Reader, plan: ScheduleOf, start: StartOf, common: Mapping[str, Any]) -> Wire:
    """SamplerCustom, with the node that makes its levels."""
    assert plan.levels is not None  # by the caller
    class_type, values = plan.levels
    if plan.first or plan.last is not None or plan.leftover:
        raise UnexportableError("it takes a part of levels of its own", "SplitSigmas does that")
    more = {"model": common["model"]} if class_type == "SDTurboScheduler" else {}
    (sigmas,) = x.add(class_type, steps=common["steps"], **dict(values), **more)
    (sampler,) = x.add("KSamplerSelect", sampler_name=common["sampler_name"])
    kept = {name: common[name] for name in ("model", "cfg", "positive", "negative", "latent_image")}
    return x.add("SamplerCustom", node.name, add_noise=start.added, noise_seed=start.seed, sampler=sampler,
                 sigmas=sigmas, **kept)[0]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the names of a loop are outside of it."""

    x: Exporting
    loop: Node

    def take(self, node: Node, port: str, kind: type[V]) -> V:
        """What an input of a node in the body is, which reads it from the loop.

        Raises:
            UnexportableError: It is of another kind, or made in the body.
        """
        name = _loop_name(node, port)
        each, carry = (self.loop.each or {}).get(name), (self.loop.carry or {}).get(name)
        text = each.source if each else carry.source if carry else link_text(self.loop.inputs.get(name))
        given = self.x.at(text) if text else None
        if isinstance(given, Missing):
            raise UnexportableError(f"it needs {given.node}, which has no counterpart")
        # What comes out of one sampler may go straight into the next.
        if kind is StartOf and isinstance(given, Wire):
            given = StartOf(given, 0, added=False)
        if not isinstance(given, kind):
            raise UnexportableError(f"what its body reads as '{port}' has no counterpart in ComfyUI")
        return given


def _loop_name(node: Node, port: str) -> str:
    text = link_text(node.inputs.get(port))
    link = Link.parse(text) if text else None
    return link.port if link is not None and link.node == "loop" else ""


def _sampler(node: Reader, scheduler: SchedulerOf) -> str:
    """The sampler whose scheduler it is, by class and options."""
    if not scheduler.class_name:
        node.note("which sampler is the model's own is not in the workflow: 'euler' stands in its place")
        return "euler"
    alike = [(name, one) for name, one in SAMPLERS.items() if one.class_name == scheduler.class_name]
    if not alike:
        raise UnexportableError(f"ComfyUI has no sampler like {scheduler.class_name}", "choose another scheduler")
    options = dict(scheduler.options)

    def misses(pair: tuple[str, Any]) -> int:
        wanted = pair[1].options
        return sum(options.get(key) != value for key, value in wanted.items())

    name, sampler = min(alike, key=misses)
    if misses((name, sampler)) or set(options) - set(sampler.options):
        node.note(f"of the options of {scheduler.class_name}, ComfyUI's '{name}' has not all")
    return name
