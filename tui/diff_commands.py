"""The command that compares two workflows, or what two pictures were made by; its work is in `diff_command`."""

from __future__ import annotations

from typing import Annotated

import typer

from latentgraph.tui import options
from latentgraph.tui.complete import complete_workflows

commands = typer.Typer()
DIFF_HELP = """Compare two workflows, or what two pictures were made by: by node and value, and not by line.

Order and positions are no difference, and a node under another name is one difference and not many. Of pictures the
values of the inputs, the seed, settings, versions and the digests of models are compared, too.

[bold]Examples[/]

  latentgraph diff text_to_image mine.json
  latentgraph diff outputs/image-1.png outputs/image-2.png
  latentgraph diff mine.json outputs/image-1.json --json

[bold]Signs[/]

  + added   - removed   ~ changed   > has another name   \\[-words-]{+words+} in texts

"""
Side = Annotated[
    str,
    typer.Argument(help="A shipped workflow by its name, a workflow file, a picture or its sidecar, or - for standard "
                   "input.", autocompletion=complete_workflows, show_default=False),
]  # fmt: skip


@commands.command(help=DIFF_HELP, epilog="Exit codes: 0 no difference, 1 differences, 2 the call or a file is wrong.")
def diff(
    a: Side,
    b: Side,
    layout: Annotated[
        bool, typer.Option("--layout", help="Compare positions, the order of names and the named schema, too.")
    ] = False,
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    as_json: options.AsJson = False,
    debug: options.Debug = False,
) -> None:
    """Compare two workflows; its help is DIFF_HELP."""
    from latentgraph.tui.diff_command import compare

    raise typer.Exit(compare(a, b, layout=layout, allow_read=allow_read or (), node_files=nodes or (), as_json=as_json))
