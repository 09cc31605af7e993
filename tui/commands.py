"""The commands: what each is called, what it takes and what its help says.

The work of a command is imported when it is called, so that `--help`, `check` and completion start fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui import (
    cache_commands,
    diff_commands,
    engine_commands,
    export_commands,
    import_commands,
    new_commands,
    options,
    parts_commands,
    python_commands,
    sweep_commands,
)

ABOUT = """Stable Diffusion as a typed graph that you can read, run and edit from a terminal.

A workflow is a JSON file: nodes, and links between them. Some ship with the program and go by their names.

[bold]Begin with[/]

  latentgraph run text_to_image --set prompt="a green star"
  latentgraph edit text_to_image
  latentgraph new workflow mine
  latentgraph nodes
"""
EXIT_CODES = (
    "Exit codes: 0 done, 1 the run failed, 2 the workflow or the call is wrong, 3 imported in part, 130 cancelled."
)

app = typer.Typer(
    name="latentgraph",
    help=ABOUT,
    epilog=EXIT_CODES,
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(new_commands.commands, name="new")
app.add_typer(parts_commands.commands)
app.add_typer(diff_commands.commands)
app.add_typer(cache_commands.commands)
app.add_typer(import_commands.commands)
app.add_typer(export_commands.commands)
app.add_typer(sweep_commands.commands)
app.add_typer(engine_commands.commands)
app.add_typer(python_commands.commands)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"latentgraph {version('latentgraph')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""


RUN_HELP = """Run a workflow, show its picture and save it.

[bold]Examples[/]

  latentgraph run text_to_image
  latentgraph run text_to_image --set prompt="a red circle" --set seed=random
  latentgraph run ./mine.json --inputs settings.json --out pictures
  latentgraph run outputs/image-1.png         the same picture again
  latentgraph run text_to_image --json        events for a program
  latentgraph run text_to_image --quiet       only the files, one a line

"""


@app.command(help=RUN_HELP, epilog=EXIT_CODES)
def run(
    workflow: options.WorkflowArgument,
    values: options.Settings = None,
    inputs: options.InputsFile = None,
    until: options.Until = None,
    out: options.Out = Path("outputs"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Number the files from 1 and replace what is there.")
    ] = False,
    no_metadata: options.NoMetadata = False,
    sidecar: Annotated[
        bool,
        typer.Option(
            "--sidecar",
            help="Write how each file was made into a JSON file beside it, too; it can be run again like the file.",
        ),
    ] = False,
    no_cache: options.NoCache = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell of each node whether it was run or kept from before, and why.")
    ] = False,
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    memory: options.Memory = None,
    tiling: options.Tiling = None,
    fast: options.Fast = False,
    download: options.Download = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the events for a program, one JSON object a line, and nothing else.")
    ] = False,
    images: options.Images = "auto",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the files that were written, one a line.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Run a workflow; its help is RUN_HELP."""
    from latentgraph.tui.run_command import RunRequest, run_workflow

    options.refuse_unknown_mode(images)
    request = RunRequest(
        workflow,
        options.asked_settings(
            device=device, dtype=dtype, memory=memory, tiling=tiling, speed="fast" if fast else None
        ),
        values or (),
        inputs,
        until,
        out,
        overwrite,
        not no_metadata,
        sidecar,
        not no_cache,
        explain,
        allow_read or (),
        nodes or (),
        download,
        as_json,
        images,
        quiet,
        debug,
    )
    raise typer.Exit(run_workflow(request))


EDIT_HELP = """Edit a workflow in the terminal: see the graph, change it, run it, look at the picture.

[bold]Examples[/]

  latentgraph edit                            choose what to begin with
  latentgraph edit text_to_image              a copy of what ships
  latentgraph edit ./mine.json                a file; one that is not there begins empty
  latentgraph edit outputs/image-1.png        the workflow that made a picture

"""


@app.command(help=EDIT_HELP, epilog="F1 shows the keys, Ctrl-Q leaves.")
def edit(
    workflow: options.OptionalWorkflowArgument = None,
    out: options.Out = Path("outputs"),
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    memory: options.Memory = None,
    tiling: options.Tiling = None,
    fast: options.Fast = False,
    images: options.Images = "auto",
    web: Annotated[
        int | None,
        typer.Option("--web", metavar="PORT", min=1, max=65535, show_default=False,
                     help="Serve the editor to a browser of this machine, such as at 8000, by textual-serve."),
    ] = None,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Draw boxes, ports and wires with the characters of ASCII alone.")
    ] = False,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Open the editor; its help is EDIT_HELP."""
    from latentgraph.tui.edit_command import edit_workflow
    from latentgraph.tui.editor.request import EditRequest

    options.refuse_unknown_mode(images)
    asked = options.asked_settings(
        device=device, dtype=dtype, memory=memory, tiling=tiling, speed="fast" if fast else None
    )
    request = EditRequest(workflow, asked, out, allow_read or (), nodes or (), images, web, ascii_only)
    raise typer.Exit(edit_workflow(request))


@app.command(epilog="Exit codes: 0 no errors (there may be warnings), 2 errors.")
def check(
    workflows: options.WorkflowArguments,
    values: options.Settings = None,
    inputs: options.InputsFile = None,
    allow_read: options.AllowRead = None,
    nodes: options.NodeFiles = None,
    as_json: options.AsJson = False,
    debug: options.Debug = False,
) -> None:
    """Find everything that is wrong with workflows, without running them or reading weights.

    Each problem is a line: file:line:column: code node.port: what is wrong; what to do.
    """
    from latentgraph.tui.check_command import CheckRequest, check_workflows

    request = CheckRequest(workflows, values or (), inputs, allow_read or (), nodes or (), as_json)
    raise typer.Exit(check_workflows(request))


@app.command("nodes")
def list_node_types(
    name: options.NodeArgument = None,
    nodes: options.NodeFiles = None,
    as_json: options.AsJson = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="Print the reference page of all nodes, as Markdown.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """List the node types that a workflow can use, or show one in full."""
    from latentgraph.tui.listing import list_nodes, print_reference

    if reference:
        print_reference(nodes or ())
    else:
        list_nodes(name, nodes or (), as_json=as_json)


@app.command("workflows")
def list_shipped_workflows(as_json: options.AsJson = False, debug: options.Debug = False) -> None:
    """List the workflows that ship, to run or to copy by name."""
    from latentgraph.tui.listing import list_workflows

    list_workflows(as_json=as_json)


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead.", show_default=False)
    ] = None,
    vscode: Annotated[
        bool,
        typer.Option(
            "--vscode", help="Write it into this folder, and have VS Code take it for the workflow files here."
        ),
    ] = False,
    nodes: options.NodeFiles = None,
    debug: options.Debug = False,
) -> None:
    """Print the JSON Schema of workflow files, by which an editor completes and checks them.

    A file names it: "$schema": "./workflow.schema.json".
    """
    if vscode:
        from latentgraph.tui.vscode import set_up

        set_up(out, nodes or ())
        return
    from latentgraph.tui.schema_command import write_schema

    write_schema(out, nodes or ())


@app.command(epilog="Exit codes: 0 done, 1 with --check where a file would change, 2 where one is broken.")
def fmt(
    files: options.FileArguments,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; list the files that would change.")] = False,
    debug: options.Debug = False,
) -> None:
    """Write workflow files in the one canonical way, so that edits are small diffs."""
    from latentgraph.tui.fmt_command import format_files

    raise typer.Exit(format_files(files, check=check))
