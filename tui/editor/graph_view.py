"""Showing where one is: the boxes of the scope, the form of the current one, and the line above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on

from latentgraph.graph.boxes import BORDERS, Scope
from latentgraph.graph.edit.edit import Edit
from latentgraph.tui.editor.bars import TopView
from latentgraph.tui.editor.base_screen import BaseScreen, Place
from latentgraph.tui.editor.canvas.messages import BoxOpened, CursorMoved, ModeChanged
from latentgraph.tui.editor.scene import NodeState, build_scene


class GraphView(BaseScreen):
    """The part of the main screen that shows the workflow."""

    def show_place(self) -> None:
        """Show where one is, and have it checked."""
        self.show_graph()
        # Once: from then on the canvas knows, and after a save one is where one was.
        cursor, self.place.cursor = self.place.cursor, None
        if cursor is not None and cursor in self.canvas.scene.boxes:
            self.canvas.go_to(cursor)
        self.show_subject()
        self.check_soon()

    def show_graph(self) -> None:
        """Draw the boxes of the scope, their states, and the line above."""
        session = self.session
        scene = build_scene(session.workflow, session.signatures, self.scope, session.problems)
        self.canvas.show(scene)
        self.show_states()
        self.show_top()

    def show_edit(self, edit: Edit) -> None:
        """Show the workflow after an edit, where that was made."""
        if edit.scope != self.scope and self._is_there(edit.scope):
            self.go_to_scope(edit.scope)
        while self.scope and not self._is_there(self.scope):
            self.places.pop()
        self.sidebar.inspector.forget(self._has_box)
        before = self.canvas.scene
        self.show_graph()
        boxes = self.canvas.scene.boxes
        came_back = [key for key in boxes if key not in before.boxes] if before.scope == self.scope else []
        made = [key for key in edit.boxes if key in boxes] or came_back
        if made and self.canvas.cursor not in made:
            self.canvas.select(made if len(made) > 1 else (), cursor=made[0])
            self.canvas.reveal(made[0])
        self.show_subject()
        self.check_soon()

    def go_to_scope(self, scope: Scope) -> None:
        """Be in a loop of the workflow that is shown, or on its top, as if one had gone there step by step."""
        session = self.session
        known = {place.scope: place for place in self.places if place.session is session}
        while self.places and self.places[-1].session is session:
            self.places.pop()
        for depth in range(len(scope) + 1):
            self.places.append(known.get(scope[:depth], Place(session, scope[:depth])))
            self.places[-1].cursor = scope[depth] if depth < len(scope) else self.places[-1].cursor

    def _has_box(self, scope: Scope, key: str) -> bool:
        return key in self.graph.at(scope).nodes or key in BORDERS

    def _is_there(self, scope: Scope) -> bool:
        nodes: Any = self.session.history.data
        for name in scope:
            nodes = nodes.get("nodes", {}).get(name)
            if not isinstance(nodes, dict) or nodes.get("type") != "loop":
                return False
        return True

    def show_top(self) -> None:
        """Say what is open and whether it is right."""
        session = self.session
        problems = session.problems
        crumbs = [self.places[0].session.title]
        for before, place in zip(self.places, self.places[1:], strict=False):
            crumbs.append(place.session.title if place.session is not before.session else place.scope[-1])
        self.top_bar.show(
            TopView(
                tuple(crumbs),
                session.modified,
                len(session.workflow.nodes),
                len(session.errors),
                sum(one.severity == "warning" for one in problems),
                session.checked is session.workflow,
                len(self.runs.waiting),
                self.device,
            )
        )
        self.key_line.look()

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        self.show_subject()
        self.key_line.look()

    @on(ModeChanged)
    def _mode_changed(self) -> None:
        self.key_line.look()

    def show_subject(self) -> None:
        """Have the form show the current box, if there is a form already: it is told when it comes."""
        if not self.has_sidebar:
            return
        key, session, inspector = self.canvas.cursor, self.session, self.sidebar.inspector
        if key is None or key not in self.canvas.scene.boxes:
            inspector.show(None)
            return
        from latentgraph.tui.editor.inspector.boxes import subject_for

        folder = session.base.folder
        problems = session.problems
        inspector.show(subject_for(session.signatures, session.workflow, self.scope, key, problems, folder=folder))
        if self.engine.alive and self.canvas.scene.boxes[key].role not in ("source", "sink"):
            self.engine.look(self.path_of(key))

    @on(BoxOpened)
    async def _box_opened(self, event: BoxOpened) -> None:
        self.canvas.go_to(event.key)
        await self.go_to_subject()

    def show_states(self) -> None:
        """Mark the boxes by what the last run says of them."""
        own = self.runs.owner is self.places[0].session
        prefix = "".join(f"{name}/" for name in self._path_from_root())
        states: Mapping[str, NodeState] = self.runs.states if own else {}
        self.canvas.set_states(
            {
                path.removeprefix(prefix): state
                for path, state in states.items()
                if path.startswith(prefix) and "/" not in path.removeprefix(prefix)
            }
        )

    def _path_from_root(self) -> list[str]:
        """Names of the loops and sub-workflows that one is inside of."""
        names: list[str] = []
        for before, place in zip(self.places, self.places[1:], strict=False):
            names.append(place.scope[-1] if place.session is before.session else before.cursor or "")
        return names

    def path_of(self, key: str) -> str:
        """The path of a box's node, as a run of what was opened writes it."""
        return "/".join([*self._path_from_root(), key])
