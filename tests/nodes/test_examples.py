"""Every node's docstring has an example, and the example runs: nodes are plain functions."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from tests.nodes.example_files import write_example_files

from latentgraph import nodes
from latentgraph.graph.registry import Registry

MOST_LINES = 9


@pytest.fixture(scope="module")
def examples() -> dict[str, str]:
    """The example of each node, by its name."""
    registry = Registry()
    return {name: registry.add(getattr(nodes, name)).docstring.example for name in nodes.__all__}


def test_every_node_has_a_short_example_that_calls_it(examples: dict[str, str]) -> None:
    missing = [name for name, text in examples.items() if f"{name}(" not in text]
    assert not missing, "write a section `Example:` into the docstring, lines of Python that call the node"
    assert [name for name, text in examples.items() if len(text.splitlines()) > MOST_LINES] == []


@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning", "ignore:You have passed:FutureWarning")
def test_the_examples_run(examples: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One test for all of them, as writing the models that they read takes longer than running them.
    write_example_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    failed = {}
    for name, text in examples.items():
        namespace: dict[str, object] = {}
        try:
            exec("from latentgraph.nodes import *", namespace)
            exec(compile(text, f"the example of {name}", "exec"), namespace)
        except Exception:
            failed[name] = traceback.format_exc()
    assert not failed, "\n".join(failed.values())
