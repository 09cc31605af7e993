"""The commands that make a start: of a workflow, and of a package of nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from latentgraph.tui import options

commands = typer.Typer(help="Make a start of your own.", no_args_is_help=True)


@commands.command("workflow")
def new_workflow_file(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME.json is written, never over a file.")],
    debug: options.Debug = False,
) -> None:
    """Write a workflow to begin with."""
    from latentgraph.tui.new_command import new_workflow

    new_workflow(name)


@commands.command("nodes")
def new_nodes_package(
    name: Annotated[
        str, typer.Argument(metavar="PACKAGE", help="Its name, such as my-nodes; a folder of that name is made.")
    ],
    debug: options.Debug = False,
) -> None:
    """Make an installable package with a node, a workflow that uses it and tests."""
    from latentgraph.tui.new_nodes_command import new_nodes

    new_nodes(name)
