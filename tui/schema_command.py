"""`latentgraph schema`: the JSON Schema of workflow files, with the nodes that are there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from latentgraph.graph.schema import schema_text
from latentgraph.tui.find import load_registry
from latentgraph.tui.messages import not_written, say, write_utf8


def write_schema(out: Path | None, node_files: Iterable[Path]) -> None:
    """Print the schema, or write it to `out`.

    Raises:
        CommandError: The file cannot be written.
    """
    registry = load_registry(node_files)
    for note in registry.notes:
        say("warning", note)
    text = schema_text(registry)
    if out is None:
        write_utf8(text)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise not_written(f"--out {out}:", error) from None
    print(f"wrote {out}", file=sys.stderr)
