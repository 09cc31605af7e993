"""What the argument WORKFLOW means: a shipped workflow, a file, a picture that tells how it was made, or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from latentgraph.graph.access import Recorded
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.names import closest
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.sidecar import SUFFIX, is_sidecar

STANDARD_INPUT = "-"
SCHEMA_FILE = "workflow.schema.json"


@dataclass(frozen=True, slots=True)
class Found:
    """A workflow, and the picture that it was found in, if any."""

    document: Document
    picture: Path | None = None


def load_registry(node_files: Iterable[Path] | None) -> Registry:
    """All nodes there are, those of the files that the user named included."""
    return Registry.load(node_files or ())


def shipped_folder() -> Path:
    """Where the workflows that ship lie."""
    return Path(str(files("latentgraph.workflows")))


def shipped_names() -> list[str]:
    """The names of the workflows that ship."""
    return sorted(path.stem for path in shipped_folder().glob("*.json") if path.name != SCHEMA_FILE)


def find_workflow(argument: str, registry: Registry) -> Found:
    """The workflow that `argument` means.

    Raises:
        WorkflowError: There is none, or it is not a workflow.
    """
    path = workflow_path(argument)
    if path is None:
        return Found(parse_document(sys.stdin.buffer.read(), "<stdin>"))
    if has_record(path, registry):
        return Found(_read_picture(path, argument, registry), path)
    # A shipped workflow goes by its name in messages too: where it is installed is of no use to a reader.
    return Found(read_document(path, path.name if argument in shipped_names() else argument))


def has_record(path: Path, registry: Registry) -> bool:
    """Whether a file is read for the record of how something was made: a picture, or the sidecar of one."""
    if path.suffix.lower() in {form.suffix for form in registry.values.file_forms()}:
        return True
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return is_sidecar(file.read(200))
    except OSError:
        return False


def workflow_path(argument: str) -> Path | None:
    """The file that `argument` means; None for standard input.

    Raises:
        WorkflowError: There is none.
    """
    if argument == STANDARD_INPUT:
        return None
    if argument in shipped_names():
        return shipped_folder() / f"{argument}.json"
    path = Path(argument)
    if _exists(path):
        return path
    raise WorkflowError([_missing(argument, path)])


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a NUL in it, or a name too long
        return False


def _missing(argument: str, path: Path) -> Problem:
    bare = not path.suffix and path.name == argument
    folder = path.parent
    nearby = [str(folder / one.name) for one in folder.glob("*.json")] if _exists(folder) else []
    if bare:
        message = "there is no shipped workflow and no file of this name"
        file = f"{argument}.json"
        hint = f"did you mean '{file}'?" if file in nearby else closest(argument, [*shipped_names(), *nearby])
        return Problem("E001", message, hint, file=argument)
    hint = closest(argument, nearby) if nearby else ""
    return Problem("E001", "there is no such file", hint if "did you mean" in hint else "", file=argument)


def _read_picture(path: Path, name: str, registry: Registry) -> Document:
    from latentgraph.graph.provenance import document_of_file, run_of_file, texts

    if path.is_dir():
        raise WorkflowError([Problem("E001", "this is a folder; a workflow is a JSON file", file=name)])
    try:
        document = document_of_file(path, name, registry)
        digests = frozenset(texts(run_of_file(path, registry).get("sources")).values())
        # What was made by a shipped workflow reads its files; what the user named counted from where the command ran.
        return replace(document, recorded=Recorded((Path.cwd(), shipped_folder()), digests))
    except OSError as error:
        raise WorkflowError([Problem("E001", f"cannot be read: {error.strerror}", file=name)]) from None
    except (ValueError, SyntaxError):
        raise WorkflowError([Problem("E001", "the file carries no record of a workflow", file=name)]) from None
