"""What the canvas draws, as plain data without colours or cells: boxes, their ports and values, what a run says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from latentgraph.tui.editor.canvas.geometry import Position, Wire

Severity = Literal["", "note", "warning", "error"]
Side = Literal["input", "output"]
"""Of a box: an input and an output of one box may have the same name, so that an `End` alone does not tell."""
Role = Literal["node", "loop", "workflow", "source", "sink", "unknown"]
Status = Literal["idle", "queued", "running", "done", "cached", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class PortView:
    """A port that is drawn with a glyph of its own on the border of its box."""

    name: str
    kind: str
    """What its glyph and colour stand for, such as `latents`; see `canvas.glyphs.KINDS`."""
    type: str = ""
    """How messages call its type."""
    connected: bool = False
    value: str = ""
    """Of a workflow's input: its default."""
    severity: Severity = ""
    growing: bool = False
    """Connecting to it makes a new entry, such as another input of the workflow."""


@dataclass(frozen=True, slots=True)
class Field:
    """An input that shows its value instead of a wire."""

    name: str
    kind: str
    value: str
    type: str = ""
    source: str = ""
    """The workflow's or the loop's input that it is linked to; then `value` is empty."""
    given: bool = True
    """Whether the file says it; else it is the default."""
    long: bool = False
    """A text to be read, which may take several rows."""
    severity: Severity = ""


@dataclass(frozen=True, slots=True)
class BodyRow:
    """A node inside a loop, as the loop's box lists it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node, or the source or sink of the scope."""

    key: str
    title: str
    type: str
    category: str
    role: Role = "node"
    inputs: tuple[PortView, ...] = ()
    outputs: tuple[PortView, ...] = ()
    fields: tuple[Field, ...] = ()
    body: tuple[BodyRow, ...] = ()
    disabled: Literal["mute", "bypass"] | None = None
    severity: Severity = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A group: boxes that are drawn in a named frame."""

    name: str
    boxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn of one scope."""

    scope: tuple[str, ...] = ()
    boxes: Mapping[str, Box] = field(default_factory=dict)
    wires: tuple[Wire, ...] = ()
    pinned: Mapping[str, Position] = field(default_factory=dict)
    """Where someone put a box, in cells at full zoom."""
    groups: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a run says of a box; laid over the scene by `GraphCanvas.set_states`."""

    status: Status = "idle"
    done: int = 0
    total: int = 0
    """Steps of a loop; 0 where there are none to count."""
    seconds: float = 0.0
    message: str = ""
