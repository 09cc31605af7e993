"""The file system: picking a file to read, and a place to save to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import work
from textual.widgets import Input
from textual_fspicker import FileOpen, FileSave, Filters

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm

SUFFIX = ".json"


def _filters(suffixes: Sequence[str]) -> Filters:
    wanted = {f".{suffix.lower()}" for suffix in suffixes}
    name = ", ".join(sorted(wanted))
    return Filters((name, lambda path: path.suffix.lower() in wanted), ("all files", lambda path: True))


class PickFile(FileOpen):
    """Asks for a file that is there; gives its path, or None."""

    def __init__(self, folder: Path, title: str = "Open", suffixes: Sequence[str] = ()) -> None:
        """Ask for a file.

        Args:
            folder: Where to begin.
            title: Of the dialog.
            suffixes: Kinds of files that are shown until others are asked for; all where empty.
        """
        super().__init__(folder, title, filters=_filters(suffixes) if suffixes else None)


class SaveAs(FileSave):
    """Asks where to save a workflow; gives a path that ends in `.json`, or None. Asks before it overwrites."""

    def __init__(self, folder: Path, name: str = "workflow.json", title: str = "Save as") -> None:
        super().__init__(folder, title, filters=_filters(["json"]), default_file=name)

    def on_mount(self) -> None:
        """Begin in the field: the folder is mostly right."""
        super().on_mount()
        self.query_one(Input).focus()

    def _should_return(self, candidate: Path) -> bool:
        # The answer comes by `_settle`, which may have to ask first.
        path = candidate if candidate.suffix.lower() == SUFFIX else candidate.with_name(candidate.name + SUFFIX)
        if not path.parent.is_dir():
            self._set_error(f"There is no folder {printable(path.parent.name)}")
        elif path.is_dir():
            self._set_error("This is a folder")
        else:
            self._settle(path)
        return False

    @work
    async def _settle(self, path: Path) -> None:
        """Answer with a path; where there is a file, only if it may be overwritten."""
        if path.exists():
            choices = [Choice("cancel", "Keep it"), Choice("overwrite", "Overwrite", "error")]
            question = f"There is a file {printable(path.name)} already."
            if await self.app.push_screen_wait(Confirm(question, choices, title="Overwrite?")) != "overwrite":
                return
        self.dismiss(path)
