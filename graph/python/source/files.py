"""Functions that stand for the files of sub-workflows, declared from what the files say."""

from __future__ import annotations

import keyword
import re
from pathlib import PurePath
from typing import Any

from latentgraph.graph.boxes import Scope
from latentgraph.graph.declared import ANYTHING, input_type
from latentgraph.graph.python.source.imports import Imports
from latentgraph.graph.python.source.text import INDENT, flat_value
from latentgraph.graph.python.source.variables import Variables
from latentgraph.graph.wiring import Wiring
from latentgraph.graph.workflow import Node, WorkflowInput


class FileFunctions:
    """A function for each file that is a node, as far as Python can name what goes in and out of it."""

    def __init__(self, wiring: Wiring, variables: Variables, imports: Imports) -> None:
        """Begin without any.

        Args:
            wiring: Opens the files.
            variables: Finds names for the functions.
            imports: Takes the types.
        """
        self._wiring, self._variables, self._imports = wiring, variables, imports
        self._names: dict[str, str | None] = {}
        self.lines: list[str] = []
        """The declarations."""

    def function(self, node: Node) -> str | None:
        """The function that stands for a node's file; None where it cannot be declared."""
        file = node.file or ""
        if file not in self._names:
            self._names[file] = self._declare(node, file)
        return self._names[file]

    def output(self, node: Node, port: str) -> str:
        """What stands behind the variable of such a node for one of its outputs."""
        if self.function(node) is None:
            return f"[{flat_value(port)}]"
        inside = self._wiring.opened(node)
        return f".{port}" if inside and len(inside.workflow.outputs) > 1 else ""

    def _declare(self, node: Node, file: str) -> str | None:
        inside = self._wiring.opened(node)
        if inside is None or not inside.workflow.outputs:
            return None
        inputs, outputs = inside.workflow.inputs, inside.workflow.outputs
        names = [*inputs, *(outputs if len(outputs) > 1 else ())]
        if not all(_is_name(name) for name in names):
            return None
        types = {name: self._output_type(inside, output.source) for name, output in outputs.items()}
        stem = re.sub(r"\W", "_", PurePath(file).stem, flags=re.ASCII)
        function = self._variables.other(stem if _is_name(stem) else f"file_{stem}")
        self._imports.name("latentgraph.graph.python", "subworkflow")
        result = next(iter(types.values()))
        if len(types) > 1:
            result = self._variables.other("".join(part.capitalize() for part in function.split("_")) or "Made")
            self._imports.name("typing", "NamedTuple")
            self.lines += ["", "", f"class {result}(NamedTuple):", f'{INDENT}"""What {function} gives."""', ""]
            self.lines += [f"{INDENT}{name}: {one}" for name, one in types.items()]
        required = [self._parameter(name, one, inside) for name, one in inputs.items() if one.required]
        optional = [self._parameter(name, one, inside) for name, one in inputs.items() if not one.required]
        parameters = ["*", *required, *optional] if inputs else []
        line = f"def {function}({', '.join(parameters)}) -> {result}:"
        if len(line) > 88:
            line = f"def {function}(\n" + "".join(f"{INDENT}{one},\n" for one in parameters) + f") -> {result}:"
        self.lines += ["", "", f"@subworkflow({flat_value(file)})", line, f"{INDENT}raise NotImplementedError"]
        return function

    def _parameter(self, name: str, declared: WorkflowInput, inside: Wiring) -> str:
        plain = declared.model_copy(update={"choices": None})
        annotation = self._imports.annotation((input_type(plain, inside.registry) or ANYTHING).annotation)
        return f"{name}: {annotation}" + ("" if declared.required else f" = {flat_value(declared.default)}")

    def _output_type(self, inside: Wiring, source: str) -> str:
        scope: Scope = ()
        annotation: Any = (inside.type_of(scope, source) or ANYTHING).annotation
        return self._imports.annotation(annotation)


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
