"""`latentgraph new workflow`: a workflow of one's own to begin with."""

from __future__ import annotations

from pathlib import Path

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import read_document
from latentgraph.graph.files import write_new
from latentgraph.graph.names import name_fault
from latentgraph.tui.find import SCHEMA_FILE, load_registry, shipped_folder
from latentgraph.tui.messages import CommandError, not_written

START = "text_to_image"


def new_workflow(name: str) -> None:
    """Write `NAME.json` and, where there is none yet, the schema that an editor completes it by.

    Raises:
        CommandError: The name cannot be used, or the file is there already.
    """
    path = Path(name if name.endswith(".json") else f"{name}.json")
    if fault := name_fault(path.stem):
        raise CommandError(fault)
    if not path.parent.is_dir():
        raise CommandError(f"there is no folder '{path.parent}'; make it first")
    workflow = read_document(shipped_folder() / f"{START}.json").workflow
    _write_new(path, canonical_text(workflow))
    print(f"wrote {path}")
    schema = path.parent / SCHEMA_FILE
    if not schema.exists():
        from latentgraph.graph.schema import schema_text

        _write_new(schema, schema_text(load_registry(())))
        print(f"wrote {schema}, by which your editor completes and checks it")
    print(f"""
It is a copy of {START}, to be changed. Next:
  latentgraph run {path} --set prompt="a green star on a white background"
  latentgraph check {path}   # after every edit
  latentgraph nodes   # what else can stand in it""")


def _write_new(path: Path, text: str) -> None:
    try:
        write_new(path, text)
    except FileExistsError:
        raise CommandError(f"{path} is there already; choose another name, or move it away first") from None
    except OSError as error:
        raise not_written(path, error) from None
