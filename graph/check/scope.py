"""One graph of a workflow under check: its nodes by name, and what each link in it finds at its other end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from latentgraph.graph.access import FileAccess
from latentgraph.graph.check.report import Report
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.problem import Suggestion
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Absent, Offer, Wire
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import Link, Node, link_text

JsonPath = tuple[str | int, ...]
UNKNOWN = Offer(ANYTHING, Absent())
"""What a link finds where something is wrong that was told already: it fits everything and says nothing more."""
GONE = ("muted", "bypassed")
"""Why a node that somebody disabled gives nothing."""
SILENCE = Offer(ANYTHING, Absent("muted"))
"""What a link finds at a muted node whose type is not known."""


@dataclass
class Scope:
    """The graph whose nodes are being checked."""

    registry: Registry
    report: Report
    access: FileAccess
    offers: dict[tuple[str, str], Offer]
    """What `inputs.<name>` or `loop.<name>` is, and the outputs of the nodes that were checked."""
    nodes: Mapping[str, Node]
    path: str = ""
    """Path of the loop or sub-workflow, with a slash at its end; empty for the workflow itself."""
    json_path: JsonPath = ("nodes",)
    """Where its nodes stand in the file."""
    source: Literal["inputs", "loop"] = "inputs"
    """What hands values in: the caller of the workflow, or the loop around a body."""
    outside: Mapping[str, Node] = field(default_factory=dict)
    """For a loop's body: the nodes around the loop, which it cannot read."""
    files: tuple[str, ...] = ()
    """The files of the sub-workflows around, to find one that contains itself."""
    read: set[tuple[str, str]] = field(default_factory=set)
    """Every end of a link so far."""
    waiting: set[str] = field(default_factory=set)
    """Nodes of cycles that are not checked yet, so that their outputs are not known."""
    untold: set[str] = field(default_factory=set)
    """Nodes whose outputs cannot be known, because something is wrong that was told already."""
    silent: set[str] = field(default_factory=set)
    """Muted nodes of an unknown type: they give nothing, whatever is asked of them."""
    drawn: dict[Wire, str] = field(default_factory=dict)
    """Random states that were drawn from, and the path of the node that did."""
    has_effect: bool = False
    wanted: set[str] = field(default_factory=set)
    """Nodes that are wanted for themselves."""
    unused_inside: list[tuple[str, JsonPath]] = field(default_factory=list)
    _outputs: dict[str, list[str]] = field(default_factory=dict)

    def follow(self, text: str, json_path: Sequence[str | int], *, node: str, port: str) -> Offer:
        """What the link `text` finds; UNKNOWN, with a problem told, where it leads nowhere."""
        link = Link.parse(text)
        if link is None:
            if text.rpartition(".")[0] not in self.nodes:  # else the node's own name is what is wrong
                message = f"{text!r} is no link; write 'node.port'"
                self.report.add("E105", message, json_path, node, port, key=False)
            return UNKNOWN
        self.read.add((link.node, link.port))
        offer = self.offers.get((link.node, link.port))
        if offer is None and link.node in self.silent:
            return SILENCE
        if offer is None and (link.node in self.waiting or link.node in self.untold):
            return UNKNOWN
        if offer is None:
            self._leads_nowhere(link, json_path, node, port)
            return UNKNOWN
        return offer

    def follow_something(self, text: str, json_path: Sequence[str | int], *, node: str, port: str) -> Offer:
        """As `follow`, where nothing is no answer: a link to a disabled node is a problem."""
        offer = self.follow(text, json_path, node=node, port=port)
        if isinstance(offer.supply, Absent) and offer.supply.why in GONE:
            self.gone(text, offer.supply.why, json_path, node, port)
            return UNKNOWN
        return offer

    def gone(self, text: str, why: str, json_path: Sequence[str | int], node: str, port: str) -> None:
        """Report a link that finds a disabled node."""
        message = f"'{text}' is of a muted node"
        if why == "bypassed":
            message = f"'{text}' is of a bypassed node that has no input of this type to pass on"
        self.report.add("E118", message, json_path, node, port, hint="link another, or enable the node", key=False)

    def _leads_nowhere(self, link: Link, json_path: Sequence[str | int], node: str, port: str) -> None:
        if link.node == self.source or link.node in self.nodes:
            known = self._outputs_of(link.node)
            owner = {"inputs": "the workflow has no input", "loop": "the loop hands in no"}.get(link.node)
            message = f"{owner} '{link.port}'" if owner else f"'{link.node}' has no output '{link.port}'"
            self.report.unknown("E106", message, link.port, known, json_path, node, port, key=False)
        elif link.node in self.outside or (link.node == "inputs" and self.source == "loop"):
            name = link.port if link.node == "inputs" else link.node
            hint = f'add "{name}": {{"from": "{link}"}} to the inputs of the loop, and read loop.{name}'
            message = f"'{link}' is outside the loop, whose body reads only its own nodes and loop.<name>"
            suggestion = Suggestion("link", (str(link),))
            self.report.add("E112", message, json_path, node, port, hint=hint, suggestion=suggestion, key=False)
        elif link.node == "loop":
            message = "only the body of a loop reads 'loop'"
            self.report.add("E105", message, json_path, node, port, key=False)
        else:
            message = f"there is no node '{link.node}'"
            self.report.unknown("E105", message, link.node, self.nodes, json_path, node, port, key=False)

    def _outputs_of(self, name: str) -> list[str]:
        node = self.nodes.get(name)
        declared = self.registry.get(node.type) if node else None
        if declared:
            return list(declared.outputs)
        if name not in self._outputs:
            # Looked for once a node: a file may have as many faulty links as nodes.
            self._outputs[name] = [port for owner, port in self.offers if owner == name]
        return self._outputs[name]

    def offer_nothing_known(self, name: str) -> None:
        """Let every link to the node `name` find something, so that one fault is one problem and not one a link."""
        self.untold.add(name)
        self.wanted.add(name)

    def family_of(self, port_type: PortType, family: str) -> str:
        """`family` where values of the type belong to one, else nothing."""
        for member in port_type.members:
            known = self.registry.values.of(member) if isinstance(member, type) else None
            if known and known.family:
                return family
        return ""

    def draw(self, wire: Wire, json_path: JsonPath, node: str, port: str) -> None:
        """Note that `node` draws from a random state, which is a warning the second time."""
        first = self.drawn.setdefault(wire, node)
        if first != node:
            message = f"'{first}' draws from the same state, so both get the same numbers"
            hint = f"link the random state that '{first}' gives"
            self.report.add("W202", message, json_path, node, port, hint=hint, key=False)

    def unused(self) -> Iterator[tuple[str, JsonPath]]:
        """Path, and place in the file, of every node that nothing reads and that is not wanted for itself."""
        readers = {node for node, _ in self.read}
        for name, node in self.nodes.items():
            if name not in readers and name not in self.wanted and node.disabled is None:
                yield self.path + name, (*self.json_path, name)
        yield from self.unused_inside


def links_of(node: Node) -> Iterator[Link]:
    """Every link of a node into the graph around it."""
    ends = [link_text(value) for value in node.inputs.values()]
    ends += [end.source for end in (*(node.each or {}).values(), *(node.carry or {}).values())]
    yield from (link for text in ends if text and (link := Link.parse(text)))
