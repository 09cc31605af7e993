"""Packages of others: found by their entry point, told apart by name, and broken ones cost nothing but their nodes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tests.graph.toys import toy_document

from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.check import check
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.nodes import add_node
from latentgraph.graph.errors import NodeDefinitionError
from latentgraph.graph.node import node
from latentgraph.graph.packages import package_of, with_packages
from latentgraph.graph.registry import Registry

GOOD = '''
from latentgraph.graph.node import node

@node(category="mine")
def twice_{name}(number: int) -> int:
    """Twice a number."""
    return 2 * number
'''
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a package as an installer leaves it."""

    def make(name: str, source: str, *, points_to: str = "", version: str = "1.2") -> None:
        module = name.replace("-", "_")
        site = tmp_path / "site"
        about = site / f"{module}-{version}.dist-info"
        about.mkdir(parents=True)
        (site / f"{module}.py").write_text(source.replace("{name}", module))
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (about / "entry_points.txt").write_text(f"[latentgraph.nodes]\n{name} = {points_to or module}\n")
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return make


def told(package: str, registry: Registry) -> list[str]:
    document = toy_document({"nodes": {"a": {"type": "blorp", "package": package}}})
    return [one.hint for one in check(document, registry).problems if one.code == "E101"]


def test_a_package_gives_its_nodes_and_whoever_adds_one_writes_whose_it_is(install: Install) -> None:
    install("wise-nodes", GOOD)
    registry = Registry.load()
    assert registry.origin("twice_wise_nodes") == package_of("twice_wise_nodes", registry) == "wise-nodes"
    assert package_of("tokenize", registry) == package_of("loop", registry) == package_of("nobody", registry) == ""
    graph = Graph.of(toy_document({"nodes": {}}).workflow, registry)
    added = add_node(graph, "twice_wise_nodes").apply(graph.data)["nodes"]
    assert added == {"twice_wise_nodes": {"type": "twice_wise_nodes", "package": "wise-nodes"}}
    body = {"inner": {"type": "twice_wise_nodes", "inputs": {"number": 1}}, "ours": {"type": "tokenize"}}
    loop = {"type": "loop", "each": {"i": {"from": "x.y"}}, "nodes": body}
    said = canonical_data(with_packages(toy_document({"nodes": {"l": loop}}).workflow, registry))
    assert said["nodes"]["l"]["nodes"] == {
        "inner": {"type": "twice_wise_nodes", "package": "wise-nodes", "inputs": {"number": 1}},
        "ours": {"type": "tokenize"},
    }


@pytest.mark.parametrize(
    ("source", "points_to", "fault"),
    [
        ("import no_such_thing", "", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)", "", "SystemExit: 3"),
        ("def (", "", "SyntaxError: invalid syntax (sad_nodes.py, line 1)"),
        (GOOD, "sad_nodes:nothing", "AttributeError: module 'sad_nodes' has no attribute 'nothing'"),
        (GOOD, "sad_nodes:twice_sad_nodes", "its entry point 'sad_nodes:twice_sad_nodes' is no module"),
        (GOOD.replace("twice_{name}", "tokenize"), "",
         "sad_nodes.tokenize: the name 'tokenize' is taken by latentgraph.nodes.text.tokenize"),
        (GOOD + GOOD.replace("number: int", "number").replace("twice", "thrice"), "",
         "sad_nodes.thrice_sad_nodes: parameter 'number' has no annotation"),
    ],
)  # fmt: skip
def test_a_broken_package_costs_its_own_nodes_and_a_note(
    install: Install, source: str, points_to: str, fault: str
) -> None:
    install("sad-nodes", source, points_to=points_to)
    install("wise-nodes", GOOD)
    registry = Registry.load()
    assert registry.get("tokenize") is not None
    assert registry.get("twice_wise_nodes") is not None
    assert [name for name in registry.names() if "sad" in name] == [], "all of them or none"
    assert registry.notes == [f"the nodes of package 'sad-nodes' cannot be used: {fault}"]
    assert told("Sad_Nodes", registry) == [
        f"the file says that the package 'Sad_Nodes' provides it, which is installed and cannot be used: {fault}"
    ]


def test_two_nodes_of_one_name_in_a_module_are_refused() -> None:
    @node(category="mine", name="same")
    def first(a: int) -> int:
        return a

    @node(category="mine", name="same")
    def second(a: int) -> int:
        return a

    module = ModuleType("both")
    vars(module).update(first=first, second=second)
    with pytest.raises(NodeDefinitionError, match="the name 'same' is taken by"):
        Registry().add_module(module, origin="both")


def test_who_lacks_a_package_is_told_which_and_how_to_have_it(install: Install) -> None:
    install("wise-nodes", GOOD)
    registry = Registry.load()
    assert told("other-nodes", registry) == [
        "the file says that the package 'other-nodes' provides it; if you trust it: pip install other-nodes"
    ]
    assert told("wise-nodes", registry) == [
        "the file says that the package 'wise-nodes' provides it, of which version 1.2 is installed, without it: look "
        "for another version"
    ]
    assert told("x; rm -rf /", registry) == [
        "the file says that the package 'x; rm -rf /' provides it, which is no name of a package"
    ]


def test_a_nodes_version_is_a_part_of_its_key() -> None:
    def declared(version: int) -> str:
        @node(category="mine", version=version)
        def same(a: int) -> int:
            return a

        return Registry().add(same).identity

    assert declared(1) != declared(2)
    assert declared(2) == declared(2)
