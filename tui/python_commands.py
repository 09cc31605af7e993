"""The commands that show a workflow in other words, as Python and as a chart; their work is in `python_command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import options

commands = typer.Typer()
PYTHON_HELP = """Print the Python that writes a workflow. Run, it prints the file again, to the byte.

Calls of nodes are typed, so that an editor completes ports and mypy refuses a wrong link.

[bold]Examples[/]

  latentgraph python text_to_image > text_to_image.py
  python text_to_image.py > text_to_image.json
  latentgraph python mine.json --nodes my_nodes.py
  latentgraph python outputs/image-1.png      the workflow that made a picture

"""
CHART_HELP = """Print the graph of a workflow as a Mermaid flowchart, which GitHub and notebooks draw.

[bold]Examples[/]

  latentgraph chart text_to_image
  latentgraph chart mine.json > mine.mmd

"""


@commands.command("python", help=PYTHON_HELP, epilog="Exit codes: 0 done, 2 the workflow or the call is wrong.")
def print_python(
    workflow: options.WorkflowArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.py", help="Write it there instead.", show_default=False),
    ] = None,
    nodes: options.NodeFiles = None,
    debug: options.Debug = False,
) -> None:
    """Print the Python that writes a workflow; its help is PYTHON_HELP."""
    from latentgraph.tui.python_command import write_python

    write_python(workflow, out, nodes or ())


@commands.command("chart", help=CHART_HELP, epilog="Exit codes: 0 done, 2 the workflow or the call is wrong.")
def print_chart(
    workflow: options.WorkflowArgument, nodes: options.NodeFiles = None, debug: options.Debug = False
) -> None:
    """Print the graph of a workflow; its help is CHART_HELP."""
    from latentgraph.tui.python_command import write_chart

    write_chart(workflow, nodes or ())
