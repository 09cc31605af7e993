"""The command that takes other programs' workflows; its work is in `import_command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import options

commands = typer.Typer()

HELP = """Make a workflow of another program's: of ComfyUI, or of a picture that one of several programs made.

It reads ComfyUI's workflows, saved by 'Export' or 'Export (API)', and pictures of ComfyUI, AUTOMATIC1111 and InvokeAI.
What has no counterpart is listed, and kept in the file as a muted node.

[bold]Examples[/]

  latentgraph import theirs.json -o mine.json
  latentgraph import picture.png              writes picture.json
  latentgraph import theirs.json --models ~/ComfyUI/models

"""


@commands.command("import", help=HELP, epilog="Exit codes: 0 wholly, 3 in part, 2 nothing can be read.")
def import_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file of another program, or - for standard input.",
                            show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.json", show_default="its own name with .json, where you stand",
                     help="The workflow to write, or - for standard output."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", "-f", help="Replace the file that is there.")] = False,
    models: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", show_default=False,
                     help="ComfyUI's folder of models, to look into what they are."),
    ] = None,
    nodes: options.NodeFiles = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say what came of it as one JSON object, and nothing else.")
    ] = False,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Take another program's workflow; its help is HELP."""
    from latentgraph.tui.import_command import ImportRequest, import_workflow

    raise typer.Exit(import_workflow(ImportRequest(file, out, overwrite, models, nodes or (), as_json)))
