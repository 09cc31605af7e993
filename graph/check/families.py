"""The families of what meets at a node: whether they fit together, and what family comes out of it.

A family may have a variant, behind a slash: `sd1/mask` is `sd1` with a denoiser that sees a mask. What is of one family
fits together whatever the variants, except at the ports that a node declares to be `matching`. A variant goes along
with values of one type: a node that takes a thing and gives such a thing leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from latentgraph.graph.check.scope import JsonPath, Scope
from latentgraph.graph.node import Port
from latentgraph.graph.typed import Offer, TypedNode

SLASH = "/"


def base_of(family: str) -> str:
    """The family without its variant."""
    return family.partition(SLASH)[0]


def variant_of(family: str) -> str:
    """The variant of a family; empty where it has none."""
    return family.partition(SLASH)[2]


@dataclass(frozen=True, slots=True)
class Met:
    """What a port is linked to, where its family is known."""

    port: Port
    family: str
    text: str
    """The link."""
    place: JsonPath


@dataclass
class Families:
    """The families of what a node is linked to."""

    typed: TypedNode
    scope: Scope
    base: str = ""
    """What they agree on; empty where none is known."""
    first: str = ""
    """The port that told it."""
    met: dict[str, Met] = field(default_factory=dict)

    def meet(self, port: Port, offer: Offer, text: str, place: JsonPath) -> None:
        """Take a link into account, and report one whose family does not fit those before, or the node."""
        family = self.scope.family_of(port.type, offer.family)
        if not family:
            return
        self.met[port.name] = Met(port, family, text, place)
        wanted, base = self.typed.type.options.families, base_of(family)
        if self.base and base != self.base:
            message = f"'{text}' is of family {base}, but '{self.first}' is of family {self.base}"
            self._report(message, "take all parts from one model, or from models of one family", self.met[port.name])
        elif wanted and base not in wanted:
            listed = " or ".join(wanted)
            message = f"'{text}' is of family {base}, and '{self.typed.type.name}' is for {listed}"
            self._report(message, f"take a model of family {listed}, or another node", self.met[port.name])
        self.base, self.first = self.base or base, self.first or port.name

    def match(self) -> None:
        """Report the ports whose variant is not that of the first of those that the node declares to be matching."""
        known = [self.met[name] for name in self.typed.type.options.matching if name in self.met]
        if len(known) < 2 or known[0].port.name != self.typed.type.options.matching[0]:
            return
        first = known[0]
        for other in known[1:]:
            if base_of(other.family) == base_of(first.family) and other.family != first.family:
                message = (
                    f"'{other.text}' is of family {other.family}, but '{first.port.name}' is of family {first.family}"
                )
                self._report(message, self._remedy(first.family, other.family), other)

    def _remedy(self, wanted: str, given: str) -> str:
        """What to do where values of one variant meet what wants another."""
        if not variant_of(wanted):
            return f"take a model of family {given}, or leave out {self._makers(given) or 'what makes it so'}"
        makers = self._makers(wanted)
        return f"put {makers} before" if makers else f"no node that is known here gives {wanted}; take another model"

    def _makers(self, family: str) -> str:
        """The nodes that give a family its variant."""
        options = [(node.name, node.options) for node in self.scope.registry]
        names = [name for name, one in options if one.variant == variant_of(family)
                 and (not one.families or base_of(family) in one.families)]  # fmt: skip
        return " or ".join(f"`{name}`" for name in names)

    def _report(self, message: str, hint: str, at: Met) -> None:
        self.scope.report.add("E109", message, at.place, self.typed.path, at.port.name, hint=hint, key=False)

    def of_output(self, port: Port, told: str) -> str:
        """The family of an output.

        Args:
            port: The output.
            told: What the node itself tells of it; empty: nothing.
        """
        family = self.scope.family_of(port.type, told or self.base)
        if not family or variant_of(family):
            return family
        alike = (one.family for one in self.met.values() if one.port.type.members == port.type.members)
        variant = self.typed.type.options.variant or variant_of(next(alike, ""))
        return f"{family}{SLASH}{variant}" if variant else family
