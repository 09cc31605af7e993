"""The JSON Schema, held against the check: what one takes the other takes, as far as a schema can tell."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.graph.toys import toy_registry

from latentgraph.graph.registry import Registry
from latentgraph.graph.schema import schema_text, workflow_schema

WORKFLOWS = Path(__file__).parents[2] / "workflows"
SCHEMA_FILE = WORKFLOWS / "workflow.schema.json"
SHIPPED = sorted(path for path in WORKFLOWS.glob("*.json") if path != SCHEMA_FILE)


def own_registry() -> Registry:
    """The nodes of this distribution, and of no other that may be installed beside it."""
    import latentgraph.nodes

    registry = Registry()
    registry.add_module(latentgraph.nodes, origin="latentgraph", later=True)
    return registry


def faults(schema: dict[str, Any], data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


BREAD: dict[str, Any] = {
    "$schema": "./workflow.schema.json",
    "latentgraph": 1,
    "inputs": {"crust": {"type": "string", "default": "soft"}, "dough": {"type": "Dough"}},
    "nodes": {
        "mix": {"type": "mix", "description": "A dough.", "inputs": {"flour": 500, "grain": "rye"}},
        "count": {"type": "count", "inputs": {"to": 3}},
        "baking": {
            "type": "loop",
            "each": {"turn": {"from": "count.value"}},
            "carry": {"dough": {"from": "mix.dough", "next": "knead.dough"}},
            "inputs": {"minutes": 2.5},
            "nodes": {
                "knead": {
                    "type": "knead",
                    "inputs": {"dough": {"from": "loop.dough"}, "minutes": {"from": "loop.minutes"}},
                }
            },
        },
        "half": {"type": "workflow", "file": "half.json", "inputs": {"dough": {"from": "inputs.dough"}}},
        "bake": {
            "type": "bake",
            "disabled": "mute",
            "inputs": {"dough": {"from": "baking.dough"}, "crust": {"from": "inputs.crust"}},
        },
    },
    "outputs": {"bread": {"from": "bake.bread"}},
    "groups": {"oven": {"nodes": ["bake"]}},
    "layout": {"mix": [0, 2]},
}


def test_it_is_a_schema_of_the_draft_it_names() -> None:
    schema = workflow_schema(toy_registry())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_a_file_with_everything_in_it_is_valid() -> None:
    assert faults(workflow_schema(toy_registry()), BREAD) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["latentgraph"], 2),
        (["colour"], "red"),
        (["inputs", "crust", "type"], "text"),
        (["inputs", "crust", "defualt"], "soft"),
        (["nodes", "mix", "type"], "mixx"),
        (["nodes", "mix", "inputs", "flower"], 5),
        (["nodes", "mix", "inputs", "flour"], 7),
        (["nodes", "mix", "inputs", "flour"], 0),
        (["nodes", "mix", "inputs", "flour"], "500"),
        (["nodes", "mix", "inputs", "water"], True),
        (["nodes", "mix", "inputs", "grain"], "oats"),
        (["nodes", "mix", "inputs", "flour"], {"from": "inputs"}),
        (["nodes", "mix", "inputs", "flour"], {"from": "a.b", "to": "c"}),
        (["nodes", "mix", "inputs"], {}),
        (["nodes", "mix", "each"], {"turn": {"from": "a.b"}}),
        (["nodes", "mix", "file"], "mix.json"),
        (["nodes", "bake", "inputs", "dough"], "dough"),
        (["nodes", "bake", "disabled"], "off"),
        (["nodes", "baking", "each"], None),
        (["nodes", "baking", "carry", "dough"], {"from": "mix.dough"}),
        (["nodes", "baking", "nodes", "knead", "inputs", "minutes"], 61),
        (["nodes", "baking", "file"], "mix.json"),
        (["nodes", "half", "file"], 3),
        (["nodes", "half", "nodes"], {}),
        (["outputs", "bread"], "bake.bread"),
        (["layout", "mix"], [1]),
    ],
    ids=str,
)
def test_a_wrong_file_is_not(path: list[str], value: Any) -> None:
    data = copy.deepcopy(BREAD)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    assert faults(workflow_schema(toy_registry()), data) != []


def test_a_node_says_what_an_editor_shows() -> None:
    schema = workflow_schema(toy_registry())
    choices = {
        one["const"]: one["description"]
        for one in schema["$defs"]["Node"]["properties"]["type"]["oneOf"]
        if "const" in one
    }
    assert choices["mix"] == "Mix flour and water."
    assert {"loop", "workflow"} <= set(choices)
    assert schema["$defs"]["node.mix"]["properties"]["inputs"]["properties"]["water"] == {
        "description": "integer. Grams of water.",
        "anyOf": [{"$ref": "#/$defs/Link"}, {"type": "integer"}],
        "default": 300,
    }
    assert schema["$defs"]["WorkflowInput"]["properties"]["type"]["enum"] == [
        "string", "integer", "number", "boolean", "Bread", "Dough", "list[string]", "list[integer]", "list[number]",
        "list[boolean]", "list[Bread]", "list[Dough]",
    ]  # fmt: skip
    assert schema["$defs"]["Carry"]["properties"]["next"]["description"] == (
        "What it is after a turn: a link inside the body."
    )


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_workflow_is_valid_and_names_the_schema(file: Path) -> None:
    data = json.loads(file.read_text("utf-8"))
    assert faults(workflow_schema(own_registry()), data) == []
    assert data["$schema"] == f"./{SCHEMA_FILE.name}"
    reads_text = next(one for one in data["nodes"].values() if "tokenizer" in one.get("inputs", {}))
    reads_text["inputs"]["txet"] = "a"
    assert faults(workflow_schema(own_registry()), data) != []


def test_the_shipped_schema_is_that_of_the_shipped_nodes() -> None:
    """Where this fails: `latentgraph schema --out workflows/workflow.schema.json`."""
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(own_registry())


def test_every_literal_of_a_declared_node_has_a_schema() -> None:
    registry = own_registry()
    definitions = workflow_schema(registry)["$defs"]
    for node in registry:
        for port in node.inputs.values():
            written = definitions[f"node.{node.name}"]["properties"]["inputs"]["properties"][port.name]
            assert ("anyOf" in written) == (port.type.literal or port.type.optional)
