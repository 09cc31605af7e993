"""Going through a graph by keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tui.editor.canvas.canvas_app import CanvasApp, box, kitchen, many
from textual.pilot import Pilot

from latentgraph.tui.editor.canvas import messages
from latentgraph.tui.editor.canvas.hints import letters
from latentgraph.tui.editor.canvas.zoom import Zoom, from_full, to_full
from latentgraph.tui.editor.views import Scene

SIZE = (120, 30)


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def test_arrows_follow_wires_and_find_the_way_back() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("flour")
        for start in ("knead", "rest"):
            app.canvas.go_to("flour")
            app.canvas.go_to(start)
            await press(pilot, "right", "left")
            assert app.canvas.cursor == start
        await press(pilot, "left")
        assert app.canvas.cursor == "flour"
        await press(pilot, "l")
        assert app.canvas.cursor == "rest"


async def test_the_first_arrow_takes_a_box_in_view() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.cursor is None
        await press(pilot, "right")
        assert app.canvas.cursor in app.scene.boxes


async def test_up_and_down_stay_in_the_column() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("knead")
        await press(pilot, "down")
        below = app.canvas.cursor
        assert below == "rest"
        await press(pilot, "k")
        assert app.canvas.cursor == "knead"


async def test_every_box_can_be_reached_by_arrows() -> None:
    scene = many(25)
    app = CanvasApp(scene)
    async with app.run_test(size=SIZE):
        canvas = app.canvas
        reached, pending = set(), ["node_0"]
        while pending:
            key = pending.pop()
            if key in reached:
                continue
            reached.add(key)
            for step in (
                canvas.action_follow_left,
                canvas.action_follow_right,
                canvas.action_go_up,
                canvas.action_go_down,
            ):
                canvas.go_to(key)
                step()
                pending.append(app.canvas.cursor or key)
        assert reached == set(scene.boxes)


async def test_the_current_box_is_always_in_view() -> None:
    app = CanvasApp(many(60))
    async with app.run_test(size=(70, 24)) as pilot:
        for key in ("end", "home", "right", "right", "down", "right", "up", "minus", "right", "minus", "plus", "end"):
            await press(pilot, key)
            assert app.canvas.sheet is not None
            area = app.canvas.sheet.areas[app.canvas.cursor or ""]
            assert app.canvas.view.holds(area.x1, area.y1)
            assert app.canvas.view.holds(area.x2, area.y2)


async def test_zooming_keeps_the_current_box_where_it_is() -> None:
    app = CanvasApp(many(30))
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("node_7")
        assert app.canvas.sheet is not None
        app.canvas.center_on(*app.canvas.sheet.areas["node_7"].center)
        x, y = app.canvas.sheet.areas["node_7"][:2]
        place = x - app.canvas.left, y - app.canvas.top
        steps = (("minus", Zoom.COMPACT), ("minus", Zoom.OVERVIEW), ("minus", Zoom.OVERVIEW), ("0", Zoom.FULL))
        for key, level in steps:
            await press(pilot, key)
            assert app.canvas.level == level
            x, y = app.canvas.sheet.areas["node_7"][:2]
            assert (x - app.canvas.left, y - app.canvas.top) == place


async def test_fit_shows_the_whole_graph_if_any_zoom_can() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(90, 30)) as pilot:
        await press(pilot, "minus", "minus", "full_stop")
        assert app.canvas.level == Zoom.FULL
        assert app.canvas.sheet is not None
        bounds, view = app.canvas.sheet.bounds, app.canvas.view
        assert view.holds(bounds.x1, bounds.y1)
        assert view.holds(bounds.x2, bounds.y2)


async def test_panning_goes_as_far_as_the_graph_stays_in_view_and_is_told() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "H")
        app.canvas.action_pan(-500, -500)
        await pilot.pause()
        assert app.heard(messages.ScrolledByUser)
        assert any(row.strip(" ·") for row in app.rows())
        app.canvas.action_pan(1000, 1000)
        await pilot.pause()
        assert any(row.strip(" ·") for row in app.rows())


async def test_typing_a_label_jumps_to_its_box() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "f")
        assert app.canvas.mode == "box"
        row = next(row for row in app.rows() if " bake " in row)
        label = row[row.index(" bake ") - 1]
        await press(pilot, label)
        assert (app.canvas.mode, app.canvas.cursor) == ("", "bake")
        assert [one.mode for one in app.heard(messages.ModeChanged)] == ["box", ""]


async def test_labels_take_every_key_until_they_are_left() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("flour")
        await press(pilot, "f", "9", "right", "escape")
        assert (app.canvas.mode, app.canvas.cursor) == ("", "flour")
        assert not app.heard(messages.LeaveWanted)


async def test_labels_can_be_chosen_without_letters() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "f", "tab", "tab", "shift+tab", "tab", "enter")
        assert app.canvas.mode == ""
        assert app.canvas.cursor is not None


def test_labels_are_enough_and_none_begins_like_another() -> None:
    for count in (0, 1, 26, 27, 51, 52, 676, 677):
        found = letters(count)
        assert not found or len(found[0]) == (1 if count <= 651 else 2 if count <= 676 else 3)
        assert len(set(found)) == count
        assert not [one for one in found for other in found[:50] if one != other and one.startswith(other)]


async def test_a_link_is_drawn_by_two_labels_and_offers_only_what_fits() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.connect()
        await pilot.pause()
        x, y = app.cell_of(("flour", "salt"), "output")
        await press(pilot, app.rows()[y][x + 1])
        assert app.canvas.mode == "link"
        labels = [label for row in app.canvas._overlay.labels.values() for label in row]
        assert len(labels) == 1
        await press(pilot, labels[0].text)
        (told,) = app.heard(messages.LinkDropped)
        assert (told.source, told.target) == (("flour", "salt"), ("rest", "salt"))


async def test_a_link_can_begin_at_an_input() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.begin_link(("rest", "salt"), "input")
        await press(pilot, "enter")
        (told,) = app.heard(messages.LinkDropped)
        assert (told.source, told.target) == (("flour", "salt"), ("rest", "salt"))


async def test_where_no_label_is_in_view_the_view_goes_to_one() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(30, 12)) as pilot:
        app.canvas.go_to("flour")
        await pilot.pause()
        assert app.cell_of(("bake", "one"), "input")[0] > 30
        app.canvas.begin_link(("flour", "dough"), "output", {("bake", "one")})
        await pilot.pause()
        x, y = app.cell_of(("bake", "one"), "input")
        assert x < 30
        assert app.rows()[y][x - 1] == "a"


async def test_a_port_that_a_zoom_does_not_show_is_offered_by_name() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.zoom(Zoom.COMPACT)
        app.canvas.choose_port([("rest", "hours"), ("rest", "dough")], "input", "test")
        await pilot.pause()
        assert "a hours" in "\n".join(app.rows())
        await press(pilot, "a")
        (told,) = app.heard(messages.PortChosen)
        assert (told.end, told.side, told.purpose) == (("rest", "hours"), "input", "test")


async def test_nothing_to_choose_is_no_mode() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.choose_port([], "input")
        app.canvas.begin_link(("flour", "dough"), "output", set())
        await pilot.pause()
        assert app.canvas.mode == ""
        assert not app.heard(messages.ModeChanged)


async def test_a_search_marks_what_it_found_and_goes_from_one_to_the_next() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        assert app.canvas.find("JAZZ") == 1
        assert app.canvas.cursor == "radio"
        assert app.canvas.find("_type") == 5
        seen = set()
        for _ in range(5):
            await press(pilot, "n")
            seen.add(app.canvas.cursor)
        assert seen == set(app.scene.boxes)
        before = app.canvas.cursor
        await press(pilot, "n", "N")
        assert app.canvas.cursor == before
        assert app.canvas.find("nowhere") == 0


async def test_marks_are_what_is_selected_and_escape_takes_them_away_first() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("bake")
        assert app.canvas.selected == {"bake"}
        await press(pilot, "space")
        app.canvas.go_to("radio")
        await press(pilot, "space")
        assert app.canvas.selected == {"bake", "radio"}
        await press(pilot, "escape")
        assert app.canvas.selected == {"radio"}
        assert not app.heard(messages.LeaveWanted)
        await press(pilot, "escape")
        assert len(app.heard(messages.LeaveWanted)) == 1
        assert app.heard(messages.SelectionChanged)[-1].selected == {"radio"}


async def test_marking_upstream_takes_what_feeds_a_box() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("rest")
        await press(pilot, "asterisk")
        assert app.canvas.selected == {"flour", "rest"}
        await press(pilot, "ctrl+a")
        assert app.canvas.selected == set(app.scene.boxes)


async def test_moving_a_box_by_keys_is_one_step_for_undo() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("radio")
        assert app.canvas.sheet is not None
        x, y = app.canvas.sheet.areas["radio"][:2]
        await press(pilot, "ctrl+right", "ctrl+right", "ctrl+down")
        told = app.heard(messages.BoxesMoved)
        assert [dict(one.positions) for one in told] == [
            {"radio": (x + 1, y)}, {"radio": (x + 2, y)}, {"radio": (x + 2, y + 1)}]  # fmt: skip
        assert len({one.merge for one in told}) == 1
        assert told[0].merge


async def test_what_was_moved_stays_there_when_the_scene_says_so() -> None:
    scene = kitchen()
    app = CanvasApp(scene)
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("radio")
        await press(pilot, "ctrl+right", "ctrl+down")
        assert app.canvas.sheet is not None
        before = dict(app.canvas.sheet.areas)
        app.canvas.show(replace(scene, pinned=app.heard(messages.BoxesMoved)[-1].positions))
        await pilot.pause()
        assert app.canvas.sheet.areas == before


async def test_border_boxes_do_not_ask_to_be_moved() -> None:
    scene = kitchen()
    app = CanvasApp(replace(scene, boxes={**scene.boxes, "inputs": box("inputs", outputs="a:any", role="source")}))
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("inputs")
        await press(pilot, "ctrl+right")
        assert not app.heard(messages.BoxesMoved)


async def test_enter_opens_the_current_box() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "enter")
        assert not app.heard(messages.BoxOpened)
        app.canvas.go_to("rest")
        await press(pilot, "enter")
        assert [one.key for one in app.heard(messages.BoxOpened)] == ["rest"]


async def test_each_scope_is_left_and_found_again_where_one_was() -> None:
    outer, inner = many(40), replace(kitchen(), scope=("loop",))
    app = CanvasApp(outer)
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.go_to("node_30")
        app.canvas.zoom(Zoom.COMPACT)
        await pilot.pause()
        before = app.canvas.cursor, app.canvas.level, app.canvas.view
        app.canvas.show(inner)
        await pilot.pause()
        assert app.canvas.cursor is None
        app.canvas.zoom(Zoom.FULL)
        app.canvas.show(outer)
        await pilot.pause()
        assert (app.canvas.cursor, app.canvas.level, app.canvas.view) == before


async def test_a_box_that_goes_is_no_longer_the_current_one() -> None:
    scene = kitchen()
    app = CanvasApp(scene)
    async with app.run_test(size=SIZE) as pilot:
        app.canvas.select(["rest", "radio"], cursor="radio")
        await pilot.pause()
        app.canvas.show(Scene((), {key: one for key, one in scene.boxes.items() if key != "radio"}, scene.wires))
        await pilot.pause()
        assert app.canvas.cursor is None
        assert app.canvas.selected == {"rest"}
        assert app.heard(messages.CursorMoved)[-1].key is None


@pytest.mark.parametrize("level", list(Zoom))
def test_positions_at_a_zoom_come_back_from_full_zoom_unchanged(level: Zoom) -> None:
    for at in range(-500, 500):
        assert from_full(to_full((at, at), level), level) == (at, at)
