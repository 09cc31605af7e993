"""What the shell offers when Tab is pressed: workflows, their inputs and nodes, and node types.

Typer asks these functions; whatever goes wrong in them, the shell gets no candidates rather than a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from latentgraph.graph.workflow import Node, Workflow, WorkflowInput

Candidates = list[tuple[str, str]]
"""Each word with a line of help."""
Completer = Callable[[typer.Context, list[str], str], Candidates]
PICTURES = (".png",)
COMMANDS = ("run", "check")


def _quietly(complete: Completer) -> Completer:
    @wraps(complete)
    def guarded(ctx: typer.Context, args: list[str], incomplete: str) -> Candidates:
        try:
            found = complete(ctx, args, incomplete)
        except Exception:
            return []
        return [(word, help_text) for word, help_text in found if word.startswith(incomplete)]

    return guarded


@_quietly
def complete_workflows(ctx: typer.Context, args: list[str], incomplete: str) -> Candidates:
    """Shipped workflows by name, and workflow files, pictures and folders below what is typed."""
    from latentgraph.tui.find import shipped_names

    shipped = [] if "/" in incomplete else [(name, "shipped workflow") for name in shipped_names()]
    return shipped + list(_files(incomplete, (".json", *PICTURES)))


@_quietly
def complete_inputs(ctx: typer.Context, args: list[str], incomplete: str) -> Candidates:
    """The inputs of the workflow on the line; after the sign of equality, the values that are known."""
    workflow = _workflow(ctx, args)
    name, equals, _ = incomplete.partition("=")
    if not equals:
        return [(f"{key}=", declared.description) for key, declared in workflow.inputs.items()]
    return [(f"{name}={value}", "") for value in _values(workflow.inputs[name])]


@_quietly
def complete_node_paths(ctx: typer.Context, args: list[str], incomplete: str) -> Candidates:
    """The nodes of the workflow on the line."""
    return [(name, _about(node)) for name, node in _workflow(ctx, args).nodes.items()]


@_quietly
def complete_node_types(ctx: typer.Context, args: list[str], incomplete: str) -> Candidates:
    """All node types."""
    from latentgraph.tui.find import load_registry

    registry = load_registry(Path(file) for file in _following(args, "--nodes"))
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


def _workflow(ctx: typer.Context, args: list[str]) -> Workflow:
    """The workflow named on the line; pictures are not opened for a completion."""
    from latentgraph.graph.document import read_document
    from latentgraph.tui.find import workflow_path

    # An option that still waits for its value keeps the parser from coming to the argument.
    named = ctx.params.get("workflow") or next(_positional(args))
    path = workflow_path(named[0] if isinstance(named, list) else named)
    if path is None:
        raise ValueError("standard input is not read for a completion")
    return read_document(path).workflow


def _positional(args: list[str]) -> Iterator[str]:
    valued = {"--set", "--inputs", "--until", "--nodes", "--out", "--allow-read", "--device", "--dtype", "--images"}
    previous = ""
    for word in args:
        if not word.startswith("--") and previous not in valued and word not in COMMANDS:
            yield word
        previous = word


def _following(args: Iterable[str], option: str) -> Iterator[str]:
    words = iter(args)
    for word in words:
        if word == option:
            yield next(words)


def _values(declared: WorkflowInput) -> list[str]:
    if declared.choices:
        known = [str(choice) for choice in declared.choices]
    else:
        known = {"boolean": ["true", "false"], "integer": ["random"]}.get(declared.type, [])
    nullable = not declared.required and declared.default is None
    default = [] if nullable or declared.required else [str(declared.default)]
    return list(dict.fromkeys([*known, *default, *(["null"] if nullable else [])]))
