"""A package made by the template: installed by pip, it gives its node to every command, and its own tests pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.tui.conftest import Cli
from tests.tui.editor.desk import editing, nodes

from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.dialogs.add_node import AddNode


@pytest.fixture
def installed(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new package, built and installed into a folder of its own by pip, without the network."""
    done = cli("new", "nodes", "my-nodes")
    assert (done.code, done.err) == (0, "")
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(site), "./my-nodes"], cwd=tmp_path, check=True)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_nodes"]:
        del sys.modules[name]


async def test_an_installed_package_gives_its_node_to_every_command(installed: Path, cli: Cli, tmp_path: Path) -> None:
    listed = [one for one in cli("nodes", "--json").events if one["name"] == "posterize"]
    assert [(one["from"], one["category"]) for one in listed] == [("my-nodes", "image")]
    assert "at least 2, at most 256" in cli("nodes", "posterize").out
    schema = json.loads(cli("schema").out)
    assert schema["$defs"]["node.posterize"]["properties"]["inputs"]["properties"]["levels"]["default"] == 4
    workflow = "my-nodes/workflows/posterize.json"
    assert cli("check", workflow).out == "1 workflow: nothing to complain of\n"
    assert cli("fmt", "--check", workflow).code == 0
    done = cli("run", workflow, "--set", "num_inference_steps=1", "--set", "levels=2", "--quiet")
    assert done.code == 0, done.err
    with Image.open(tmp_path / done.out.split()[0]) as picture:
        assert set(picture.tobytes()) <= {0, 255}
    nodes.cache_clear()
    async with editing(tmp_path / workflow, out=tmp_path, files=()) as desk:
        await desk.until(lambda: desk.session.checked is desk.session.workflow)
        assert not desk.session.errors
        desk.screen.canvas.go_to("decoded")
        await desk.press("a")
        await desk.until(lambda: isinstance(desk.app.screen, AddNode))
        await desk.press(*"posterize")
        await desk.until(lambda: (row := desk.app.screen.highlighted) and row.id == "posterize")  # type: ignore[attr-defined]
        await desk.press("enter")
        await desk.until(lambda: "posterize" in desk.session.workflow.nodes)
        assert desk.session.workflow.nodes["posterize"].package == "my-nodes"
    nodes.cache_clear()


@pytest.mark.parametrize(
    ("left_out", "passed"), [("makes_a_picture", 3), pytest.param("nothing", 4, marks=pytest.mark.exhaustive)]
)
def test_the_tests_of_the_package_pass(installed: Path, tmp_path: Path, left_out: str, passed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"not ({left_out})"],
        cwd=tmp_path / "my-nodes",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{passed} passed" in done.stdout


def test_who_lacks_the_package_is_told_which_it_is(cli: Cli) -> None:
    cli("new", "nodes", "my-nodes")
    assert (
        "E101 few_tones: unknown node type 'posterize'; the file says that the package 'my-nodes' provides it; if you "
        "trust it: pip install my-nodes\n"
    ) in cli("check", "my-nodes/workflows/posterize.json").out


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "my nodes",
            "'my nodes' is no name of a package: letters and digits, with '-', '_' and '.' between (my-nodes)",
        ),
        ("-nodes", None),
        ("nodes.", None),
        ("7-nodes", "'7-nodes' would be imported as '7_nodes', which is no name in Python"),
        ("Class", "'Class' would be imported as 'class', which is no name in Python"),
        ("json", "there is a module 'json' already, which 'json' would hide; choose another name"),
        ("Latentgraph", "there is a module 'latentgraph' already, which 'Latentgraph' would hide; choose another name"),
        ("nowhere/my-nodes", "there is no folder 'nowhere'; make it first"),
        ("taken", "taken is there already; choose another name, or move it away first"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_and_nothing_is_written(
    cli: Cli, tmp_path: Path, name: str, sentence: str | None
) -> None:
    (tmp_path / "taken").mkdir()
    done = cli("new", "nodes", "--", name)
    assert done.code == 2
    assert sentence is None or done.err == f"error: {sentence}\n"
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
    assert list((tmp_path / "taken").iterdir()) == []


def test_the_package_is_made_whole_or_not_at_all(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    write_text = Path.write_text

    def full(self: Path, text: str, **options: str) -> int:
        written.append(self)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        return write_text(self, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    done = cli("new", "nodes", "my-nodes")
    assert (done.code, done.err) == (1, "error: my-nodes cannot be written: No space left on device\n")
    assert len(written) == 4
    assert list(tmp_path.iterdir()) == []


def test_two_packages_have_nodes_of_two_names(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Registry, "names", lambda self: ["posterize"])
    assert cli("new", "nodes", "Other.Nodes").code == 0
    assert (tmp_path / "Other.Nodes/workflows/other_nodes_posterize.json").exists()
    assert 'name="other_nodes_posterize"' in (tmp_path / "Other.Nodes/src/other_nodes/nodes.py").read_text()
