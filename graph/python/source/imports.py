"""What the text imports: the modules of functions and classes, by names that nothing else has."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from latentgraph.graph.names import OF_A_FILE
from latentgraph.graph.node import plain_function
from latentgraph.graph.python.source.text import flat_value
from latentgraph.graph.registry import Registry

HOUSE = "latentgraph"
OURS = f"{HOUSE}.nodes"


class Imports:
    """Names that stand for functions and classes, and the lines that import them."""

    def __init__(self, registry: Registry, own: Sequence[str]) -> None:
        """Begin with what the text takes of this package."""
        self._registry = registry
        self._modules: dict[str, str] = {}
        """Modules that are imported whole, with what is to be said of each."""
        self._names: dict[str, set[str]] = {f"{HOUSE}.graph.python": set(own)}

    def function(self, name: str) -> str | None:
        """How the function of a node type is called; None where no import finds it."""
        declared = self._registry.get(name)
        if declared is None:
            return None
        function, origin = declared.function, self._registry.origin(name)
        if function.__module__.startswith(OF_A_FILE):
            return self._of_file(function, Path(origin))
        module = _module_with(function)
        if module is None:
            return None
        if module == OURS:
            self._names.setdefault(HOUSE, set()).add("nodes")
            return f"nodes.{function.__name__}"
        self._modules.setdefault(module, "")
        return f"{module}.{function.__name__}"

    def _of_file(self, function: Callable[..., Any], file: Path) -> str | None:
        if not file.stem.isidentifier():
            return None
        self._modules[file.stem] = f"  # of {file}: its folder has to be on PYTHONPATH"
        return f"{file.stem}.{function.__name__}"

    def kind(self, python_type: type) -> str:
        """How a class is called."""
        if python_type.__module__ == "builtins":
            return python_type.__name__
        self.name(python_type.__module__, python_type.__name__)
        return python_type.__name__

    def name(self, module: str, name: str) -> str:
        """A name that is taken out of a module."""
        self._names.setdefault(module, set()).add(name)
        return name

    def annotation(self, annotation: Any) -> str:
        """The type of a port, as an annotation."""
        if annotation is None or annotation is type(None):
            return "None"
        if annotation is Any:
            return self.name("typing", "Any")
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.annotation(arguments[0])
        if origin in (Union, types.UnionType):
            return " | ".join(dict.fromkeys(map(self.annotation, arguments)))
        if origin is Literal:
            self.name("typing", "Literal")
            return f"Literal[{', '.join(map(flat_value, arguments))}]"
        if origin is not None:
            inner = ", ".join("..." if one is ... else self.annotation(one) for one in arguments)
            return f"{self.kind(origin)}[{inner}]"
        return self.kind(annotation)

    @property
    def roots(self) -> set[str]:
        """Names that imports of whole modules bind."""
        return {module.partition(".")[0] for module in self._modules}

    def lines(self) -> list[str]:
        """The lines, sorted as ruff sorts them: the standard library, then the rest."""
        sections: dict[bool, list[tuple[bool, str, str]]] = {True: [], False: []}
        for module, note in self._modules.items():
            sections[_is_standard(module)].append((True, module, f"import {module}{note}"))
        for module, names in self._names.items():
            if names:
                listed = ", ".join(sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name)))
                sections[_is_standard(module)].append((False, module, f"from {module} import {listed}"))
        texts = [[line for _, _, line in sorted(one, key=lambda o: (not o[0], o[1]))] for one in sections.values()]
        return [line for index, one in enumerate(filter(None, texts)) for line in ([""] if index else []) + one]


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _module_with(function: Callable[..., Any]) -> str | None:
    """The outermost package that offers a function under its name, else its module; None where none does."""
    parts = function.__module__.split(".")
    for end in range(1, len(parts) + 1):
        module = sys.modules.get(".".join(parts[:end]))
        found = getattr(module, function.__name__, None) if module else None
        if found is not None and plain_function(found) is function:
            return ".".join(parts[:end])
    return None
