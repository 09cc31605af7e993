"""Other programs' workflows: what a module of nodes says of a format, so that a command can read and write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentgraph.graph.document import Document
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Untranslated:
    """A node of another program that has no counterpart here, or whose counterpart lacks something of it."""

    place: str
    """Where it stands in the file, for people: `node 12`, `node 5 in subgraph 'Upscale'`."""
    node: str
    """What kind of node it is, in the other program's words."""
    reason: str
    """A sentence without a full stop."""
    hint: str = ""
    """What to do instead, where there is something."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a translation may use besides the file itself."""

    folder: Path
    """Where the workflow will lie, from where its relative paths count."""
    registry: Registry
    """The nodes that it may be made of."""
    models: Path | None = None
    """A folder of models as the other program keeps them, to look into what their files are."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A workflow that was another program's."""

    workflow: Workflow
    untranslated: tuple[Untranslated, ...] = ()
    """What is missing in it; empty where it says all that the file said."""
    notes: tuple[str, ...] = ()
    """What was guessed or comes out differently, a sentence each."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of another program's file that was our workflow."""

    text: str
    untranslated: tuple[Untranslated, ...] = ()
    """Our nodes that the other program has no counterpart for."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignFormat:
    """A format of another program. The registry finds it in the namespace of a module of nodes."""

    name: str
    """A word for the command line, such as `comfyui`."""
    program: str
    """What messages call the program."""
    reads: Callable[[bytes, str], bool]
    """Whether the bytes of a file, of this name, look like the format. Never raises."""
    translate: Callable[[bytes, str, ImportOptions], Imported]
    """Make a workflow of the bytes of a file of this name.

    Raises:
        WorkflowError: They cannot be read at all.
    """
    write: Callable[[Document, Registry, str], Exported] | None = None
    """Make a file of the other program, in the form of this name (empty: its usual one); None where that is not done.

    Raises:
        WorkflowError: Nothing of the workflow can be written so.
    """
    forms: tuple[str, ...] = ()
    """The forms that `write` knows, the usual one first."""
