"""Where nodes are looked up: the built-in ones, those of installed packages and those of files the user names."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from latentgraph.graph.errors import NodeDefinitionError
from latentgraph.graph.foreign import ForeignFormat
from latentgraph.graph.memory_care import MemoryCare
from latentgraph.graph.names import ENTRY_POINTS, OF_A_FILE, normalized_package
from latentgraph.graph.node import NodeType, is_node, node_type
from latentgraph.graph.settings import Setting
from latentgraph.graph.storing import Storing
from latentgraph.graph.types import PortType
from latentgraph.graph.values import ValueType, ValueTypes

HEAVY = ("torch", "diffusers", "transformers")
"""Libraries that cost seconds to import, which a node should import when it runs."""


class Registry:
    """The nodes, value types and settings that workflows may use, and the formats of other programs."""

    def __init__(self) -> None:
        """Start empty."""
        self._nodes: dict[str, NodeType] = {}
        self._unread: dict[str, Callable[[], Callable[..., Any]]] = {}
        """How to get our own nodes, which are imported and read when asked for: a workflow uses a few of them."""
        self._origins: dict[str, str] = {}
        self.values = ValueTypes()
        self.settings: dict[str, Setting] = {}
        self.formats: dict[str, ForeignFormat] = {}
        """Formats of other programs, by name."""
        self.storing: Storing | None = None
        """How values are kept on disk; None where no package says how."""
        self.memory: MemoryCare | None = None
        """What a package knows of the memory that its nodes take; None where none does."""
        self.sources: list[Path] = []
        """The folders of the packages that offer nodes; the file of one that is a single module."""
        self.notes: list[str] = []
        """What a user should know about the packages that were loaded, such as one that imports torch at its top."""
        self.broken: dict[str, str] = {}
        """Packages whose nodes could not be taken, by normalized name, and why."""

    @classmethod
    def load(cls, files: Iterable[Path] = ()) -> Registry:
        """A registry with the nodes of all installed packages and of `files`.

        A package of somebody else that is broken costs its own nodes and a note: who has it installed may need none of
        them.

        Raises:
            NodeDefinitionError: A file's declaration is wrong, or it cannot be imported.
        """
        registry = cls()
        for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: (one.value != ENTRY_POINTS, one.name)):
            try:
                registry._add_entry_point(entry)
            except NodeDefinitionError as error:
                if entry.value == ENTRY_POINTS:
                    raise
                registry._leave_out(_package(entry), str(error))
        for file in files:
            registry.add_file(file)
        return registry

    def _add_entry_point(self, entry: EntryPoint) -> None:
        light = not any(name in sys.modules for name in HEAVY)
        package = _package(entry)
        try:
            module = entry.load()
        except NodeDefinitionError:
            raise
        except (Exception, SystemExit) as error:
            raise NodeDefinitionError(f"{type(error).__name__}: {error}") from error
        if not isinstance(module, ModuleType):
            raise NodeDefinitionError(f"its entry point '{entry.value}' is no module")
        heavy = [name for name in HEAVY if name in sys.modules]
        if light and heavy:
            self.notes.append(
                f"package '{package}' imports {', '.join(heavy)} when its nodes are listed, which makes every command "
                "wait for it; import it inside the functions that need it"
            )
        self.add_module(module, origin=package, later=entry.value == ENTRY_POINTS)
        self.sources.append(_source(module))

    def _leave_out(self, package: str, fault: str) -> None:
        lines = fault.splitlines() or [""]
        self.broken[normalized_package(package)] = lines[0]
        self.notes.append(f"the nodes of package '{package}' cannot be used: {lines[0]}")

    def add_file(self, path: Path) -> None:
        """Import a Python file that the user named and take its nodes.

        Raises:
            NodeDefinitionError: It cannot be imported, has no node or declares one wrongly.
        """
        try:
            source = path.read_bytes()
        except OSError as error:
            raise NodeDefinitionError(f"{path}: cannot be read: {error.strerror}") from error
        digest = hashlib.sha256(source).hexdigest()
        name = f"{OF_A_FILE}{path.stem}_{digest[:8]}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise NodeDefinitionError(f"{path}: not a Python file (its name must end with .py)")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise NodeDefinitionError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
        if not self.add_module(module, origin=str(path), source=f"#{digest}"):
            raise NodeDefinitionError(f"{path}: declares no node; put @node(category=...) over a function")

    def add_module(self, module: ModuleType, *, origin: str, source: str = "", later: bool = False) -> int:
        """Take every node, value type, setting and format that `module` holds, and return how many nodes.

        Args:
            module: Whose namespace is looked through.
            origin: The package or file that it is of.
            source: Digest of the file.
            later: Whether a node is imported and read when somebody asks for it: each name in `__all__` is one.

        Raises:
            NodeDefinitionError: A declaration is wrong, or a name is taken; nothing is taken then.
        """
        held = list(vars(module).values())
        declared: dict[str, NodeType] = {}
        for function in [value for value in held if is_node(value)]:
            one = self._declared(function, source, declared)
            declared[one.name] = one
        self._nodes |= declared
        self._origins |= dict.fromkeys(declared, origin)
        self.add_values(module)
        for value in held:
            if isinstance(value, ForeignFormat):
                self.formats[value.name] = value
            elif isinstance(value, Storing):
                self.storing = value
            elif isinstance(value, MemoryCare):
                self.memory = value
        for name in module.__all__ if later else ():
            if name not in self._nodes:
                self._unread[name] = partial(getattr, module, name)
                self._origins[name] = origin
        return len(declared)

    def add_values(self, module: ModuleType) -> None:
        """Take the value types and the settings of a module, without which its nodes cannot do."""
        for value in list(vars(module).values()):
            if isinstance(value, ValueType):
                self.values.add(value)
            elif isinstance(value, Setting):
                self.settings[value.name] = value

    def add(self, function: Callable[..., Any], *, origin: str = "", source: str = "") -> NodeType:
        """Take one decorated function.

        Raises:
            NodeDefinitionError: Its declaration is wrong, or another function has its name.
        """
        declared = self._declared(function, source, {})
        self._nodes[declared.name] = declared
        self._origins[declared.name] = origin
        return declared

    def _declared(self, function: Callable[..., Any], source: str, beside: Mapping[str, NodeType]) -> NodeType:
        declared = node_type(function, source)
        known = beside.get(declared.name) or self.get(declared.name)
        if known is not None and known.function is not declared.function:
            raise NodeDefinitionError(
                f"{function.__module__}.{function.__qualname__}: the name '{declared.name}' is taken by "
                f"{known.function.__module__}.{known.function.__qualname__}"
            )
        return declared

    def get(self, name: str) -> NodeType | None:
        """The node type called `name`."""
        if (imported := self._unread.get(name)) is not None:
            # In this order, as another thread may ask for the same one.
            self._nodes[name] = node_type(imported())
            self._unread.pop(name, None)
        return self._nodes.get(name)

    def origin(self, name: str) -> str:
        """The package or file that a node type came from."""
        return self._origins[name]

    def names(self) -> list[str]:
        """The names of all node types."""
        return sorted({*self._nodes, *self._unread})

    def __iter__(self) -> Iterator[NodeType]:
        """All node types, by category and name."""
        for name in list(self._unread):
            self.get(name)
        return iter(sorted(self._nodes.values(), key=lambda one: (one.category, one.name)))

    def __len__(self) -> int:
        """How many node types there are."""
        return len(self.names())

    def bridge(self, source: PortType, target: PortType) -> list[str]:
        """The fewest nodes that, put in a row, turn `source` into `target`; empty where none do."""
        import networkx

        links: networkx.DiGraph[str] = networkx.DiGraph()
        ends = {"from": source, "to": target}
        for one in self:
            for port in one.inputs.values():
                if not port.type.literal and port.type.accepts(ends["from"]):
                    links.add_edge("from", one.name)
            for port in one.outputs.values():
                if ends["to"].accepts(port.type):
                    links.add_edge(one.name, "to")
                for other in self:
                    if any(not p.type.literal and p.type.accepts(port.type) for p in other.inputs.values()):
                        links.add_edge(one.name, other.name)
        if "from" not in links or "to" not in links or not networkx.has_path(links, "from", "to"):
            return []
        return list(networkx.shortest_path(links, "from", "to"))[1:-1]


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.name


def _source(module: ModuleType) -> Path:
    """The folder of the package that `module` is, or is in; its own file where it is in none."""
    package = sys.modules[module.__spec__.parent] if module.__spec__ and module.__spec__.parent else module
    return Path(next(iter(getattr(package, "__path__", ())), package.__file__ or ""))
