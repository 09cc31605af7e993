"""A declaration is read off the signature, and one that cannot be right names the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import Field
from tests.graph import toys
from tests.graph.toys import toy_registry

from latentgraph.graph.context import RunContext
from latentgraph.graph.errors import NodeDefinitionError
from latentgraph.graph.node import REQUIRED, node, node_type
from latentgraph.graph.registry import Registry


def test_the_signature_is_the_whole_declaration() -> None:
    declared = node_type(toys.mix)
    flour, water, grain = declared.inputs.values()
    assert (flour.name, flour.type.name, flour.default, flour.help) == ("flour", "integer", REQUIRED, "Grams of flour.")
    assert (water.default, water.required) == (300, False)
    assert grain.type.name == 'one of "wheat", "rye"'
    assert list(declared.outputs) == ["dough"]
    assert declared.docstring.summary == "Mix flour and water."


def test_a_named_tuple_is_several_outputs_with_help() -> None:
    declared = node_type(toys.halve)
    assert {name: port.help for name, port in declared.outputs.items()} == {
        "left": "The first half.",
        "right": "The second half.",
    }


def test_the_context_is_no_port_and_the_function_can_be_called_alone() -> None:
    assert "context" not in node_type(toys.knead).inputs
    assert toys.knead(toys.Dough(500, 300), 40.0).water == 260


def test_a_declared_function_is_the_function_itself() -> None:
    assert toys.square(7) == 49


def _undecorated(source: str) -> Any:
    scope: dict[str, Any] = {"node": node, "Annotated": Annotated, "Field": Field, "RunContext": RunContext,
                             "NamedTuple": NamedTuple, "__name__": "mine"}  # fmt: skip
    exec(source, scope)
    return scope["f"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("@node(category='x')\ndef f(a) -> int: ...", "mine.f: parameter 'a' has no annotation"),
        ("@node(category='x')\ndef f(a: int): ...", "mine.f: the result has no annotation"),
        ("@node(category='x')\ndef f(*a: int) -> int: ...", "mine.f: 'a' takes any number of arguments; a port is one"),
        (
            "@node(category='x')\ndef f(a: int, /) -> int: ...",
            "mine.f: 'a' is positional-only; ports are passed by name",
        ),
        ("@node(category='x', name='loop')\ndef f(a: int) -> int: ...", "mine.f: 'loop' is a reserved word"),
        (
            "@node(category='x')\ndef f(a: 'Missing') -> int: ...",
            "mine.f: an annotation cannot be resolved: name 'Missing' is not defined",
        ),
        (
            "@node(category='x')\ndef f(a: Annotated[int, Field(ge=3)] = 1) -> int: ...",
            "mine.f: the default of 'a' is not its own type: 1 is below the minimum 3",
        ),
        (
            "@node(category='x')\ndef f(a: int, context: RunContext) -> int: ...",
            "mine.f: the context 'context' must be keyword-only with a default, so that the function can be called "
            "alone: `*, context: RunContext = ALONE`",
        ),
        (
            "@node(category='x')\ndef f(a: Annotated[str, Field(ge=1)]) -> int: ...",
            "mine.f: parameter 'a': its bounds do not go with string",
        ),
        (
            "@node(category='x', draws='rng')\ndef f(a: int) -> int: ...",
            "mine.f: draws from 'rng', which is none of its parameters",
        ),
        (
            "@node(category='x', matching=('a', 'b'))\ndef f(a: int) -> int: ...",
            "mine.f: matches 'b', which is none of its parameters",
        ),
        (
            "@node(category='x')\ndef f(a: tuple[int, str]) -> int: ...",
            "mine.f: parameter 'a': tuple[int, str] has a fixed length; write tuple[X, ...] or list[X]",
        ),
    ],
)
def test_a_wrong_declaration_names_the_function(source: str, message: str) -> None:
    with pytest.raises(NodeDefinitionError) as caught:
        Registry().add(_undecorated(source))
    assert str(caught.value) == message


def test_a_name_used_twice_names_both_functions() -> None:
    registry = toy_registry()
    with pytest.raises(NodeDefinitionError) as caught:
        registry.add(_undecorated("@node(category='x', name='mix')\ndef f(a: int) -> int: ..."))
    assert str(caught.value) == "mine.f: the name 'mix' is taken by tests.graph.toys.mix"


def test_nodes_of_a_file_are_taken_and_carry_the_digest_of_its_source(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from latentgraph.graph.node import node\n@node(category='mine')\ndef twice(a: int) -> int:\n    return 2 * a\n"
    )
    registry = Registry()
    registry.add_file(file)
    before = registry.get("twice")
    file.write_text(file.read_text().replace("2 * a", "a + a"))
    again = Registry()
    again.add_file(file)
    after = again.get("twice")
    assert before is not None
    assert after is not None
    assert before.identity != after.identity
    assert registry.origin("twice") == str(file)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "declares no node; put @node(category=...) over a function"),
        ("import nowhere\n", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("def (:\n", "cannot be imported: SyntaxError: invalid syntax (mine.py, line 1)"),
    ],
)
def test_a_file_without_usable_nodes_says_so(tmp_path: Path, source: str, message: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    with pytest.raises(NodeDefinitionError) as caught:
        Registry().add_file(file)
    assert str(caught.value) == f"{file}: {message}"


def test_a_wrong_declaration_in_a_file_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from latentgraph.graph.node import node\n\n@node(category='x')\ndef f(a) -> int: ...\n")
    with pytest.raises(NodeDefinitionError, match=r"^mine.py:3: f: parameter 'a' has no annotation$"):
        Registry().add_file(file)


def test_a_bridge_is_the_shortest_way_between_two_types() -> None:
    registry = toy_registry()
    count, bake = registry.get("mix"), registry.get("sell")
    assert count is not None
    assert bake is not None
    assert registry.bridge(count.outputs["dough"].type, bake.inputs["bread"].type) == ["bake"]
