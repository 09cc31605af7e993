"""The workflow file, version 1, as data: what may stand in it, and nothing about what it means.

A file is made for hands and for diffs: nodes by name, links by name (`{"from": "node.port"}`), positions at the end.
What the names and values have to do with node types is for `check` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION: Final = 1
"""Of the file format; a newer file is refused, an older one is migrated."""
LOOP: Final = "loop"
"""The node type whose body is a graph that runs in turns."""
SUBWORKFLOW: Final = "workflow"
"""The node type that is a workflow file of its own."""
Position = Annotated[list[int], Field(min_length=2, max_length=2)]
"""Column and row of a node's upper left corner on the editor's canvas, in cells."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where an input gets its value: `node.port`, `inputs.name`, or `loop.name` in a body."""

    node: str
    port: str

    def __str__(self) -> str:
        """As a file writes it."""
        return f"{self.node}.{self.port}"

    @classmethod
    def parse(cls, text: str) -> Link | None:
        """The link that `text` writes; None where it is not two names with a dot between."""
        node, dot, port = text.partition(".")
        return cls(node, port) if dot and node and port and "." not in port else None


def link_text(value: object) -> str | None:
    """What a value of a file links to; None where it is a literal."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("from"), str):
        text: str = value["from"]
        return text
    return None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class WorkflowInput(_Strict):
    """A value that a caller may set."""

    type: str
    """`string`, `integer`, `number`, `boolean`, the name of a type of values (`Image`), or a list (`list[Image]`)."""
    default: Any = None
    """The value where the caller sets none; without it the caller must. `null` means: not set."""
    minimum: int | float | None = None
    maximum: int | float | None = None
    multiple_of: int | float | None = None
    choices: list[Any] | None = None
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether the caller has to set it."""
        return "default" not in self.model_fields_set


class WorkflowOutput(_Strict):
    """A value that a caller gets."""

    source: str = Field(alias="from")
    description: str = ""


class End(_Strict):
    """A link on its own."""

    source: str = Field(alias="from")


class Carry(End):
    """A value that goes from turn to turn of a loop; `from` is its start, outside the loop."""

    next: str
    """What it is after a turn: a link inside the body."""


class Node(_Strict):
    """A node. Which of the fields may stand there depends on its type."""

    type: str
    """Name of a node type; or `loop`, or `workflow`."""
    file: str | None = None
    """Of a sub-workflow: its file, relative to this one."""
    description: str = ""
    package: str | None = None
    """The package that provides the type, for those who do not have it."""
    disabled: Literal["mute", "bypass"] | None = None
    """Muted: as if it were not there. Bypassed: each output is the first input of its type."""
    each: dict[str, End] | None = None
    """Of a loop: lists that it takes an item of in each turn."""
    carry: dict[str, Carry] | None = None
    """Of a loop: values that go from turn to turn."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Values and links, by the name of the port; of a loop, what else its body reads."""
    nodes: dict[str, Node] | None = None
    """Of a loop: its body."""
    collect: dict[str, End] | None = None
    """Of a loop: values of the body that are gathered into lists."""

    @property
    def body(self) -> Mapping[str, Node]:
        """The nodes inside a loop."""
        return self.nodes or {}


class Group(_Strict):
    """Nodes that belong together for a reader."""

    nodes: list[str]
    description: str = ""


class Workflow(_Strict):
    """A whole file. The order of the fields is the order in which it is written."""

    schema_: str | None = Field(default=None, alias="$schema")
    latentgraph: int
    """Version of the format."""
    description: str = ""
    inputs: dict[str, WorkflowInput] = Field(default_factory=dict)
    nodes: dict[str, Node]
    outputs: dict[str, WorkflowOutput] = Field(default_factory=dict)
    groups: dict[str, Group] = Field(default_factory=dict)
    layout: dict[str, Position] = Field(default_factory=dict)
    """Positions of the nodes that someone moved, by path (`denoise/step`)."""
