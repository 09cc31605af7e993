"""`latentgraph fmt`: workflow files in their one canonical writing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.files import write_whole
from latentgraph.graph.packages import with_packages
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.find import STANDARD_INPUT, load_registry
from latentgraph.tui.messages import say_problems, write_utf8


def format_files(files: Sequence[str], *, check: bool) -> int:
    """Rewrite each file canonically, and return the exit code.

    Args:
        files: Paths, or `-` to write standard input canonically to standard output.
        check: Only list the files that would change.

    Returns:
        2 where a file is broken, which is left alone; 1 where `check` finds one that would change; else 0.
    """
    broken, changed = False, []
    registry = load_registry(())
    for file in files:
        try:
            if _format(file, registry, check=check):
                changed.append(file)
        except WorkflowError as error:
            broken = True
            say_problems(error.problems, as_json=False)
    for file in changed:
        print(f"would change {file}" if check else f"wrote {file}", file=sys.stdout if check else sys.stderr)
    return 2 if broken else 1 if check and changed else 0


def _format(file: str, registry: Registry, *, check: bool) -> bool:
    """Whether the file is, or would be, changed: a node of another package says whose it is."""
    if file == STANDARD_INPUT:
        raw = sys.stdin.buffer.read()
        text = canonical(with_packages(parse_document(raw, "<stdin>").workflow, registry), "<stdin>")
        if not check:
            write_utf8(text)
        return check and raw != text.encode()
    path = Path(file)
    text = canonical(with_packages(read_document(path).workflow, registry), file)
    try:
        if path.read_bytes() == text.encode():
            return False
        if not check:
            write_whole(path, text)
    except OSError as error:
        raise WorkflowError([Problem("E001", f"cannot be rewritten: {error.strerror}", file=file)]) from None
    return True


def canonical(workflow: Workflow, name: str) -> str:
    """The canonical text, read back before anything is overwritten by it."""
    text = canonical_text(workflow)
    try:
        same = parse_document(text.encode(), name).workflow == workflow
    except (WorkflowError, UnicodeEncodeError):
        same = False
    if not same:
        hint = "look for numbers too large for JSON or half of a surrogate pair"
        raise WorkflowError([Problem("E003", "the file holds a value that cannot be written back", hint, file=name)])
    return text
