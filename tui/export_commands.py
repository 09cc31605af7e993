"""The command that writes workflows for other programs; its work is in `export_command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import options

commands = typer.Typer()

HELP = """Write a workflow as another program's file, so far as that program can do the same.

ComfyUI's sampler is one closed node: a loop with one denoise_step in it becomes a KSampler. What has no counterpart \
is listed.

[bold]Examples[/]

  latentgraph export ./mine.json --to comfyui              the API format, for its server
  latentgraph export ./mine.json --to comfyui --editor     the format that its editor opens

"""


@commands.command("export", help=HELP, epilog="Exit codes: 0 wholly, 3 in part, 2 nothing can be written.")
def export_file(
    workflow: options.WorkflowArgument,
    to: Annotated[str, typer.Option("--to", metavar="PROGRAM", help="The other program: comfyui.")],
    editor: Annotated[
        bool, typer.Option("--editor", help="Write what the program's editor opens, not what its server runs.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", show_default="NAME_PROGRAM.json, where you stand",
                     help="The file to write, or - for standard output."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", "-f", help="Replace the file that is there.")] = False,
    values: options.Settings = None,
    inputs: options.InputsFile = None,
    nodes: options.NodeFiles = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say what came of it as one JSON object, and nothing else.")
    ] = False,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Write a workflow for another program; its help is HELP."""
    from latentgraph.tui.export_command import ExportRequest, export_workflow

    request = ExportRequest(workflow, to, editor, out, overwrite, values or (), inputs, nodes or (), as_json)
    raise typer.Exit(export_workflow(request))
