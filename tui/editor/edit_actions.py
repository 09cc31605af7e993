"""Editing from the main screen: each key, click and field becomes an operation on the graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from textual import on, work
from textual.events import Paste

from latentgraph.graph.boxes import End
from latentgraph.graph.edit.clipboard import copy, duplicate, paste
from latentgraph.graph.edit.delete import delete
from latentgraph.graph.edit.fitting import fitting, fitting_types
from latentgraph.graph.edit.fixes import fix
from latentgraph.graph.edit.links import connect, disconnect, insert_between, insert_on
from latentgraph.graph.edit.nodes import disable, rename
from latentgraph.graph.edit.placing import group, move, ungroup, unpin
from latentgraph.graph.errors import EditError
from latentgraph.tui.editor.adding import Adding
from latentgraph.tui.editor.canvas.messages import (
    BoxesMoved,
    LinkDropped,
    LinkRefused,
    MenuWanted,
    PortChosen,
)

if TYPE_CHECKING:
    from latentgraph.tui.editor.dialogs.problems import ProblemList
    from latentgraph.tui.editor.scene import Side


class EditActions(Adding):
    """The part of the main screen that changes the graph."""

    # --- linking

    def fitting(self, end: End, side: Side) -> set[End]:
        """What a port may be linked to; asked by the canvas."""
        return fitting(self.graph, end, output=side == "output")

    def action_connect(self) -> None:
        """Show a letter on every port; the second choice is among those that fit the first."""
        self.canvas.connect()

    def action_disconnect(self) -> None:
        """Show a letter on every linked input."""
        linked = [wire.target for wire in self.canvas.scene.wires]
        if linked:
            self.canvas.choose_port(linked, "input", "disconnect", "Cut the wire into: type a label")
        else:
            self.tell("There is no wire here.", "warning")

    def action_insert(self) -> None:
        """Show a letter on every wire of the current box, to put a node into it."""
        cursor = self.canvas.cursor
        linked = [wire.target for wire in self.canvas.scene.wires if cursor in (wire.source[0], wire.target[0])]
        if linked:
            self.canvas.choose_port(linked, "input", "insert", "Put a node before: type a label")
        else:
            self.tell("This box has no wire to put a node into.", "warning")

    @on(PortChosen)
    def _port_chosen(self, event: PortChosen) -> None:
        if event.purpose == "disconnect":
            self.do(lambda: disconnect(self.graph, event.end))
        elif event.purpose == "insert":
            self._insert_on(event.end)

    @work
    async def _insert_on(self, target: End) -> None:
        from latentgraph.tui.editor.dialogs.add_node import AddNode, node_choices

        source = next(wire.source for wire in self.canvas.scene.wires if wire.target == target)
        names = fitting_types(self.graph, source=source, target=target)
        title = f"Put a node between {source[0]} and {target[0]}"
        name = await self.app.push_screen_wait(AddNode(node_choices(self.registry), names, title))
        if name is not None:
            self.do(lambda: insert_on(self.graph, target, name))

    @on(LinkDropped)
    def _link_dropped(self, event: LinkDropped) -> None:
        if event.source is not None and event.target is not None:
            self.link(event.source, event.target)
        else:
            self.add_fitting(event.source, event.target, event.at)

    @on(LinkRefused)
    def _link_refused(self, event: LinkRefused) -> None:
        self.link(event.source, event.target)

    def link(self, source: End, target: End) -> None:
        """Link two ports; where nodes would have to stand between, offer them."""
        replaced = next((wire.source for wire in self.canvas.scene.wires if wire.target == target), None)
        try:
            edit = connect(self.graph, source, target)
        except EditError as error:
            if error.bridge:
                self._offer_bridge(str(error), source, target, error.bridge)
            else:
                self.tell(str(error), "warning")
            return
        self.do(lambda: edit)
        if replaced is not None and replaced != source:
            was, now = f"{replaced[0]}.{replaced[1]}", f"{source[0]}.{source[1]}"
            self.tell(f"Replaced {was} by {now}; u takes it back.")

    @work
    async def _offer_bridge(self, why: str, source: End, target: End, bridge: tuple[str, ...]) -> None:
        from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm

        nodes = ", then ".join(bridge)
        choices = [Choice("insert", f"Insert {nodes}", "primary"), Choice("no", "Leave it")]
        if await self.app.push_screen_wait(Confirm(why, choices, title="These do not fit")) == "insert":
            self.do(lambda: insert_between(self.graph, source, target, bridge))

    # --- changing what is selected

    def chosen(self) -> list[str]:
        """The selected nodes; a word to the user where there are none."""
        boxes = self.canvas.scene.boxes
        keys = [key for key in self.canvas.selected if key in boxes and boxes[key].role not in ("source", "sink")]
        if not keys:
            self.tell("Choose a node first; what is at the edges is no node.", "warning")
        return sorted(keys, key=list(boxes).index)

    def action_delete(self) -> None:
        """Delete; wires go through where the types match."""
        self._delete(rewire=True)

    def action_delete_cut(self) -> None:
        """Delete together with the wires."""
        self._delete(rewire=False)

    def _delete(self, *, rewire: bool) -> None:
        if names := self.chosen():
            beside = self._beside(names)
            if self.do(lambda: delete(self.graph, names, rewire=rewire)) and beside is not None:
                self.canvas.go_to(beside)

    def _beside(self, names: list[str]) -> str | None:
        """A box that feeds one of these, or is fed by one: where to go on when they are gone."""
        wires = self.canvas.scene.wires
        feeding = [wire.source[0] for wire in wires if wire.target[0] in names]
        fed = [wire.target[0] for wire in wires if wire.source[0] in names]
        return next((key for key in (*feeding, *fed) if key not in names), None)

    def action_rename(self) -> None:
        """Ask for another name of the current node."""
        if names := self.chosen():
            self.rename_node(self.canvas.cursor if self.canvas.cursor in names else names[0])

    @work
    async def rename_node(self, name: str) -> None:
        """Ask for another name of a node, and give it."""
        from latentgraph.tui.editor.dialogs.rename import Rename

        taken = [key for key in self.canvas.scene.boxes if key != name]
        new = await self.app.push_screen_wait(Rename(name, taken, f"Rename {name}"))
        if new is not None:
            self.do(lambda: rename(self.graph, name, new))

    def action_mute(self) -> None:
        """Mute, or sound again."""
        self._disable("mute")

    def action_bypass(self) -> None:
        """Bypass, or no more."""
        self._disable("bypass")

    def _disable(self, how: Literal["mute", "bypass"]) -> None:
        if names := self.chosen():
            boxes = self.canvas.scene.boxes
            is_so = all(boxes[name].disabled == how for name in names)
            self.do(lambda: disable(self.graph, names, None if is_so else how))

    def action_copy(self) -> None:
        """Copy as JSON, also to the system's clipboard."""
        if names := self.chosen():
            text = copy(self.graph, names)
            self.app.copy_to_clipboard(text)
            self.tell(f"Copied {_counted(names)} as JSON.")

    def action_paste(self) -> None:
        """Paste nodes; links among them stay."""
        self.paste_text(self.app.clipboard, keep_links=False)

    def action_paste_linked(self) -> None:
        """Paste nodes with the links that feed them."""
        self.paste_text(self.app.clipboard, keep_links=True)

    @on(Paste)
    def _pasted(self, event: Paste) -> None:
        """The terminal pastes its own clipboard; a field that has the focus takes that for itself."""
        if self.canvas.has_focus:
            event.stop()
            self.paste_text(event.text, keep_links=False)

    def paste_text(self, text: str, *, keep_links: bool) -> None:
        """Paste nodes out of a text."""
        if not text.strip():
            self.tell("The clipboard is empty; y copies nodes.", "warning")
        else:
            self.do(lambda: paste(self.graph, text, keep_links=keep_links))

    def action_duplicate(self) -> None:
        """Make a copy beside, fed by the same links."""
        if names := self.chosen():
            self.do(lambda: duplicate(self.graph, names))

    @work
    async def action_group(self) -> None:
        """Ask for a title, and draw a frame around what is marked."""
        from latentgraph.tui.editor.dialogs.rename import Rename

        if names := self.chosen():
            taken = list(self.session.workflow.groups)
            title = await self.app.push_screen_wait(Rename("", taken, "Title of the group", free=True))
            if title is not None:
                self.do(lambda: group(self.graph, names, title))

    def action_ungroup(self) -> None:
        """Take the frames around the selected nodes away."""
        if names := self.chosen():
            self.do(lambda: ungroup(self.graph, names))

    # --- positions

    @on(BoxesMoved)
    def _boxes_moved(self, event: BoxesMoved) -> None:
        self.do(lambda: move(self.graph, event.positions))

    def action_unpin(self) -> None:
        """Let the layout place the selected boxes again."""
        self.do(lambda: unpin(self.graph, list(self.canvas.selected)))

    def action_arrange(self) -> None:
        """Let the layout place every box again."""
        self.do(lambda: unpin(self.graph, list(self.canvas.scene.boxes)))

    # --- time

    def action_undo(self) -> None:
        """Take the last edit back."""
        self.finish_typing()
        label = self.session.history.undo_label
        edit = self.session.undo()
        if edit is None:
            self.tell("Nothing to undo.")
            return
        self.show_edit(edit)
        scope, key = self.session.left_at.get(self.session.history.steps, (self.scope, None))
        if self.canvas.cursor is None and scope == self.scope:
            self.canvas.go_to(key)  # what was added is gone: one is where one was before
        self.tell(f"Undone: {label}")

    def action_redo(self) -> None:
        """Make the edit again that was taken back last."""
        label = self.session.history.redo_label
        edit = self.session.redo()
        if edit is None:
            self.tell("Nothing to do again.")
            return
        self.show_edit(edit)
        self.tell(f"Done again: {label}")

    # --- hints of problems

    def on_problem_list_fix_wanted(self, event: ProblemList.FixWanted) -> None:
        """Do what the hint of a problem says."""
        edit = fix(self.graph, event.problem)
        if edit is None:
            self.tell("This problem has no hint that can be applied by a key.", "warning")
        else:
            self.do(lambda: edit)

    # --- the menu of the right button

    @on(MenuWanted)
    def _menu_wanted(self, event: MenuWanted) -> None:
        self.open_menu(event)

    @work
    async def open_menu(self, event: MenuWanted) -> None:
        """Offer what can be done with a box, or with the empty canvas."""
        from latentgraph.tui.editor.dialogs.menu import Menu, entries_for

        if event.key is not None and event.key not in self.canvas.selected:
            self.canvas.go_to(event.key)
        box = self.canvas.scene.boxes.get(event.key) if event.key else None
        action = await self.app.push_screen_wait(Menu(entries_for(box, inside=len(self.places) > 1), event.screen))
        if action == "add_here":
            self.add_fitting(None, None, event.at)
        elif action is not None:
            await self.app.run_action(action, self.canvas)


def _counted(names: Iterable[str]) -> str:
    count = len(list(names))
    return f"{count} node{'' if count == 1 else 's'}"
