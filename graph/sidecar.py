"""A record as a JSON file beside the file it tells of: for those who want pictures without metadata, or read it by eye.

It holds what the file itself would carry, and names that file with its digest, so that the two can be told to belong
together after they were moved or copied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.parse import parse
from latentgraph.graph.problem import Problem
from latentgraph.graph.words import shown

MARK: Final = "latentgraph_record"
"""The key by which a sidecar is known; its value is the version of the form."""
VERSION: Final = 1
SUFFIX: Final = ".json"


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a file stands: `image-1.json` beside `image-1.png`."""
    return path.with_suffix(f".record{SUFFIX}" if path.suffix == SUFFIX else SUFFIX)


def sidecar_text(record: Mapping[str, str], file: str, sha256: str) -> str:
    """The sidecar of the file called `file`, whose bytes have the digest `sha256`."""
    data: dict[str, Any] = {MARK: VERSION, "file": file, "sha256": sha256}
    data |= {name: json.loads(record[name]) for name in ("inputs", "run", "workflow") if name in record}
    if "files" in record:
        data["files"] = {path: json.loads(text) for path, text in json.loads(record["files"]).items()}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def is_sidecar(raw: bytes) -> bool:
    """Whether bytes look like a sidecar, and not like a workflow."""
    # The key stands first; a workflow has it nowhere, unless deep in a value.
    return f'"{MARK}"'.encode() in raw[:100]


def read_sidecar(raw: bytes, name: str) -> Mapping[str, str]:
    """The record in a sidecar, as the file itself would carry it.

    Args:
        raw: The bytes of the sidecar.
        name: How messages call it.

    Raises:
        WorkflowError: It is none, or of a version that is not known.
    """
    data, _ = parse(raw, name)
    if not isinstance(data, dict) or data.get(MARK) != VERSION or isinstance(data[MARK], bool):
        written = data.get(MARK) if isinstance(data, dict) else None
        message = f"the record is of version {shown(written)}; this program reads version {VERSION}"
        raise WorkflowError([Problem("E006", message, "update latentgraph", file=name)])
    record = {key: json.dumps(data[key]) for key in ("workflow", "inputs", "run") if key in data}
    if isinstance(data.get("files"), dict):
        record["files"] = json.dumps({path: json.dumps(inner) for path, inner in data["files"].items()})
    return record


def belongs_to(raw: bytes, folder: Path) -> tuple[str, bool]:
    """The name of the file that a sidecar tells of, and whether what has that name in `folder` is that file.

    Returns:
        An empty name where there is no such file to compare with.
    """
    data = json.loads(raw)
    name = data.get("file") if isinstance(data, dict) else None
    # A bare name: a stranger's sidecar says nothing about other folders.
    if not isinstance(name, str) or name != Path(name).name or not (folder / name).is_file():
        return "", False
    with (folder / name).open("rb") as file:
        return name, hashlib.file_digest(file, "sha256").hexdigest() == data.get("sha256")
