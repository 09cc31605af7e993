"""Where the file of a part is to be made: in the workflow's folder or below, and never over another."""

from __future__ import annotations

from pathlib import Path

from textual import work

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.folders import exists
from latentgraph.tui.editor.dialogs.pick import SaveAs


class NewPart(SaveAs):
    """Asks for a file that is not there yet; gives its path, or None."""

    HEADING = "Make a part"
    TAKE = "make"

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, _free(folder, name), "Make the nodes a file of their own")
        self._root = folder

    @work
    async def _settle(self, path: Path) -> None:
        """Answer with a path that can be one."""
        if not (path.parent.resolve() / path.name).is_relative_to(self._root.resolve()):
            self.say("A workflow reads from its own folder only: stay in it.")
        elif exists(path):
            self.say(f"There is a file {printable(path.name)} already; choose another name.")
        else:
            self.dismiss(path)


def _free(folder: Path, name: str) -> str:
    """A name that no file of the folder has."""
    stem, number = name.removesuffix(".json"), 2
    while exists(folder / name):
        name, number = f"{stem}_{number}.json", number + 1
    return name
