"""`latentgraph schema --vscode`: completion of workflow files in VS Code, for the project in the working folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.files import write_new, write_whole
from latentgraph.graph.schema import TITLE, schema_text
from latentgraph.tui.find import SCHEMA_FILE, load_registry
from latentgraph.tui.jsonc import appended, read, replaced
from latentgraph.tui.messages import CommandError, not_written, say

SETTINGS: Final = Path(".vscode/settings.json")
KEY: Final = "json.schemas"
ALWAYS: Final = ("/workflows/*.json", "*.workflow.json")
"""Where workflows may come to lie."""
_LOOKED_AT: Final = 2000
"""JSON files that are opened to see whether they are workflows."""
_LARGEST: Final = 4_000_000
"""Bytes of a file that may be one."""
_NOT_OURS: Final = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})


def set_up(out: Path | None, node_files: Iterable[Path]) -> None:
    """Write the schema, and have VS Code take it for the workflow files of the project.

    Args:
        out: Where the schema is written; `workflow.schema.json` in the working folder where None.
        node_files: Python files whose nodes the schema knows too.

    Raises:
        CommandError: The settings cannot be read, or a file is in the way; then nothing is written.
    """
    schema = out or Path(SCHEMA_FILE)
    found = workflow_files(Path())
    entry = {"fileMatch": patterns(found), "url": _url(schema)}
    before = _settings()
    after = with_entry(before or "", entry)
    stale = [schema, *(path for path in _named(found) if path.resolve() != schema.resolve())]
    for path in stale:
        _require_ours(path)
    registry = load_registry(node_files)
    for note in registry.notes:
        say("warning", note)
    text = schema_text(registry)
    for path in stale:
        _write(path, text)
    if after == before:
        print(f"{SETTINGS} has it already")
    else:
        _write(SETTINGS, after)
    print(f"VS Code completes and checks {', '.join(one.lstrip('/') for one in entry['fileMatch'])} by it.")


def with_entry(text: str, entry: dict[str, Any]) -> str:
    """Settings with an entry of `json.schemas`, in the place of the one of the same schema; the rest as it was.

    Raises:
        CommandError: They cannot be read; the sentence has the lines to put in by hand.
    """
    bom, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    if not text.strip():
        text = "{}\n"
    writing = json.dumps(entry, indent=4, ensure_ascii=False)
    try:
        whole = read(text)
        if not isinstance(whole.value, dict):
            raise ValueError("1:1: the settings are no object")
        expected = dict(whole.value)
        schemas = whole.members.get(KEY)
        if schemas is None:
            made = appended(text, whole, f"{json.dumps(KEY)}: [\n{_indented(writing)}\n]")
            expected[KEY] = [entry]
        elif not isinstance(schemas.value, list):
            raise ValueError(f"1:1: '{KEY}' is no list")
        else:
            of_it = [
                one for one in schemas.items if isinstance(one.value, dict) and one.value.get("url") == entry["url"]
            ]
            made = text if of_it else appended(text, schemas, writing)
            expected[KEY] = [*schemas.value, *([] if of_it else [entry])]
            if of_it and of_it[0].value != entry:
                made = replaced(text, of_it[0], writing)
                expected[KEY] = [entry if one is of_it[0] else one.value for one in schemas.items]
        if read(made).value != expected:
            raise ValueError("1:1: the entry found no place")
    except ValueError as error:
        lines = f"{json.dumps(KEY)}: [\n{_indented(writing)}\n]"
        raise CommandError(
            f"{SETTINGS}:{error}; nothing was written. Repair it, or put this into it by hand:\n{lines}"
        ) from None
    return bom + made


def workflow_files(folder: Path) -> dict[Path, dict[str, Any]]:
    """The workflow files below a folder, with what they hold; hidden folders and those of installers are left out."""
    found = {}
    for path in _json_files(folder):
        try:
            data = json.loads(path.read_bytes()) if path.stat().st_size <= _LARGEST else None
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(data, dict) and "latentgraph" in data and "nodes" in data:
            found[path] = data
    return found


def patterns(found: Iterable[Path]) -> list[str]:
    """What VS Code is to take for workflow files: where they may lie, and those that lie elsewhere by name."""
    others = [f"/{path.as_posix()}" for path in found]
    inside = [one for one in others if Path(one).match("workflows/*.json") or one.endswith(".workflow.json")]
    return [*ALWAYS, *sorted(one for one in others if one not in inside)]


def _json_files(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _NOT_OURS)
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        for name in sorted(names):
            if name.endswith(".json") and not name.endswith(".schema.json"):
                count += 1
                if count > _LOOKED_AT:
                    return
                yield Path(place, name)


def _named(found: dict[Path, dict[str, Any]]) -> list[Path]:
    """The schemas that workflow files name themselves, which go before the settings, and that are there."""
    named: dict[Path, None] = {}
    for path, data in found.items():
        text = data.get("$schema")
        if isinstance(text, str) and text.startswith("./") and (schema := path.parent / text).is_file():
            named[schema] = None
    return list(named)


def _require_ours(path: Path) -> None:
    """Refuse to write over a file that is no schema of workflows."""
    try:
        title = json.loads(path.read_bytes()).get("title")
    except FileNotFoundError:
        return
    except (OSError, ValueError, AttributeError, RecursionError):
        title = None
    if title != TITLE:
        raise CommandError(f"{path} is there and is no schema of workflows; name another by --out")


def _settings() -> str | None:
    """The text of the settings; None where there are none."""
    try:
        return SETTINGS.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise CommandError(f"{SETTINGS} is no UTF-8 text; nothing was written") from None
    except OSError as error:
        raise CommandError(f"{SETTINGS} cannot be read: {error.strerror}", exit_code=1) from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            if path.read_bytes().decode("utf-8", "replace") == text:
                return
            write_whole(path, text)
        else:
            write_new(path, text)
    except OSError as error:
        raise not_written(path, error) from None
    print(f"wrote {path}")


def _url(schema: Path) -> str:
    """A path as the settings name it, counted from the project's folder."""
    if schema.is_absolute() and not schema.resolve().is_relative_to(Path.cwd().resolve()):
        return schema.as_uri()
    return "./" + Path(os.path.relpath(schema)).as_posix()


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
