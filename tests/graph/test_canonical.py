from __future__ import annotations

import difflib
import json
from importlib.resources import files
from typing import Any

import pytest
from tests.graph.toys import toy_document

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import parse_document

WORKFLOW: dict[str, Any] = {
    "description": "Brot für 猫, \u2028 and \U0001f35e.",
    "inputs": {"x": {"type": "number", "default": 1.0, "minimum": 1e-07}, "n": {"type": "integer", "default": 2**70}},
    "nodes": {
        "m": {"type": "mix", "inputs": {"flour": 500, "water": 300}},
        "k": {"type": "knead", "inputs": {"dough": {"from": "m.dough"}, "minutes": {"from": "inputs.x"}}},
    },
    "outputs": {"dough": {"from": "k.dough"}},
    "groups": {"both": {"nodes": ["m", "k"]}},
    "layout": {"m": [2, 4], "k": [10, 4]},
}


def canonical(data: dict[str, Any]) -> str:
    return canonical_text(toy_document(data).workflow)


def test_writing_what_was_read_is_the_identity() -> None:
    text = canonical(WORKFLOW)
    read = parse_document(text.encode(), "w.json").workflow
    assert read == toy_document(WORKFLOW).workflow
    assert canonical_text(read) == text


def test_numbers_and_letters_stay_as_they_are() -> None:
    text = canonical(WORKFLOW)
    assert [part in text for part in ("1.0,", "1e-07", str(2**70), "für 猫", "\U0001f35e")] == [True] * 5


@pytest.mark.parametrize(
    ("path", "value"),
    [(["nodes", "m", "inputs", "flour"], 505), (["layout", "m"], [3, 4]), (["outputs", "dough", "from"], "m.dough")],
)
def test_an_edit_changes_one_line(path: list[str], value: Any) -> None:
    edited = json.loads(json.dumps(WORKFLOW))
    target = edited
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    before, after = canonical(WORKFLOW).splitlines(), canonical(edited).splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert [line[0] for line in changed] == ["-", "+"]


def test_keys_stand_in_the_order_of_the_format_and_names_in_their_authors() -> None:
    shuffled = {key: WORKFLOW[key] for key in reversed(WORKFLOW)}
    assert canonical(shuffled) == canonical(WORKFLOW)
    swapped = {**WORKFLOW, "nodes": dict(reversed(WORKFLOW["nodes"].items()))}
    assert list(json.loads(canonical(swapped))["nodes"]) == ["k", "m"]


@pytest.mark.parametrize("name", sorted(one.name for one in files("latentgraph.workflows").iterdir()))
def test_the_shipped_workflows_are_canonical(name: str) -> None:
    if not name.endswith(".json"):
        pytest.skip("no workflow")
    text = files("latentgraph.workflows").joinpath(name).read_text(encoding="utf-8")
    if "latentgraph" not in json.loads(text):
        pytest.skip("no workflow")
    assert canonical_text(parse_document(text.encode(), name).workflow) == text
