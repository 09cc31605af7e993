"""What is made and not written: lists of the README (workflows, nodes, samplers, keys), its pictures, the reference.

`python -m tests.readme` makes them anew, `python -m tests.readme lists` lists and reference alone, which a test holds.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import textwrap
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "nodes" / "REFERENCE.md"
PICTURE = ROOT / ".readme" / "editor.svg"
SIZE = (150, 44)
SHEET = ROOT / ".readme" / "pictures.png"
PROMPTS = (
    "a green star on a white background",
    "a red circle on a blue background",
    "a yellow ring on a black background",
    "a blue cross on an orange background",
    "a purple triangle on a yellow background",
    "a white square on a red background",
    "a house",
    "the moon over a hill",
    "a tree",
    "the sun over the sea",
    "a red circle above a blue square on a white background",
    "a yellow star left of a blue square on a black background",
)
COLUMNS, EDGE, GAP, ROW = 4, 160, 16, 212
FAMILIES = {
    "": "Stable Diffusion 1.x, and what shares its parts",
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sd1, sd2": "Stable Diffusion 1.x and 2.x",
    "sd1, sd2, sdxl": "Stable Diffusion 1.x, 2.x and XL",
    "sdxl": "Stable Diffusion XL",
    "sd3": "Stable Diffusion 3",
    "flux": "Flux",
    "upscale": "Stable Diffusion x4 upscaler",
}
PLACES = {"app": "everywhere", "canvas": "on the canvas"}


def key_table() -> str:
    """The keys of the main screen, a row for each group, as Markdown."""
    from latentgraph.tui.editor.dialogs.key_names import format_key
    from latentgraph.tui.editor.keys import KEYS

    lines = ["| | keys |", "|---|---|"]
    for (where, group), keys in groupby(KEYS, key=lambda key: (key.where, key.group)):
        if where in PLACES:
            cells = [f"`{format_key(key.keys.partition(',')[0])}` {key.label.lower()}" for key in keys]
            lines.append(f"| {group}, {PLACES[where]} | {' · '.join(cells)} |")
    return "\n".join(lines) + "\n"


def workflow_table() -> str:
    """The workflows that ship, by model family, as Markdown."""
    from latentgraph.graph.registry import Registry
    from latentgraph.tui.shipped import by_family

    lines = ["| family | workflow | what it shows |", "|---|---|---|"]
    for family, ones in by_family(Registry.load()):
        heads = [FAMILIES.get(family, family), *[""] * (len(ones) - 1)]
        lines += [f"| {head} | `{one.name}` | {one.sentence} |" for head, one in zip(heads, ones, strict=True)]
    return "\n".join(lines) + "\n"


def node_table() -> str:
    """The nodes by category, those for some families with their names, as Markdown."""
    from latentgraph.graph.node import NodeType
    from latentgraph.graph.registry import Registry

    def named(node: NodeType) -> str:
        families = ", ".join(node.options.families)
        return f"`{node.name}` ({families})" if families else f"`{node.name}`"

    lines = ["| stage | nodes |", "|---|---|"]
    for category, nodes in groupby(Registry.load(), key=lambda node: node.category):
        lines.append(f"| {category} | {' · '.join(named(node) for node in nodes)} |")
    return "\n".join(lines) + "\n"


def sampler_table() -> str:
    """What ComfyUI's samplers and schedulers become, those alike in one row, as Markdown."""
    from latentgraph.nodes.comfyui.samplers import SAMPLERS, SCHEDULERS

    rows: dict[tuple[str, str], list[str]] = {}
    for name, one in SAMPLERS.items():
        named = f"`{name}`" + (f" (take `{one.nearest}`)" if one.nearest else "")
        rows.setdefault((one.likeness, one.class_name), []).append(named)
    lines = ["| | sampler of ComfyUI | scheduler of diffusers |", "|---|---|---|"]
    order = ("equal", "close", "missing")
    for (likeness, class_name), names in sorted(rows.items(), key=lambda row: order.index(row[0][0])):
        lines.append(f"| {likeness} | {' · '.join(names)} | {class_name.removesuffix('Scheduler')} |")
    return "\n".join(lines) + f"\n\nAll schedulers are equal: {' · '.join(f'`{name}`' for name in SCHEDULERS)}.\n"


def with_lists(text: str) -> str:
    """The README with its lists as they are now."""
    tables = {"keys": key_table, "workflows": workflow_table, "nodes": node_table, "samplers": sampler_table}
    for name, table in tables.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = between.sub(lambda found, table=table: found[1] + table() + found[2], text)  # type: ignore[misc]
    return text


def reference_page() -> str:
    """The reference of our own nodes, as Markdown."""
    from latentgraph.graph.registry import Registry
    from latentgraph.tui.reference import OURS, reference

    registry = Registry.load()
    return reference(registry, [node for node in registry if registry.origin(node.name) == OURS])


async def take_picture() -> str:
    """The editor after a run, as SVG."""
    from latentgraph.graph.registry import Registry
    from latentgraph.tui.editor.app import EditorApp
    from latentgraph.tui.editor.opening import open_argument
    from latentgraph.tui.editor.request import EditRequest

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        registry = Registry.load()
        request = EditRequest("text_to_image", out=Path(folder))
        app = EditorApp(registry, open_argument("text_to_image", registry), request)
        app.animation_level = "none"
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("ctrl+r")
            for _ in range(600):
                await pilot.pause(0.5)
                if app.main_screen.runs.current is None and len(app.main_screen.made):
                    break
            app.main_screen.canvas.go_to("positive")
            await pilot.pause(1.0)
            return app.export_screenshot(title="latentgraph edit text_to_image")


def make_sheet() -> Image.Image:
    """A picture for each prompt, with the prompt below, as the shipped workflow makes it at its own seed."""
    from latentgraph.graph.document import read_document
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine

    engine = Engine(Registry.load())
    document = read_document(ROOT / "workflows" / "text_to_image.json")
    rows = -(-len(PROMPTS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (EDGE + GAP) + GAP, rows * ROW + GAP), "#15161c")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    with tempfile.TemporaryDirectory() as folder:
        for index, prompt in enumerate(PROMPTS):
            run = engine.run(document, {"prompt": prompt}, out=Path(folder), metadata=False).result()
            place = (GAP + index % COLUMNS * (EDGE + GAP), GAP + index // COLUMNS * ROW)
            with Image.open(run.files["image"][0]) as picture:
                sheet.paste(picture.resize((EDGE, EDGE), Image.Resampling.BICUBIC), place)
            draw.text((place[0], place[1] + EDGE + 4), textwrap.fill(prompt, 24), "#c9d1e0", font)
    return sheet


def main() -> None:
    """Make all of it anew."""
    README.write_text(with_lists(README.read_text("utf-8")), "utf-8")
    REFERENCE.write_text(reference_page(), "utf-8")
    if sys.argv[1:] == ["lists"]:
        return
    svg = asyncio.run(take_picture())
    # A picture of a text needs no font from somewhere else: every system has one of fixed width.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")
    make_sheet().save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
