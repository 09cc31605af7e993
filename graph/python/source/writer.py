"""The statements that write a workflow, one for each thing that its file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from latentgraph.graph.boxes import INDEX, Scope
from latentgraph.graph.document import Document
from latentgraph.graph.node import NodeType
from latentgraph.graph.python.source.files import FileFunctions
from latentgraph.graph.python.source.imports import Imports
from latentgraph.graph.python.source.order import Handing, written_order
from latentgraph.graph.python.source.text import INDENT, Code, call, flat_value
from latentgraph.graph.python.source.variables import Variables
from latentgraph.graph.registry import Registry
from latentgraph.graph.wiring import Wiring
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, Workflow, WorkflowInput, link_text

Arguments = list[tuple[str, Any]]
_METHODS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


class Writer:
    """Writes the block of a workflow's `with`."""

    def __init__(self, document: Document, registry: Registry) -> None:
        """Prepare to write a workflow without errors."""
        self.workflow: Workflow = document.workflow
        self.registry = registry
        self.handing = Handing(self.workflow.nodes)
        self.variables = Variables(self.workflow, self.handing)
        self.imports = Imports(registry, ["workflow"])
        wiring = Wiring(self.workflow, registry, document.path)
        self.files = FileFunctions(wiring, self.variables, self.imports)
        self.lines: list[str] = []
        self._literals = self._literal_ports()

    def write(self) -> list[str]:
        """The lines of the block, with the `with` itself."""
        workflow, said = self.workflow, _said(self.workflow)
        keys: Arguments = []
        if "schema_" in said:
            keys.append(("schema", workflow.schema_))
        if "description" in said:
            keys.append(("description", workflow.description))
        keys += _empty(workflow, ("inputs", "outputs", "groups", "layout"))
        start = call("with workflow", keys, " as flow:", "")
        for name, declared in workflow.inputs.items():
            self._input(name, declared)
        self._gap()
        self._nodes((), INDENT, "flow")
        self._gap()
        for name, output in workflow.outputs.items():
            more = [("description", output.description)] if "description" in _said(output) else []
            self._say("flow.output", [("", name), ("", Code(self.value((), output.source))), *more], INDENT)
        self._gap()
        for name, group in workflow.groups.items():
            more = [("description", group.description)] if "description" in _said(group) else []
            self._say("flow.group", [("", name), ("", list(group.nodes)), *more], INDENT)
        if workflow.layout:
            self._say("flow.layout", [("", {path: tuple(place) for path, place in workflow.layout.items()})], INDENT)
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return [start, *(self.lines or [f"{INDENT}pass"])]

    def value(self, scope: Scope, text: str) -> str:
        """The expression for what a link of a scope leads to."""
        scope, text = self.handing.origin(scope, text)
        node, _, port = text.partition(".")
        if node == "inputs" and not scope:
            return self.variables["inputs", port]
        if node == LOOP and scope:
            return self._handed_in(scope, port)
        found = self.handing.nodes(scope)[node]
        if found.type == LOOP:
            kind = "carry" if port in (found.carry or {}) else "collect"
            return self.variables[kind, *scope, node, port] + (".last" if kind == "carry" else "")
        variable = self.variables["node", *scope, node]
        if found.type == SUBWORKFLOW:
            return variable + self.files.output(found, port)
        declared = self._callable(found)
        if declared is None:
            return f"{variable}[{flat_value(port)}]"
        return f"{variable}.{port}" if declared.several else variable

    def _handed_in(self, scope: Scope, name: str) -> str:
        """The expression for `loop.<name>`."""
        loop = self.handing.loop(scope)
        if name in (loop.each or {}):
            return self.variables["each", *scope, name]
        if name in (loop.carry or {}):
            return f"{self.variables['carry', *scope, name]}.now"
        if name == INDEX and name not in loop.inputs:
            return f"{self.variables['node', *scope]}.index"
        return self.variables["given", *scope, name]

    def _input(self, name: str, declared: WorkflowInput) -> None:
        said = _said(declared)
        arguments: Arguments = [("", name)]
        known = self.registry.values.by_name(declared.type)
        method, annotation = _METHODS.get(declared.type, ""), ""
        if known and not {"choices"} & said:
            method = "value"
            arguments.append(("", Code(self.imports.kind(known.python_type))))
        elif not method:
            method = "input"
            arguments.append(("", declared.type))
        if "default" in said:
            arguments.append(("" if method != "input" else "default", declared.default))
        keys = ("minimum", "maximum", "multiple_of", "choices")
        arguments += [(key, getattr(declared, key)) for key in keys if getattr(declared, key) is not None]
        if "description" in said:
            arguments.append(("description", declared.description))
        arguments += _empty(declared, keys)
        if declared.type == "string" and (chosen := self._literals.get(name)):
            choices = Literal[tuple(declared.choices)] if declared.choices else chosen
            nullable = "default" in said and declared.default is None
            annotation = ": " + self.imports.annotation(choices | None if nullable else choices)
        self._say(f"{self.variables['inputs', name]}{annotation} = flow.{method}", arguments, INDENT)

    def _nodes(self, scope: Scope, indent: str, owner: str) -> None:
        nodes = self.handing.nodes(scope)
        order = written_order(nodes)
        for name in order:
            if nodes[name].type == LOOP:
                self._loop((*scope, name), nodes[name], indent)
            else:
                self._node((*scope, name), nodes[name], indent)
        if order != list(nodes):
            self._say(f"{owner}.order", [("", name) for name in nodes], indent)

    def _node(self, place: Scope, node: Node, indent: str) -> None:
        scope, name = place[:-1], place[-1]
        variable = self.variables["node", *place]
        given = [(port, self._argument(scope, value)) for port, value in node.inputs.items()]
        words = [*self._words(node), *_empty(node, ("inputs", "package", "disabled", "file"))]
        file = self.files.function(node) if node.type == SUBWORKFLOW else None
        declared = self._callable(node)
        function = file or (self.imports.function(node.type) if declared else None)
        if function is None:
            self._untyped(variable, name, node, [*words], dict(given), indent)
            return
        silent = declared is not None and not declared.outputs
        assigned = "" if silent else f"{variable} = "
        if words or silent or variable.rstrip("_") != name:
            self.imports.name("latentgraph.graph.python", "named")
            function = call(f"{assigned}named", [("", name), ("", Code(function)), *words], "", indent)
            self._say(function, given, indent)
        else:
            self._say(f"{assigned}{function}", given, indent)

    def _untyped(
        self, variable: str, name: str, node: Node, words: Arguments, given: Mapping[str, Any], indent: str
    ) -> None:
        """A node whose type has no function to call here."""
        arguments: Arguments = [("", node.type), ("", name)]
        if given:
            arguments.append(("", dict(given)))
        if node.file is not None:
            arguments.append(("file", node.file))
        self._say(f"{variable} = flow.node", [*arguments, *words], indent)

    def _loop(self, scope: Scope, loop: Node, indent: str) -> None:
        around, name, inner = scope[:-1], scope[-1], indent + INDENT
        turn = self.variables["node", *scope]
        empty = _empty(loop, ("inputs", "package", "disabled", "file", "each", "carry", "nodes", "collect"))
        self._gap()
        self.lines.append(
            indent + call("with flow.loop", [("", name), *self._words(loop), *empty], f" as {turn}:", indent)
        )
        at = len(self.lines)
        for key, end in (loop.each or {}).items():
            source = Code(self.value(around, end.source))
            self._say(f"{self.variables['each', *scope, key]} = {turn}.each", [("", key), ("", source)], inner)
        for key, carry in (loop.carry or {}).items():
            source = Code(self.value(around, carry.source))
            self._say(f"{self.variables['carry', *scope, key]} = {turn}.carry", [("", key), ("", source)], inner)
        if not self.handing.by_itself(scope):
            for key, value in loop.inputs.items():
                arguments: Arguments = [("", key), ("", self._argument(around, value))]
                self._say(f"{self.variables['given', *scope, key]} = {turn}.input", arguments, inner)
        self._nodes(scope, inner, turn)
        for key, carry in (loop.carry or {}).items():
            self.lines.append(f"{inner}{self.variables['carry', *scope, key]}.next = {self.value(scope, carry.next)}")
        for key, end in (loop.collect or {}).items():
            source = Code(self.value(scope, end.source))
            self._say(f"{self.variables['collect', *scope, key]} = {turn}.collect", [("", key), ("", source)], inner)
        if len(self.lines) == at:
            self.lines.append(f"{inner}pass")
        self._gap()

    def _words(self, node: Node) -> Arguments:
        said = _said(node)
        words: Arguments = []
        if "description" in said:
            words.append(("description", node.description))
        return words + [(key, getattr(node, key)) for key in ("disabled", "package") if getattr(node, key) is not None]

    def _argument(self, scope: Scope, value: Any) -> Any:
        text = link_text(value)
        return value if text is None else Code(self.value(scope, text))

    def _callable(self, node: Node) -> NodeType | None:
        """The declaration of a node whose function can be called with what the file gives it."""
        declared = self.registry.get(node.type)
        if declared is None or self.imports.function(node.type) is None:
            return None
        missing = any(port.required and name not in node.inputs for name, port in declared.inputs.items())
        return None if missing or set(node.inputs) - set(declared.inputs) else declared

    def _literal_ports(self) -> dict[str, Any]:
        """The inputs that flow into ports which take nothing but some texts, with a type of these."""
        found: dict[str, Any] = {}
        waiting: list[Scope] = [()]
        while waiting:
            scope = waiting.pop()
            for name, node in self.handing.nodes(scope).items():
                if node.type == LOOP:
                    waiting.append((*scope, name))
                elif declared := self.registry.get(node.type):
                    for port, value in node.inputs.items():
                        source = self._source_input(scope, link_text(value))
                        members = declared.inputs[port].type.members if port in declared.inputs else ()
                        texts = [
                            one for one in members if get_origin(one) is Literal and isinstance(get_args(one)[0], str)
                        ]
                        if source and texts and str not in members:
                            found[source] = texts[0]
        return found

    def _source_input(self, scope: Scope, text: str | None) -> str:
        """The declared input that a link leads to through the inputs of loops; empty where it leads elsewhere."""
        link = Link.parse(text) if text else None
        while link and scope and link.node == LOOP:
            handed = link_text(self.handing.loop(scope).inputs.get(link.port))
            scope, link = scope[:-1], Link.parse(handed) if handed else None
        return link.port if link and link.node == "inputs" else ""

    def _say(self, start: str, arguments: Arguments, indent: str) -> None:
        self.lines.append(indent + call(start, arguments, "", indent))

    def _gap(self) -> None:
        """An empty line, where the one before is none and is not the head of a block."""
        if self.lines and self.lines[-1] and not self.lines[-1].endswith(":"):
            self.lines.append("")


def _said(model: BaseModel) -> set[str]:
    """The keys that the file has."""
    return set(model.model_fields_set)


def _empty(model: BaseModel, keys: Iterable[str]) -> Arguments:
    """Keys that stand in the file and say nothing, as the argument that keeps them."""
    kept = {
        key: getattr(model, key) for key in keys if key in model.model_fields_set and not _says(getattr(model, key))
    }
    return [("empty", kept)] if kept else []


def _says(value: object) -> bool:
    return value is not None and value not in ({}, [])
