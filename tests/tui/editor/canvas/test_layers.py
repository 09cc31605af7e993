"""The steps before anything has cells: which way wires run, which column a box gets, who is above whom."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

from latentgraph.tui.editor.canvas.cycles import forward_edges, sorted_topologically
from latentgraph.tui.editor.canvas.geometry import Shape, Wire
from latentgraph.tui.editor.canvas.joints import joints_of
from latentgraph.tui.editor.canvas.layering import layers_of
from latentgraph.tui.editor.canvas.layers import Layers, layer_of_boxes, layered
from latentgraph.tui.editor.canvas.nets import Net, components_of, nets_of
from latentgraph.tui.editor.canvas.ordering import order
from latentgraph.tui.editor.canvas.placement import place


def random_edges(seed: int) -> tuple[int, list[tuple[int, int]]]:
    chance = random.Random(seed)
    count = chance.randint(1, 30)
    edges = [(chance.randrange(count), chance.randrange(count)) for _ in range(chance.randint(0, 70))]
    return count, edges


def test_what_is_left_of_any_graph_has_no_circle_and_only_that_is_left_out() -> None:
    for seed in range(200):
        count, edges = random_edges(seed)
        kept = forward_edges(count, edges)
        assert set(kept) <= set(edges)
        assert len(set(kept)) == len(kept)
        places = {node: place for place, node in enumerate(sorted_topologically(count, kept))}
        assert len(places) == count
        assert all(places[a] < places[b] for a, b in kept)
        # A graph without a circle keeps every edge.
        assert set(forward_edges(count, kept)) == set(kept)


def test_layers_grow_along_every_edge_and_none_is_empty() -> None:
    for seed in range(200):
        count, edges = random_edges(seed)
        kept = forward_edges(count, edges)
        layers = layers_of(count, kept, [(a, [b]) for a, b in kept])
        assert all(layers[a] < layers[b] for a, b in kept)
        assert set(layers) == set(range(max(layers) + 1))


def test_boxes_move_right_only_to_make_wires_shorter() -> None:
    # 0 -> 1 -> 2 -> 3, 4 -> 3: the source 4 comes close to its reader; 0 -> 5: the sink 5 stays close to its source.
    edges = [(0, 1), (1, 2), (2, 3), (4, 3), (0, 5)]
    assert layers_of(6, edges, [(a, [b]) for a, b in edges]) == [0, 1, 2, 3, 2, 1]


def test_first_and_last_boxes_keep_the_ends() -> None:
    shapes = {
        "end": Shape(24, 4, {"i": 1}, {}, "last"),
        "a": Shape(24, 4, {"i": 1}, {"o": 1}),
        "b": Shape(24, 4, {"i": 1}, {"o": 1}),
        "start": Shape(24, 4, {}, {"o": 1}, "first"),
    }
    wires = [Wire(("start", "o"), ("end", "i")), Wire(("a", "o"), ("b", "i")), Wire(("b", "o"), ("a", "i"))]
    layers = layer_of_boxes(shapes, nets_of(shapes, wires))
    assert layers == {"end": 1, "a": 0, "b": 1, "start": 0}


def test_a_net_is_one_output_with_all_its_inputs() -> None:
    shapes = {key: Shape(24, 4, {"i": 1, "j": 2}, {"o": 1}) for key in "abc"}
    wires = [Wire(("a", "o"), ("b", "i")), Wire(("b", "o"), ("c", "i")), Wire(("a", "o"), ("c", "j"))]
    assert nets_of(shapes, [*wires, wires[0]]) == [
        Net(("a", "o"), (("b", "i"), ("c", "j"))),
        Net(("b", "o"), (("c", "i"),)),
    ]


def test_parts_come_with_the_largest_first_but_for_that_of_the_ends() -> None:
    shapes = {key: Shape(24, 4, {"i": 1}, {"o": 1}) for key in ("x", "a", "b")}
    shapes |= {"inputs": Shape(24, 4, {}, {"o": 1}, "first"), ">outputs": Shape(24, 4, {"i": 1}, {}, "last")}
    nets = nets_of(shapes, [Wire(("a", "o"), ("b", "i"))])
    assert components_of(shapes, nets) == [["inputs", ">outputs"], ["a", "b"], ["x"]]


def build(edges: list[tuple[str, str]], keys: str) -> Layers:
    shapes = {key: Shape(24, 6, {name: row + 1 for row, name in enumerate(keys)}, {"o": 1}) for key in keys}
    nets = nets_of(shapes, [Wire((a, "o"), (b, a)) for a, b in edges])
    return layered(shapes, layer_of_boxes(shapes, nets), dict(enumerate(nets)))


def test_a_long_wire_has_one_pass_a_layer_however_many_inputs_it_ends_at() -> None:
    layers = build([("a", "b"), ("b", "c"), ("c", "d"), ("c", "e"), ("a", "d"), ("a", "e")], "abcde")
    assert [sum(not layers.keys[item] for item in row) for row in layers.rows] == [0, 1, 1, 0]


def test_a_wire_that_runs_back_passes_its_own_layers_too() -> None:
    layers = build([("a", "b"), ("b", "a")], "ab")
    assert [sum(not layers.keys[item] for item in row) for row in layers.rows] == [1, 1]


def crossings(layers: Layers) -> int:
    rows = {item: index for row in layers.rows for index, item in enumerate(row)}
    across, _ = joints_of(layers)
    ends = [[(rows[j.left[0]], j.left[1], rows[j.right[0]], j.right[1]) for j in channel] for channel in across]
    return sum(
        (a[:2] < b[:2] and a[2:] > b[2:]) or (a[:2] > b[:2] and a[2:] < b[2:])
        for channel in ends
        for a, b in combinations(channel, 2)
    )


def test_a_tree_is_drawn_without_a_crossing_whatever_the_order_of_its_boxes() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        keys = "abcdefghijklmnop"
        names = chance.sample(keys, len(keys))
        edges = [(names[(index - 1) // 2], names[index]) for index in range(1, len(names))]
        layers = build(edges, keys)
        order(layers, *joints_of(layers))
        assert crossings(layers) == 0


def test_ordering_never_makes_it_worse() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        keys = "abcdefghijklmnopqrst"
        edges = [(a, b) for a, b in combinations(keys, 2) if chance.random() < 0.12]
        layers = build(edges, keys)
        before = crossings(layers)
        order(layers, *joints_of(layers))
        assert crossings(layers) <= before
        assert sorted(item for row in layers.rows for item in row) == list(range(len(layers.keys)))


def test_items_of_a_layer_keep_their_order_and_their_distance() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        keys = "abcdefghijklmnopqrst"
        layers = build([(a, b) for a, b in combinations(keys, 2) if chance.random() < 0.12], keys)
        across, beside = joints_of(layers)
        order(layers, across, beside)
        tops = place(layers, across, beside)
        assert min(tops) == 0
        for row in layers.rows:
            for upper, lower in pairwise(row):
                boxes = bool(layers.keys[upper]) + bool(layers.keys[lower])
                assert tops[lower] - tops[upper] - layers.heights[upper] >= boxes


def test_every_pass_of_a_long_wire_without_rivals_lies_in_one_row() -> None:
    layers = build([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e")], "abcde")
    tops = place(layers, *joints_of(layers))
    assert len({tops[item] for item, key in enumerate(layers.keys) if not key}) == 1
