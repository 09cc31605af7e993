"""What is asked for in the form of a box becomes an operation on the graph."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import on, work
from textual.app import SuspendNotSupported

from latentgraph.graph.boxes import BORDERS, INPUTS
from latentgraph.graph.edit.edit import ABSENT, Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.interface import (
    expose,
    remove_input,
    remove_output,
    rename_input,
    rename_output,
    set_input,
)
from latentgraph.graph.edit.links import disconnect
from latentgraph.graph.edit.loops import Kind, entry_kind, remove_entry, rename_entry
from latentgraph.graph.edit.nodes import describe, set_file
from latentgraph.graph.edit.values import set_value, unset_value
from latentgraph.graph.edit.whole import describe_workflow
from latentgraph.graph.errors import EditError
from latentgraph.tui.editor.base_screen import BaseScreen
from latentgraph.tui.editor.inspector.messages import (
    DescriptionEdited,
    DisconnectWanted,
    ExposeWanted,
    FileEdited,
    InspectorMessage,
    ItemRemoveWanted,
    ItemRenameWanted,
    LinkFollowed,
    PortMessage,
    RenameWanted,
    ValueEdited,
    ValueUnset,
)

_Typed = ValueEdited | ValueUnset | DescriptionEdited | FileEdited


class FormActions(BaseScreen):
    """The part of the main screen that listens to the form."""

    def _of(self, event: InspectorMessage) -> Graph:
        """The graph of the scope that a message is about, which may not be the one that is shown any more."""
        return self.graph.at(event.scope)

    def _typed(self, event: _Typed, make: Callable[[], Edit]) -> None:
        """Make an edit of a field, once; what is typed in one go is one step."""
        if event.taken:
            return
        event.taken = True
        if event.key not in self._of(event).nodes and event.key not in BORDERS:
            return  # its box was deleted while the message was on its way
        super().do(make)
        if event.final:
            self.session.history.seal()

    @on(ValueEdited)
    def _value_edited(self, event: ValueEdited) -> None:
        graph = self._of(event)
        if event.key == INPUTS and not event.scope:
            self._typed(event, lambda: set_input(graph, event.port, default=event.value))
        else:
            self._typed(event, lambda: set_value(graph, event.key, event.port, event.value))

    @on(ValueUnset)
    def _value_unset(self, event: ValueUnset) -> None:
        graph = self._of(event)
        if event.key == INPUTS and not event.scope:
            self._typed(event, lambda: set_input(graph, event.port, default=ABSENT))
        else:
            self._typed(event, lambda: unset_value(graph, event.key, event.port))

    @on(DescriptionEdited)
    def _description_edited(self, event: DescriptionEdited) -> None:
        graph = self._of(event)
        if event.key in graph.nodes:
            self._typed(event, lambda: describe(graph, event.key, event.text))
        else:
            self._typed(event, lambda: describe_workflow(graph, event.text))

    @on(FileEdited)
    def _file_edited(self, event: FileEdited) -> None:
        self._typed(event, lambda: set_file(self._of(event), event.key, event.file))

    @on(DisconnectWanted)
    def _disconnect_wanted(self, event: DisconnectWanted) -> None:
        self.do(lambda: disconnect(self._of(event), (event.key, event.port)))

    @on(ExposeWanted)
    def _expose_wanted(self, event: ExposeWanted) -> None:
        self.do(lambda: expose(self._of(event), event.key, event.port))

    @on(LinkFollowed)
    def _link_followed(self, event: LinkFollowed) -> None:
        if event.end[0] in self.canvas.scene.boxes:
            self.canvas.go_to(event.end[0])

    @on(RenameWanted)
    def _rename_wanted(self, event: RenameWanted) -> None:
        self.rename_node(event.key)

    @on(ItemRenameWanted)
    def _item_rename_wanted(self, event: ItemRenameWanted) -> None:
        self._rename_item(event)

    @work
    async def _rename_item(self, event: ItemRenameWanted) -> None:
        from latentgraph.tui.editor.dialogs.rename import Rename

        new = await self.app.push_screen_wait(Rename(event.port, (), f"Rename {event.port}"))
        if new is not None:
            self.do(lambda: self._renamed(event, new))

    def _renamed(self, event: ItemRenameWanted, new: str) -> Edit:
        graph = self._of(event)
        if not event.scope and event.key == INPUTS:
            return rename_input(graph, event.port, new)
        if not event.scope and event.key == graph.sink_box:
            return rename_output(graph, event.port, new)
        outer, loop, kind = _entry(graph, event)
        return rename_entry(outer, loop, kind, event.port, new)

    @on(ItemRemoveWanted)
    def _item_remove_wanted(self, event: ItemRemoveWanted) -> None:
        graph = self._of(event)
        if not event.scope and event.key == INPUTS:
            self.do(lambda: remove_input(graph, event.port))
        elif not event.scope and event.key == graph.sink_box:
            self.do(lambda: remove_output(graph, event.port))
        else:
            self.do(lambda: self._entry_removed(graph, event))

    def _entry_removed(self, graph: Graph, event: ItemRemoveWanted) -> Edit:
        outer, loop, kind = _entry(graph, event)
        return remove_entry(outer, loop, kind, event.port)

    def do(self, make: Callable[[], Edit]) -> bool:
        """Make an edit, after what was typed before it."""
        self._take_typed()
        return super().do(make)

    def finish_typing(self) -> None:
        """Take what is being typed into a field as an edit."""
        self._take_typed()
        self.session.history.seal()

    def _take_typed(self) -> None:
        for event in self.sidebar.inspector.take_commits():
            self._take(event)

    def _take(self, event: InspectorMessage) -> None:
        """Do at once what a message would have done when its turn came."""
        match event:
            case ValueEdited():
                self._value_edited(event)
            case ValueUnset():
                self._value_unset(event)
            case DescriptionEdited():
                self._description_edited(event)
            case FileEdited():
                self._file_edited(event)

    # --- a text in the user's own editor

    def action_expose(self) -> None:
        """Ask which value of the current node is to be an input of the workflow: the one whose field is focused."""
        key = self.canvas.cursor
        box = self.canvas.scene.boxes.get(key) if key else None
        open_fields = [one.name for one in box.fields if not one.source] if box else []
        if box is None or not open_fields:
            self.tell("This box has no value that could be an input of the workflow.", "warning")
        elif len(open_fields) == 1:
            self.do(lambda: expose(self.graph, box.key, open_fields[0]))
        else:
            self._choose_exposed(box.key, open_fields)

    @work
    async def _choose_exposed(self, key: str, names: list[str]) -> None:
        from latentgraph.tui.editor.dialogs.menu import Entry, Menu

        name = await self.app.push_screen_wait(Menu([Entry(one, one) for one in names], None, "Which value?"))
        if name is not None:
            self.do(lambda: expose(self.graph, key, name))

    def action_edit_text(self) -> None:
        """Write the longest text of the current box in $EDITOR."""
        key = self.canvas.cursor
        found = self._longest_text(key) if key else None
        if key is None or found is None:
            self.tell("This box has no text of its own; choose one with a prompt.", "warning")
            return
        port, before = found
        after = self._in_editor(before)
        if after is not None and after != before:
            self.post_message(ValueEdited(self.scope, key, port, after, True))

    def _longest_text(self, key: str) -> tuple[str, str] | None:
        """The port whose value is the longest text, and that text."""
        values: dict[str, Any] = {}
        if key == INPUTS and not self.scope:
            values = {name: one.default for name, one in self.session.workflow.inputs.items()}
        elif key in self.graph.nodes:
            values = dict(self.graph.node(key).get("inputs", {}))
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        name = max(texts, key=lambda one: len(texts[one]), default=None)
        return (name, texts[name]) if name is not None else None

    def _in_editor(self, text: str) -> str | None:
        """What a text is after the user's editor had it; None where it could not be started or failed."""
        program = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "text.txt"
            try:
                file.write_text(text, "utf-8")
                with self.app.suspend():
                    done = subprocess.run([*shlex.split(program), str(file)], check=False)
                written = file.read_text("utf-8")
            except SuspendNotSupported:
                self.tell("This terminal cannot be lent to another program; F3 goes to the form instead.", "warning")
                return None
            except (OSError, ValueError) as error:
                self.tell(f"{program} could not be used: {error}; set EDITOR to another.", "error")
                return None
        if done.returncode:
            self.tell(f"{program} ended with {done.returncode}; the text is as it was.", "warning")
            return None
        return written.removesuffix("\n")


def _entry(graph: Graph, event: PortMessage) -> tuple[Graph, str, Kind]:
    """The graph around a loop, the loop and the kind of its entry: seen on its box, or at the edge of its body.

    Raises:
        EditError: The loop has no such entry.
    """
    output = event.key == graph.sink_box
    outer, loop = graph, event.key
    if graph.scope and event.key in (graph.source_box, graph.sink_box):
        outer, loop = graph.at(graph.scope[:-1]), graph.scope[-1]
    kind = entry_kind(outer, loop, event.port, output=output) or entry_kind(outer, loop, event.port, output=True)
    if kind is None:
        raise EditError(f"The loop '{loop}' has no entry '{event.port}'.")
    return outer, loop, kind
