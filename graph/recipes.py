"""What made each node's values, in parts, so that two runs can be held against each other: why did a node run again?

A key says only that something differs. The recipes of the last run of each workflow lie beside the kept values.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from latentgraph.graph.files import write_whole
from latentgraph.graph.plan import LoopStep, Operand, Plan, Step
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Constant
from latentgraph.graph.words import shown

FOLDER: Final = "recipes"
LARGEST: Final = 2000
"""Steps of a workflow whose recipes are written down: a larger one is no longer looked through by a person."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What made the values of one node."""

    key: str
    code: str
    """Of a node, its name and version; of a loop, the keys of its body."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Port and value, as a reader would write it; of a file or model, with its digest."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Port and the node at the other end."""
    settings: Mapping[str, str] = field(default_factory=dict)
    loop: bool = False


Recipes = Mapping[str, Recipe]
"""By the path of the node."""


def recipes_of(planned: Plan, registry: Registry) -> Recipes:
    """The recipe of every step of a planned run, but not of those in the bodies of loops."""
    makers = {slot: step.path for step in planned.steps for slot in step.outputs}
    found = {}
    for step in planned.steps:
        if isinstance(step, LoopStep):
            found[step.path] = _of_loop(step, makers)
        else:
            found[step.path] = _of_node(step, makers, planned, registry)
    return found


def why(path: str, now: Recipes, before: Recipes | None, *, effect: bool = False) -> str:
    """Why a node was run, in a few words.

    Args:
        path: Of the node.
        now: Of the run.
        before: Of the last run of the same workflow; None where there is none.
        effect: Whether it runs each time, for what it does.
    """
    if effect:
        return "it saves something, so it runs each time"
    if before is None:
        return "this workflow has not run before"
    if path not in before:
        return "it was not in the last run"
    new, old = now[path], before[path]
    changes = _changes(new, old, now, before)
    if changes:
        return "; ".join(changes)
    return "nothing changed, but its values are not kept: it is too quick for that, or they had to make room"


def read_recipes(folder: Path, workflow: str) -> Recipes | None:
    """The recipes of the last run of a workflow; None where there are none.

    Args:
        folder: Of the kept values.
        workflow: What stands for its file.
    """
    try:
        data = json.loads(_file(folder, workflow).read_text("utf-8"))
        return {path: Recipe(**recipe) for path, recipe in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_recipes(folder: Path, workflow: str, recipes: Recipes) -> None:
    """Put the recipes of a run in the place of those of the last one; a disk that takes nothing is no error."""
    if len(recipes) > LARGEST:
        return
    with contextlib.suppress(OSError):
        file = _file(folder, workflow)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, json.dumps({path: asdict(recipe) for path, recipe in recipes.items()}))
        file.chmod(0o600)


def _file(folder: Path, workflow: str) -> Path:
    name = blake2b(workflow.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
    return folder / FOLDER / f"{name}.json"


def _of_node(step: Step, makers: Mapping[int, str], planned: Plan, registry: Registry) -> Recipe:
    constants = {port: shown(value) for port, value in step.constants.items()}
    for port in constants:
        if digest := planned.sources.get(f"{step.path}.{port}"):
            constants[port] += f" ({digest[:8]})"
    settings = {
        name: registry.settings[name].identity(planned.settings[name])
        for name in step.node.options.settings
        if name in planned.settings
    }
    links = {port: makers[slot] for port, slot in step.wires}
    return Recipe(step.key, step.node.identity, constants, links, settings)


def _of_loop(step: LoopStep, makers: Mapping[int, str]) -> Recipe:
    constants: dict[str, str] = {}
    links: dict[str, str] = {}
    ends: dict[str, Operand] = {f"each {slot}": operand for operand, slot in step.each}
    ends |= {f"carry {slot}": operand for operand, slot, _ in step.carry}
    ends |= {f"input {slot}": outer for outer, slot in step.inputs}
    for name, operand in ends.items():
        if isinstance(operand, Constant):
            constants[name] = shown(operand.value)
        else:
            links[name] = makers[operand]
    return Recipe(step.key, " ".join(one.key for one in step.body), constants, links, loop=True)


def _changes(new: Recipe, old: Recipe, now: Recipes, before: Recipes) -> list[str]:
    if new.key == old.key:
        return []
    ports = {**dict.fromkeys(old.constants), **new.constants}
    values = {port: (old.constants.get(port), one) for port, one in ports.items()}
    changes = [
        f"'{port}' went from {was or 'its default'} to {one or 'its default'}"
        for port, (was, one) in sorted(values.items())
        if was != one and port not in new.links and port not in old.links
    ]
    relinked = [port for port in sorted({*new.links, *old.links}) if new.links.get(port) != old.links.get(port)]
    changes += [f"'{port}' comes from {new.links.get(port, 'a value')}" for port in relinked]
    sources = sorted({*new.links.values()})
    upstream = [one for one in sources if one in before and one in now and before[one].key != now[one].key]
    if upstream:
        changes.append(f"{', '.join(upstream)} changed")
    changes += [
        f"{name} went from {old.settings[name]} to {value}"
        for name, value in new.settings.items()
        if old.settings.get(name, value) != value
    ]
    if new.code != old.code:
        changes.append("its body changed" if new.loop else "its version or its code changed")
    return changes or ["what it is made of changed"]
