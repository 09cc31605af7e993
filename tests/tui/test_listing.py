from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import TOYS, Cli


def test_the_node_types_are_listed_by_category_with_their_help(cli: Cli) -> None:
    done = cli("nodes", "--nodes", TOYS)
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert "bakery" in lines
    assert any(" ".join(line.split()) == "mix Mix flour and water." for line in lines)
    assert any(line.strip().startswith("denoise_step ") for line in lines)
    assert any(line.strip().startswith("loop ") for line in lines)


def test_one_node_is_shown_in_full(cli: Cli) -> None:
    assert cli("nodes", "mix", "--nodes", TOYS).out == (
        "mix (bakery)\n"
        "  Mix flour and water.\n"
        "\n"
        "takes\n"
        "  flour  integer, at least 1, a multiple of 5, required. Grams of flour.\n"
        "  water  integer, default 300. Grams of water.\n"
        '  grain  one of "wheat", "rye", default "wheat". What the flour is made of.\n'
        "\n"
        "gives\n"
        "  dough  Dough\n"
        "\n"
        "comes from\n"
        f"  {TOYS}\n"
    )


def test_bounds_are_told_with_their_limits(cli: Cli) -> None:
    out = cli("nodes", "knead", "--nodes", TOYS).out
    assert "  minutes  number, at least 0, at most 60, default 10.0\n" in out


def test_json_gives_a_node_with_its_schema(cli: Cli) -> None:
    (node,) = cli("nodes", "knead", "--nodes", TOYS, "--json").events
    assert node["inputs"]["dough"] == {"type": "Dough", "help": "", "required": True}
    assert node["inputs"]["minutes"] == {
        "type": "number",
        "help": "",
        "schema": {"maximum": 60, "minimum": 0, "type": "number"},
        "required": False,
        "default": 10.0,
    }
    assert node["outputs"] == {"dough": {"type": "Dough", "help": ""}}


def test_every_node_type_is_a_json_object_of_its_own(cli: Cli) -> None:
    names = [event["name"] for event in cli("nodes", "--json").events]
    assert {"tokenize", "encode", "denoise_step", "decode", "save_image"} <= set(names)


def test_loops_and_workflows_are_explained_too(cli: Cli) -> None:
    assert cli("nodes", "loop").out.startswith("loop\n  Run a graph of nodes in turns")
    assert cli("nodes", "workflow").code == 0


def test_an_unknown_node_type_is_told_the_closest(cli: Cli) -> None:
    done = cli("nodes", "denoise_stepp")
    assert (done.code, done.err) == (2, "error: there is no node type 'denoise_stepp'; did you mean 'denoise_step'?\n")


def test_a_node_for_one_family_says_so(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "sour.py"
    file.write_text(
        "from latentgraph.graph.node import node\n\n\n"
        '@node(category="bakery", families=("rye",))\n'
        'def sour(text: str) -> str:\n    """Let it stand."""\n    return text\n'
    )
    lines = [" ".join(line.split()) for line in cli("nodes", "--nodes", str(file)).out.splitlines()]
    assert "sour Let it stand. (rye)" in lines
    assert "is for models of\n  rye\n" in cli("nodes", "sour", "--nodes", str(file)).out
    (node,) = cli("nodes", "sour", "--nodes", str(file), "--json").events
    assert node["families"] == ["rye"]


def test_the_workflows_that_ship_are_listed_with_what_they_show(cli: Cli) -> None:
    done = cli("workflows")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert (done.code, done.err, lines[0]) == (0, "", "any family")
    assert "text_to_image_open_step Text to image with the step of denoising taken apart." in lines
    told = {one["name"]: one["help"] for one in cli("workflows", "--json").events}
    assert told["text_to_image_open_step"] == "Text to image with the step of denoising taken apart."
