"""`latentgraph new nodes`: an installable package with one node, a workflow that uses it and tests."""

from __future__ import annotations

import importlib.util
import keyword
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from latentgraph.graph.files import UMASK
from latentgraph.graph.names import normalized_package
from latentgraph.graph.packages import PACKAGE_NAME
from latentgraph.tui.find import load_registry
from latentgraph.tui.messages import CommandError, not_written

NODE = "posterize"
_LAID = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "src/__init__.py.txt": "src/{module}/__init__.py",
    "src/nodes.py.txt": "src/{module}/nodes.py",
    "src/py.typed.txt": "src/{module}/py.typed",
    "tests/test_nodes.py.txt": "tests/test_nodes.py",
    "workflows/workflow.json.txt": "workflows/{node}.json",
}
"""The files of the template, and what they become."""


def new_nodes(name: str) -> None:
    """Make a folder with a package of the name of its last part, whole or not at all.

    Raises:
        CommandError: The name cannot be used, there is something of that name, or it cannot be written.
    """
    target = Path(name)
    package = target.name
    module = _module(package)
    if os.path.lexists(target):
        raise CommandError(f"{target} is there already; choose another name, or move it away first")
    if not target.parent.is_dir():
        raise CommandError(f"there is no folder '{target.parent}'; make it first")
    words = {"package": package, "module": module, "node": _node(module)}
    try:
        _make(target, words)
    except OSError as error:
        raise not_written(target, error) from None
    print(f"""wrote {target}
  src/{module}/nodes.py    the node {words["node"]}: a typed function, to be changed
  workflows/{words["node"]}.json    a workflow that uses it
  tests/test_nodes.py    tests of both

Next, in the environment that latentgraph is in:
  pip install -e {_argument(target)}
  latentgraph nodes {words["node"]}
  latentgraph run {target / "workflows" / words["node"]}.json""")


def _module(package: str) -> str:
    """What the package is imported as.

    Raises:
        CommandError: It cannot be a package's name, or a module of that name cannot be imported beside others.
    """
    if not PACKAGE_NAME.fullmatch(package):
        raise CommandError(
            f"{package!r} is no name of a package: letters and digits, with '-', '_' and '.' between (my-nodes)"
        )
    module = normalized_package(package).replace("-", "_")
    if not module.isidentifier() or keyword.iskeyword(module) or keyword.issoftkeyword(module):
        raise CommandError(f"'{package}' would be imported as '{module}', which is no name in Python")
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise CommandError(f"there is a module '{module}' already, which '{package}' would hide; choose another name")
    return module


def _node(module: str) -> str:
    """The node's name, which no installed package has."""
    return f"{module}_{NODE}" if NODE in load_registry(()).names() else NODE


def _make(target: Path, words: Mapping[str, str]) -> None:
    made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        template = files("latentgraph.tui") / "templates" / "nodes"
        for source, to in _LAID.items():
            _write(template.joinpath(*source.split("/")), made / to.format(**words), words)
        # A temporary folder is private to its owner.
        made.chmod(0o777 & ~UMASK)
        made.rename(target)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _write(template: Traversable, path: Path, words: Mapping[str, str]) -> None:
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"{{{{{word}}}}}", value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _argument(target: Path) -> str:
    """The folder as pip takes it: a bare name would be looked for in an index."""
    return str(target) if target.is_absolute() else f"./{target.as_posix()}"
