"""Arranging a graph of which nothing is pinned: layers from left to right, and tracks between their columns."""

from collections.abc import Mapping, Sequence

from latentgraph.tui.editor.canvas.drawing import Channel, segments
from latentgraph.tui.editor.canvas.geometry import (
    Arrangement,
    End,
    Position,
    Segment,
    Shape,
    Wire,
    wire_end,
    wire_start,
)
from latentgraph.tui.editor.canvas.joints import joints_of
from latentgraph.tui.editor.canvas.layers import layer_of_boxes, layered
from latentgraph.tui.editor.canvas.nets import Net, components_of, nets_of
from latentgraph.tui.editor.canvas.ordering import order
from latentgraph.tui.editor.canvas.packing import Part, pack
from latentgraph.tui.editor.canvas.placement import place
from latentgraph.tui.editor.canvas.tracks import Rail, lay_tracks


def arrange_freely(shapes: Mapping[str, Shape], wires: Sequence[Wire]) -> Arrangement:
    """The boxes and wires of a graph of which nothing is pinned."""
    nets = nets_of(shapes, wires)
    parts = _parts(shapes, nets)
    board = _Board(shapes, nets, parts, pack(parts))
    positions = board.positions()
    found = board.paths(positions)
    paths = {wire: found[wire] for wire in wires if wire in found}
    return Arrangement(positions, paths, *extent(shapes, positions, paths))


def extent(
    shapes: Mapping[str, Shape], positions: Mapping[str, Position], paths: Mapping[Wire, Sequence[Segment]]
) -> tuple[int, int]:
    """The width and the height that hold every box and every wire, from cell (0, 0)."""
    width = max((x + shapes[key].width for key, (x, _) in positions.items()), default=0)
    height = max((y + shapes[key].height for key, (_, y) in positions.items()), default=0)
    for path in paths.values():
        for run in path:
            if run.x2 >= width:
                width = run.x2 + 1
            if run.y2 >= height:
                height = run.y2 + 1
    return width, height


def _parts(shapes: Mapping[str, Shape], nets: Sequence[Net]) -> list[Part]:
    layer_of = layer_of_boxes(shapes, nets)
    components = components_of(shapes, nets)
    member = {key: number for number, keys in enumerate(components) for key in keys}
    nets_in: list[dict[int, Net]] = [{} for _ in components]
    for number, net in enumerate(nets):
        nets_in[member[net.source[0]]][number] = net
    parts: list[Part] = []
    for keys, inside in zip(components, nets_in, strict=True):
        layers = layered(shapes, {key: layer_of[key] for key in keys}, inside)
        across, beside = joints_of(layers)
        order(layers, across, beside)
        tops = place(layers, across, beside)
        start = min(layer_of[key] for key in keys)
        parts.append(Part(layers, tops, start, any(shapes[key].place for key in keys)))
    return parts


class _Board:
    """All parts in their places: columns of boxes with channels between them."""

    def __init__(
        self, shapes: Mapping[str, Shape], nets: Sequence[Net], parts: Sequence[Part], places: Sequence[tuple[int, int]]
    ) -> None:
        self.shapes, self.nets = shapes, nets
        self.layer: dict[str, int] = {}
        self.top: dict[str, int] = {}
        self.passes: dict[tuple[int, int], int] = {}
        """The row of each net in each layer that it passes."""
        count = max((start + len(part.layers.rows) for part, (start, _) in zip(parts, places, strict=True)), default=0)
        self.rails: list[list[Rail]] = [[] for _ in range(count + 1)]
        for part, (start, row) in zip(parts, places, strict=True):
            self._set(part, start, row)
        self._measure(count)

    def _set(self, part: Part, start: int, row: int) -> None:
        layers = part.layers
        tops = [top + row for top in part.tops]
        for item, key in enumerate(layers.keys):
            if key:
                self.layer[key], self.top[key] = start + layers.layer_of[item], tops[item]
        for channel, strands in enumerate(layers.channels, start):
            for strand in strands.values():
                left, right = ([tops[item] + row for item, row in pins] for pins in (strand.left, strand.right))
                self.rails[channel].append(Rail(strand.net, left, right))
                for item, _ in strand.left:
                    if not layers.keys[item]:
                        self.passes[strand.net, channel - 1] = tops[item]

    def _measure(self, count: int) -> None:
        widths = [0] * count
        for key, layer in self.layer.items():
            widths[layer] = max(widths[layer], self.shapes[key].width)
        self.channels = [
            Channel(rails, lay_tracks(rails), outside=index in (0, count)) for index, rails in enumerate(self.rails)
        ]
        self.channel_at, self.column_at = [0], []
        for width, channel in zip(widths, self.channels, strict=False):
            self.column_at.append(self.channel_at[-1] + channel.width)
            self.channel_at.append(self.column_at[-1] + width)

    def positions(self) -> dict[str, Position]:
        """The top left cell of every box, in the order of the shapes."""
        return {key: (self.column_at[self.layer[key]], self.top[key]) for key in self.shapes}

    def paths(self, positions: Mapping[str, Position]) -> dict[Wire, tuple[Segment, ...]]:
        """The way of every wire."""
        paths: dict[Wire, tuple[Segment, ...]] = {}
        for number, net in enumerate(self.nets):
            for target in net.targets:
                paths[Wire(net.source, target)] = segments(self._corners(number, net.source, target, positions))
        return paths

    def _corners(self, net: int, source: End, target: End, positions: Mapping[str, Position]) -> list[Position]:
        start = wire_start(self.shapes[source[0]], positions[source[0]], source[1])
        end = wire_end(self.shapes[target[0]], positions[target[0]], target[1])
        here, there = self.layer[source[0]], self.layer[target[0]]
        corners = [start]
        row, on_left = start[1], True
        for channel, out in _channels(here, there):
            layer = channel - 1 if out else channel
            arrives = channel == there and not out
            goal = end[1] if arrives else self.passes[net, layer]
            corners += self.channels[channel].way(net, self.channel_at[channel], (row, on_left), (goal, out))
            row, on_left = goal, there > here
        return [*corners, end]


def _channels(here: int, there: int) -> list[tuple[int, bool]]:
    """The channels from one layer to another, and whether the wire leaves each to the left."""
    if there > here:
        return [(channel, False) for channel in range(here + 1, there + 1)]
    return [(here + 1, True), *((channel, True) for channel in range(here, there, -1)), (there, False)]
