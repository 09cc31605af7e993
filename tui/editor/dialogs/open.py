"""Which workflow to work on: a recent file, one that ships, an empty one, or any file of the file system."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import work
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widget import Widget
from textual.widgets import Static

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.pick import PickFile
from latentgraph.tui.editor.dialogs.search import Row, SearchDialog, highlighted
from latentgraph.tui.shipped import Shipped

BROWSE = "browse"
PLAINEST = "text_to_image"
"""The workflow to begin with."""
NAME_WIDTH = 24
"""Columns of the names; what is said of a longer one begins later."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is to be opened."""

    kind: Literal["empty", "shipped", "file"]
    path: Path | None = None
    """Of a shipped workflow or a file."""
    name: str = ""
    """Of a shipped workflow."""


class OpenWorkflow(SearchDialog[Opening | None]):
    """Asks which workflow to open; gives an Opening, or None."""

    HEADING = "Open a workflow"
    PLACEHOLDER = "type to search, or the path of a file"
    NOTHING = "Nothing matches. A path ends in .json or .png, or has a / in it."
    HINTS: ClassVar = (("↑↓", "choose", ""), ("enter", "open", "choose"))

    def __init__(
        self, shipped: Sequence[Shipped], recent: Sequence[Path], folder: Path | None = None, title: str = ""
    ) -> None:
        """Ask which workflow to open.

        Args:
            shipped: The workflows that ship.
            recent: Files that were open lately, the latest first.
            folder: Where the file system is entered, and where a typed path counts from; the current one where None.
            title: Of the dialog.
        """
        super().__init__(title)
        self._folder = folder or Path.cwd()
        self._openings: dict[str, Opening] = {}
        # What runs as it is comes first, and of that the plainest.
        self._shipped = sorted(shipped, key=lambda one: (bool(one.needs), one.name != PLAINEST, one.name))
        self._recent = tuple(recent)

    with_empty: ClassVar[bool] = True
    """Whether an empty workflow is offered."""

    def rows_for(self, query: str) -> Sequence[Row]:
        """What matches, the typed path first."""
        matcher = Matcher(query) if query else None
        rows: list[Row] = []
        self._openings = {}
        if _is_path(query):
            rows.append(self._typed(query))
        for name, says, heading, opening, detail in self._offers():
            if matcher is None or matcher.match(name) > 0:
                title = highlighted(printable(name), matcher)
                key = f"row-{len(rows)}" if opening else BROWSE
                if opening:
                    self._openings[key] = opening
                space = " " * (max(0, NAME_WIDTH - len(title.plain)) + 2)
                prompt = Content.assemble(title, space, (says, "dim"))
                rows.append(Row(key, prompt, Content(detail), heading))
        return rows

    def _offers(self) -> Iterable[tuple[str, str, str, Opening | None, str]]:
        """Name, what is said of it, heading, what it opens and the detail of everything there is."""
        for path in self._recent:
            yield path.name, _shortened(path.parent), "recent files", Opening("file", path), printable(str(path))
        for one in self._shipped:
            heading = "workflows that need files of yours" if one.needs else "workflows that run as they are"
            wants = f" Needs: {', '.join(one.needs)}." if one.needs else ""
            yield one.name, one.sentence, heading, Opening("shipped", one.path, one.name), one.sentence + wants
        if self.with_empty:
            yield "Empty workflow", "Begin with nothing.", "other", Opening("empty"), ""
        yield "Browse…", "Any file of the file system.", "other", None, ""

    def _typed(self, query: str) -> Row:
        path = Path(query).expanduser()
        path = path if path.is_absolute() else self._folder / path
        self._openings["typed"] = Opening("file", path)
        return Row(
            "typed", Content.assemble(("Open ", "bold"), printable(query)), Content(printable(str(path))), "path"
        )

    def choose(self, row: Row) -> None:
        """Answer with a workflow, or go to the file system."""
        if row.id == BROWSE:
            self._browse()
        else:
            self.dismiss(self._openings[row.id])

    @work
    async def _browse(self) -> None:
        path = await self.app.push_screen_wait(PickFile(self._folder, "Open a workflow", ("json", "png")))
        if path is not None:
            self.dismiss(Opening("file", path))


class StartScreen(OpenWorkflow):
    """What the editor shows when it is called without a workflow; gives an Opening, or None."""

    HEADING = "latentgraph"
    WELCOME: ClassVar[str] = "Stable Diffusion as a graph that you can see, change and run. Choose where to begin:"

    def contents(self) -> Iterable[Widget]:
        """A welcome above the list."""
        yield Static(self.WELCOME, id="welcome")
        yield from super().contents()


def _is_path(query: str) -> bool:
    return bool(query) and ("/" in query or os.sep in query or query.lower().endswith((".json", ".png")))


def _shortened(folder: Path) -> str:
    """A folder with `~` for the home folder."""
    try:
        return printable(f"~/{folder.relative_to(Path.home())}".removesuffix("/."))
    except (ValueError, RuntimeError):
        return printable(str(folder))
