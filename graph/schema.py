"""The JSON Schema (draft 2020-12) of workflow files, by which an editor completes node types, ports and values.

The shape of a file is read off the pydantic models, the nodes off the registry; nothing is said here that is not there.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, TypeAdapter

from latentgraph.graph.declared import type_names
from latentgraph.graph.node import NodeType, Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import (
    LOOP,
    SUBWORKFLOW,
    VERSION,
    Carry,
    End,
    Group,
    Node,
    Workflow,
    WorkflowInput,
    WorkflowOutput,
)

Schema: TypeAlias = dict[str, Any]
TITLE = "latentgraph workflow"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
LINK = {"$ref": "#/$defs/Link"}
_LOOP_HELP = "A graph of nodes that runs in turns."
_SUBWORKFLOW_HELP = "A workflow file as a node."
_NOTE_HELP = "A node of another program that has no counterpart here; muted, it stands as a note."
_BY_TYPE = {LOOP: ("each", "carry", "nodes", "collect"), SUBWORKFLOW: ("file",)}
"""Fields of a node that only one type has a use for."""


def schema_text(registry: Registry) -> str:
    """The schema as the text of a file."""
    return json.dumps(workflow_schema(registry), indent=2, ensure_ascii=False) + "\n"


def workflow_schema(registry: Registry) -> Schema:
    """The schema of a workflow file that uses the nodes of `registry`."""
    base = Workflow.model_json_schema(by_alias=True)
    definitions = base.pop("$defs")
    for model in (Workflow, WorkflowInput, WorkflowOutput, End, Carry, Group, Node):
        _describe(base if model is Workflow else definitions[model.__name__], model)
    fields = definitions["Node"]["properties"]
    definitions["Node"] = _node(registry)
    definitions["Link"] = _link()
    definitions["WorkflowInput"]["properties"]["type"]["enum"] = type_names(registry)
    definitions |= {f"node.{LOOP}": _structure(LOOP, fields, required=["each"]),
                    f"node.{SUBWORKFLOW}": _structure(SUBWORKFLOW, fields, required=["file"])}  # fmt: skip
    definitions |= {f"node.{node.name}": _typed(node, fields) for node in registry}
    base["properties"]["latentgraph"]["const"] = VERSION
    schema: Schema = _tidy({"$schema": DIALECT, **base, "title": TITLE, "$defs": definitions})
    return schema


def literal_schema(port_type: PortType) -> Schema | None:
    """What a workflow file may write out for a port; None where only a link will do."""
    plain = [member for member in port_type.members if PortType(member).literal or member is type(None)]
    if not port_type.literal and len(plain) == 0:
        return None
    if len(plain) == len(port_type.members):
        schema: Schema = _tidy(port_type.adapter.json_schema())
        return schema
    return {"anyOf": [_tidy(TypeAdapter(member).json_schema()) for member in plain]}


def _node(registry: Registry) -> Schema:
    """Any node: its type says which of the definitions it has to meet."""
    helps = {LOOP: _LOOP_HELP, SUBWORKFLOW: _SUBWORKFLOW_HELP} | {
        node.name: node.docstring.summary for node in registry
    }
    return {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {
                "description": "Name of a node type; or loop, or workflow.",
                "oneOf": [{"const": name, "description": text} for name, text in helps.items()]
                + [{"pattern": r"^[^.]+\.", "description": _NOTE_HELP}],
            }
        },
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/node.{name}"},
            }
            for name in helps
        ],
    }


def _link() -> Schema:
    return {
        "description": "Where a value comes from: node.port, inputs.name, or loop.name in the body of a loop.",
        "type": "object",
        "properties": {"from": {"type": "string", "pattern": r"^[^.]+\.[^.]+$"}},
        "required": ["from"],
        "additionalProperties": False,
    }


def _structure(name: str, fields: Mapping[str, Any], required: list[str]) -> Schema:
    """A loop or a sub-workflow, whose inputs are named by the file and not by a declaration."""
    others = {field for kind, own in _BY_TYPE.items() if kind != name for field in own}
    return {
        "description": {LOOP: _LOOP_HELP, SUBWORKFLOW: _SUBWORKFLOW_HELP}[name],
        "type": "object",
        "properties": {key: field for key, field in fields.items() if key not in others}
        | {key: _without_null(fields[key]) for key in required}
        | {"type": {"const": name}},
        "required": ["type", *required],
        "additionalProperties": False,
    }


def _without_null(field: Schema) -> Schema:
    return {**field, "anyOf": [one for one in field["anyOf"] if one.get("type") != "null"]}


def _typed(node: NodeType, fields: Mapping[str, Any]) -> Schema:
    special = {field for own in _BY_TYPE.values() for field in own}
    required = [port.name for port in node.inputs.values() if port.required]
    inputs: Schema = {
        "type": "object",
        "properties": {name: _port(port) for name, port in node.inputs.items()},
        "additionalProperties": False,
    }
    if required:
        inputs["required"] = required
    return {
        "description": "\n\n".join(text for text in (node.docstring.summary, node.docstring.description) if text),
        "type": "object",
        "properties": {key: field for key, field in fields.items() if key not in special}
        | {"type": {"const": node.name}, "inputs": inputs},
        "required": ["type", "inputs"] if required else ["type"],
        "additionalProperties": False,
    }


def _port(port: Port) -> Schema:
    literal = literal_schema(port.type)
    schema: Schema = {"description": f"{port.type.name}. {port.help}".strip()}
    schema |= {"anyOf": [LINK, literal]} if literal is not None else LINK
    if literal is not None and not port.required:
        schema["default"] = port.default
    return schema


def _describe(schema: Schema, model: type[BaseModel]) -> None:
    """Give each field the docstring that stands below it in the source."""
    for name, text in _field_docstrings(model):
        alias = model.model_fields[name].alias or name
        schema["properties"][alias]["description"] = text


def _field_docstrings(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for owner in reversed(model.__mro__):
        if owner is not BaseModel and issubclass(owner, BaseModel) and owner.__module__ == Workflow.__module__:
            body = ast.parse(inspect.getsource(owner)).body[0]
            assert isinstance(body, ast.ClassDef)  # it is the source of a class
            for field, text in zip(body.body, body.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                    assert isinstance(field.target, ast.Name)
                    assert isinstance(text.value, ast.Constant)
                    yield field.target.id, inspect.cleandoc(str(text.value.value))


def _tidy(schema: Any) -> Any:
    """Without the titles that pydantic makes out of names, and with links shortened to where they are defined."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _tidy(inner) for name, inner in value.items()} if key in ("properties", "$defs") else _tidy(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str) or value == TITLE
    }
