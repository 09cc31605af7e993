"""Every key of the editor in one table: bindings, the footer and the help screen are read from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """What some keys do somewhere."""

    action: str
    """Of the widget that binds it; `screen.` before it where the screen does it."""
    keys: str
    """Textual's names of the keys, with commas between; the first is the one that is shown."""
    where: str
    """`app`: wherever the main screen has the focus; else the name of what has to have the focus."""
    label: str
    """A word or two, for the footer and the palette."""
    help: str
    """A sentence, for the help screen."""
    group: str
    footer: bool = False
    """Whether the footer shows it."""

    @property
    def id(self) -> str:
        """The name by which a user's keymap gives it other keys."""
        return f"{self.where}.{self.action}"


def _keys(where: str, group: str, *rows: tuple[str, str, str, str] | tuple[str, str, str, str, bool]) -> list[Key]:
    return [Key(row[0], row[1], where, row[2], row[3], group, *row[4:]) for row in rows]


KEYS: tuple[Key, ...] = (
    *_keys(
        "app",
        "File",
        ("save", "ctrl+s", "Save", "Save the workflow in its canonical form.", True),
        ("open", "ctrl+o", "Open", "Open a workflow: recent files, shipped workflows, the file system."),
        ("new", "ctrl+n", "New", "Begin an empty workflow; ctrl+o opens those that ship."),
        ("quit", "ctrl+q", "Quit", "Leave; what is not saved is asked about first."),
    ),
    *_keys(
        "app",
        "Run",
        ("run", "ctrl+r,f5", "Run", "Run the workflow, or put it behind the run that goes on.", True),
        ("run_with", "f7", "Run with…", "Run with other values, several times, or with other seeds."),
        ("cancel_run", "ctrl+k", "Stop", "Stop the run at its next step.", True),
    ),
    *_keys(
        "app",
        "Find your way",
        ("help", "f1", "Help", "Show the keys.", True),
        ("focus_canvas", "f2", "Canvas", "Go to the canvas."),
        ("focus_inspector", "f3", "Inspector", "Go to the form of what is selected."),
        ("next_tab", "f4", "Tabs", "Show the next tab at the side: inspector, queue, history, log."),
        ("next_problem", "f8", "Next problem", "Go to the next problem and its field."),
        ("fix_problem", "f12", "Apply hint", "Do what the hint says of the problem that f8 went to."),
        ("next_theme", "f9", "Theme", "Take the next theme."),
        ("command_palette", "ctrl+p", "Commands", "Search all commands by name.", True),
    ),
    *_keys(
        "app",
        "Edit",
        ("undo", "ctrl+z", "Undo", "Take the last edit back; in a text field, its own last change."),
        ("redo", "ctrl+y", "Redo", "Do again what was taken back."),
    ),
    *_keys(
        "canvas",
        "Move about",
        ("follow_left", "left,h", "Left", "Go along a wire to the node that feeds this one."),
        ("follow_right", "right,l", "Right", "Go along a wire to the node that this one feeds."),
        ("go_up", "up,k", "Up", "Go to the box above."),
        ("go_down", "down,j", "Down", "Go to the box below."),
        ("first", "home", "First", "Go to the first box."),
        ("last", "end", "Last", "Go to the last box."),
        ("jump", "f", "Jump", "Show a letter on every box; typing it goes there.", True),
        ("screen.find", "slash", "Find", "Find by name, type or value as you type."),
        ("find_next", "n", "Next hit", "Go to the next box that was found."),
        ("find_previous", "N", "Previous hit", "Go to the one before."),
        ("open_box", "enter,i", "Inspect", "Go to the form of this box.", True),
        ("screen.open_body", "o", "Open", "Open a loop's body or a sub-workflow.", True),
        ("screen.leave_body", "backspace", "Back", "Come back to what is around a body or a sub-workflow.", True),
    ),
    *_keys(
        "canvas",
        "View",
        ("pan(-8, 0)", "shift+left,H", "Pan left", "Move the view to the left."),
        ("pan(8, 0)", "shift+right,L", "Pan right", "Move the view to the right."),
        ("pan(0, -3)", "shift+up,K", "Pan up", "Move the view up."),
        ("pan(0, 3)", "shift+down,J", "Pan down", "Move the view down."),
        ("zoom_in", "plus,equals_sign", "Zoom in", "Show more of each box."),
        ("zoom_out", "minus", "Zoom out", "Show more boxes."),
        ("fit", "full_stop", "Fit", "Take the zoom at which most of the graph is in view."),
        ("zoom_full", "0", "100%", "Show boxes in full."),
        ("toggle_minimap", "M", "Minimap", "Show or hide the minimap."),
        ("screen.view_image", "v", "View", "Show this node's picture on the whole screen."),
    ),
    *_keys(
        "canvas",
        "Edit the graph",
        ("screen.add_node", "a", "Add", "Add a node, linked to what this box gives; those that fit come first.", True),
        ("screen.connect", "c", "Connect", "Link two ports: type the letter of one, then that of one that fits.", True),
        ("screen.disconnect", "C", "Disconnect", "Take a link away: type the letter of its port."),
        ("screen.insert", "I", "Insert", "Put a node into the wire of an input of this box."),
        ("screen.delete", "x,delete", "Delete", "Delete; wires go through where the types match.", True),
        ("screen.delete_cut", "X", "Delete, cut", "Delete together with the wires."),
        ("screen.rename", "t", "Rename", "Give the node another name; its links follow."),
        ("screen.expose", "E", "Expose", "Make a value of this node an input of the workflow."),
        ("screen.edit_text", "e", "Edit text", "Write the longest text of this node in $EDITOR."),
        ("screen.mute", "m", "Mute", "Mute: as if the node were not there."),
        ("screen.bypass", "b", "Bypass", "Bypass: each output is the first input of its type."),
        ("screen.undo", "u", "Undo", "Take the last edit back."),
        ("screen.redo", "R", "Redo", "Do again what was taken back."),
    ),
    *_keys(
        "canvas",
        "Several at once",
        ("mark", "space", "Mark", "Mark or unmark this box."),
        ("mark_upstream", "asterisk", "Mark upstream", "Mark everything that feeds this box."),
        ("mark_all", "ctrl+a", "Mark all", "Mark every box."),
        ("screen.copy", "y,ctrl+c", "Copy", "Copy as JSON, also to the system's clipboard."),
        ("screen.paste", "p,ctrl+v", "Paste", "Paste nodes; links among them stay."),
        ("screen.paste_linked", "P", "Paste linked", "Paste nodes with the links that feed them."),
        ("screen.duplicate", "D", "Duplicate", "Make a copy beside it, fed by the same links."),
        ("screen.group", "g", "Group", "Draw a named frame around what is marked."),
        ("screen.ungroup", "G", "Ungroup", "Take the frame away."),
        ("screen.extract", "w", "Extract", "Make what is marked a workflow file, and one node that runs it."),
        ("screen.inline", "W", "Inline", "Put the nodes of a sub-workflow in its place; its file stays."),
    ),
    *_keys(
        "canvas",
        "Arrange",
        ("nudge(-1, 0)", "ctrl+left", "Move left", "Move the box; it stays where you put it."),
        ("nudge(1, 0)", "ctrl+right", "Move right", "Move the box; it stays where you put it."),
        ("nudge(0, -1)", "ctrl+up", "Move up", "Move the box; it stays where you put it."),
        ("nudge(0, 1)", "ctrl+down", "Move down", "Move the box; it stays where you put it."),
        ("screen.unpin", "U", "Unpin", "Let the layout place this box again."),
        ("screen.arrange", "A", "Arrange", "Let the layout place every box again."),
    ),
    *_keys(
        "canvas",
        "Run",
        ("screen.run_until", "r", "Run to here", "Run only what this node needs, up to it.", True),
    ),
    *_keys(
        "canvas",
        "File",
        ("screen.save_as", "S", "Save as", "Save under another name."),
    ),
    *_keys(
        "canvas",
        "Stop",
        ("leave_mode", "escape", "Leave", "Leave a mode, then a body; then ask to stop the run that goes on."),
    ),
    *_keys(
        "problems",
        "Problems",
        ("go_to", "enter", "Go there", "Go to the node and the field.", True),
        ("fix", "f", "Apply the hint", "Take the closest name, or put the bridging node between.", True),
    ),
    *_keys(
        "field",
        "A field of the form",
        ("fill", "ctrl+g", "Fill in", "Draw a seed; choose a file for a field that names one."),
        ("unset", "ctrl+t", "Default", "Take the field's default again, or take its link away."),
        ("expose", "ctrl+l", "As input", "Make the field's value an input of the workflow."),
        ("rename_item", "f6", "Rename", "Give an input or an output another name."),
        ("remove_item", "ctrl+delete", "Remove", "Take an input or an output away."),
        ("revert", "escape", "Take back", "Take back what was typed and is not in the workflow yet."),
    ),
    *_keys(
        "queue",
        "Queue",
        ("remove", "x,delete", "Remove", "Take the run out of the queue.", True),
        ("shift(-1)", "K,shift+up", "Earlier", "Run it earlier.", True),
        ("shift(1)", "J,shift+down", "Later", "Run it later.", True),
    ),
    *_keys(
        "history",
        "History",
        ("view", "enter,v", "View", "Show the picture on the whole screen.", True),
        ("take_values", "t", "Take values", "Take the values of this run into the workflow.", True),
        ("compare", "c", "Compare", "Beside the picture before it, with the values that differ.", True),
        ("open_workflow", "w", "Workflow", "Open the workflow that made it, as a copy."),
        ("open_folder", "o", "Folder", "Open the folder that it lies in."),
    ),
    *_keys(
        "viewer",
        "Viewer",
        ("close", "escape,v", "Close", "Come back.", True),
        ("previous", "left", "Older", "The picture before.", True),
        ("next", "right", "Newer", "The picture after.", True),
        ("zoom_in", "plus,equals_sign", "Zoom in", "Enlarge.", True),
        ("zoom_out", "minus", "Zoom out", "Reduce.", True),
        ("fit", "0", "Fit", "Fit the picture into the screen."),
        ("actual_size", "1", "1:1", "Show each of its pixels as one of the terminal's."),
        ("pan(-1, 0)", "shift+left,h", "Left", "Move the view of an enlarged picture."),
        ("pan(1, 0)", "shift+right,l", "Right", "Move the view of an enlarged picture."),
        ("pan(0, -1)", "shift+up,k", "Up", "Move the view of an enlarged picture."),
        ("pan(0, 1)", "shift+down,j", "Down", "Move the view of an enlarged picture."),
        ("toggle_values", "i", "Values", "Show the values that made it.", True),
        ("compare", "c", "Compare", "Beside the picture before it, with the values that differ.", True),
        ("take_values", "t", "Take values", "Take the values of this picture into the workflow.", True),
        ("open_folder", "o", "Folder", "Open the folder that it lies in."),
    ),
)


def keys_of(where: str) -> list[Key]:
    """The rows of the table for a place."""
    return [key for key in KEYS if key.where == where]


def bindings_for(where: str, *, leave_out: Iterable[str] = ()) -> list[Binding]:
    """What Textual is to bind there.

    Args:
        where: The place, as the table calls it.
        leave_out: Actions that Textual binds by itself.
    """
    return [
        Binding(key.keys, key.action, key.label, show=key.footer, id=key.id)
        for key in keys_of(where)
        if key.action not in leave_out
    ]
