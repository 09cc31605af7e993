"""The file system: picking a file to read, and a place to save to.

Typing narrows the list to what begins so; a path with slashes in it looks into the folders it names.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static
from textual.widgets.input import Selection

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm
from latentgraph.tui.editor.dialogs.dialog import Hint
from latentgraph.tui.editor.dialogs.folders import Entry, exists, is_folder, list_folder, resolved
from latentgraph.tui.editor.dialogs.search import Row, SearchDialog

SUFFIX = ".json"
NAME_WIDTH = 36
"""Columns of the names, so that sizes and dates stand below each other."""


class FileDialog(SearchDialog[Path | None]):
    """Goes through folders; gives a path, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "toggle_all", "All files", show=False, priority=True)]
    TAKE: ClassVar[str] = "open"

    def __init__(self, folder: Path, title: str, suffixes: Sequence[str]) -> None:
        super().__init__(title)
        self.folder = Path(os.path.abspath(folder))
        self._suffixes = frozenset(f".{suffix.lower().lstrip('.')}" for suffix in suffixes)
        self._all = not self._suffixes
        self._entries: dict[str, Entry] = {}

    def contents(self) -> Iterable[Widget]:
        """Where one is, the field, the rows, and the buttons."""
        yield Static("", id="folder", markup=False)
        yield from super().contents()
        yield Static("", id="fault", markup=False)
        yield Horizontal(
            Button(f" {self.TAKE.capitalize()} ", "primary", compact=True, id="take"),
            Button(" Cancel ", compact=True, id="cancel"),
            classes="buttons",
        )

    def hints(self) -> Sequence[Hint]:
        """What the keys do now."""
        hints = [("↑↓", "choose", ""), ("enter", self.TAKE, "choose")]
        if self._suffixes:
            kinds = " ".join(sorted(self._suffixes))
            hints.append(("tab", f"only {kinds}" if self._all else "all files", "toggle_all"))
        return hints

    def rows_for(self, query: str) -> Sequence[Row]:
        """What lies in the folder and begins as was typed."""
        folder, start = self._where(query)
        suffixes = () if self._all else self._suffixes
        listing = list_folder(folder, suffixes, hidden=start.startswith("."))
        self.say(listing.fault)
        up = [Entry("..", folder.parent, True)] if folder.parent != folder and not start else []
        entries = [*up, *(one for one in listing.entries if one.name.casefold().startswith(start.casefold()))]
        self._entries = {f"entry-{index}": entry for index, entry in enumerate(entries)}
        self.query_one("#folder", Static).update(self._shortened(folder))
        return [_row(key, entry) for key, entry in self._entries.items()]

    def refresh_rows(self) -> None:
        """List again; the cursor begins behind the way up."""
        super().refresh_rows()
        row = self.highlighted
        if row is not None and self._entries[row.id].name == ".." and len(self._entries) > 1:
            self.action_move("cursor_down")

    def _where(self, query: str) -> tuple[Path, str]:
        """The folder that is listed, and how what is listed of it begins."""
        head, _, start = query.rpartition("/")
        return (resolved(self.folder, f"{head}/") if "/" in query else self.folder), start

    def _shortened(self, folder: Path) -> str:
        text = printable(str(folder))
        room = self.query_one("#folder").size.width or 60
        return text if len(text) <= room else f"…{text[len(text) - room + 1 :]}"

    def say(self, fault: str) -> None:
        """Show what is wrong."""
        shown = self.query_one("#fault", Static)
        shown.update(f"✗ {printable(fault)}" if fault else "")
        shown.set_class(not fault, "-empty")

    def choose(self, row: Row) -> None:
        """Go into a folder, or take a file."""
        entry = self._entries[row.id]
        if entry.is_folder:
            self.enter(entry.path)
        else:
            self.take(entry)

    def enter(self, folder: Path) -> None:
        """List another folder."""
        self.folder = Path(os.path.normpath(folder))
        field = self.query_one("#query", Input)
        with self.prevent(Input.Changed):
            field.value = self.name_in(field.value)
        self.refresh_rows()

    def name_in(self, typed: str) -> str:
        """What of the typed text stays when another folder is entered."""
        return ""

    def take(self, entry: Entry) -> None:
        """Answer with a file, or make it the answer."""
        raise NotImplementedError

    def action_toggle_all(self) -> None:
        """Show files of all kinds, or only those that are looked for."""
        if self._suffixes:
            self._all = not self._all
            self.show_hints()
            self.refresh_rows()

    @on(Button.Pressed, "#take")
    def _take(self) -> None:
        self.action_choose()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)


class PickFile(FileDialog):
    """Asks for a file that is there; gives its path, or None."""

    PLACEHOLDER = "type a name or a path"
    NOTHING = "Nothing here begins so."

    def __init__(self, folder: Path, title: str = "Open", suffixes: Sequence[str] = ()) -> None:
        """Ask for a file.

        Args:
            folder: Where to begin.
            title: Of the dialog.
            suffixes: Kinds of files that are shown until others are asked for; all where empty.
        """
        super().__init__(folder, title, suffixes)

    def take(self, entry: Entry) -> None:
        """Answer with a file."""
        self.dismiss(entry.path)


class SaveAs(FileDialog):
    """Asks where to save a workflow; gives a path that ends in `.json`, or None. Asks before it overwrites."""

    TAKE = "save"
    NOTHING = ""
    CURSOR_FIRST = False
    PLACEHOLDER = "name of the file"

    def __init__(self, folder: Path, name: str = "workflow.json", title: str = "Save as") -> None:
        super().__init__(folder, title, [SUFFIX])
        self._start = name

    def on_mount(self) -> None:
        """Begin with the name selected, so that typing makes another."""
        field = self.query_one("#query", Input)
        with self.prevent(Input.Changed):
            field.value = self._start
        field.selection = Selection(0, len(self._start))

    def rows_for(self, query: str) -> Sequence[Row]:
        """All of the folder: the name is a new one."""
        return super().rows_for(query.rpartition("/")[0] + "/" if "/" in query else "")

    def name_in(self, typed: str) -> str:
        """The name goes along into another folder."""
        return typed.rpartition("/")[2]

    def take(self, entry: Entry) -> None:
        """Make the name of a file the answer, to be confirmed."""
        self.query_one("#query", Input).value = entry.name

    def action_choose(self) -> None:
        """Take the row under the cursor; without one, save."""
        if self.highlighted is not None:
            super().action_choose()
            return
        typed = self.query_one("#query", Input).value.strip()
        path = resolved(self.folder, typed)
        if not typed or typed.endswith("/") or is_folder(path):
            self._go_or_say(path, typed)
            return
        path = path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)
        if is_folder(path.parent):
            self._settle(path)
        else:
            self.say(f"There is no folder {path.parent.name}.")

    def _go_or_say(self, path: Path, typed: str) -> None:
        if typed and is_folder(path):
            self.query_one("#query", Input).clear()
            self.enter(path)
        else:
            self.say("Type a name for the file." if not typed else f"There is no folder {path.name}.")

    @on(Button.Pressed, "#take")
    def _take(self) -> None:
        # The mouse has been on the list: what the button says is what it does.
        self.query_one("Rows").highlighted = None  # type: ignore[attr-defined]
        self.action_choose()

    @work
    async def _settle(self, path: Path) -> None:
        """Answer with a path; where there is a file, only if it may be overwritten."""
        if exists(path):
            choices = [Choice("cancel", "Keep it"), Choice("overwrite", "Overwrite", "error")]
            question = f"There is a file {printable(path.name)} already."
            if await self.app.push_screen_wait(Confirm(question, choices, title="Overwrite?")) != "overwrite":
                return
        self.dismiss(path)


def _row(key: str, entry: Entry) -> Row:
    name = printable(entry.name)
    if entry.is_folder:
        return Row(key, Content.styled(f"{name}/", "bold"))
    return Row(key, Content.assemble(f"{name:<{NAME_WIDTH}}  ", (entry.about, "dim")))
