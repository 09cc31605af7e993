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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from latentgraph.graph.foreign import Imported, ImportOptions
from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.draft import Draft
from latentgraph.nodes.comfyui.naming import name_of
from latentgraph.nodes.comfyui.ordering import links_of, ordered, roles_of
from latentgraph.nodes.comfyui.prompt import JSON, Prompt, PromptLink, PromptNode
from latentgraph.nodes.comfyui.values import LatentValue, NoValue, Scalar, ScalarValue, Source, Value

V = TypeVar("V", bound=Value)
Rule = Callable[["Translation", PromptNode], "tuple[Value, ...]"]


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


@dataclass
class Translation(Draft):
    """What the links of a ComfyUI workflow have become, and the draft of ours that grows by its rules."""

    prompt: Prompt
    options: ImportOptions
    roles: Mapping[str, str] = field(default_factory=dict)
    """What a node is for, by its id: `positive` or `negative`, of the first sampler that it reaches."""
    _values: dict[str, tuple[Value, ...]] = field(default_factory=dict)

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

    def latents(self, value: LatentValue) -> Link:
        """The latents of ours that a LATENT stands for; zeros of an empty one, and what a file holds.

        Raises:
            Untranslatable: Nobody has made it yet, and no model tells the shape and the scale of latents.
        """
        if value.latents is not None:
            return value.latents
        vae: Link | None = self.memory.get("vae", self.memory.get("lone vae"))
        if vae is None:
            what = "a latent in a file" if value.file else "an empty latent"
            raise Untranslatable(f"{what} is of no model here", "load a checkpoint or a VAE")
        key = ("zeros", value) if value.file is None else ("latent file", value.file)
        if key not in self.memory:
            if value.file is None:
                size = {"width": value.width, "height": value.height, "batch": value.batch}
                self.memory[key] = self.add("zeros", "empty_latents", vae=vae, **size).latents
            else:
                self.memory[key] = self.add("kept", "load_comfyui_latents", vae=vae, path=value.file).latents
        link: Link = self.memory[key]
        return link

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
        return Imported(
            self.workflow(self.prompt.description), tuple(self.untranslated), (*self.prompt.notes, *self.notes)
        )

    def _translate(self, node: PromptNode) -> None:
        known = RULES.get(node.class_type)
        before = self.sizes()
        try:
            if known is None:
                raise Untranslatable(f"latentgraph has nothing for {node.class_type}")
            self._values[node.id] = known.translate(self, node)
        except Untranslatable as error:
            self.take_back(before)  # What the rule had begun is of no use to anybody.
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


def translate_prompt(prompt: Prompt, options: ImportOptions) -> Imported:
    """The workflow of ours that says what a ComfyUI workflow says, as far as we have it."""
    from latentgraph.nodes.comfyui.rules import load_rules

    load_rules()
    return Translation(prompt, options).run()


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
