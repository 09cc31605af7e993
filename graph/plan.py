"""From a checked workflow to steps in a row: only what is wanted, each value in a numbered slot.

A plan holds everything that can be settled before the run, so that running it, and above all a loop's body turn after
turn, is calling functions and moving references. A slot is emptied after the last step that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from latentgraph.graph.access import Fetch, Resource
from latentgraph.graph.keys import KeyFacts, loop_key, node_key
from latentgraph.graph.node import NodeType
from latentgraph.graph.opened import outputs_of_subworkflow
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Constant, Supply, TypedLoop, TypedNode, TypedWorkflow, Wire, all_nodes
from latentgraph.graph.uncollected import uncollected

Operand: TypeAlias = int | Constant
"""Where a value is taken from: the slot with that number, or a constant."""


@dataclass(slots=True)
class Step:
    """One node, ready to be called."""

    path: str
    node: NodeType
    key: str
    constants: dict[str, Any]
    ports: tuple[str, ...]
    """Ports whose values other steps make."""
    reads: tuple[int, ...]
    """The slot that each of them reads."""
    outputs: tuple[int, ...]
    """Slots of its outputs, in the order of its declaration."""
    names: tuple[str, ...]
    """Names of the outputs."""
    converted: tuple[str, ...] = ()
    """Ports whose values are parsed when they arrive."""
    effect: bool = False
    """Whether it runs even when its outputs are kept from before."""
    frees: tuple[int, ...] = ()
    """Slots that nobody reads after it."""
    twin: bool = False
    """Whether a step before it has the same key, so that its outputs may be there by now."""

    @property
    def wires(self) -> Iterable[tuple[str, int]]:
        """Port and slot of every value that another step makes."""
        return zip(self.ports, self.reads, strict=True)


@dataclass(slots=True)
class LoopStep:
    """One loop, its body planned once for all turns."""

    path: str
    key: str
    each: tuple[tuple[Operand, int], ...]
    """List outside, and the slot inside that takes its item."""
    carry: tuple[tuple[Operand, int, Operand], ...]
    """Start outside, the slot inside, and where inside the next value is found."""
    inputs: tuple[tuple[int, int], ...]
    """Slot outside and inside."""
    collect: tuple[Operand, ...]
    """Where inside each collected value is found."""
    index: int
    """Slot inside that takes the number of the turn."""
    body: list[Step | LoopStep]
    slots: int
    """How many slots the inside has."""
    outputs: tuple[int, ...]
    """Slots outside of the carries and the collected lists."""
    names: tuple[str, ...]
    """Names of the outputs."""
    frees: tuple[int, ...] = ()
    twin: bool = False
    effect: bool = False
    """Whether a node of its body has an effect."""

    @property
    def reads(self) -> Iterable[int]:
        """Slots outside that it reads."""
        operands = [operand for operand, *_ in (*self.each, *self.carry, *self.inputs)]
        return [operand for operand in operands if isinstance(operand, int)]


@dataclass(slots=True)
class Plan:
    """A run, settled."""

    steps: list[Step | LoopStep]
    slots: int
    outputs: dict[str, Operand]
    """The wanted outputs, by name."""
    inputs: Mapping[str, Any]
    """The value of each input of the workflow."""
    settings: Mapping[str, str]
    fetches: list[Fetch] = field(default_factory=list)
    """What has to be downloaded before it can run."""
    sources: dict[str, str] = field(default_factory=dict)
    """Digest of everything it reads, by `node.port`."""
    resources: Mapping[str, Resource] = field(default_factory=dict)
    """The same things themselves."""
    embedded: Mapping[str, str] = field(default_factory=dict)
    """The text of every sub-workflow, by the path of its node."""
    read: frozenset[str] = frozenset()
    """What was written wherever something to read is named."""

    def changed(self) -> list[str]:
        """What has other contents than when the run was planned, by `node.port`."""
        return [name for name, one in self.resources.items() if one.changed(self.sources[name])]


class Frame:
    """The slots of one graph: the workflow's, or the body's of a loop."""

    def __init__(self) -> None:
        """Start without slots."""
        self.count = 0
        """Of the slots."""
        self.steps: dict[str, Step | LoopStep] = {}
        """What was planned so far, by path."""
        self.handed: dict[str, int] = {}
        """The slots of what the loop around hands in, by name."""

    def add(self, count: int) -> tuple[int, ...]:
        """So many new slots."""
        first = self.count
        self.count += count
        return tuple(range(first, self.count))

    def slot(self, wire: Wire) -> int:
        """The slot of an output."""
        node, port = wire
        step = self.steps.get(node)
        if step is None:
            return self.hand_in(port)
        return step.outputs[step.names.index(port)]

    def hand_in(self, name: str) -> int:
        """The slot of something that the loop around hands in, made when first asked for."""
        if name not in self.handed:
            (self.handed[name],) = self.add(1)
        return self.handed[name]

    def operand(self, supply: Supply) -> Operand:
        """Where a supply is found."""
        if isinstance(supply, Wire):
            return self.slot(supply)
        assert isinstance(supply, Constant), "the check lets no port go without a value"
        return supply

    def key(self, wire: Wire) -> str:
        """The key of an output: of its node, with its name."""
        node, port = wire
        step = self.steps.get(node)
        return f"{node if step is None else step.key}.{port}"


@uncollected()
def plan(
    typed: TypedWorkflow,
    registry: Registry,
    *,
    until: str | None = None,
    settings: Callable[[set[str]], tuple[Mapping[str, str], Mapping[str, str]]] | None = None,
) -> Plan:
    """Plan a workflow that has no errors.

    Args:
        typed: The workflow, checked.
        registry: Its value types are asked for digests.
        until: Path of a node to stop at; its outputs are wanted instead of the workflow's.
        settings: Given the names of the settings that the needed nodes declare: their values and identities.

    Raises:
        KeyError: There is no node `until`.
    """
    wanted = {name: offer.supply for name, offer in typed.outputs.items()}
    if until is not None:
        wanted = _outputs_of(typed, until)
    ends = [supply for supply in wanted.values() if isinstance(supply, Wire)]
    nodes = _needed(typed.nodes, ends, effects=until is None)
    inner = all_nodes(nodes)
    declared = {name for node in inner for name in node.type.options.settings}
    resolved, identities = settings(declared) if settings else ({}, {})
    resources = {f"{node.path}.{port}": one for node in inner for port, one in node.resources.items()}
    here = {name: one for name, one in resources.items() if one.fetch is None}
    contents = {name: one.digest() for name, one in resources.items()}
    facts = KeyFacts(registry.values, identities, contents)
    frame = Frame()
    steps = [_step(node, frame, facts) for node in nodes]
    _mark_twins(steps)
    outputs = {name: frame.operand(supply) for name, supply in wanted.items()}
    _free(steps, {operand for operand in outputs.values() if isinstance(operand, int)})
    return Plan(
        steps,
        frame.count,
        outputs,
        typed.inputs,
        resolved,
        [one.fetch for one in resources.values() if one.fetch is not None],
        {name: contents[name] for name in here},
        here,
        typed.embedded,
        frozenset(written for node in all_nodes(typed.nodes) for written in node.read),
    )


def _outputs_of(typed: TypedWorkflow, until: str) -> dict[str, Supply]:
    for node in typed.nodes:
        if node.path == until:
            names = node.type.outputs if isinstance(node, TypedNode) else [*node.carry, *node.collect]
            return {f"{until}.{name}": Wire(until, name) for name in names}
    made = outputs_of_subworkflow(typed.embedded, until) if until in typed.embedded else {}
    paths = {node.path for node in typed.nodes}
    found: dict[str, Supply] = {f"{until}.{name}": wire for name, wire in made.items() if wire.node in paths}
    if not found:
        raise KeyError(until)
    return found


def _needed(nodes: list[TypedNode | TypedLoop], ends: Iterable[Wire], *, effects: bool) -> list[TypedNode | TypedLoop]:
    """The nodes that `ends` depend on, in the same order; with `effects` also those that are wanted for themselves."""
    wanted = {wire.node for wire in ends}
    kept = []
    for node in reversed(nodes):
        if node.path in wanted or (effects and _has_effect(node)):
            kept.append(node)
            for source, _ in node.wires.values():
                wanted.add(source)
    return kept[::-1]


def _has_effect(node: TypedNode | TypedLoop) -> bool:
    if isinstance(node, TypedLoop):
        return any(_has_effect(inner) for inner in node.body)
    return node.type.options.effect


def _step(node: TypedNode | TypedLoop, frame: Frame, facts: KeyFacts) -> Step | LoopStep:
    if isinstance(node, TypedLoop):
        return _loop_step(node, frame, facts)
    wires, names = node.wires, node.type.output_names
    step = Step(
        node.path,
        node.type,
        node_key(node, frame.key, facts),
        node.constants,
        tuple(wires),
        tuple(map(frame.slot, wires.values())),
        frame.add(len(names)),
        names,
        node.converted,
        node.type.options.effect,
    )
    frame.steps[node.path] = step
    return step


def _loop_step(loop: TypedLoop, frame: Frame, facts: KeyFacts) -> LoopStep:
    inside = Frame()
    ends = [supply for supply in (*loop.next.values(), *loop.collect.values()) if isinstance(supply, Wire)]
    body = [_step(node, inside, facts) for node in _needed(loop.body, ends, effects=True)]
    names = (*loop.carry, *loop.collect)
    key = loop_key(loop, [step.key for step in body], frame.key, inside.key, facts.values)
    step = LoopStep(
        loop.path,
        key,
        tuple((frame.operand(supply), inside.hand_in(name)) for name, supply in loop.each.items()),
        tuple(
            (frame.operand(supply), inside.hand_in(name), inside.operand(loop.next[name]))
            for name, supply in loop.carry.items()
        ),
        tuple((frame.slot(wire), inside.hand_in(name)) for name, wire in loop.inputs.items()),
        tuple(inside.operand(supply) for supply in loop.collect.values()),
        inside.hand_in("index"),
        body,
        0,
        frame.add(len(names)),
        names,
        effect=any(one.effect for one in body),
    )
    step.slots = inside.count
    frame.steps[loop.path] = step
    _free(body, {*inside.handed.values(), *map(inside.slot, ends)})
    return step


def _mark_twins(steps: list[Step | LoopStep]) -> None:
    seen: set[str] = set()
    for step in steps:
        if step.key in seen:
            step.twin = True
        seen.add(step.key)


def _free(steps: list[Step | LoopStep], kept: set[int]) -> None:
    """Note at each step the slots that no later one reads, `kept` excepted."""
    read = set(kept)
    for step in reversed(steps):
        for slot in (*step.reads, *step.outputs):
            if slot not in read:
                read.add(slot)
                step.frees += (slot,)
