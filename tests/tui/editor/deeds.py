"""For every key of the table: a situation in which it applies, and what changes for a user who presses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tui.editor.hands import Hands
from textual.widgets import OptionList

from latentgraph.graph.boxes import INPUTS
from latentgraph.graph.edit.interface import set_input
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.pictures.viewer import Viewer

KITCHEN: dict[str, Any] = {
    "inputs": {
        "seed": {"type": "integer", "default": 1, "minimum": 0, "maximum": 1000},
        "turns": {"type": "integer", "default": 2},
        "note": {"type": "string", "default": "nothing"},
    },
    "nodes": {
        "swatch": {"type": "paint", "inputs": {"number": {"from": "inputs.seed"}}},
        "hung": {"type": "hang", "inputs": {"swatch": {"from": "swatch.swatch"}, "name": "wall"}},
        "other": {"type": "hang", "inputs": {"swatch": {"from": "hung.swatch"}, "name": "door"}},
        "numbers": {"type": "numbers", "inputs": {"to": {"from": "inputs.turns"}}},
        "slow": {
            "type": "loop",
            "each": {"number": {"from": "numbers.value"}},
            "nodes": {"wait": {"type": "wait", "inputs": {"number": {"from": "loop.number"}}}},
            "collect": {"numbers": {"from": "wait.value"}},
        },
    },
    "outputs": {"numbers": {"from": "slow.numbers"}, "swatch": {"from": "other.swatch"}},
    "groups": {"walls": {"nodes": ["hung"]}},
}

Situation = Callable[[Hands], Awaitable[None]]
Seen = Callable[[Hands], object]


@dataclass(frozen=True)
class Deed:
    """What a key does: in a situation, something that is seen is another one afterwards."""

    seen: Seen
    situation: Situation | None = None


# --- what is seen


def screen(user: Hands) -> object:
    return type(user.app.screen).__name__


def data(user: Hands) -> object:
    return user.main.session.text


def cursor(user: Hands) -> object:
    return user.canvas.cursor


def corner(user: Hands) -> object:
    return user.canvas.left, user.canvas.top


def level(user: Hands) -> object:
    return user.canvas.level


def mode(user: Hands) -> object:
    return user.canvas.mode


def selected(user: Hands) -> object:
    return user.canvas.selected


def in_form(user: Hands) -> object:
    return user.main.sidebar.inspector.has_focus_within


def place(user: Hands) -> object:
    return len(user.main.places)


def runs(user: Hands) -> object:
    return len(user.main.made), user.main.runs.current is not None


def queue(user: Hands) -> object:
    return [one.number for one in user.main.runs.waiting]


def session(user: Hands) -> object:
    return user.main.session.title, id(user.main.session)


def clipboard(user: Hands) -> object:
    return user.app.clipboard


def painted(user: Hands) -> object:
    """The screen itself."""
    return tuple(user.lines)


def shown_picture(user: Hands) -> object:
    return user.app.screen.index if isinstance(user.app.screen, Viewer) else None


def looked_at(user: Hands) -> object:
    return user.app.screen._window if isinstance(user.app.screen, Viewer) else None


def folder_told(user: Hands) -> object:
    return [one.title for one in user.app._notifications if one.title == "The folder"]


def all_of(*seen: Seen) -> Seen:
    return lambda user: [one(user) for one in seen]


# --- situations


def at(box: str, then: Situation | None = None) -> Situation:
    async def situation(user: Hands) -> None:
        user.canvas.go_to(box)
        await user.pilot.pause()
        await user.until(lambda: user.main.sidebar.inspector.settled, "the form")
        if then is not None:
            await then(user)

    return situation


def pressed(*keys: str) -> Situation:
    async def situation(user: Hands) -> None:
        await user.press(*keys)

    return situation


def after(*situations: Situation) -> Situation:
    async def situation(user: Hands) -> None:
        for one in situations:
            await one(user)

    return situation


def zoomed(zoom: Zoom) -> Situation:
    async def situation(user: Hands) -> None:
        user.canvas.zoom(zoom)

    return situation


async def inside(user: Hands) -> None:
    await at("slow", pressed("o"))(user)
    await user.until(lambda: user.main.scope == ("slow",), "the body")


async def found(user: Hands) -> None:
    await user.press("slash")
    await user.type("hang")
    await user.press("enter")


async def in_a_part(user: Hands) -> None:
    """A node that was made a part of its own, with the cursor on it."""
    await at("hung")(user)
    path = user.main.session.path
    assert path is not None
    part = path.with_name("hung.json")
    part.unlink(missing_ok=True)
    user.main._make_part(["hung"], part, path.parent)
    await at("hung")(user)


async def wrong(user: Hands) -> None:
    """A value that is out of bounds, so that there is a problem to go to."""
    user.main.do(lambda: set_input(user.main.graph, "note", default=5))
    await at("other")(user)
    await user.until(lambda: user.main.sidebar.problems.problems, "the problem")


async def focus_problems(user: Hands) -> None:
    user.main.sidebar.problems.focus()
    await user.pilot.pause()


async def misspelt(user: Hands) -> None:
    """A link to an output that is called a little otherwise, with the cursor on what the check says of it."""
    outputs = {**user.data["outputs"], "swatch": {"from": "other.swotch"}}
    write_whole(user, {**user.data, "outputs": outputs})
    await user.until(lambda: len(user.main.sidebar.problems.problems) > 1, "the problem")
    user.main.sidebar.problems.highlighted = 0
    user.main.sidebar.problems.focus()
    await user.pilot.pause()


def write_whole(user: Hands, whole: dict[str, Any]) -> None:
    """Make the workflow another one, by an edit."""
    from latentgraph.graph.edit.whole import replaced
    from latentgraph.graph.workflow import Workflow

    workflow = Workflow.model_validate(whole, by_alias=True, by_name=False)
    user.main.do(lambda: replaced(user.main.session.history.data, workflow, "break it"))


async def running(user: Hands) -> None:
    user.main.do(lambda: set_input(user.main.graph, "turns", default=1000))
    await user.press("ctrl+r")
    await user.until(lambda: any(one.total for one in user.main.runs.states.values()), "the loop to turn", 60)


async def waiting(user: Hands) -> None:
    """A run that goes on, and three behind it, the middle one chosen."""
    await running(user)
    for _ in range(3):
        await user.press("ctrl+r")
    await user.press("f4")
    await user.until(lambda: user.main.sidebar.pages.current == "queue", "the queue")
    user.main.sidebar.queue.query_one(OptionList).highlighted = 1
    await user.pilot.pause()


async def history(user: Hands) -> None:
    await user.press("f4", "f4")
    await user.until(lambda: user.main.sidebar.pages.current == "history", "the history")
    page = user.main.sidebar.history.query_one(OptionList)
    page.highlighted = 0
    page.focus()
    await user.pilot.pause()


async def viewing(user: Hands) -> None:
    await user.press("v")
    await user.until(lambda: isinstance(user.app.screen, Viewer), "the viewer")
    await user.until(lambda: user.sees("Close"), "its keys")


def field(box: str, port: str) -> Situation:
    async def situation(user: Hands) -> None:
        await at(box)(user)
        user.main.sidebar.inspector.focus_field(port)
        await user.until(in_form_of(user), "the field")

    return situation


def in_form_of(user: Hands) -> Callable[[], object]:
    return lambda: user.main.sidebar.inspector.has_focus_within


def file_text(user: Hands) -> object:
    path = user.main.session.path
    return Path(path).read_text() if path else ""


MUTED = at("hung", pressed("m"))
DEEDS: dict[str, Deed] = {
    "app.save": Deed(file_text, MUTED),
    "app.open": Deed(screen),
    "app.new": Deed(session),
    "app.quit": Deed(screen, MUTED),
    "app.run": Deed(runs),
    "app.run_with": Deed(screen),
    "app.cancel_run": Deed(lambda user: user.main.runs.current is None or user.main.runs.current.stopping, running),
    "app.help": Deed(screen),
    "app.focus_canvas": Deed(lambda user: user.canvas.has_focus, at("hung", pressed("enter"))),
    "app.focus_inspector": Deed(in_form, at("hung")),
    "app.next_tab": Deed(lambda user: user.main.sidebar.pages.current),
    "app.next_problem": Deed(all_of(cursor, in_form), wrong),
    "app.fix_problem": Deed(data, misspelt),
    "app.next_theme": Deed(lambda user: user.app.theme),
    "app.command_palette": Deed(screen),
    "app.undo": Deed(data, MUTED),
    "app.redo": Deed(data, after(MUTED, pressed("u"))),
    "canvas.follow_left": Deed(cursor, at("hung")),
    "canvas.follow_right": Deed(cursor, at("hung")),
    "canvas.go_up": Deed(cursor, at("hung")),
    "canvas.go_down": Deed(cursor, at("numbers")),
    "canvas.first": Deed(cursor, at("hung")),
    "canvas.last": Deed(cursor, at("hung")),
    "canvas.jump": Deed(mode),
    "canvas.screen.find": Deed(lambda user: user.main.find_bar.has_focus),
    "canvas.find_next": Deed(cursor, found),
    "canvas.find_previous": Deed(cursor, found),
    "canvas.open_box": Deed(in_form, at("hung")),
    "canvas.screen.open_body": Deed(place, at("slow")),
    "canvas.screen.leave_body": Deed(place, inside),
    "canvas.pan(-8, 0)": Deed(corner),
    "canvas.pan(8, 0)": Deed(corner),
    "canvas.pan(0, -3)": Deed(corner),
    "canvas.pan(0, 3)": Deed(corner),
    "canvas.zoom_in": Deed(level, zoomed(Zoom.OVERVIEW)),
    "canvas.zoom_out": Deed(level, zoomed(Zoom.FULL)),
    "canvas.fit": Deed(corner, pressed("shift+right")),
    "canvas.zoom_full": Deed(level, zoomed(Zoom.COMPACT)),
    "canvas.toggle_minimap": Deed(lambda user: user.canvas.minimap_wanted),
    "canvas.screen.view_image": Deed(screen),
    "canvas.screen.add_node": Deed(screen, at("hung")),
    "canvas.screen.connect": Deed(mode),
    "canvas.screen.disconnect": Deed(mode),
    "canvas.screen.insert": Deed(mode, at("hung")),
    "canvas.screen.delete": Deed(data, at("hung")),
    "canvas.screen.delete_cut": Deed(data, at("hung")),
    "canvas.screen.rename": Deed(screen, at("hung")),
    "canvas.screen.expose": Deed(all_of(screen, data), at("hung")),
    "canvas.screen.edit_text": Deed(data, at("hung")),
    "canvas.screen.mute": Deed(data, at("hung")),
    "canvas.screen.bypass": Deed(data, at("hung")),
    "canvas.screen.undo": Deed(data, MUTED),
    "canvas.screen.redo": Deed(data, after(MUTED, pressed("u"))),
    "canvas.mark": Deed(lambda user: user.canvas._marked, at("hung")),
    "canvas.mark_upstream": Deed(selected, at("hung")),
    "canvas.mark_all": Deed(selected),
    "canvas.screen.copy": Deed(clipboard, at("hung")),
    "canvas.screen.paste": Deed(data, at("hung", pressed("y"))),
    "canvas.screen.paste_linked": Deed(data, at("hung", pressed("y"))),
    "canvas.screen.duplicate": Deed(data, at("hung")),
    "canvas.screen.group": Deed(screen, at("swatch")),
    "canvas.screen.ungroup": Deed(data, at("hung")),
    "canvas.screen.extract": Deed(screen, at("hung")),
    "canvas.screen.inline": Deed(data, in_a_part),
    "canvas.nudge(-1, 0)": Deed(data, at("hung")),
    "canvas.nudge(1, 0)": Deed(data, at("hung")),
    "canvas.nudge(0, -1)": Deed(data, at("hung")),
    "canvas.nudge(0, 1)": Deed(data, at("hung")),
    "canvas.screen.unpin": Deed(data, at("hung", pressed("ctrl+down"))),
    "canvas.screen.arrange": Deed(data, at("hung", pressed("ctrl+down"))),
    "canvas.screen.run_until": Deed(runs, at("swatch")),
    "canvas.screen.save_as": Deed(screen),
    "canvas.leave_mode": Deed(mode, pressed("f")),
    "problems.go_to": Deed(all_of(cursor, in_form), after(wrong, focus_problems)),
    "problems.fix": Deed(data, misspelt),
    "field.fill": Deed(painted, field(INPUTS, "seed")),
    "field.unset": Deed(data, field("hung", "name")),
    "field.expose": Deed(data, field("hung", "name")),
    "field.rename_item": Deed(screen, field(INPUTS, "note")),
    "field.remove_item": Deed(data, field(INPUTS, "note")),
    "field.revert": Deed(painted, after(field("hung", "name"), pressed("z"))),
    "queue.remove": Deed(queue, waiting),
    "queue.shift(-1)": Deed(queue, waiting),
    "queue.shift(1)": Deed(queue, waiting),
    "history.view": Deed(screen, history),
    "history.take_values": Deed(data, history),
    "history.compare": Deed(screen, history),
    "history.open_workflow": Deed(session, history),
    "history.open_folder": Deed(folder_told, history),
    "viewer.close": Deed(screen, viewing),
    "viewer.previous": Deed(shown_picture, viewing),
    "viewer.next": Deed(shown_picture, after(viewing, pressed("left"))),
    "viewer.zoom_in": Deed(looked_at, viewing),
    "viewer.zoom_out": Deed(looked_at, after(viewing, pressed("plus"))),
    "viewer.fit": Deed(looked_at, after(viewing, pressed("plus"))),
    "viewer.actual_size": Deed(looked_at, after(viewing, pressed("plus"))),
    "viewer.pan(-1, 0)": Deed(looked_at, after(viewing, pressed("plus", "plus"))),
    "viewer.pan(1, 0)": Deed(looked_at, after(viewing, pressed("plus", "plus"))),
    "viewer.pan(0, -1)": Deed(looked_at, after(viewing, pressed("plus", "plus"))),
    "viewer.pan(0, 1)": Deed(looked_at, after(viewing, pressed("plus", "plus"))),
    "viewer.toggle_values": Deed(painted, viewing),
    "viewer.compare": Deed(screen, viewing),
    "viewer.take_values": Deed(all_of(screen, data), viewing),
    "viewer.open_folder": Deed(folder_told, viewing),
}
