"""One thing wrong with a workflow: a code, a place, a sentence and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from latentgraph.graph.names import printable

CODES: Mapping[str, str] = MappingProxyType(
    {
        "E001": "the file cannot be read",
        "E002": "the file is not UTF-8 text",
        "E003": "the file is not JSON",
        "E004": "a key is written twice",
        "E005": "nested too deeply",
        "E006": "the version of the file is missing or unknown",
        "E007": "not the shape of a workflow file",
        "E008": "a name that cannot be used",
        "E101": "unknown node type",
        "E102": "unknown input of a node",
        "E103": "a required input is missing",
        "E104": "a value that the port does not take",
        "E105": "a link from a node that does not exist",
        "E106": "a link from an output that does not exist",
        "E107": "the types of a link do not match",
        "E108": "a cycle",
        "E109": "parts of different model families, or of one that the node is not for",
        "E110": "a loop with neither each nor carry",
        "E111": "a name used twice in one loop",
        "E112": "a loop's body reaches outside the loop",
        "E113": "a sub-workflow that cannot be used",
        "E114": "nothing is asked for",
        "E115": "a file that may not be read, or is not there",
        "E116": "a declared input of the workflow is wrong",
        "E117": "a value for an input that the workflow does not have",
        "E118": "a link from a muted node",
        "E119": "in Python, a value that cannot be linked from where it is used",
        "W201": "a node that nothing uses",
        "W202": "one random state is drawn from twice",
        "W203": "an input of the workflow that nothing reads",
        "W204": "a muted node of an unknown type",
        "N301": "what a model is cannot be told before it is downloaded",
    }
)
"""Every code and the class of problem it stands for: E stops a run, W is worth a look, N is for information."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a hint says, for an editor to do it by a key."""

    kind: Literal["name", "between", "value", "link"]
    words: tuple[str, ...]
    """name: what stands there, and what was meant. between: node types, to be put in a row. value: what to write, as
    JSON. link: an output outside the loop, to be handed into it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnosis for the user, shown as `file:line:column: code node.port: sentence; hint`."""

    code: str
    message: str
    """One sentence: what came, and what was wanted."""
    hint: str = ""
    """What to do: the closest name, or the nodes that would bridge two types."""
    node: str = ""
    """Path of the node, such as `denoise/step`; empty for the workflow as a whole."""
    port: str = ""
    file: str = ""
    place: Place | None = None
    suggestion: Suggestion | None = None
    """The hint, where it can be applied."""

    def __post_init__(self) -> None:
        """Make every text fit to be shown: a file's names can hold anything, escape sequences of terminals included."""
        for name in ("message", "hint", "node", "port", "file"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    @property
    def severity(self) -> Literal["error", "warning", "note"]:
        """Whether it stops a run."""
        return {"E": "error", "W": "warning", "N": "note"}[self.code[0]]  # type: ignore[return-value]

    @property
    def where(self) -> str:
        """`file:line:column`, as far as known."""
        place = f"{self.place.line}:{self.place.column}" if self.place else ""
        return ":".join(part for part in (self.file, place) if part)

    def __str__(self) -> str:
        """The whole diagnosis in one line."""
        target = f"{self.node}.{self.port}" if self.port and self.node else self.node or self.port
        start = f"{self.where}: " if self.where else ""
        subject = f"{self.code} {target}: " if target else f"{self.code}: "
        return start + subject + self.message + (f"; {self.hint}" if self.hint else "")


def errors_of(problems: list[Problem]) -> list[Problem]:
    """The problems that stop a run."""
    return [problem for problem in problems if problem.severity == "error"]
