"""Adding nodes from the main screen: what is asked for, and where it is linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from latentgraph.graph.boxes import End
from latentgraph.graph.edit.fitting import fitting_types
from latentgraph.graph.edit.links import add_after
from latentgraph.graph.edit.nodes import add_node
from latentgraph.graph.workflow import SUBWORKFLOW
from latentgraph.tui.editor.base_screen import BaseScreen
from latentgraph.tui.parts import written_path

if TYPE_CHECKING:
    from latentgraph.tui.editor.canvas.geometry import Position


class Adding(BaseScreen):
    """The part of the main screen that adds nodes."""

    def action_add_node(self) -> None:
        """Ask for a node to add; those that fit the current box come first."""
        self.add_fitting(None, None, None)

    @work
    async def add_fitting(self, source: End | None, target: End | None, at: Position | None) -> None:
        """Ask for a node, add it, and link it to the port that it was asked for."""
        from latentgraph.tui.editor.dialogs.add_node import AddNode, node_choices

        wanted, title = self._wanted(source, target)
        name = await self.app.push_screen_wait(AddNode(node_choices(self.registry), wanted, title))
        if name == SUBWORKFLOW:
            await self._add_subworkflow(at)
        elif name is not None:
            self._add(name, source, target, at)

    def _add(self, name: str, source: End | None, target: End | None, at: Position | None) -> None:
        cursor = self.canvas.cursor
        if source is None and target is None and at is None and cursor is not None:
            self.do(lambda: add_after(self.graph, name, cursor))
            return
        cell = self.canvas.cell_of(at) if at else None
        if self.do(lambda: add_node(self.graph, name, source=source, target=target, position=at)) and cell:
            self.canvas.show_at(self.canvas.cursor or "", cell)

    async def _add_subworkflow(self, at: Position | None) -> None:
        """Ask for the file of a sub-workflow, and add it; its ports are known from then on."""
        from latentgraph.tui.editor.dialogs.pick import PickFile

        folder = self.session.base.folder or Path.cwd()
        path = await self.app.push_screen_wait(PickFile(folder, "Which workflow is it to run?", ["json"]))
        if path is not None:
            self.do(lambda: add_node(self.graph, SUBWORKFLOW, file=written_path(path, folder), position=at))

    def _wanted(self, source: End | None, target: End | None) -> tuple[list[str] | None, str]:
        """The node types that fit a port, and how the dialog is called."""
        if source or target:
            end = source or target
            assert end is not None  # one of the two is there
            names = fitting_types(self.graph, source=source, target=target)
            return names, f"Add a node {'after' if source else 'before'} {end[0]}.{end[1]}"
        cursor = self.canvas.cursor
        box = self.canvas.scene.boxes.get(cursor) if cursor else None
        if box is None or box.role == "sink":
            return None, ""
        outputs = [(box.key, port.name) for port in box.outputs if not port.growing]
        found = dict.fromkeys(name for end in outputs for name in fitting_types(self.graph, source=end))
        return list(found), ""
