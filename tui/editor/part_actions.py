"""Parts of a graph: making nodes a file of their own, and putting one back."""

from __future__ import annotations

from pathlib import Path

from textual import work

from latentgraph.graph.access import AccessError
from latentgraph.graph.edit.extract import extract
from latentgraph.graph.edit.inline import inline
from latentgraph.graph.errors import EditError, WorkflowError
from latentgraph.graph.files import write_new
from latentgraph.tui.editor.edit_actions import EditActions
from latentgraph.tui.editor.file_actions import FileActions
from latentgraph.tui.fmt_command import canonical
from latentgraph.tui.parts import read_part, written_path


class PartActions(EditActions, FileActions):
    """The part of the main screen that turns nodes into sub-workflows and back."""

    @work
    async def action_extract(self) -> None:
        """Ask for a file, and make the selected nodes the workflow that it holds."""
        from latentgraph.tui.editor.dialogs.new_part import NewPart

        self.finish_typing()
        names = self.chosen()
        if not names:
            return
        try:
            extract(self.graph, names, "./part.json")
        except EditError as error:
            self.tell(str(error), "warning")
            return
        if self.session.path is None:
            self.tell("The part is written beside the workflow: save that first.")
            if not await self.save(self.session, title="Save the workflow first"):
                return
        assert self.session.path is not None  # it was saved
        folder = self.session.path.resolve().parent
        stem = names[0] if len(names) == 1 else "part"
        path = await self.app.push_screen_wait(NewPart(folder, f"{stem}.json"))
        if path is not None:
            self._make_part(names, path, folder)

    def _make_part(self, names: list[str], path: Path, folder: Path) -> None:
        """Write the file, whole and over nothing; then put the node there that runs it."""
        try:
            made = extract(self.graph, names, written_path(path, folder))
            write_new(path, canonical(made.part, path.name))
        except (EditError, WorkflowError) as error:
            self.tell(str(error), "warning")
            return
        except OSError as error:
            self.tell(f"{path.name} cannot be written: {error.strerror}", "error")
            return
        self.session.forget_signatures()
        self.do(lambda: made.edit)
        self.tell(f"Wrote {path.name}; o opens it, W puts it back.")

    def action_inline(self) -> None:
        """Put the nodes of the current sub-workflow in its place."""
        self.finish_typing()
        key = self.canvas.cursor
        box = self.canvas.scene.boxes.get(key) if key else None
        if box is None or box.role in ("source", "sink"):
            self.tell("Choose a sub-workflow first.", "warning")
            return
        try:
            edit = inline(self.graph, box.key, read_part(self.graph, box.key))
        except (EditError, AccessError, WorkflowError) as error:
            self.tell(str(error), "warning")
            return
        self.do(lambda: edit)
