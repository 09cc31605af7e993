"""What the shell offers when Tab is pressed: workflows, their inputs and nodes, and node types.

Typer asks these functions; whatever goes wrong in them, the shell gets no candidates rather than a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from latentgraph.graph.workflow import Node, Workflow, WorkflowInput

Candidates = list[tuple[str, str]]
"""Each word with a line of help."""
Completer = Callable[[typer.Context, str], Candidates]
PICTURES = (".png",)


def _quietly(complete: Completer) -> Completer:
    @wraps(complete)
    def guarded(ctx: typer.Context, incomplete: str) -> Candidates:
        try:
            found = complete(ctx, incomplete)
        except Exception:
            return []
        return [(word, help_text) for word, help_text in found if word.startswith(incomplete)]

    return guarded


@_quietly
def complete_workflows(ctx: typer.Context, incomplete: str) -> Candidates:
    """Shipped workflows by name, and workflow files, pictures and folders below what is typed."""
    from latentgraph.tui.find import shipped_names

    shipped = [] if "/" in incomplete else [(name, "shipped workflow") for name in shipped_names()]
    return shipped + list(_files(incomplete, (".json", *PICTURES)))


@_quietly
def complete_inputs(ctx: typer.Context, incomplete: str) -> Candidates:
    """The inputs of the workflow on the line; after the sign of equality, the values that are known."""
    workflow = _workflow(ctx)
    name, equals, _ = incomplete.partition("=")
    if not equals:
        return [(f"{key}=", declared.description) for key, declared in workflow.inputs.items()]
    return [(f"{name}={value}", "") for value in _values(workflow.inputs[name])]


@_quietly
def complete_node_paths(ctx: typer.Context, incomplete: str) -> Candidates:
    """The nodes of the workflow on the line."""
    return [(name, _about(node)) for name, node in _workflow(ctx).nodes.items()]


@_quietly
def complete_node_types(ctx: typer.Context, incomplete: str) -> Candidates:
    """All node types."""
    from latentgraph.tui.find import load_registry

    registry = load_registry(Path(file) for file in ctx.params.get("nodes") or ())
    return [(node.name, node.docstring.summary) for node in registry]


def _about(node: Node) -> str:
    return node.description or node.type


def _files(incomplete: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    start, slash, _ = incomplete.rpartition("/")
    shown = start + slash
    for path in sorted(Path(shown or ".").expanduser().iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield f"{shown}{path.name}/", ""
        elif path.suffix.lower() in suffixes:
            yield f"{shown}{path.name}", ""


def _workflow(ctx: typer.Context) -> Workflow:
    """The workflow named on the line; pictures are not opened for a completion."""
    from latentgraph.graph.document import read_document
    from latentgraph.tui.find import workflow_path

    named = ctx.params.get("workflow") or ctx.params.get("workflows") or ctx.args
    # An option that still waits for its value keeps the parser from coming to the argument: it is left over.
    path = workflow_path(named if isinstance(named, str) else named[0])
    if path is None:
        raise ValueError("standard input is not read for a completion")
    return read_document(path).workflow


def _values(declared: WorkflowInput) -> list[str]:
    if declared.choices:
        known = [str(choice) for choice in declared.choices]
    else:
        known = {"boolean": ["true", "false"], "integer": ["random"]}.get(declared.type, [])
    nullable = not declared.required and declared.default is None
    default = [] if nullable or declared.required else [str(declared.default)]
    return list(dict.fromkeys([*known, *default, *(["null"] if nullable else [])]))
