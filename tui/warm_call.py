"""What a call of `latentgraph run` asks for, as far as a warm engine can do it, read without what reads any call.

What is not understood here, for whatever reason, is left to the command line itself, which also says what is wrong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from latentgraph.tui.picture import MODES

FLAGS: Final = ("--overwrite", "--no-metadata", "--sidecar", "--download", "--json", "--quiet", "--fast")
VALUES: Final = ("--inputs", "--until", "--out", "--device", "--dtype", "--memory", "--tiling", "--images")
LISTS: Final = ("--set", "--allow-read")
HERE: Final = ("--no-cache", "--explain", "--nodes", "--debug")
"""Options of what is computed in the process of the call."""
SHORT: Final = {"-q": "--quiet"}
WORKFLOWS: Final = Path(__file__).parents[1] / "workflows"
SUFFIX: Final = ".json"


@dataclass(slots=True)
class WarmCall:
    """What was asked for on the command line."""

    workflow: str = ""
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in LISTS})

    @property
    def settings(self) -> dict[str, str]:
        """Of the run."""
        names = ("device", "dtype", "memory", "tiling")
        asked = {name: self.values[f"--{name}"] for name in names if f"--{name}" in self.values}
        return asked | {"speed": "fast"} if "--fast" in self.flags else asked

    def request(self, text: str, path: Path, name: str) -> dict[str, Any]:
        """What the engine is asked to run, as plain data."""
        return {
            "workflow": text,
            "name": name,
            "path": str(path.resolve()),
            "given": {},
            "settings": self.settings,
            "until": self.values.get("--until"),
            "out": str(Path(self.values.get("--out", "outputs")).resolve()),
            "overwrite": "--overwrite" in self.flags,
            "metadata": "--no-metadata" not in self.flags,
            "sidecar": "--sidecar" in self.flags,
            "allow_read": [str(Path(folder).resolve()) for folder in self.lists["--allow-read"]],
            "previews": False,
            "download": "--download" in self.flags,
        }

    def values_asked(self) -> dict[str, Any]:
        """How the values of its inputs were set."""
        inputs = self.values.get("--inputs")
        return {"set": self.lists["--set"], "inputs": None if inputs is None else str(Path(inputs).resolve())}

    def means_a_file(self, folder: Path) -> bool:
        """Whether a value may be a path that means another file where the engine runs, in `folder`, than here."""
        if folder == Path.cwd():
            return False
        written = [setting.partition("=")[2] for setting in self.lists["--set"]]
        if "--inputs" in self.values:
            written += _texts(json.loads(Path(self.values["--inputs"]).read_bytes()))
        return any(os.path.exists(text) or os.path.exists(folder / text) for text in written if not os.path.isabs(text))


def read_call(arguments: list[str]) -> WarmCall | None:
    """The call that `arguments` make; None where they ask for anything else than a run that an engine can do."""
    if arguments[:1] != ["run"]:
        return None
    call, words = WarmCall(), iter(arguments[1:])
    for word in words:
        if not word.startswith("-"):
            if call.workflow:
                return None
            call.workflow = word
            continue
        option, equals, value = word.partition("=") if word.startswith("--") else (SHORT.get(word, ""), "", "")
        if option in FLAGS and not equals:
            call.flags.add(option)
            continue
        if option not in VALUES + LISTS:
            return None
        value = value if equals else next(words, "-")
        if value.startswith("-"):
            return None
        if option in LISTS:
            call.lists[option].append(value)
        else:
            call.values[option] = value
    return call if call.workflow and call.values.get("--images", "auto") in MODES else None


def workflow_file(written: str) -> tuple[Path, str] | None:
    """The file of a workflow, and how messages call it; None where it is none or anything else, such as a picture."""
    shipped = WORKFLOWS / f"{written}{SUFFIX}"
    if Path(written).name == written and shipped.is_file() and written != "workflow.schema":
        return shipped, shipped.name
    path = Path(written)
    return (path, written) if path.suffix == SUFFIX and path.is_file() else None


def _texts(data: Any) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping | list):
        for item in data.values() if isinstance(data, Mapping) else data:
            yield from _texts(item)
