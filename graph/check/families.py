"""The families of what meets at a node: whether they fit together, and what family comes out of it.

A family may have variants, behind a slash: `sd1/mask` is `sd1` with a denoiser that sees a mask, and `sd1/image
prompt+mask` with one that reads image prompts too. What is of one family fits together whatever the variants, except at
the ports that a node declares to be `matching`. Variants go along with values of one type: a node that takes a thing
and gives such a thing leaves them as they are, or adds its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from latentgraph.graph.check.scope import JsonPath, Scope
from latentgraph.graph.node import Port
from latentgraph.graph.typed import Offer, TypedNode

SLASH = "/"
PLUS = "+"
UNKNOWN_VARIANT = "?"
"""Where a node tells the family of what it gives, and what it was made of is not known: its variants may be any."""


def base_of(family: str) -> str:
    """The family without its variant."""
    return family.partition(SLASH)[0]


def variants_of(family: str) -> frozenset[str]:
    """The variants of a family; empty where it has none."""
    return frozenset(family.partition(SLASH)[2].split(PLUS)) - {""}


def varied(family: str, variants: Iterable[str]) -> str:
    """A family of several variants, which are in no order."""
    base = base_of(family)
    return f"{base}{SLASH}{PLUS.join(sorted(set(variants)))}" if set(variants) else base


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
    unknown: list[Port] = field(default_factory=list)
    """Ports that are linked to something whose family is not known."""

    def meet(self, port: Port, offer: Offer, text: str, place: JsonPath) -> None:
        """Take a link into account, and report one whose family does not fit those before, or the node."""
        family = self.scope.family_of(port.type, offer.family)
        if not family:
            self.unknown.append(port)
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
            wanted, given = variants_of(first.family), variants_of(other.family)
            if base_of(other.family) == base_of(first.family) and wanted != given:
                if UNKNOWN_VARIANT in wanted | given:
                    continue
                message = (
                    f"'{other.text}' is of family {other.family}, but '{first.port.name}' is of family {first.family}"
                )
                self._report(message, self._remedy(first, other), other)

    def _remedy(self, first: Met, other: Met) -> str:
        """What to do where values of one variant meet what wants another."""
        wanted, given = variants_of(first.family), variants_of(other.family)
        if missing := wanted - given:
            makers = self._makers(missing, other)
            if makers:
                return f"put {makers} before"
            return f"no node that is known here gives {varied(first.family, missing)}; take another model"
        leave = f"leave out {self._makers(given - wanted, other) or 'what makes it so'}"
        makers = self._makers(given - wanted, first)
        if makers:
            return f"put {makers} before '{first.port.name}', or {leave}"
        return f"take a model of family {other.family}, or {leave}"

    def _makers(self, variants: frozenset[str], at: Met) -> str:
        """The nodes that give what flows into a port these variants."""
        names = [
            node.name
            for node in self.scope.registry
            if node.options.variant in variants
            and (not node.options.families or base_of(at.family) in node.options.families)
            and any(port.type.members == at.port.type.members for port in node.outputs.values())
        ]
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
        if not family or variants_of(family):
            return family
        members = port.type.members
        if any(one.type.members == members for one in self.unknown):
            return varied(family, [UNKNOWN_VARIANT])
        own = self.typed.type.options.variant
        alike = next((one.family for one in self.met.values() if one.port.type.members == members), "")
        return varied(family, variants_of(alike) | ({own} if own else set()))
