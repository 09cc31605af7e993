"""The command that runs a workflow over many values; its work is in `sweep_command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import options

commands = typer.Typer()
EXIT_CODES = (
    "Exit codes: 0 all runs are done, 1 some failed, 2 the workflow or the call is wrong, 130 cancelled; "
    "the same call goes on where it stopped."
)
HELP = """Run a workflow over many values of its inputs, into a folder with a manifest and a contact sheet.

Values are single ([cyan]7[/]), lists ([cyan]1,2,5[/]), ranges ([cyan]1..64[/] or [cyan]0..1..0.25[/]), lists of JSON \
([cyan]["a star", "a ring"][/]), lines of a file ([cyan]@prompts.txt[/]) or drawn ([cyan]random*8[/], \
anew when those drawn before are done). What --set names is combined, each value with each of the others; what --zip \
names goes on together. What runs have in common is made once, and what several warn of is told once and counted at \
the end. A run is made again when a file that it reads, or the code of a node, has changed.

[bold]Examples[/]

  latentgraph sweep text_to_image --set seed=1..64 --out seeds
  latentgraph sweep text_to_image --set prompt=@prompts.txt --set guidance_scale=3,5,7.5
  latentgraph sweep text_to_image --zip seed=1..3 --zip prompt=@three.txt

"""
Several = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUES", show_default=False,
                 help="Values of an input, each combined with each of the others; may be repeated."),
]  # fmt: skip
Together = Annotated[
    list[str] | None,
    typer.Option("--zip", metavar="NAME=VALUES", show_default=False,
                 help="Values of an input that go on together with those of the other --zip; as many each."),
]  # fmt: skip


@commands.command(help=HELP, epilog=EXIT_CODES)
def sweep(
    workflow: options.WorkflowArgument,
    values: Several = None,
    zipped: Together = None,
    inputs: options.InputsFile = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the sweep.")] = Path("sweep"),
    batch: Annotated[
        str,
        typer.Option("--batch", metavar="N|auto", help="Denoise so many runs at once, which rounds a little "
                     "differently from each alone; auto takes what turns out to be fastest."),
    ] = "1",
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="ray|ray://HOST:PORT", show_default="this process",
                     help="Spread the runs over a Ray cluster: the one that this machine belongs to, or else its own "
                     "GPUs (ray), or one elsewhere."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, show_default="one a GPU, else as many as processors allow",
                     help="Take at most so many workers of the cluster."),
    ] = None,
    no_sheet: Annotated[bool, typer.Option("--no-sheet", help="Write no contact sheet.")] = False,
    no_metadata: options.NoMetadata = False,
    no_cache: options.NoCache = False,
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    memory: options.Memory = None,
    tiling: options.Tiling = None,
    fast: options.Fast = False,
    download: options.Download = False,
    as_json: options.AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the files, one a line.")] = False,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Run a workflow over many values; its help is HELP."""
    from latentgraph.tui.run_command import RunRequest
    from latentgraph.tui.sweep_command import sweep_workflow

    request = RunRequest(
        workflow,
        options.asked_settings(
            device=device, dtype=dtype, memory=memory, tiling=tiling, speed="fast" if fast else None
        ),
        inputs_file=inputs,
        out=out,
        metadata=not no_metadata,
        cache=not no_cache,
        allow_read=allow_read or (),
        node_files=nodes or (),
        download=download,
        as_json=as_json,
        quiet=quiet,
        debug=debug,
    )
    raise typer.Exit(
        sweep_workflow(request, values or (), zipped or (), sheet=not no_sheet, batch=batch, on=on, workers=workers)
    )
