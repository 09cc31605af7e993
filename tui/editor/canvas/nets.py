"""Nets: the wires that leave one output are drawn as one tree, so they are laid out and routed as one thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from latentgraph.tui.editor.canvas.geometry import End, Shape, Wire


@dataclass(frozen=True, slots=True)
class Net:
    """An output and every input it is wired to."""

    source: End
    targets: tuple[End, ...]


def nets_of(shapes: Mapping[str, Shape], wires: Sequence[Wire]) -> list[Net]:
    """The nets of these wires in the order of their first wire; wires of ports that no shape has are left out."""
    targets: dict[End, dict[End, None]] = {}
    for wire in wires:
        if _has(shapes, wire):
            targets.setdefault(wire.source, {})[wire.target] = None
    return [Net(source, tuple(ends)) for source, ends in targets.items()]


def _has(shapes: Mapping[str, Shape], wire: Wire) -> bool:
    (source, output), (target, input_) = wire.source, wire.target
    return (
        source in shapes and output in shapes[source].outputs and target in shapes and input_ in shapes[target].inputs
    )


def components_of(shapes: Mapping[str, Shape], nets: Sequence[Net]) -> list[list[str]]:
    """The boxes that hang together, each part in the order of `shapes`; all first and last boxes count as one part.

    The first part is the one of the first and last boxes, if there are any; then the larger ones come first.
    """
    root = {key: key for key in shapes}

    def find(key: str) -> str:
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for net in nets:
        for key, _ in net.targets:
            root[find(key)] = find(net.source[0])
    ends = [key for key, shape in shapes.items() if shape.place]
    for key in ends:
        root[find(key)] = find(ends[0])
    parts: dict[str, list[str]] = {}
    for key in shapes:
        parts.setdefault(find(key), []).append(key)
    main = find(ends[0]) if ends else ""
    return [parts[key] for key in sorted(parts, key=lambda key: (key != main, -len(parts[key])))]
