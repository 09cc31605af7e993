"""The normal form of a ComfyUI workflow: what its API format says, whatever format it was read from.

Subgraphs are flattened, reroutes, primitives and set/get pairs are followed to what they stand for, muted nodes are
gone and bypassed ones handed through, and every widget's value goes by the name of its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None


@dataclass(frozen=True, slots=True)
class PromptLink:
    """Where an input gets its value: an output of another node, by its position."""

    node: str
    """Its id; it may name a node that is not there."""
    slot: int
    """From 0."""


@dataclass(frozen=True, slots=True)
class PromptNode:
    """A node, as the API format has it."""

    id: str
    """Unique; a node in a subgraph has the ids of the nodes around it before its own: `12:5`."""
    class_type: str
    inputs: Mapping[str, JSON | PromptLink] = field(default_factory=dict)
    """What is not linked holds its literal value."""
    title: str = ""
    """What its author called it; empty where it has no name of its own."""
    place: str = ""
    """Where it stands in the file, for people."""
    unnamed: tuple[JSON, ...] = ()
    """Widget values whose inputs are not known, as the editor format has them: of a class that is not a core node's."""
    notation: str = "comfyui"
    """How the texts in its inputs write weights: `comfyui`, `automatic1111`, `invokeai`, or `plain` for none."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A node, or something else of the file, that could not be read into the normal form."""

    node: PromptNode
    """With what could be read of it."""
    reason: str
    """A sentence without a full stop."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole workflow, its nodes by id in the order of the file."""

    nodes: Mapping[str, PromptNode]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    """What a user should know of the reading, a sentence each."""
    description: str = ""
    """What its author wrote into notes."""
