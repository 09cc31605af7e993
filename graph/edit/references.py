"""The links of a scope where they stand in the file, and the paths in groups and layout: what a rename follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from latentgraph.graph.boxes import NEXT, OUTPUTS, End, Scope, end_of, path_of
from latentgraph.graph.edit.draft import Draft
from latentgraph.graph.edit.edit import Data, Path
from latentgraph.graph.edit.graph import loop_path, nodes_path


@dataclass(frozen=True, slots=True)
class Reference:
    """A link, as it stands in the file."""

    path: Path
    """Of its text."""
    source: End
    """May be of a node that does not exist."""
    target: End

    @property
    def entry(self) -> Path:
        """Where what has the link stands: an input of a node, an output, a carry."""
        return self.path[:-1]

    @property
    def optional(self) -> bool:
        """Whether the file is sound without it; an output, or an entry of a loop, is nothing without its link."""
        return self.path[-3] == "inputs"

    def write(self, draft: Draft, source: End) -> None:
        """Let it come from `source`."""
        draft.set(self.path, f"{source[0]}.{source[1]}")


def references(data: Data, scope: Scope) -> Iterator[Reference]:
    """Every link of a scope, in the order of the file; those that lead out of a loop's body at the end."""
    base = nodes_path(scope)
    for name, node in _at(data, base).items():
        for kind in ("each", "carry", "inputs"):
            yield from _links((*base, name, kind), node.get(kind, {}), "from", name)
    if not scope:
        yield from _links(("outputs",), data.get("outputs", {}), "from", OUTPUTS)
        return
    around = loop_path(scope)
    loop = _at(data, around)
    yield from _links((*around, "carry"), loop.get("carry", {}), "next", NEXT)
    yield from _links((*around, "collect"), loop.get("collect", {}), "from", NEXT)


def readers(data: Data, scope: Scope, source: End) -> list[Reference]:
    """The links that come from an end."""
    return [one for one in references(data, scope) if one.source == source]


def rename_source(draft: Draft, scope: Scope, old: End, new: End) -> None:
    """Let every link that comes from `old` come from `new`."""
    for reference in readers(draft.data, scope, old):
        reference.write(draft, new)


def follow_paths(draft: Draft, followed: Callable[[str], str | None]) -> None:
    """Carry every path in groups and layout to what `followed` makes of it; None: the node is gone.

    A group goes with the last of its nodes.
    """
    for path in list(draft.get(("layout",), {})):
        new = followed(path)
        if new is None:
            draft.remove(("layout", path))
        else:
            draft.rename(("layout",), path, new)
    for name, group in list(draft.get(("groups",), {}).items()):
        members = [new for path in group["nodes"] if (new := followed(path)) is not None]
        if members or not group["nodes"]:
            draft.set(("groups", name, "nodes"), members)
        else:
            draft.remove(("groups", name))


def node_of(path: str, scope: Scope) -> str:
    """The node of a scope that a path leads to or into; empty where it leads elsewhere."""
    start = path_of(scope, "")
    return path[len(start) :].partition("/")[0] if path.startswith(start) else ""


def moved_to(path: str, scope: Scope, old: str, new: str) -> str:
    """A path after the node `old` of a scope was named `new`."""
    return path_of(scope, new) + path[len(path_of(scope, old)) :] if node_of(path, scope) == old else path


def _links(path: Path, entries: dict[str, Any], key: str, box: str) -> Iterator[Reference]:
    for name, entry in entries.items():
        text = entry.get(key) if isinstance(entry, dict) else None
        source = end_of(entry if key == "from" and path[-1] == "inputs" else {"from": text})
        if source:
            yield Reference((*path, name, key), source, (box, name))


def _at(data: Data, path: Path) -> Data:
    for key in path:
        data = data.get(key, {})
    return data
