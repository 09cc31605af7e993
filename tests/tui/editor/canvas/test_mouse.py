"""The mouse on the canvas."""

from __future__ import annotations

import random

import pytest
from tests.tui.editor.canvas.canvas_app import CanvasApp, kitchen, many
from textual import events
from textual.pilot import Pilot

from latentgraph.tui.editor.canvas import messages
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.keys import keys_of
from latentgraph.tui.editor.views import NodeState, Scene

SIZE = (120, 30)
Cell = tuple[int, int]


async def drag(pilot: Pilot[None], start: Cell, *stops: Cell, drop: bool = True, **keys: bool) -> None:
    canvas = "GraphCanvas"
    await pilot.mouse_down(canvas, offset=start, **keys)
    for stop in stops:
        await pilot.hover(canvas, offset=stop)
    if drop:
        await pilot.mouse_up(canvas, offset=stops[-1])
    await pilot.pause()


async def post(pilot: Pilot[None], kind: type[events.MouseEvent], at: Cell, *, button: int = 0, ctrl: bool = False,
               shift: bool = False) -> None:  # fmt: skip
    """A mouse event as the terminal sends it."""
    app = pilot.app
    app.screen._forward_event(kind(None, *at, 0, 0, button, shift, False, ctrl, screen_x=at[0], screen_y=at[1]))
    await pilot.pause()


async def test_a_click_selects_and_one_beside_deselects() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("GraphCanvas", offset=app.middle_of("rest"))
        assert app.canvas.cursor == "rest"
        await pilot.click("GraphCanvas", offset=(119, 29))
        assert app.canvas.cursor is None
        assert [one.key for one in app.heard(messages.CursorMoved)] == ["rest", None]


async def test_ctrl_click_marks_several() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        for key in ("rest", "bake", "radio", "bake"):
            await pilot.click("GraphCanvas", offset=app.middle_of(key), control=True)
        assert app.canvas.selected == {"rest", "radio"}


async def test_a_double_click_opens() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("GraphCanvas", offset=app.middle_of("rest"), times=2)
        assert [one.key for one in app.heard(messages.BoxOpened)] == ["rest"]


async def test_a_box_moves_exactly_as_far_as_it_is_dragged() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.sheet is not None
        x, y = app.canvas.sheet.areas["radio"][:2]
        start = app.middle_of("radio")
        await drag(pilot, start, (start[0] + 2, start[1]), (start[0] + 9, start[1] + 4))
        assert app.canvas.sheet.areas["radio"][:2] == (x + 9, y + 4)
        (told,) = app.heard(messages.BoxesMoved)
        assert dict(told.positions) == {"radio": (x + 9, y + 4)}


async def test_all_that_is_marked_moves_together_and_wires_stay_on_their_ports() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.select(["knead", "rest"], cursor="rest")
        start = app.middle_of("rest")
        await drag(pilot, start, (start[0] + 5, start[1] + 3))
        (told,) = app.heard(messages.BoxesMoved)
        assert set(told.positions) == {"knead", "rest"}
        x, y = app.cell_of(("rest", "dough"), "input")
        assert app.rows()[y][x - 1] in "━─"


async def test_a_link_is_dragged_from_port_to_port_either_way() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        output, into = app.cell_of(("flour", "salt"), "output"), app.cell_of(("rest", "salt"), "input")
        await drag(pilot, output, (output[0] + 3, output[1] + 1), into)
        await drag(pilot, into, (into[0] - 3, into[1]), output)
        told = app.heard(messages.LinkDropped)
        assert [(one.source, one.target) for one in told] == [(("flour", "salt"), ("rest", "salt"))] * 2
        assert app.canvas.mode == ""


async def test_while_a_link_is_dragged_what_does_not_fit_steps_back() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        output, into = app.cell_of(("flour", "salt"), "output"), app.cell_of(("rest", "salt"), "input")
        await drag(pilot, output, (output[0] + 3, output[1] + 1), into, drop=False)
        assert app.canvas._overlay.fitting == ("input", frozenset({("rest", "salt")}))
        assert app.canvas._overlay.target is not None
        await pilot.mouse_up("GraphCanvas", offset=into)
        assert app.canvas._overlay.fitting is None


async def test_a_link_dropped_on_nothing_asks_for_a_new_box_there() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        output = app.cell_of(("flour", "salt"), "output")
        await drag(pilot, output, (100, 27))
        (told,) = app.heard(messages.LinkDropped)
        assert (told.source, told.target) == (("flour", "salt"), None)
        assert told.at == (app.canvas.left + 100, app.canvas.top + 27)


async def test_a_link_dropped_on_what_does_not_fit_is_refused() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await drag(pilot, app.cell_of(("flour", "salt"), "output"), (60, 2), app.cell_of(("bake", "two"), "input"))
        (told,) = app.heard(messages.LinkRefused)
        assert (told.source, told.target) == (("flour", "salt"), ("bake", "two"))
        assert not app.heard(messages.LinkDropped)


async def test_a_link_dropped_anywhere_on_a_box_takes_its_only_port_that_fits() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.sheet is not None
        area = app.canvas.sheet.areas["rest"]
        title = area.x1 + 3 - app.canvas.left, area.y1 - app.canvas.top
        await drag(pilot, app.cell_of(("flour", "salt"), "output"), (60, 2), title)
        assert [one.target for one in app.heard(messages.LinkDropped)] == [("rest", "salt")]


async def test_dragging_the_empty_canvas_moves_the_view() -> None:
    app = CanvasApp(many(30))
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.sheet is not None
        app.canvas.look_at(app.canvas.sheet.bounds.x1 - 30, app.canvas.sheet.bounds.y1 - 10)
        await pilot.pause()
        left, top = app.canvas.left, app.canvas.top
        await drag(pilot, (10, 3), (8, 4), (2, 6))
        assert (app.canvas.left, app.canvas.top) == (left + 8, top - 3)
        assert app.heard(messages.ScrolledByUser)


async def test_a_shift_drag_marks_the_boxes_in_an_area() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await drag(pilot, (1, 0), (60, 15), (119, 29), shift=True)
        assert app.canvas.selected == set(app.scene.boxes)


async def test_the_wheel_scrolls_and_with_ctrl_zooms_around_the_pointer() -> None:
    app = CanvasApp(many(30))
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.sheet is not None
        left, top = app.canvas.left, app.canvas.top
        await post(pilot, events.MouseScrollDown, (50, 10))
        assert (app.canvas.left, app.canvas.top) == (left, top + 3)
        await post(pilot, events.MouseScrollDown, (50, 10), shift=True)
        assert (app.canvas.left, app.canvas.top) == (left + 6, top + 3)
        app.canvas.center_on(*app.canvas.sheet.areas["node_9"].center)
        x, y = app.canvas.sheet.areas["node_9"][:2]
        place = x - app.canvas.left, y - app.canvas.top
        await post(pilot, events.MouseScrollDown, (place[0] + 2, place[1] + 1), ctrl=True)
        assert app.canvas.level is Zoom.COMPACT
        x, y = app.canvas.sheet.areas["node_9"][:2]
        assert (x - app.canvas.left, y - app.canvas.top) == place
        await post(pilot, events.MouseScrollUp, (place[0] + 2, place[1] + 1), ctrl=True)
        assert app.canvas.level.name == "FULL"


async def test_a_right_click_asks_for_the_menu_of_what_is_there() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("GraphCanvas", offset=app.middle_of("rest"), button=3)
        await pilot.click("GraphCanvas", offset=(118, 28), button=3)
        first, second = app.heard(messages.MenuWanted)
        assert (first.key, second.key) == ("rest", None)
        assert app.canvas.cursor == "rest"
        assert second.screen == (118, 28)


async def test_a_click_on_the_minimap_goes_there() -> None:
    app = CanvasApp(many(60))
    async with app.run_test(size=SIZE) as pilot:
        place = app.canvas.map_place()
        assert place is not None
        assert app.canvas.sheet is not None
        await pilot.click("GraphCanvas", offset=(place.x + place.width - 2, place.y + place.height // 2))
        assert abs(app.canvas.view.center[0] - app.canvas.sheet.bounds.x2) < 20


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (40, 10)])
@pytest.mark.parametrize("seed", range(2))
async def test_random_keys_and_mouse_events_break_nothing(size: Cell, seed: int) -> None:
    chance = random.Random(seed)
    scenes = [kitchen(), many(25, seed), Scene()]
    app = CanvasApp(chance.choice(scenes))
    own = [key for row in keys_of("canvas") if not row.action.startswith("screen.") for key in row.keys.split(",")]
    keys = [*own, "tab", "a", "s", "enter", "escape", "backspace"]
    kinds = [events.MouseDown, events.MouseMove, events.MouseMove, events.MouseUp, events.MouseScrollDown,
             events.MouseScrollUp]  # fmt: skip
    async with app.run_test(size=size) as pilot:
        for _ in range(90):
            at = chance.randrange(size[0]), chance.randrange(size[1])
            draw = chance.random()
            if draw < 0.45:
                await pilot.press(chance.choice(keys))
            elif draw < 0.9:
                await post(pilot, chance.choice(kinds), at, button=chance.choice([1, 1, 1, 2, 3]),
                           ctrl=chance.random() < 0.2, shift=chance.random() < 0.2)  # fmt: skip
            elif draw < 0.93:
                app.canvas.show(chance.choice(scenes))
            elif draw < 0.95:
                app.canvas.connect()
            elif draw < 0.97:
                app.canvas.find(chance.choice(["", "node", "dough", "zzz"]))
            elif draw < 0.98:
                await pilot.resize_terminal(*chance.choice([size, (40, 10), (100, 30)]))
            else:
                app.canvas.set_states({key: NodeState("running", 1, 3) for key in list(app.canvas.scene.boxes)[:3]})
        await pilot.pause()
        assert {len(row) for row in app.rows()} == {app.canvas.size.width}
