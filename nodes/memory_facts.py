"""What can be told of the values of a run before it begins: the models they stand for, sizes and numbers of pictures.

A plan is walked step by step, without computing: nodes that open models are called, for they read only what they read
anyway (configurations and headers), and of every other node a few rules tell what it makes of what it is given. What no
rule knows passes on the largest of what came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.plan import LoopStep, Operand, Step
from latentgraph.graph.pool import Pool
from latentgraph.graph.typed import Constant
from latentgraph.nodes.handles import VAE, Denoiser, Handle
from latentgraph.nodes.latents import pixels_per_cell, trained_size
from latentgraph.nodes.load_images import pictures_in

OURS: Final = __name__.rpartition(".")[0]
"""Only our own nodes that open models are called; what others' do there nobody knows."""
COMPUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "denoiser": {
        **dict.fromkeys(("denoise_step", "predict_noise", "skip_layers"), "denoise"),
        "token_gradient": "learn",
    },
    "vae": {
        "decode": "decode",
        "steer_by_colour": "steer",
        **dict.fromkeys(("encode_image", "encode_image_mean", "encode_start"), "encode"),
    },
    "controlnet": {},
}
"""By the role of a model that many nodes only ask for its configuration: the nodes that compute with it, and what."""
CALLS: Final = {"text_encoder": "read", "image_encoder": "look", "safety_checker": "look"}
"""What every node computes that is given a model of such a role."""
ONLY_LOOK: Final = ("crop_for_encoder", "teach_token")
"""Nodes that ask a model of such a role for its configuration alone."""
NO_PICTURES: Final = ("draw_timesteps", "token_gradient", "adam_step")
"""Nodes that make something of a few numbers, whatever comes in."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a value."""

    value: Any = None
    """A handle, or a plain value; None where it is not known."""
    height: int = 0
    """In pixels; 0 where there is no picture in it."""
    width: int = 0
    rows: int = 1
    sides: int = 1
    """2 where the denoiser is asked for both sides of the guidance at once."""
    along: tuple[Handle, ...] = ()
    """Models that come along in it, such as ControlNets, and compute with the denoiser."""


@dataclass(frozen=True, slots=True)
class Use:
    """A step that computes with models."""

    path: str
    top: str
    """Path of the step of the workflow itself that it is in, which may be a loop."""
    calls: tuple[tuple[str, Handle], ...]
    """What is computed with which model."""
    height: int
    width: int
    rows: int
    tile: int = 0
    """Edge in pixels of what is decoded at a time, as the node says it; 0: as the run says it."""


def uses_of(
    steps: Sequence[Step | LoopStep], slots: dict[int, Facts], top: str = "", pool: Pool | None = None
) -> Iterator[Use]:
    """Every step that computes with models, in the order of the run.

    Args:
        steps: Of a plan, or of the body of a loop in it.
        slots: What is known of the values in them; what the steps make is added.
        top: Path of the loop around; empty: none.
        pool: Remembers what was opened for the next run of the process; None: nothing is.
    """
    pool = Pool() if pool is None else pool
    for step in steps:
        around = top or step.path
        if isinstance(step, LoopStep):
            yield from _uses_in_loop(step, slots, around, pool)
            continue
        given = {port: slots.get(slot, Facts()) for port, slot in step.wires}
        given |= {port: Facts(value) for port, value in step.constants.items()}
        made = _opened(step, given, pool) if step.node.category == "model" else [_made(step, given)] * len(step.outputs)
        slots.update(zip(step.outputs, made, strict=True))
        if calls := _calls(step, given):
            whole = _merged(given.values())
            sides = whole.sides if step.node.name in COMPUTES["denoiser"] else 1
            tile = _value(given, "tile") if step.node.name == "decode" else 0
            yield Use(step.path, around, calls, whole.height, whole.width, whole.rows * sides, tile or 0)


def _uses_in_loop(loop: LoopStep, slots: dict[int, Facts], top: str, pool: Pool) -> Iterator[Use]:
    def outside(operand: Operand) -> Facts:
        return Facts(operand.value) if isinstance(operand, Constant) else slots.get(operand, Facts())

    inside = {inner: slots.get(outer, Facts()) for outer, inner in loop.inputs}
    inside |= {inner: outside(operand) for operand, inner, _ in loop.carry}
    inside |= {inner: replace(outside(operand), value=None) for operand, inner in loop.each}
    yield from uses_of(loop.body, inside, top, pool)
    ends = [*[operand for _, _, operand in loop.carry], *loop.collect]
    for slot, operand in zip(loop.outputs, ends, strict=True):
        slots[slot] = Facts(operand.value) if isinstance(operand, Constant) else inside.get(operand, Facts())


def _opened(step: Step, given: Mapping[str, Facts], pool: Pool) -> list[Facts]:
    """What a node hands out that opens a model, or adds something to one."""
    nothing = [Facts()] * len(step.outputs)
    if not step.node.function.__module__.startswith(OURS) or any(given[port].value is None for port, _ in step.wires):
        return nothing
    try:
        # The key is of everything that it reads.
        arguments = {port: one.value for port, one in given.items()}
        result: Any = pool.get(("opened", step.key), lambda: step.node.function(**arguments))
    except Exception:
        return nothing  # The run says it better.
    return [Facts(value) for value in (result if step.node.several else (result,))]


def _calls(step: Step, given: Mapping[str, Facts]) -> tuple[tuple[str, Handle], ...]:
    name, calls = step.node.name, []
    if step.node.category == "model" or name in ONLY_LOOK:
        return ()
    for one in given.values():
        handle = one.value
        if not isinstance(handle, Handle) or not handle.parameters:
            continue
        if handle.role in COMPUTES:
            calls += [(COMPUTES[handle.role][name], handle)] if name in COMPUTES[handle.role] else []
        else:
            calls.append((CALLS.get(handle.role, ""), handle))
    if any(call == "denoise" for call, _ in calls):
        calls += [("control", handle) for handle in _merged(given.values()).along]
    return tuple(calls)


def _merged(facts: Iterable[Facts]) -> Facts:
    """The largest of several, without a value."""
    known = list(facts)
    along = tuple({handle.digest: handle for one in known for handle in one.along}.values())
    return Facts(
        None,
        max((one.height for one in known), default=0),
        max((one.width for one in known), default=0),
        max((one.rows for one in known), default=1),
        max((one.sides for one in known), default=1),
        along,
    )


def _made(step: Step, given: Mapping[str, Facts]) -> Facts:
    """What is known of the outputs of a node that opens no model."""
    if step.node.name in NO_PICTURES:
        return Facts()
    merged = _merged(given.values())
    height, width = _edges(step, given, merged)
    made = replace(merged, height=height, width=width, rows=_rows(step, given, merged))
    name = step.node.name
    if name in COMPUTES["denoiser"]:
        return replace(made, sides=1, along=())
    if name == "control" and isinstance(handle := _value(given, "controlnet"), Handle):
        return replace(made, along=(*merged.along, handle))
    if name == "guidance":
        scale = _value(given, "scale")
        guided = _is_wired(step, "negative") and (not _is_number(scale) or scale > 1)
        return replace(made, sides=2 if guided else 1)
    return made


def _is_wired(step: Step, port: str) -> bool:
    return any(port == wired for wired, _ in step.wires)


def _value(given: Mapping[str, Facts], port: str) -> Any:
    return given[port].value if port in given else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _rows(step: Step, given: Mapping[str, Facts], merged: Facts) -> int:
    inputs = step.node.inputs
    for port in ("batch", "count"):
        if port in inputs and _is_number(number := _value(given, port)):
            return given["like"].rows if _is_wired(step, "like") else int(number)
    rows = merged.rows
    if step.node.name == "load_images":
        rows = max(1, len(_pictures(given)))
    if isinstance(text := _value(given, "text"), (list, tuple)):
        rows = max(rows, len(text))
    for port in ("images_per_prompt", "amount"):
        if port in inputs and _is_number(number := _value(given, port)) and isinstance(number, int):
            rows *= number
    return rows


def _edges(step: Step, given: Mapping[str, Facts], merged: Facts) -> tuple[int, int]:
    """Height and width in pixels of what a node makes."""
    inputs = step.node.inputs
    asked = [_value(given, port) for port in ("height", "width")]
    edges = [int(one) if _is_number(one) else 0 for one in asked]
    height, width = edges[0] or merged.height, edges[1] or merged.width
    if "height" in inputs and not (height and width):
        height, width = _own_size(given, height, width)
    for port in ("image", "file", "path"):
        if not height and isinstance(written := _value(given, port), str):
            height, width = _size_of_file(written)
    if not (height and width) and step.node.name == "load_images" and (paths := _pictures(given)):
        own = _size_of_file(str(paths[0]))
        height, width = height or own[0], width or own[1]
    factor = _value(given, "factor")
    if step.node.name == "upscale_image" and isinstance(handle := _value(given, "upscale_model"), Handle):
        factor = handle.config.get("scale", 1)
    if _is_number(factor) and step.node.name in ("upscale_image", "upscale_latents", "resize_image"):
        return int(height * factor), int(width * factor)
    return height, width


def _pictures(given: Mapping[str, Facts]) -> list[Path]:
    """The files that load_images reads."""
    folder = _value(given, "folder")
    try:
        return pictures_in(Path(folder)) if isinstance(folder, str) else []
    except OSError:
        return []  # The run says it better.


def _own_size(given: Mapping[str, Facts], height: int, width: int) -> tuple[int, int]:
    """What a model was trained on, where nothing else is said."""
    handles = [one.value for one in given.values()]
    denoiser = next((one for one in handles if isinstance(one, Denoiser)), None)
    vae = next((one for one in handles if isinstance(one, VAE)), None)
    if denoiser is None or vae is None:
        return height, width
    try:
        own = trained_size(denoiser.config, pixels_per_cell(vae.config))
    except (ValueError, KeyError, TypeError):
        return height, width
    return height or own[0], width or own[1]


def _size_of_file(path: str) -> tuple[int, int]:
    """Height and width of a picture by its header."""
    import PIL.Image

    try:
        if not Path(path).is_file():
            return 0, 0
        with PIL.Image.open(path) as picture:
            return picture.height, picture.width
    except (OSError, SyntaxError, ValueError):
        return 0, 0
