"""What `import` and `export` have in common: where they write, and how they tell what is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentgraph.graph.files import write_new, write_whole
from latentgraph.graph.foreign import ForeignFormat, Untranslated
from latentgraph.graph.names import printable
from latentgraph.tui.find import STANDARD_INPUT
from latentgraph.tui.messages import CommandError, not_written, print_json, write_utf8

IN_PART = 3
"""The exit code where something is missing."""


def target_of(out: Path | None, usual: str, *, overwrite: bool, as_json: bool) -> Path | None:
    """Where to write; None for standard output.

    Args:
        out: What was asked for.
        usual: The name where nothing was.
        overwrite: Whether a file that is there is replaced.
        as_json: Whether standard output is wanted for something else.

    Raises:
        CommandError: Nothing can or may be written there.
    """
    target = out or Path(usual)
    if str(target) == STANDARD_INPUT:
        if as_json:
            raise CommandError("--json and -o - both want standard output; write to a file")
        return None
    try:
        if target.is_dir():
            raise CommandError(f"{target} is a folder; name a file in it")
        if not target.parent.is_dir():
            raise CommandError(f"there is no folder '{target.parent}'; make it first")
        if os.path.lexists(target) and not overwrite:
            hint = "-f replaces it" if out else "choose another with -o, or -f to replace it"
            raise CommandError(f"{target} is there already; {hint}")
    except (OSError, ValueError) as error:
        raise CommandError(f"{str(target)!r} is no name of a file: {error}") from None
    return target


def write(target: Path | None, text: str, *, overwrite: bool) -> None:
    """Write a text whole or not at all; to standard output where there is no target.

    Raises:
        CommandError: It cannot be written.
    """
    if target is None:
        write_utf8(text)
        return
    try:
        if overwrite:
            write_whole(target, text)
        else:
            write_new(target, text)
    except FileExistsError:
        raise CommandError(f"{target} is there already; -f replaces it") from None
    except OSError as error:
        raise not_written(target, error) from None


def tell(
    event: str,
    target: Path | None,
    form: ForeignFormat,
    untranslated: Sequence[Untranslated],
    notes: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Say what was written, and everything that is missing in it.

    Args:
        event: `imported` or `exported`.
        target: The file that was written; None for standard output.
        form: The other program's format.
        untranslated: What is missing.
        notes: What comes out differently.
        as_json: As one object.
    """
    if as_json:
        missing: list[dict[str, Any]] = [
            {"place": one.place, "node": one.node, "reason": one.reason, "hint": one.hint} for one in untranslated
        ]
        said = {"file": str(target), "format": form.name, "notes": list(notes), "untranslated": missing}
        print_json({"event": event, **said})
        return
    what = "a workflow of" if event == "imported" else "for"
    lines = [f"wrote {target}, {what} {form.program}"] if target else []
    lines += [f"note: {printable(note)}" for note in notes]
    if untranslated:
        count = "1 node is" if len(untranslated) == 1 else f"{len(untranslated)} nodes are"
        lines.append(f"{count} not translated:")
        lines += [f"  {_sentence(one)}" for one in untranslated]
    stream = sys.stderr if target is None else sys.stdout
    stream.writelines(f"{line}\n" for line in lines)


def _sentence(one: Untranslated) -> str:
    told = f"{one.place}: {one.node}: {one.reason}" + (f"; {one.hint}" if one.hint else "")
    return printable(told)
