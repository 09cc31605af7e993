"""From the normal form of a ComfyUI workflow to ours: the nodes that feed an output, each by the rule of its class.

A rule is a function that takes a node and gives its outputs, as `values` has them, and adds what it needs to the
workflow on the way:

    @rule("VAEDecode")
    def vae_decode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
        latents, vae = t.take(node, "samples", LatentValue), t.take(node, "vae", VaeValue)
        decoded = t.add(t.name(node, "decoded"), "decode", vae=vae.vae, latents=t.latents(latents))
        return (ImageValue(decoded.image, latents.batch),)

Nodes are translated in an order in which each comes after what it takes, so that a rule never waits for another and
the depth of a graph does not matter. A rule that cannot do its work raises `Untranslatable`; its node stays in the
file, muted and with the reason, and so does what would have taken something from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from latentgraph.graph.foreign import Imported, ImportOptions, Untranslated
from latentgraph.graph.names import RESERVED
from latentgraph.graph.workflow import (
    LOOP,
    VERSION,
    Carry,
    End,
    Link,
    Node,
    Workflow,
    WorkflowInput,
    WorkflowOutput,
)
from latentgraph.nodes.comfyui.naming import file_reference, name_of
from latentgraph.nodes.comfyui.ordering import links_of, ordered, roles_of
from latentgraph.nodes.comfyui.prompt import JSON, Prompt, PromptLink, PromptNode
from latentgraph.nodes.comfyui.values import LatentValue, NoValue, Scalar, ScalarValue, Source, Value

V = TypeVar("V", bound=Value)
Rule = Callable[["Translation", PromptNode], "tuple[Value, ...]"]
MUTED: Final = "comfyui."
"""How the types of nodes begin that are kept in the file for a reader alone."""


class Untranslatable(Exception):  # noqa: N818 - it is no error of the program, but an answer
    """A node has no counterpart here."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """Say why, and what to do instead, each a sentence without a full stop."""
        super().__init__(reason)
        self.reason, self.hint = reason, hint


@dataclass(frozen=True, slots=True)
class KnownRule:
    """A rule, and what else is known of its class."""

    translate: Rule
    output: bool
    """Whether it is wanted for itself: nothing takes anything from it."""


RULES: Final[dict[str, KnownRule]] = {}
"""By the class of ComfyUI's node; `latentgraph.nodes.comfyui.rules` fills it."""


def rule(*classes: str, output: bool = False) -> Callable[[Rule], Rule]:
    """Take a function as the rule of some classes of ComfyUI's nodes.

    Args:
        classes: Their names.
        output: They are wanted for themselves, as SaveImage is.
    """

    def taken(function: Rule) -> Rule:
        for one in classes:
            RULES[one] = KnownRule(function, output)
        return function

    return taken


@dataclass(frozen=True, slots=True)
class Added:
    """A node of ours that a rule has added; its outputs are links: `decoded.image`."""

    node: str

    def __getattr__(self, port: str) -> Link:
        """The link to the output of this name."""
        if port.startswith("__"):
            raise AttributeError(port)
        return Link(self.node, port)

    def port(self, port: str) -> Link:
        """The link to the output of this name, where a word of Python stands in the way."""
        return Link(self.node, port)


@dataclass
class Translation:
    """A workflow of ours that grows, and what the links of ComfyUI's have become."""

    prompt: Prompt
    options: ImportOptions
    nodes: dict[str, Node] = field(default_factory=dict)
    inputs: dict[str, WorkflowInput] = field(default_factory=dict)
    outputs: dict[str, WorkflowOutput] = field(default_factory=dict)
    untranslated: list[Untranslated] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    roles: Mapping[str, str] = field(default_factory=dict)
    """What a node is for, by its id: `positive` or `negative`, of the first sampler that it reaches."""
    memory: dict[Any, Any] = field(default_factory=dict)
    """What rules remember of one another, by a key of theirs."""
    _values: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    _numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    """By a name that is taken, the number to try next."""
    _muted: dict[str, Node] = field(default_factory=dict)

    # What a rule takes.

    def value(self, link: PromptLink) -> Value:
        """What a link of ComfyUI's carries.

        Raises:
            Untranslatable: Where it comes from there is nothing.
        """
        source = self.prompt.nodes.get(link.node)
        if source is None:
            raise Untranslatable(f"it takes something from node {link.node}, which is not there")
        values = self._values.get(link.node)
        if values is None:
            raise Untranslatable(f"it needs {source.class_type} ({source.place or source.id}), which is not translated")
        if not 0 <= link.slot < len(values):
            raise Untranslatable(f"it takes output {link.slot} of {source.class_type}, which has {len(values)}")
        value = values[link.slot]
        if isinstance(value, NoValue):
            raise Untranslatable(value.reason)
        return value

    def take(self, node: PromptNode, name: str, kind: type[V]) -> V:
        """What an input that has to be linked is given.

        Raises:
            Untranslatable: It is not linked, or to something of another kind.
        """
        found = self.optional(node, name, kind)
        if found is None:
            raise Untranslatable(f"its input {name!r} is not linked")
        return found

    def optional(self, node: PromptNode, name: str, kind: type[V]) -> V | None:
        """What an input is given; None where it is not linked.

        Raises:
            Untranslatable: It is linked to something of another kind.
        """
        link = node.inputs.get(name)
        if not isinstance(link, PromptLink):
            return None
        value = self.value(link)
        if not isinstance(value, kind):
            given, wanted = (one.__name__.removesuffix("Value").lower() for one in (type(value), kind))
            raise Untranslatable(f"its input {name!r} wants a {wanted} and is given a {given}")
        return value

    def scalar(self, node: PromptNode, name: str, default: Scalar) -> Source:
        """What an input for a number, a text or a choice is given: a literal of the default's type, or a link of ours.

        Raises:
            Untranslatable: It is of another type.
        """
        given = node.inputs.get(name, default)
        if isinstance(given, PromptLink):
            value = self.value(given)
            if not isinstance(value, ScalarValue):
                raise Untranslatable(f"its input {name!r} is linked to something that is no plain value")
            if isinstance(value.source, Link):
                return value.source
            given = value.source
        return _of_type(given, default, name)

    def literal(self, node: PromptNode, name: str, default: Any) -> Any:
        """As `scalar`, of an input that has to be known before the run.

        Raises:
            Untranslatable: It is linked to something that only the run will tell, or of another type.
        """
        given = self.scalar(node, name, default)
        if isinstance(given, Link):
            raise Untranslatable(f"its input {name!r} is linked; a literal is wanted here")
        return given

    # What a rule makes.

    def name(self, node: PromptNode, default: str) -> str:
        """What to call the node of ours that stands for `node`: by its title where that makes a name."""
        return name_of(node.title) or default

    def add(self, name: str, type_name: str, /, **inputs: Source | list[Any] | dict[str, Any] | None) -> Added:
        """Add a node of ours.

        Args:
            name: What to call it; a number follows where the name is taken.
            type_name: Of the node.
            inputs: Literals, and links; None leaves an input at its default.
        """
        return self._place(name, Node(type=type_name, inputs=written(inputs)))

    def loop(
        self,
        name: str,
        *,
        each: Mapping[str, Link],
        carry: Mapping[str, tuple[Link, Link]],
        inputs: Mapping[str, Source | None],
        nodes: Mapping[str, tuple[str, Mapping[str, Source | None]]],
        collect: Mapping[str, Link] | None = None,
    ) -> Added:
        """Add a loop.

        Args:
            name: What to call it.
            each: Lists that it takes an item of in each turn.
            carry: By its name in the body, where each value starts and what it goes on with.
            inputs: What else the body reads.
            nodes: Of the body: by name its type and its inputs, where `Link("loop", name)` is what the loop hands in.
            collect: Values of the body that are gathered.
        """
        more: dict[str, Any] = (
            {"collect": {key: End(**{"from": str(link)}) for key, link in collect.items()}} if collect else {}
        )
        made = Node(
            type=LOOP,
            each={key: End(**{"from": str(link)}) for key, link in each.items()},
            carry={key: Carry(**{"from": str(start), "next": str(after)}) for key, (start, after) in carry.items()},
            inputs=written(inputs),
            nodes={key: Node(type=kind, inputs=written(given)) for key, (kind, given) in nodes.items()},
            **more,
        )
        return self._place(name, made)

    def input(self, name: str, type_name: str, default: Any, description: str = "", **bounds: Any) -> Link:
        """Add an input of the workflow, which a caller may set.

        Args:
            name: What to call it; a number follows where the name is taken.
            type_name: `string`, `integer`, `number` or `boolean`.
            default: What it is where the caller says nothing.
            description: For people.
            bounds: `minimum`, `maximum`, `multiple_of`, `choices`.
        """
        free = self._free(name, self.inputs)
        said: dict[str, Any] = {"description": description} if description else {}
        self.inputs[free] = WorkflowInput(type=type_name, default=default, **bounds, **said)
        return Link("inputs", free)

    def file(self, name: str, written_name: str, what: str) -> Link:
        """Add an input for a file, which is beside the workflow until the caller says otherwise.

        Args:
            name: Of the input, such as `checkpoint`.
            written_name: As ComfyUI has it, inside its own folder for such files.
            what: For people: what kind of file it is.
        """
        key = ("file", name, written_name)
        if key not in self.memory:
            self.memory[key] = self.input(name, "string", file_reference(written_name), what)
        link: Link = self.memory[key]
        return link

    def output(self, name: str, link: Link, description: str = "") -> None:
        """Add an output of the workflow."""
        said = {"description": description} if description else {}
        self.outputs[self._free(name, self.outputs)] = WorkflowOutput(**{"from": str(link)}, **said)

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def leave_out(self, node: PromptNode, reason: str, hint: str = "") -> None:
        """Keep a node in the file, muted, and tell it; its rule goes on without it."""
        self.untranslated.append(Untranslated(node.place or f"node {node.id}", node.class_type, reason, hint))
        kept = {name: value for name, value in node.inputs.items() if not isinstance(value, PromptLink)}
        text = f"{node.title}: {reason}" if node.title else reason
        muted = Node(
            type=MUTED + node.class_type,
            description=text[:1].upper() + text[1:] + (f"; {hint}." if hint else "."),
            disabled="mute",
            inputs=kept,
        )
        self._muted[self._free(name_of(node.title) or name_of(node.class_type) or "node", self.nodes, self._muted)] = (
            muted
        )

    def latents(self, value: LatentValue) -> Link:
        """The latents of ours that a LATENT stands for; of an empty one, zeros of its size.

        Raises:
            Untranslatable: It is empty, and no model tells the shape of latents.
        """
        if value.latents is not None:
            return value.latents
        vae: Link | None = self.memory.get("vae")
        if vae is None:
            raise Untranslatable("an empty latent is of no model here", "load a checkpoint or a VAE")
        key = ("zeros", value)
        if key not in self.memory:
            zeros = self.add(
                "zeros", "empty_latents", vae=vae, width=value.width, height=value.height, batch=value.batch
            )
            self.memory[key] = zeros.latents
        link: Link = self.memory[key]
        return link

    def _place(self, name: str, made: Node) -> Added:
        free = self._free(name, self.nodes, self._muted)
        self.nodes[free] = made
        return Added(free)

    def _free(self, name: str, *taken: Mapping[str, Any]) -> str:
        number, free = self._numbers.get((name, len(taken)), 2), name
        while free in RESERVED or any(free in one for one in taken):
            number, free = number + 1, f"{name}_{number}"
        self._numbers[name, len(taken)] = number
        return free

    # The whole of it.

    def run(self) -> Imported:
        """Translate every node that feeds an output."""
        for one in self.prompt.left_out:
            self.leave_out(one.node, one.reason, one.hint)
        wanted = self._outputs()
        order, cyclic = ordered(self.prompt.nodes, wanted)
        self.roles = roles_of(self.prompt.nodes, order)
        for node_id in order:
            self._translate(self.prompt.nodes[node_id])
        for node_id in cyclic:
            self.leave_out(self.prompt.nodes[node_id], "it takes something from itself, by way of others")
        if not self.outputs:
            self.note("nothing of the file becomes an output of the workflow")
        return Imported(self._workflow(), tuple(self.untranslated), (*self.prompt.notes, *self.notes))

    def _translate(self, node: PromptNode) -> None:
        known = RULES.get(node.class_type)
        grown: tuple[dict[Any, Any], ...] = (self.nodes, self.inputs, self.outputs, self.memory)
        before = [len(one) for one in grown]
        try:
            if known is None:
                raise Untranslatable(f"latentgraph has nothing for {node.class_type}")
            self._values[node.id] = known.translate(self, node)
        except Untranslatable as error:
            for begun, length in zip(grown, before, strict=True):
                while len(begun) > length:  # What the rule had begun is of no use to anybody.
                    begun.popitem()
            self.leave_out(node, error.reason, error.hint)

    def _outputs(self) -> list[str]:
        """The nodes that are wanted for themselves: those that write, and those that nobody knows or takes from.

        In a file without any it is the ends of its links, or all of a ring: what is there is translated, or named.
        """
        nodes = self.prompt.nodes
        taken = {link.node for node in nodes.values() for link in links_of(node)}
        wanted = [
            key for key, node in nodes.items()
            if ((known := RULES.get(node.class_type)) and known.output) or (not known and key not in taken)
        ]  # fmt: skip
        return wanted or [key for key in nodes if key not in taken] or list(nodes)

    def _workflow(self) -> Workflow:
        described = {"description": self.prompt.description} if self.prompt.description else {}
        return Workflow.model_validate(
            {
                "$schema": "./workflow.schema.json",
                "latentgraph": VERSION,
                **described,
                "inputs": _in_order(self.inputs),
                "nodes": {**self.nodes, **self._muted},
                "outputs": self.outputs,
            }
        )


def translate_prompt(prompt: Prompt, options: ImportOptions) -> Imported:
    """The workflow of ours that says what a ComfyUI workflow says, as far as we have it."""
    from latentgraph.nodes.comfyui.rules import load_rules

    load_rules()
    return Translation(prompt, options).run()


def written(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a node as a file has them."""
    return {
        name: {"from": str(value)} if isinstance(value, Link) else value
        for name, value in inputs.items()
        if value is not None
    }


def _in_order(inputs: Mapping[str, WorkflowInput]) -> dict[str, WorkflowInput]:
    """Models first, and then what a caller would set most often."""
    first = ("checkpoint", "refiner", "prompt", "negative_prompt", "seed")
    rank = {name: place for place, name in enumerate(first)}
    return dict(sorted(inputs.items(), key=lambda item: rank.get(re.sub(r"_\d+$", "", item[0]), 1.5)))


def _of_type(given: JSON, default: Scalar, name: str) -> Scalar:
    """A literal of the type of `default`; ComfyUI takes a whole number for a fraction, and the reverse."""
    if isinstance(default, bool):
        if isinstance(given, bool):
            return given
    elif isinstance(default, str):
        if isinstance(given, str):
            return given
    elif isinstance(given, int | float) and not isinstance(given, bool):
        if isinstance(default, float):
            try:
                return float(given)
            except OverflowError:
                pass
        elif isinstance(given, int) or given == given // 1:
            return int(given)
    wanted = {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}[type(default)]
    raise Untranslatable(f"its input {name!r} is no usable value: {wanted} is wanted")
