"""Some nodes become a file of their own, and come back as they were."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, Data, after, graph, workflow

from latentgraph.graph.boxes import Scope
from latentgraph.graph.canonical import canonical_data, canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.edit.extract import Extracted, extract
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.inline import inline
from latentgraph.graph.errors import EditError
from latentgraph.graph.problem import errors_of
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Workflow

FILE = "./part.json"


def taken_out(data: Data, *names: str, scope: Scope = (), file: str = FILE, name: str = "") -> tuple[Extracted, Data]:
    at = graph(data, scope)
    made = extract(at, names, file, name)
    return made, after(at, made.edit)


def test_what_it_reads_becomes_inputs_and_what_is_read_of_it_outputs() -> None:
    made, outer = taken_out(FLAT, "m", "k", "h")
    part = canonical_data(made.part)
    assert part["inputs"] == {"flour": FLAT["inputs"]["flour"]}
    assert part["nodes"]["m"]["inputs"] == {"flour": {"from": "inputs.flour"}, "water": 300}
    assert part["outputs"] == {
        "left": {"from": "h.left"},
        "right": {"from": "h.right"},
        "dough": {"from": "k.dough"},
    }
    assert list(outer["nodes"]) == ["part", "j", "b"]
    assert outer["nodes"]["part"] == {
        "type": "workflow",
        "file": FILE,
        "inputs": {"flour": {"from": "inputs.flour"}},
    }
    assert outer["nodes"]["j"]["inputs"] == {"first": {"from": "part.left"}, "second": {"from": "part.right"}}
    assert outer["outputs"]["dough"] == {"from": "part.dough"}


def test_an_input_keeps_type_bounds_and_help_of_the_ports_that_read_it() -> None:
    data: Data = {
        "inputs": {"n": {"type": "integer", "default": 3}},
        "nodes": {
            "one": {
                "type": "loop",
                "each": {"k": {"from": "c.value"}},
                "carry": {"dough": {"from": "m.dough", "next": "j.dough"}},
                "nodes": {
                    "more": {"type": "mix", "inputs": {"flour": {"from": "loop.k"}}},
                    "j": {
                        "type": "join",
                        "inputs": {"first": {"from": "loop.dough"}, "second": {"from": "more.dough"}},
                    },
                },
            },
            "c": {"type": "count", "inputs": {"to": {"from": "inputs.n"}}},
            "m": {"type": "mix", "inputs": {"flour": 5}},
        },
        "outputs": {"dough": {"from": "one.dough"}},
    }
    made, outer = taken_out(data, "more", "j", scope=("one",))
    assert canonical_data(made.part)["inputs"] == {
        "k": {"type": "integer", "minimum": 1, "multiple_of": 5, "description": "Grams of flour."},
        "dough": {"type": "Dough"},
    }
    loop = outer["nodes"]["one"]
    assert loop["nodes"]["part"]["inputs"] == {"k": {"from": "loop.k"}, "dough": {"from": "loop.dough"}}
    assert loop["carry"]["dough"]["next"] == "part.dough"


def test_a_loop_alone_takes_the_list_that_it_goes_through() -> None:
    made, outer = taken_out(NESTED, "days")
    part = canonical_data(made.part)
    assert part["inputs"]["day"] == {"type": "list[integer]", "description": "Each turn takes an item of it."}
    assert outer["nodes"]["part"]["inputs"]["day"] == {"from": "c.value"}


def test_two_of_one_name_are_told_apart() -> None:
    data: Data = {
        "nodes": {
            "a": {"type": "mix", "inputs": {"flour": 5}},
            "b": {"type": "mix", "inputs": {"flour": 10}},
            "ka": {"type": "knead", "inputs": {"dough": {"from": "a.dough"}}},
            "kb": {"type": "knead", "inputs": {"dough": {"from": "b.dough"}}},
            "j": {"type": "join", "inputs": {"first": {"from": "ka.dough"}, "second": {"from": "kb.dough"}}},
        },
        "outputs": {"dough": {"from": "j.dough"}},
    }
    made, outer = taken_out(data, "ka", "kb")
    part = canonical_data(made.part)
    assert list(part["inputs"]) == ["dough", "b_dough"]
    assert list(part["outputs"]) == ["ka", "kb"]
    assert outer["nodes"]["j"]["inputs"]["second"] == {"from": "part.kb"}


@pytest.mark.parametrize(
    ("data", "names", "scope", "message"),
    [
        (FLAT, ["m", "h"], (), "'k' stands between them: the part would wait for itself. Choose it too."),
        (FLAT, ["m", "j"], (), "'k' and 'h' stand between them: the part would wait for itself. Choose them too."),
        (FLAT, ["nobody"], (), "There is no node 'nobody'."),
        (FLAT, ["inputs"], (), "That box is no node: it stands for what is around it."),
        (FLAT, [], (), "Choose the nodes of the part first."),
    ],
)
def test_what_cannot_be_one_node_is_refused(data: Data, names: list[str], scope: Scope, message: str) -> None:
    with pytest.raises(EditError) as refused:
        extract(graph(data, scope), names, FILE)
    assert str(refused.value) == message


def test_a_name_that_another_node_has_is_refused_and_one_of_the_nodes_that_go_is_free() -> None:
    with pytest.raises(EditError, match="The name 'b' is taken"):
        extract(graph(FLAT), ["m", "k"], FILE, "b")
    made, outer = taken_out(FLAT, "m", "k", name="k")
    assert list(outer["nodes"]) == ["k", "h", "j", "b"]
    assert outer["layout"] == {"k": [0, 0]}
    assert after(graph(outer), inline(graph(outer), "k", made.part)) == graph(FLAT).data


def test_groups_and_layout_go_along_and_come_back() -> None:
    made, outer = taken_out(FLAT, "k", "h")
    assert made.part.groups["hands"].nodes == ["k", "h"]
    assert "groups" not in outer
    assert outer["layout"] == {"m": [0, 0], "part": [20, 4]}
    made, outer = taken_out(FLAT, "h", "j")
    assert outer["groups"] == {"hands": {"nodes": ["k", "part"]}}
    assert made.part.groups["hands"].nodes == ["h"]
    outer["layout"] = {"m": [0, 0], "part": [30, 9]}
    inlined = after(graph(outer), inline(graph(outer), "part", made.part))
    assert inlined["groups"] == FLAT["groups"]
    made, outer = taken_out(FLAT, "m", "k")
    outer["layout"] = {"part": [100, 50]}
    assert after(graph(outer), inline(graph(outer), "part", made.part))["layout"] == {"m": [100, 50], "k": [120, 54]}


def pieces(nodes: list[str], draw: random.Random) -> list[str]:
    start = draw.randrange(len(nodes))
    return nodes[start : start + draw.randint(1, len(nodes))]


def scopes(one: Workflow) -> list[tuple[Scope, list[str]]]:
    found: list[tuple[Scope, list[str]]] = [((), list(one.nodes))]
    for name, node in one.nodes.items():
        if node.nodes:
            found.append(((name,), list(node.nodes)))
    return found


def back_and_forth(start: Graph, document: Document, registry: Registry, names: list[str]) -> bool:
    """Take nodes out and put them back; whether they could be taken out."""
    try:
        made = extract(start, names, FILE)
    except EditError:
        return False
    outer = Workflow.model_validate(made.edit.apply(start.data), by_alias=True, by_name=False)
    place = "/".join((*start.scope, made.name))
    held = Document(outer, None, document.path, {place: canonical_text(made.part)})
    before = errors_of(list(check(document, registry).problems))
    problems = errors_of(list(check(held, registry).problems))
    assert bool(problems) == bool(before), [str(one) for one in problems]
    again = Graph.of(outer, registry, document.path, start.scope)
    data = inline(again, made.name, made.part).apply(again.data)
    text = canonical_text(Workflow.model_validate(data, by_alias=True, by_name=False))
    assert text == canonical_text(document.workflow)
    return True


@pytest.mark.parametrize("data", [FLAT, NESTED])
def test_whatever_stands_together_in_a_file_comes_back_to_the_byte(data: Data) -> None:
    one = workflow(data)
    done = 0
    for scope, nodes in scopes(one):
        for start in range(len(nodes)):
            for end in range(start + 1, len(nodes) + 1):
                at = Graph.of(one, REGISTRY, scope=scope)
                done += back_and_forth(at, Document(one), REGISTRY, nodes[start:end])
    assert done > 5


def test_pieces_of_the_workflows_that_ship_check_clean_and_come_back_to_the_byte() -> None:
    registry, draw, done = Registry.load(), random.Random(5), 0
    for path in sorted(Path(__file__).parents[3].glob("workflows/*_image.json")):
        document = read_document(path)
        for scope, nodes in scopes(document.workflow):
            for _ in range(4):
                at = Graph.of(document.workflow, registry, path, scope)
                done += back_and_forth(at, document, registry, pieces(nodes, draw))
    assert done > 20


def test_nodes_that_stand_apart_in_the_file_come_back_as_the_same_nodes() -> None:
    data: Data = {**FLAT, "nodes": {name: FLAT["nodes"][name] for name in "kbmhj"}}
    made, outer = taken_out(data, "m", "k", "b", "h", "j")
    assert list(outer["nodes"]) == ["part"]
    data.pop("layout")
    made, outer = taken_out(data, "m", "k")
    assert after(graph(outer), inline(graph(outer), "part", made.part)) == graph(data).data


def test_a_part_of_another_hand_is_put_in_with_its_defaults_and_under_free_names() -> None:
    part = workflow(
        {
            "inputs": {
                "dough": {"type": "Dough"},
                "minutes": {"type": "number", "default": 3},
                "crust": {"type": "string", "default": "soft"},
                "label": {"type": "string", "default": "loaf"},
            },
            "nodes": {
                "k": {
                    "type": "knead",
                    "inputs": {"dough": {"from": "inputs.dough"}, "minutes": {"from": "inputs.minutes"}},
                },
                "b": {"type": "bake", "inputs": {"dough": {"from": "k.dough"}, "crust": {"from": "inputs.crust"}}},
            },
            "outputs": {"bread": {"from": "b.bread"}, "same": {"from": "inputs.dough"}},
            "layout": {"k": [1, 1]},
        }
    )
    data: Data = {
        "nodes": {
            "k": {"type": "mix", "inputs": {"flour": 5}},
            "part": {"type": "workflow", "file": FILE, "inputs": {"dough": {"from": "k.dough"}, "crust": "dark"}},
            "again": {"type": "knead", "inputs": {"dough": {"from": "part.same"}}},
        },
        "outputs": {"bread": {"from": "part.bread"}, "none": {"from": "part.none"}},
    }
    at = graph(data)
    edit = inline(at, "part", part)
    inlined = after(at, edit)
    assert edit.boxes == ("k_2", "b")
    assert inlined["nodes"] == {
        "k": {"type": "mix", "inputs": {"flour": 5}},
        "k_2": {"type": "knead", "inputs": {"dough": {"from": "k.dough"}, "minutes": 3}},
        "b": {"type": "bake", "inputs": {"dough": {"from": "k_2.dough"}, "crust": "dark"}},
        "again": {"type": "knead", "inputs": {"dough": {"from": "k.dough"}}},
    }
    assert list(inlined["nodes"]) == ["k", "k_2", "b", "again"]
    assert inlined["outputs"]["bread"] == {"from": "b.bread"}
    assert "layout" not in inlined, "where the sub-workflow was not pinned, nothing of it is"


LOOPING: Data = {
    "inputs": {"n": {"type": "integer", "default": 2}},
    "nodes": {
        "c": {"type": "count", "inputs": {"to": 3}},
        "l": {
            "type": "loop",
            "each": {"i": {"from": "c.value"}},
            "carry": {"sum": {"from": "inputs.n", "next": "s.value"}},
            "nodes": {"s": {"type": "square", "inputs": {"number": {"from": "loop.sum"}}}},
        },
    },
    "outputs": {"sum": {"from": "l.sum"}},
}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"type": "mix"}, "'part' is no sub-workflow."),
        ({"type": "workflow", "file": FILE, "disabled": "mute"}, "'part' is muted; enable it first."),
        ({"type": "workflow", "file": FILE, "disabled": "bypass"}, "'part' is bypassed; enable it first."),
        (
            {"type": "workflow", "file": FILE, "inputs": {"n": {"from": "part.sum"}}},
            "'part' waits for itself; take that link away first.",
        ),
        (
            {"type": "workflow", "file": FILE, "inputs": {"n": 5}},
            "'part/l.sum' can only read a link, and the input 'n' is a value: link it to an input of the workflow "
            "first.",
        ),
    ],
)
def test_a_sub_workflow_that_cannot_be_put_in_is_refused(node: Data, message: str) -> None:
    with pytest.raises(EditError) as refused:
        inline(graph({"nodes": {"part": node}}), "part", workflow(LOOPING))
    assert str(refused.value) == message


PICTURES: Data = {
    "nodes": {
        "a": {"type": "read", "inputs": {"file": "words/a.txt"}},
        "inner": {"type": "workflow", "file": "./words/inner.json"},
    },
}


def test_paths_are_counted_from_the_folder_of_the_part_and_may_not_lead_out_of_it() -> None:
    made, _ = taken_out(PICTURES, "a", "inner", file="./words/part.json")
    assert made.part.nodes["a"].inputs == {"file": "./a.txt"}
    assert made.part.nodes["inner"].file == "./inner.json"
    outer: Data = {"nodes": {"part": {"type": "workflow", "file": "./words/part.json"}}}
    inlined = after(graph(outer), inline(graph(outer), "part", made.part))
    assert inlined["nodes"]["a"]["inputs"] == {"file": "./words/a.txt"}
    assert inlined["nodes"]["inner"]["file"] == "./words/inner.json"
    with pytest.raises(EditError) as refused:
        taken_out(PICTURES, "a", file="./parts/part.json")
    assert str(refused.value) == (
        "'a' reads 'words/a.txt', which does not lie in the folder of the part: a workflow reads from its own folder "
        "only. Put the part beside it, or leave the node out."
    )
