"""What the boxes of an editor show of a workflow: the ports of every node, loop and sub-workflow, and their types.

The check says what is wrong with a workflow. This says what is there, of a broken one too, and fast enough to be asked
after every key. What a file uses and a type does not have is a port as well, so that it can be seen and removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latentgraph.graph.boxes import INDEX, Scope, source_box
from latentgraph.graph.declared import ANYTHING, input_type
from latentgraph.graph.node import REQUIRED, Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import PortType
from latentgraph.graph.wiring import Wiring
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Node, Workflow, WorkflowInput

ANY_LIST = PortType(list[Any])


@dataclass(frozen=True, slots=True)
class Signature:
    """The ports of a box, and what it is."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    category: str = ""
    summary: str = ""
    known: bool = True
    """False for a type that is not registered and a file that cannot be read: its ports are what the workflow uses."""
    origin: str = ""
    """The package or file that the type came from, or the file of a sub-workflow."""
    strays: frozenset[str] = frozenset()
    """Ports that the workflow uses and the type does not have, as far as that is known."""


class Signatures(Wiring):
    """The signatures of a workflow's boxes, made when asked for and kept; a changed workflow gets new ones."""

    def __init__(
        self,
        workflow: Workflow,
        registry: Registry,
        file: Path | None = None,
        *,
        allowed: tuple[Path, ...] = (),
        around: tuple[Path, ...] = (),
    ) -> None:
        """Say what the boxes of a workflow have for ports; the arguments are those of Wiring."""
        super().__init__(workflow, registry, file, allowed=allowed, around=around)
        self._signatures: dict[tuple[Scope, str], Signature] = {}
        self._plain: dict[str, Signature] = {}
        self._used: dict[Scope, Mapping[str, Mapping[str, None]]] = {}

    def again(self, workflow: Workflow) -> Signatures:
        """The signatures of the workflow as it is after an edit."""
        return Signatures(workflow, self.registry, self.file, allowed=self.allowed, around=self.around)

    def of(self, scope: Scope, name: str) -> Signature:
        """The signature of a node, loop or sub-workflow.

        Raises:
            KeyError: There is no such node.
        """
        key = scope, name
        if key not in self._signatures:
            node = self.nodes(scope)[name]
            if node.type == LOOP:
                signature = self._of_loop(scope, name, node)
            else:
                signature = self._of_file(node) if node.type == SUBWORKFLOW else self._of_type(node.type)
            self._signatures[key] = self._with_strays(signature, node.inputs, scope, name)
        return self._signatures[key]

    def source(self, scope: Scope) -> Mapping[str, Port]:
        """The outputs of the box that hands values in: the workflow's inputs, or what a loop hands to its body."""
        box = source_box(scope)
        if not scope:
            ports = {name: _declared(name, one, self.registry) for name, one in self.workflow.inputs.items()}
        else:
            ports = {
                name: self._port(scope, name, f"{box}.{name}", text) for name, text in _handed_in(self.loop(scope))
            }
        return ports | _strays(self._used_outputs(scope).get(box, {}), ports)

    def sink(self, scope: Scope) -> Mapping[str, Port]:
        """The inputs of the box that takes values out: the workflow's outputs, or what a turn hands on."""
        if not scope:
            outputs = self.workflow.outputs.items()
            return {name: self._port(scope, name, output.source, output.description) for name, output in outputs}
        loop = self.loop(scope)
        carried = {name: self._port(scope[:-1], name, carry.source, "What the next turn gets.")
                   for name, carry in (loop.carry or {}).items()}  # fmt: skip
        collected = {name: self._port(scope, name, end.source, "Gathered into a list.")
                     for name, end in (loop.collect or {}).items()}  # fmt: skip
        return carried | {name: port for name, port in collected.items() if name not in carried}

    def _port(self, scope: Scope, name: str, link: str, text: str = "") -> Port:
        return Port(name, self.type_of(scope, link) or ANYTHING, help=text)

    def _of_type(self, name: str) -> Signature:
        if name not in self._plain:
            declared = self.registry.get(name)
            self._plain[name] = Signature({}, {}, known=False)
            if declared:
                summary, origin = declared.docstring.summary, self.registry.origin(name)
                self._plain[name] = Signature(
                    declared.inputs, declared.outputs, declared.category, summary, origin=origin
                )
        return self._plain[name]

    def _of_file(self, node: Node) -> Signature:
        inside, origin = self.opened(node), node.file or ""
        if inside is None:
            return Signature({}, {}, SUBWORKFLOW, known=False, origin=origin)
        inputs = {name: _declared(name, one, self.registry) for name, one in inside.workflow.inputs.items()}
        outputs = {
            name: Port(name, inside.type_of((), output.source) or ANYTHING, help=output.description)
            for name, output in inside.workflow.outputs.items()
        }
        return Signature(inputs, outputs, SUBWORKFLOW, inside.workflow.description, origin=origin)

    def _of_loop(self, scope: Scope, name: str, node: Node) -> Signature:
        inputs: dict[str, Port] = {}
        for key, end in (node.each or {}).items():
            given = self.type_of(scope, end.source)
            inputs[key] = Port(
                key, given if given and given.element else ANY_LIST, help="Each turn takes an item of it."
            )
        for key, carry in (node.carry or {}).items():
            inputs.setdefault(key, self._port(scope, key, carry.source, "Where it starts; it goes from turn to turn."))
        for key, value in node.inputs.items():
            taken = self.type_of_value(scope, value)
            inputs.setdefault(key, Port(key, taken, help="Read by the body, the same in each turn."))
        names = [*(node.carry or {}), *(node.collect or {})]
        outputs = {key: self._port(scope, key, f"{name}.{key}") for key in names}
        return Signature(inputs, outputs, LOOP, "Runs its body in turns.")

    def _with_strays(self, signature: Signature, inputs: Iterable[str], scope: Scope, name: str) -> Signature:
        """The signature with what the workflow uses beside it."""
        stray_inputs = _strays(inputs, signature.inputs)
        stray_outputs = _strays(self._used_outputs(scope).get(name, ()), signature.outputs)
        if not stray_inputs and not stray_outputs:
            return signature
        return replace(
            signature,
            inputs={**signature.inputs, **stray_inputs},
            outputs={**signature.outputs, **stray_outputs},
            strays=frozenset((*stray_inputs, *stray_outputs)) if signature.known else frozenset(),
        )

    def _used_outputs(self, scope: Scope) -> Mapping[str, Mapping[str, None]]:
        """By box, the outputs that something is linked to, in the order of the file."""
        if scope not in self._used:
            used: dict[str, dict[str, None]] = {}
            for (box, port), _ in self.linked(scope):
                used.setdefault(box, {})[port] = None
            self._used[scope] = used
        return self._used[scope]


def _handed_in(loop: Node) -> Iterator[tuple[str, str]]:
    """The names of what a loop hands into its body, each with its help text."""
    texts = dict.fromkeys(loop.each or {}, "The item of this turn.")
    for names, text in ((loop.carry, "As the turn before left it."), (loop.inputs, "The same in each turn.")):
        texts |= {name: text for name in names or {} if name not in texts}
    yield from ({**texts, INDEX: texts.get(INDEX, "The turn, counting from 0.")}).items()


def _declared(name: str, declared: WorkflowInput, registry: Registry) -> Port:
    default = REQUIRED if declared.required else declared.default
    return Port(name, input_type(declared, registry) or ANYTHING, default, declared.description)


def _strays(used: Iterable[str], known: Mapping[str, Port]) -> dict[str, Port]:
    return {name: Port(name, ANYTHING, None) for name in used if name not in known}
