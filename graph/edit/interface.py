"""Edits of what a workflow takes and gives: its declared inputs and its outputs."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from latentgraph.graph.boxes import INPUTS, OUTPUTS
from latentgraph.graph.declared import PLAIN_TYPES, input_type, named_type
from latentgraph.graph.edit.draft import plain
from latentgraph.graph.edit.edit import ABSENT, Data, Edit
from latentgraph.graph.edit.graph import Graph, require_name, unique, unknown
from latentgraph.graph.edit.linking import bring_in, take_away, write_link
from latentgraph.graph.edit.port_types import declaration
from latentgraph.graph.edit.references import rename_source
from latentgraph.graph.errors import EditError
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.workflow import WorkflowInput, link_text

_PARTS = tuple(WorkflowInput.model_fields)
"""Of a declaration, in the order of the file."""


def declare_input(graph: Graph, name: str, type: str, **parts: Any) -> Edit:
    """Declare an input of the workflow.

    Args:
        graph: Of any scope.
        name: Its name.
        type: `string`, `integer`, `number`, `boolean`, or the name of a type of values.
        parts: What else the file says of it: default, minimum, maximum, multiple_of, choices, description.
    """
    require_name(name, graph.data.get("inputs", {}))
    draft = graph.draft()
    draft.set(("inputs", name), _declared(graph, {}, {"type": type, **parts}))
    return draft.edit(f"declare the input {name}", (), (INPUTS,))


def set_input(graph: Graph, name: str, **parts: Any) -> Edit:
    """Change parts of a declared input: also its type; ABSENT takes a part away.

    Raises:
        EditError: There is no such input, or the parts are nothing that a file can declare.
    """
    before = _input(graph, name)
    draft = graph.draft()
    draft.set(("inputs", name), _declared(graph, before, parts))
    merge = f"input {name} {' '.join(parts)}"
    return draft.edit(f"set the {' and '.join(parts)} of {name}", (), (INPUTS,), merge)


def rename_input(graph: Graph, old: str, new: str) -> Edit:
    """Give an input of the workflow another name."""
    _input(graph, old)
    require_name(new, graph.data["inputs"].keys() - {old})
    draft = graph.draft()
    draft.rename(("inputs",), old, new)
    rename_source(draft, (), (INPUTS, old), (INPUTS, new))
    return draft.edit(f"rename the input {old} to {new}", (), (INPUTS,))


def remove_input(graph: Graph, name: str) -> Edit:
    """Take an input of the workflow away; who read it keeps its default as a value of its own."""
    value = _input(graph, name).get("default", ABSENT)
    draft = graph.draft()
    draft.remove(("inputs", name))
    take_away(draft, (), (INPUTS, name), value)
    return draft.edit(f"remove the input {name}", (), (INPUTS,))


def expose(graph: Graph, node: str, port: str, name: str = "") -> Edit:
    """Make a port an input of the workflow, with what it is set to as the default; handed into loops on the way.

    Raises:
        EditError: There is no such port, or no input can have its type.
    """
    written = graph.node(node).get("inputs", {}).get(port, ABSENT)
    taking = graph.signatures.of(graph.scope, node).inputs.get(port)
    if taking is None:
        raise EditError(f"'{node}' has no input '{port}'.")
    value = written if link_text(written) is None else ABSENT
    declared = declaration(taking, graph.signatures.registry, value)
    if declared is None:
        raise EditError(f"No input of a workflow can be of type {taking.type.name}.")
    inputs = graph.data.get("inputs", {})
    name = require_name(name, inputs) if name else unique(port, inputs)
    draft = graph.draft()
    draft.set(("inputs", name), plain(declared))
    source = (INPUTS, name)
    for depth in range(len(graph.scope)):
        source = bring_in(draft, graph.scope[: depth + 1], source)
    write_link(draft, graph.scope, source, (node, port))
    return draft.edit(f"make {node}.{port} the input {name}", graph.scope, (node,))


def rename_output(graph: Graph, old: str, new: str) -> Edit:
    """Give an output of the workflow another name."""
    _require_output(graph, old)
    require_name(new, graph.data["outputs"].keys() - {old})
    draft = graph.draft()
    draft.rename(("outputs",), old, new)
    return draft.edit(f"rename the output {old} to {new}", (), (OUTPUTS,))


def remove_output(graph: Graph, name: str) -> Edit:
    """Take an output of the workflow away."""
    _require_output(graph, name)
    draft = graph.draft()
    draft.remove(("outputs", name))
    return draft.edit(f"remove the output {name}", (), (OUTPUTS,))


def describe_output(graph: Graph, name: str, text: str) -> Edit:
    """Say what an output of the workflow is."""
    _require_output(graph, name)
    draft = graph.draft()
    draft.write_text(("outputs", name, "description"), text)
    return draft.edit(f"describe the output {name}", (), (OUTPUTS,), f"describe output {name}")


def _input(graph: Graph, name: str) -> Data:
    declared: Data | None = graph.data.get("inputs", {}).get(name)
    if declared is None:
        raise EditError(f"The workflow has no input '{name}'.")
    return declared


def _require_output(graph: Graph, name: str) -> None:
    if name not in graph.data.get("outputs", {}):
        raise EditError(f"The workflow has no output '{name}'.")


def _declared(graph: Graph, before: Data, parts: dict[str, Any]) -> Data:
    """A declaration with some parts changed, if a file can hold it."""
    if strange := parts.keys() - set(_PARTS):
        raise TypeError(f"a declaration has no {', '.join(sorted(strange))}")
    merged = {**before, **parts}
    if not merged.get("description"):
        merged["description"] = ABSENT
    declared: Data = plain({part: merged[part] for part in _PARTS if merged.get(part, ABSENT) is not ABSENT})
    registry = graph.signatures.registry
    if "type" in parts and named_type(str(parts["type"]), registry) is None:
        raise EditError(unknown("type", str(parts["type"]), [*PLAIN_TYPES, *registry.values.names()]))
    try:
        model = WorkflowInput.model_validate(declared)
    except ValidationError:
        raise EditError("A file cannot declare an input so: bounds are numbers, choices are a list.") from None
    takes = input_type(model, registry)
    if takes and parts.get("default", ABSENT) is not ABSENT:
        try:
            takes.parse(model.default)
        except ValueFaultError as fault:
            raise EditError(f"{fault}.") from None
    return declared
