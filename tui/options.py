"""The options that several commands share, each said once: its names, its help and how the shell completes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentgraph.tui.complete import complete_inputs, complete_node_paths, complete_node_types, complete_workflows

WORKFLOW_HELP = (
    "A shipped workflow by its name (text_to_image), a workflow file (./mine.json), a picture that latentgraph made "
    "(the workflow in it), or - for standard input."
)

WorkflowArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help=WORKFLOW_HELP, autocompletion=complete_workflows, show_default=False)
]
WorkflowArguments = Annotated[
    list[str],
    typer.Argument(metavar="WORKFLOW", help=WORKFLOW_HELP, autocompletion=complete_workflows, show_default=False),
]
OptionalWorkflowArgument = Annotated[
    str | None,
    typer.Argument(metavar="WORKFLOW", help="A shipped workflow by its name, a workflow file or a picture; without, "
                   "the editor offers what there is.", autocompletion=complete_workflows, show_default=False),
]  # fmt: skip
FileArguments = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help="Workflow files, or - to rewrite standard input to standard output.",
                   autocompletion=complete_workflows, show_default=False),
]  # fmt: skip
NodeArgument = Annotated[
    str | None,
    typer.Argument(metavar="NODE", help="Show one node type in full: its ports, their types, bounds and defaults.",
                   autocompletion=complete_node_types, show_default=False),
]  # fmt: skip
NodeFiles = Annotated[
    list[Path] | None,
    typer.Option("--nodes", metavar="FILE.py", help="Python file with nodes of your own; may be repeated. It is run.",
                 show_default=False),
]  # fmt: skip
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", autocompletion=complete_inputs, show_default=False,
                 help="Set an input of the workflow; may be repeated. [cyan]seed=random[/] draws a number and shows "
                      "it; [cyan]null[/] unsets what may be unset."),
]  # fmt: skip
InputsFile = Annotated[
    Path | None,
    typer.Option("--inputs", metavar="FILE.json", show_default=False,
                 help="Set several inputs from a JSON object; --set goes before it."),
]  # fmt: skip
AllowRead = Annotated[
    list[Path] | None,
    typer.Option("--allow-read", metavar="DIR", show_default=False,
                 help="Let the workflow read files of this folder too, not only of its own; may be repeated."),
]  # fmt: skip
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="NODE", autocompletion=complete_node_paths, show_default=False,
                 help="Stop at this node and give its outputs instead of the workflow's."),
]  # fmt: skip
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files of the run.")]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="DEVICE", show_default="auto",
                 help="Where to compute: auto (the GPU if there is one), cpu, cuda, cuda:N or mps."),
]  # fmt: skip
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="DTYPE", show_default="auto",
                 help="Precision of the models: auto (float16 on a CUDA device, else float32), float32, "
                      "float16 or bfloat16."),
]  # fmt: skip
Memory = Annotated[
    str | None,
    typer.Option("--memory", metavar="auto|resident|offload|stream", show_default="auto",
                 help="Where weights wait on a GPU: auto (there, as long as they fit), resident (always there), "
                      "offload (only the part that computes) or stream (layer by layer)."),
]  # fmt: skip
Tiling = Annotated[
    str | None,
    typer.Option("--tiling", metavar="off|PIXELS", show_default="off",
                 help="Decode pictures in tiles of this edge, which takes less memory and changes them a little."),
]  # fmt: skip
Fast = Annotated[
    bool,
    typer.Option("--fast", help="Give up bits for speed: models are compiled, which takes minutes at first and is kept "
                 "for later; pictures are a little different."),
]  # fmt: skip
Images = Annotated[
    str, typer.Option("--images", metavar="auto|none|kitty|sixel|blocks", help="How to show pictures in the terminal.")
]
NoMetadata = Annotated[bool, typer.Option("--no-metadata", help="Leave out of the files how they were made.")]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Compute everything, and keep nothing on disk for other runs.")
]
Download = Annotated[bool, typer.Option("--download", help="Fetch a model that is not on this machine without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of text, one object a line.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and the libraries' own messages.")]


def refuse_unknown_mode(images: str) -> None:
    """Refuse a value of `--images` that is none.

    Raises:
        BadParameter: It is none.
    """
    from latentgraph.tui.picture import MODES

    if images not in MODES:
        raise typer.BadParameter(f"{images!r} is none of {', '.join(MODES)}", param_hint="--images")


def asked_settings(**asked: str | None) -> dict[str, str]:
    """The settings of a run that were given on the command line."""
    return {name: value for name, value in asked.items() if value is not None}
