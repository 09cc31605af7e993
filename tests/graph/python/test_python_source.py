"""The Python of a workflow is formatted, and running it gives the file back to the byte."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.python.source import python_source
from latentgraph.graph.python.source.order import written_order
from latentgraph.graph.registry import Registry

SUB = {"latentgraph": 1,
       "inputs": {"flour": {"type": "integer", "default": 5}, "crust": {"type": "string", "default": None}},
       "nodes": {"m": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}}, "h": {"type": "halve", "inputs":
                 {"dough": {"from": "m.dough"}}}},
       "outputs": {"left": {"from": "h.left"}, "right": {"from": "h.right"}}}  # fmt: skip
ONE = {"latentgraph": 1, "inputs": {"dough": {"type": "Dough"}}, "nodes": {"k": {"type": "knead", "inputs":
       {"dough": {"from": "inputs.dough"}}}}, "outputs": {"done": {"from": "k.dough"}}}  # fmt: skip
ODD: dict[str, Any] = {
    "$schema": None,
    "description": 'A "quoted" text, it\'s \\ odd:\n\ttabs, \x7f, \u2028 and ü. ' + "Long. " * 40,
    "inputs": {
        "if": {"type": "integer", "default": 3, "minimum": None, "choices": [1, 2, 3]},
        "mix": {"type": "string", "description": ""},
        "flow": {"type": "number", "default": 1e300, "maximum": 1.5e300, "multiple_of": 0.5},
        "hot": {"type": "boolean", "default": True},
        "grain": {"type": "string", "choices": ["wheat", "rye"]},
        "given": {"type": "Dough", "description": "Given."},
        "unset": {"type": "Bread", "default": None},
        "some-crust": {"type": "string", "default": "soft"},
    },
    "nodes": {
        "last": {"type": "bake", "inputs": {"dough": {"from": "first-one.dough"},
                                            "crust": {"from": "inputs.some-crust"}}},
        "first-one": {"type": "mix", "inputs": {"grain": {"from": "inputs.grain"}, "flour": 500}, "package": None},
        "flow": {"type": "count", "inputs": {"to": {"from": "inputs.if"}}, "description": "It's here. " * 12},
        "Muted": {"type": "bake", "disabled": "mute", "inputs": {}, "package": "bakery"},
        "other": {"type": "glaze.Sugar-2", "inputs": {"over": {"from": "last.bread"},
                                                      "more": [1, [None, {"a b": 2.5}]]}},
        "given_": {"type": "knead", "inputs": {"dough": {"from": "inputs.given"}}},
        "halves": {"type": "workflow", "file": "./sub.json", "inputs": {"flour": {"from": "inputs.if"}}},
        "sub": {"type": "workflow", "file": "./sub.json"},
        "one": {"type": "workflow", "file": "./one.json", "description": "",
                "inputs": {"dough": {"from": "halves.right"}}},
        "gone": {"type": "workflow", "file": "./nowhere.json", "inputs": {"a": {"from": "one.done"}}},
        "turns": {
            "type": "loop",
            "disabled": None,
            "each": {"for": {"from": "flow.value"}},
            "carry": {"dough": {"from": "halves.left", "next": "again.dough"},
                      "d": {"from": "gone.x", "next": "last.dough"}},
            "inputs": {"left": {"from": "halves.left"}, "text": "literal"},
            "nodes": {
                "again": {"type": "knead", "inputs": {"dough": {"from": "last.dough"}}},
                "last": {"type": "join", "inputs": {"first": {"from": "loop.left"}, "second": {"from": "loop.dough"}}},
                "squared": {"type": "square", "inputs": {"number": {"from": "loop.index"}}},
                "inner": {
                    "type": "loop",
                    "each": {"n": {"from": "once.value"}},
                    "inputs": {"first": {"from": "loop.left"}, "value": {"from": "squared.value"}},
                    "nodes": {"a": {"type": "knead", "inputs": {"dough": {"from": "loop.first"}}},
                              "b": {"type": "square", "inputs": {"number": {"from": "loop.value"}}}},
                    "collect": {"out": {"from": "b.value"}, "left": {"from": "loop.first"}},
                },
                "once": {"type": "count", "inputs": {"to": {"from": "loop.for"}}},
            },
            "collect": {"all": {"from": "squared.value"}, "deep": {"from": "inner.out"}},
        },
        "empty": {"type": "loop", "each": {"x": {"from": "turns.all"}}, "nodes": {}, "collect": {}},
        "sold": {"type": "sell", "inputs": {"bread": {"from": "other.port-1"}, "label": "x" * 100}},
    },
    "outputs": {
        "dough": {"from": "turns.dough", "description": ""},
        "all": {"from": "turns.deep", "description": "Lists."},
        "again": {"from": "inputs.hot"},
        "some": {"from": "sub.left"},
    },
    "groups": {"g": {"nodes": ["flow", "turns/last"], "description": "Together."}, "none": {"nodes": []}},
    "layout": {"turns/last": [1, -2], "flow": [30, 4]},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of the sub-workflows lie."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "sub.json").write_text(json.dumps(SUB))
    (folder / "one.json").write_text(json.dumps(ONE))
    return folder


def given_back(source: str, folder: Path) -> str:
    """What the Python writes when it is run where the files are."""
    scope: dict[str, Any] = {"__name__": "written"}
    exec(
        compile(source.replace("with workflow(", f"with workflow(folder={str(folder)!r}, ", 1), "written", "exec"),
        scope,
    )
    return str(scope["flow"].text())


@pytest.mark.parametrize("data", [FLAT, NESTED, ODD, {"nodes": {}}], ids=["flat", "nested", "odd", "empty"])
def test_it_gives_the_file_back_and_is_formatted(data: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    document = toy_document(data, folder / "toy.json")
    source = python_source(document, toy_registry(), "toy")
    assert given_back(source, folder) == canonical_text(document.workflow)
    (tmp_path / "toy.py").write_text(source)
    for width in ("88", "120"):
        command = [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", "--line-length", width, "."]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E4,E7,E9,F,I,UP", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_it_reads_as_one_would_write_it() -> None:
    assert (
        python_source(toy_document(NESTED), toy_registry(), "loaves")
        == '''\
"""The workflow loaves, written in Python; run, this prints its file."""

import tests.graph.toys
from latentgraph.graph.python import workflow

with workflow() as flow:
    n = flow.integer("n", 3, minimum=0)
    kneading = flow.number("kneading", 2.0)

    c = tests.graph.toys.count(to=n)
    m = tests.graph.toys.mix(flour=500)

    with flow.loop("days") as days:
        day = days.each("day", c)
        dough = days.carry("dough", m)
        minutes = days.input("minutes", kneading)
        to = days.input("to", 4)
        c_ = tests.graph.toys.count(to=to)

        with flow.loop("hours") as hours:
            hour = hours.each("hour", c_)
            dough_carried = hours.carry("dough", dough.now)
            minutes_inside = hours.input("minutes", minutes)
            day_inside = hours.input("day", day)
            k = tests.graph.toys.knead(dough=dough_carried.now, minutes=minutes_inside)
            q = tests.graph.toys.square(number=hour)
            dough_carried.next = k
            squares = hours.collect("squares", q)

        dough.next = dough_carried.last
        all = days.collect("all", squares)

    b = tests.graph.toys.bake(dough=dough.last)

    flow.output("bread", b)
    flow.output("squares", all)

    flow.group("deep", ["days/hours/k", "c"])
    flow.layout({"days": (3, 3), "days/hours": (1, -2), "days/hours/k": (5, 5)})

if __name__ == "__main__":
    print(flow.text(), end="")
'''
    )


def test_what_cannot_be_called_is_added_by_name_and_files_are_declared(folder: Path) -> None:
    source = python_source(toy_document(ODD, folder / "toy.json"), toy_registry())
    assert 'Muted = flow.node(\n        "bake",' in source
    assert 'other = flow.node(\n        "glaze.Sugar-2",' in source
    assert 'gone = flow.node("workflow", "gone", {"a": one}, file="./nowhere.json")' in source
    assert '@subworkflow("./one.json")\ndef one_(*, dough: Dough) -> Dough:\n    raise NotImplementedError\n' in source
    assert "*, flour: int = 5, crust: str | None = None) -> Sub" in source
    assert "from tests.graph.toys import Bread, Dough" in source
    assert 'flow.order(\n        "last",\n        "first-one",' in source


def test_a_file_with_errors_is_refused_with_its_problems() -> None:
    data = copy.deepcopy(FLAT)
    data["nodes"]["m"]["inputs"]["flour"] = "much"
    with pytest.raises(WorkflowError, match=r'toy.json:1:\d+: E104 m.flour: "much" is a string; takes integer'):
        python_source(toy_document(data), toy_registry())


def test_nodes_of_a_file_are_imported_from_it(tmp_path: Path) -> None:
    file = tmp_path / "my_nodes.py"
    file.write_text("from latentgraph.graph.node import node\n\n\n@node(category='x')\ndef triple(n: int) -> int:\n"
                    "    '''Three times.'''\n    return 3 * n\n")  # fmt: skip
    registry = Registry()
    registry.add_file(file)
    data = {"nodes": {"t": {"type": "triple", "inputs": {"n": 5}}}, "outputs": {"t": {"from": "t.value"}}}
    source = python_source(toy_document(data), registry)
    assert f"import my_nodes  # of {file}: its folder has to be on PYTHONPATH\n" in source
    assert "    t = my_nodes.triple(n=5)\n" in source
    sys.path.insert(0, str(tmp_path))
    try:
        assert given_back(source, tmp_path) == canonical_text(toy_document(data).workflow)
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["my_nodes"]


def test_nodes_are_written_behind_those_they_read_and_else_in_the_order_of_the_file() -> None:
    nodes = toy_document({"nodes": {
        "d": {"type": "square", "inputs": {"number": {"from": "b.value"}}},
        "c": {"type": "count", "inputs": {"to": 1}},
        "b": {"type": "square", "inputs": {"number": {"from": "a.value"}}},
        "a": {"type": "square", "inputs": {"number": 1}},
    }}).workflow.nodes  # fmt: skip
    assert written_order(nodes) == ["a", "b", "d", "c"]


def _shuffled(value: Any, draw: random.Random) -> Any:
    """The same data with names in another order, and here and there something left out."""
    if isinstance(value, dict):
        items = [(key, _shuffled(one, draw)) for key, one in value.items()]
        if draw.random() < 0.3:
            draw.shuffle(items)
        optional = ("description", "package", "inputs", "collect", "groups", "layout", "default", "choices", "empty")
        return dict(one for one in items if one[0] not in optional or draw.random() < 0.93)
    return [_shuffled(one, draw) for one in value] if isinstance(value, list) else value


def _written_back(seeds: range, folder: Path) -> int:
    registry, written = toy_registry(), 0
    for seed in seeds:
        draw = random.Random(seed)
        data = _shuffled(draw.choice([ODD, NESTED, FLAT, ODD]), draw)
        document = toy_document(data, folder / "toy.json")
        try:
            source = python_source(document, registry)
        except WorkflowError:
            continue
        written += 1
        assert given_back(source, folder) == canonical_text(document.workflow), seed
    return written


def test_whatever_the_order_and_whatever_is_left_out_the_file_comes_back(folder: Path) -> None:
    assert _written_back(range(60), folder) >= 20


@pytest.mark.exhaustive
def test_a_thousand_files_come_back(folder: Path) -> None:
    assert _written_back(range(60, 1060), folder) > 400


def test_a_document_without_a_text_is_written_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"latentgraph": 1, **FLAT}))
    workflow = read_document(tmp_path / "a.json").workflow
    source = python_source(Document(workflow), toy_registry())
    assert given_back(source, tmp_path) == canonical_text(workflow)
