"""The command that keeps an engine warm; its work is in `engine_command`."""

from __future__ import annotations

import typer

from latentgraph.tui import options

commands = typer.Typer()
HELP = """Keep an engine warm: models stay loaded, and every `latentgraph run` of yours uses it while it is there.

It listens on a socket in a folder that only you may enter, computes one run after the other, and ends with Ctrl-C.
A run with --nodes, --explain, --no-cache or --debug is computed without it, and so is a sweep.
LATENTGRAPH_ENGINE names another folder for the socket; [cyan]LATENTGRAPH_ENGINE=off[/] before a command does without.

[bold]Example[/]

  latentgraph serve-engine &
  latentgraph run text_to_image --set seed=1

"""


@commands.command("serve-engine", help=HELP)
def serve_engine(
    allow_read: options.AllowRead = None,
    debug: options.Debug = False,
) -> None:
    """Keep an engine warm; its help is HELP."""
    from latentgraph.tui.engine_command import serve

    serve(tuple(allow_read or ()), debug=debug)
