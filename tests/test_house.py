"""The rules of the house that no single module can keep: who imports whom, and what is packaged."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from latentgraph import nodes
from latentgraph.graph.node import is_node, node_type

ROOT = Path(__file__).parents[1]
FLOORS = ("graph", "nodes", "tui", "workflows")
MAY_IMPORT = {
    "graph": {"graph"},
    "nodes": {"graph", "nodes"},
    "tui": {"graph", "tui", "workflows"},
    "workflows": {"workflows"},
}
HEAVY = ("torch", "diffusers", "transformers", "textual", "PIL", "huggingface_hub", "accelerate")


def _modules(floor: str) -> list[Path]:
    return sorted(path for path in (ROOT / floor).rglob("*.py") if "__pycache__" not in path.parts)


def _imports(path: Path) -> set[str]:
    names = set()
    for one in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(one, ast.Import):
            names |= {alias.name for alias in one.names}
        elif isinstance(one, ast.ImportFrom):
            assert one.level == 0, f"{path}: imports are absolute"
            names.add(one.module or "")
    return names


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_run_one_way(floor: str) -> None:
    for path in _modules(floor):
        for name in _imports(path):
            if name.startswith("latentgraph."):
                assert name.split(".")[1] in MAY_IMPORT[floor], f"{path.relative_to(ROOT)} imports {name}"


def test_every_package_is_named_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = set(project["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for floor in FLOORS for path in (ROOT / floor).rglob("__init__.py")}
    assert named == {"latentgraph." + ".".join(folder.parts) for folder in folders}


def test_every_data_file_is_packaged() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    tracked = subprocess.run(["git", "ls-files", *FLOORS], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    left_out = [
        name
        for name in tracked.splitlines()
        if not name.endswith(".py") and not any(Path(name).match(pattern.removeprefix("**/")) for pattern in patterns)
    ]
    assert left_out == []


def test_there_is_no_top_level_folder_but_the_five() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    folders = {name.split("/")[0] for name in tracked.splitlines() if "/" in name}
    assert {folder for folder in folders if not folder.startswith(".")} <= {*FLOORS, "tests"}


def test_the_stub_lists_every_node_by_the_name_that_workflows_call_it() -> None:
    declared: dict[str, object] = {}
    for path in (ROOT / "nodes").glob("*.py"):
        module = importlib.import_module(
            f"latentgraph.nodes.{path.stem}" if path.stem != "__init__" else "latentgraph.nodes"
        )
        own = [one for one in vars(module).values() if is_node(one) and one.__module__ == module.__name__]
        declared |= {node_type(one).name: one for one in own}
    assert sorted(nodes.__all__) == sorted(declared)
    assert all(getattr(nodes, name) is function for name, function in declared.items())


@pytest.mark.parametrize(
    "module", ["latentgraph.graph.run", "latentgraph.graph.check", "latentgraph.nodes", "latentgraph.tui.main"]
)
def test_importing_costs_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_listing_and_checking_import_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from importlib.resources import files\n"
        "from latentgraph.graph.check import check\n"
        "from latentgraph.graph.document import read_document\n"
        "from latentgraph.graph.registry import Registry\n"
        "registry = Registry.load()\n"
        "assert len(list(registry)) > 10\n"
        "path = files('latentgraph.workflows').joinpath('text_to_image.json')\n"
        "assert not check(read_document(path), registry).errors\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
