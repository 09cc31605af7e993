"""What stands on the canvas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.tui.editor.canvas.canvas_app import CanvasApp, box, kitchen, many, shipped
from textual.theme import BUILTIN_THEMES

from latentgraph.tui.editor.canvas.glyphs import ASCII, UNICODE, Glyphs
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.kinds import KINDS
from latentgraph.tui.editor.views import BodyRow, Field, Frame, NodeState, Scene

SIZES = [(160, 45), (80, 24), (40, 10), (20, 5), (3, 2)]


def strange() -> Scene:
    """Wide, combining and very long names, more values than fit, a box without anything."""
    fields = {f"field_{number}": "値" * number for number in range(12)}
    boxes = [
        box("日本語の名前がとても長い箱", inputs="入力:latents", outputs="出力が長い:image another:vae", fields=fields),
        box("e\u0301te\u0301", outputs="x:any"),
        box("nothing"),
        box("loop", role="loop", body=tuple(BodyRow(f"step_{n}", "a_type_with_a_long_name") for n in range(9))),
        box("text", fields={"prompt": "a " * 200}),
    ]
    text = boxes[-1]
    boxes[-1] = replace(text, fields=(Field("prompt", "value", "word " * 60, long=True),))
    return Scene((), {one.key: one for one in boxes}, groups=(Frame("組", ("nothing", "loop")),))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", [kitchen(), strange(), Scene()], ids=["kitchen", "strange", "empty"])
async def test_every_row_fills_the_view_at_every_size_zoom_and_place(size: tuple[int, int], scene: Scene) -> None:
    app = CanvasApp(scene)
    async with app.run_test(size=size) as pilot:
        for level in Zoom:
            app.canvas.zoom(level)
            for x in (0, 7, 31):
                app.canvas.look_at(x, x // 4)
                await pilot.pause()
                assert {cell_len(row) for row in app.rows()} == {size[0]}


async def test_a_box_shows_its_title_ports_values_and_type() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(120, 30)):
        text = "\n".join(app.rows())
    assert "╭ rest ──" in text
    assert "▼ dough" in text
    assert "▒ salt" in text
    assert "│ hours" in text
    assert "rest_type ─╯" in text


async def test_the_current_box_and_its_wires_are_heavy_and_no_others() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(120, 30)) as pilot:
        assert not set("┏━┗┃") & set("".join(app.rows()))
        app.canvas.go_to("rest")
        await pilot.pause()
        rows = app.rows()
        assert sum(row.count("┏ rest ") for row in rows) == 1
        x, y = app.cell_of(("rest", "dough"), "input")
        assert rows[y][x - 1] == "━"
        x, y = app.cell_of(("knead", "dough"), "output")
        assert rows[y][x + 1] == "─"


async def test_marked_boxes_are_told_from_the_current_one() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(120, 30)) as pilot:
        app.canvas.select(["knead", "rest"], cursor="bake")
        await pilot.pause()
        text = "\n".join(app.rows())
    assert text.count("╔ ") == 2
    assert text.count(" marked ") == 2
    assert text.count("┏ bake ") == 1


async def test_states_are_signs_times_and_a_bar() -> None:
    app = CanvasApp(kitchen())
    states = {
        "flour": NodeState("cached"),
        "knead": NodeState("done", seconds=2.34),
        "rest": NodeState("running", 5, 20),
        "bake": NodeState("failed", message="no oven"),
        "radio": NodeState("queued"),
    }
    async with app.run_test(size=(140, 30)) as pilot:
        app.canvas.set_states(states)
        await pilot.pause()
        text = "\n".join(app.rows())
        app.canvas.set_states({})
        await pilot.pause()
        after = "\n".join(app.rows())
    for sign in ("≡ ╮", "2.3s ✓ ╮", "⠋ ╮", "✗ ╮", "○ ╮", "╰ no oven "):
        assert sign in text
    assert "━━━" in text
    assert "25%" in text or "5/20" in text
    assert not set("≡✓⠋✗○") & set(after)


async def test_what_is_wrong_is_marked_beside_its_name() -> None:
    scene = kitchen()
    rest = scene.boxes["rest"]
    wrong = replace(
        rest,
        severity="error",
        inputs=(replace(rest.inputs[0], severity="error"), rest.inputs[1]),
        fields=(replace(rest.fields[0], severity="warning"),),
    )
    app = CanvasApp(replace(scene, boxes={**scene.boxes, "rest": wrong}))
    async with app.run_test(size=(120, 30)):
        text = "\n".join(app.rows())
    assert "▼!dough" in text
    assert "│?hours" in text
    assert "! ╮" in text


async def test_muted_and_bypassed_boxes_bear_a_sign() -> None:
    scene = kitchen()
    boxes = {
        **scene.boxes,
        "knead": replace(scene.boxes["knead"], disabled="mute"),
        "rest": replace(scene.boxes["rest"], disabled="bypass"),
    }
    app = CanvasApp(replace(scene, boxes=boxes))
    async with app.run_test(size=(120, 30)):
        text = "\n".join(app.rows())
    assert "∅ ╮" in text
    assert "↷ ╮" in text
    assert "╌╌╌" in text


async def test_a_group_is_a_named_frame_around_its_boxes() -> None:
    app = CanvasApp(replace(kitchen(), groups=(Frame("dough", ("knead", "rest")),)))
    async with app.run_test(size=(120, 40)):
        rows = app.rows()
        top = next(y for y, row in enumerate(rows) if "╭╌ dough ╌" in row)
        assert app.middle_of("knead")[1] > top
        assert app.middle_of("rest")[1] > top
        assert any("╰╌╌╌" in row for row in rows[top:])


async def test_ascii_is_enough() -> None:
    app = CanvasApp(kitchen(), ascii_only=True)
    async with app.run_test(size=(120, 30)) as pilot:
        app.canvas.go_to("rest")
        app.canvas.set_states({"flour": NodeState("done"), "knead": NodeState("running", 1, 2)})
        for level in Zoom:
            app.canvas.zoom(level)
            await pilot.pause()
            assert "".join(app.rows()).isascii()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_kind_of_values_has_a_glyph_of_its_own_one_cell_wide(glyphs: Glyphs) -> None:
    assert set(glyphs.ports) == set(KINDS)
    assert len(set(glyphs.ports.values())) == len(KINDS)
    assert {cell_len(glyph) for glyph in glyphs.ports.values()} == {1}


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES, "latentgraph-dark", "latentgraph-light"])
async def test_every_theme_paints_the_canvas(theme: str) -> None:
    app = CanvasApp(kitchen(), theme=theme)
    async with app.run_test(size=(100, 25)) as pilot:
        app.canvas.go_to("rest")
        app.canvas.find("dark")
        await pilot.pause()
        assert "┏ rest " in "\n".join(app.rows()) or "┏ bake " in "\n".join(app.rows())


async def test_an_empty_canvas_says_what_to_do() -> None:
    app = CanvasApp(Scene())
    async with app.run_test(size=(60, 20)):
        text = "\n".join(app.rows())
    assert "Nothing here yet." in text
    assert "a adds a node, ^o opens a workflow." in text


async def test_a_changed_value_shows_and_moves_nothing() -> None:
    scene = kitchen()
    app = CanvasApp(scene)
    async with app.run_test(size=(120, 30)) as pilot:
        assert app.canvas.sheet is not None
        before = app.canvas.sheet.arrangement
        rest = scene.boxes["rest"]
        changed = replace(rest, fields=(replace(rest.fields[0], value="47"),))
        app.canvas.show(replace(scene, boxes={**scene.boxes, "rest": changed}))
        await pilot.pause()
        assert app.canvas.sheet.arrangement is before
        assert any("hours" in row and "47" in row for row in app.rows())


async def test_the_minimap_is_there_only_where_something_is_out_of_view() -> None:
    app = CanvasApp(many(40))
    async with app.run_test(size=(120, 40)) as pilot:
        place = app.canvas.map_place()
        assert place is not None
        assert app.rows()[place.y][place.x : place.x + 3] == "╭──"
        app.canvas.minimap_wanted = False
        assert app.canvas.map_place() is None
        app.canvas.minimap_wanted = True
        app.canvas.show(kitchen())
        app.canvas.fit()
        await pilot.pause()
        assert app.canvas.map_place() is None


async def test_a_large_graph_is_laid_out_aside_while_the_old_picture_stays() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(120, 40)) as pilot:
        app.canvas.show(many(300))
        app.canvas.go_to("node_299")
        assert app.canvas.sheet is not None
        assert "flour" in app.canvas.sheet.areas
        assert "flour" in "\n".join(app.rows())
        for _ in range(200):
            await pilot.pause(0.02)
            if "node_299" in app.canvas.sheet.areas:
                break
        assert "node_299" in app.canvas.sheet.areas
        await pilot.pause()
        assert "┏ node_299" in "\n".join(app.rows())


async def test_shipped_workflows_show_every_box_at_every_zoom() -> None:
    for scene in (shipped(), shipped("text_to_image_open_step", ("denoise",))):
        app = CanvasApp(scene)
        async with app.run_test(size=(300, 80)) as pilot:
            for level in Zoom:
                app.canvas.zoom(level)
                app.canvas.home()
                await pilot.pause()
                text = "\n".join(app.rows())
                for one in scene.boxes.values():
                    assert one.title[:8] in text


async def test_a_narrow_view_begins_with_compact_boxes_until_somebody_chooses() -> None:
    app = CanvasApp(kitchen())
    async with app.run_test(size=(80, 24)) as pilot:
        assert "hours" not in "\n".join(app.rows())
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert "hours" in "\n".join(app.rows())
        await pilot.press("minus", "plus")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "hours" in "\n".join(app.rows())
