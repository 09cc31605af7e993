"""The commands that make nodes a workflow of their own, and put one back; their work is in `parts_command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import options
from latentgraph.tui.complete import complete_node_paths, complete_workflows

commands = typer.Typer()
EXIT_CODES = "Exit codes: 0 done, 2 the workflow or the call is wrong, or it cannot be done."
WorkflowFile = Annotated[
    str,
    typer.Argument(metavar="WORKFLOW", help="A workflow file, which is rewritten; or, with -o, one that ships.",
                   autocompletion=complete_workflows, show_default=False),
]  # fmt: skip
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", show_default=False,
                 help="Write the changed workflow there instead, in the same folder."),
]  # fmt: skip
EXTRACT_HELP = """Make nodes of a workflow a file of their own, and put one node in their place that runs it.

What they read becomes the typed inputs of the new file, what is read of them its outputs. The workflow makes what it
made before.

[bold]Examples[/]

  latentgraph extract mine.json tokens positive negative --to prompts.json
  latentgraph extract mine.json denoise/step --to step.json     inside a loop

"""
INLINE_HELP = """Put the nodes of a sub-workflow in its place; its file stays as it is.

[bold]Examples[/]

  latentgraph inline mine.json prompts

"""


@commands.command(help=EXTRACT_HELP, epilog=EXIT_CODES)
def extract(
    workflow: WorkflowFile,
    nodes_: Annotated[
        list[str],
        typer.Argument(metavar="NODE...", help="The nodes, by name or, inside a loop, by path (denoise/step).",
                       autocompletion=complete_node_paths, show_default=False),
    ],
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FILE.json", help="The new file, in the workflow's folder or below; never over "
                     "one that is there.", show_default=False),
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Of the new node; the file's where not given.")
    ] = "",
    output: Output = None,
    nodes: options.NodeFiles = None,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Make nodes a file; its help is EXTRACT_HELP."""
    from latentgraph.tui.parts_command import extract_nodes

    extract_nodes(workflow, nodes_, to, name, output, nodes or ())


@commands.command(help=INLINE_HELP, epilog=EXIT_CODES)
def inline(
    workflow: WorkflowFile,
    node: Annotated[
        str,
        typer.Argument(metavar="NODE", help="The sub-workflow, by name or, inside a loop, by path.",
                       autocompletion=complete_node_paths, show_default=False),
    ],
    output: Output = None,
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Put a sub-workflow's nodes in its place; its help is INLINE_HELP."""
    from latentgraph.tui.parts_command import inline_node

    inline_node(workflow, node, output, allow_read or (), nodes or ())
