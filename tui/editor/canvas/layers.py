"""Boxes in layers, and the bends of wires that pass a layer: what ordering, placement and routing work on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from latentgraph.tui.editor.canvas.cycles import forward_edges
from latentgraph.tui.editor.canvas.geometry import Shape
from latentgraph.tui.editor.canvas.layering import layers_of
from latentgraph.tui.editor.canvas.nets import Net

Pin = tuple[int, int]
"""An item and the row in it where a wire arrives or leaves."""


@dataclass(slots=True)
class Strand:
    """What a net joins in one channel: pins of the layer to the left and of the layer to the right."""

    net: int
    left: list[Pin] = field(default_factory=list)
    right: list[Pin] = field(default_factory=list)


@dataclass(slots=True)
class Layers:
    """Items by layer. An item is a box or a pass: the one row that a net takes through a layer.

    Channel `c` lies left of layer `c`; one more lies right of the last layer. A wire that runs back leaves to the
    right like any other, turns round in the channel there and passes the layers of its source and of its target too.
    """

    keys: list[str]
    """The box of each item, "" for a pass."""
    heights: list[int]
    layer_of: list[int]
    rows: list[list[int]]
    """The items of each layer from the top down."""
    channels: list[dict[int, Strand]]
    """The strands of each channel by net."""

    def strand(self, channel: int, net: int) -> Strand:
        """The part of a net in a channel, made when it is asked for first."""
        return self.channels[channel].setdefault(net, Strand(net))

    def add_pass(self, layer: int, net: int) -> None:
        """Lead a net through a layer."""
        item = len(self.keys)
        self.keys.append("")
        self.heights.append(1)
        self.layer_of.append(layer)
        self.rows[layer].append(item)
        self.strand(layer, net).right.append((item, 0))
        self.strand(layer + 1, net).left.append((item, 0))


def layered(shapes: Mapping[str, Shape], layer_of: Mapping[str, int], nets: Mapping[int, Net]) -> Layers:
    """The boxes of `layer_of` in layers, with a pass wherever one of their nets goes by."""
    start = min(layer_of.values())
    count = max(layer_of.values()) - start + 1
    heights = [shapes[key].height for key in layer_of]
    numbers = [layer - start for layer in layer_of.values()]
    layers = Layers(list(layer_of), heights, numbers, [[] for _ in range(count)], [{} for _ in range(count + 1)])
    for item, layer in enumerate(numbers):
        layers.rows[layer].append(item)
    index = {key: number for number, key in enumerate(layer_of)}
    for number, net in nets.items():
        _lead(layers, number, net, shapes, index)
    return layers


def layer_of_boxes(shapes: Mapping[str, Shape], nets: Sequence[Net]) -> dict[str, int]:
    """The layer of every box, the first boxes in layer 0 and the last boxes in the last one."""
    index = {key: number for number, key in enumerate(shapes)}
    place = [shape.place for shape in shapes.values()]
    trees = [(index[net.source[0]], [index[key] for key, _ in net.targets]) for net in nets]
    edges = [
        (source, target)
        for source, targets in trees
        for target in targets
        if place[source] != "last" and place[target] != "first"
    ]
    forward = forward_edges(len(index), edges)
    kept = set(forward)
    ahead = [(source, [target for target in targets if (source, target) in kept]) for source, targets in trees]
    first = [number for number, where in enumerate(place) if where == "first"]
    last = [number for number, where in enumerate(place) if where == "last"]
    layers = layers_of(len(index), forward, [tree for tree in ahead if tree[1]], first, last)
    return dict(zip(shapes, layers, strict=True))


def _lead(layers: Layers, number: int, net: Net, shapes: Mapping[str, Shape], index: Mapping[str, int]) -> None:
    key, port = net.source
    start = layers.layer_of[index[key]]
    layers.strand(start + 1, number).left.append((index[key], shapes[key].outputs[port]))
    ends = [layers.layer_of[index[target]] for target, _ in net.targets]
    for layer in range(start + 1, max(ends)):
        layers.add_pass(layer, number)
    for layer in range(start, min(ends) - 1, -1):
        layers.add_pass(layer, number)
    for (target, input_), layer in zip(net.targets, ends, strict=True):
        layers.strand(layer, number).right.append((index[target], shapes[target].inputs[input_]))
