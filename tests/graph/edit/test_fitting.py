from __future__ import annotations

from tests.graph.edit.examples import FLAT, NESTED, graph

from latentgraph.graph.edit.fitting import fits, fitting, fitting_types
from latentgraph.graph.edit.links import connect
from latentgraph.graph.errors import EditError


def test_what_fits_an_output() -> None:
    at = graph(FLAT)
    assert fitting(at, ("k", "dough"), output=True) == {
        ("h", "dough"), ("j", "first"), ("j", "second"), ("b", "dough"),
        (">outputs", "bread"), (">outputs", "dough"), (">outputs", "+output"),
    }  # fmt: skip


def test_what_fits_an_input() -> None:
    at = graph(FLAT)
    assert fitting(at, ("h", "dough"), output=False) == {("m", "dough"), ("k", "dough"), ("inputs", "+input")}
    assert fitting(at, ("k", "minutes"), output=False) == {("inputs", "flour"), ("inputs", "+input")}
    inside = fitting(graph(NESTED, ("days", "hours")), ("k", "minutes"), output=False)
    assert inside == {("loop", "minutes"), ("loop", "hour"), ("loop", "day"), ("loop", "index"), ("q", "value")}


def test_what_fits_is_what_can_be_connected() -> None:
    for data, scope in ((FLAT, ()), (NESTED, ()), (NESTED, ("days",)), (NESTED, ("days", "hours"))):
        at = graph(data, scope)
        sources = [(box, port) for box in at.nodes for port in at.signatures.of(scope, box).outputs]
        sources += [(at.source_box, port) for port in at.signatures.source(scope)]
        targets = {end for source in sources for end in fitting(at, source, output=True)}
        assert targets
        for source in sources:
            fitting_ends = fitting(at, source, output=True)
            for target in targets:
                assert fits(at, source, target) == (target in fitting_ends) == connects(at, source, target)


def connects(at: object, source: tuple[str, str], target: tuple[str, str]) -> bool:
    try:
        connect(at, source, target)  # type: ignore[arg-type]
    except EditError:
        return False
    return True


def test_the_node_types_that_fit_a_port() -> None:
    at = graph(FLAT)
    assert fitting_types(at, source=("b", "bread")) == ["sell"]
    assert fitting_types(at, target=(">outputs", "+output")) == [one.name for one in at.signatures.registry]
    assert fitting_types(at, source=("m", "dough"), target=("b", "dough")) == ["halve", "join", "knead"]
    assert fitting_types(at, target=("m", "flour")) == ["square", "lie"]


def test_a_name_of_something_to_read_is_never_computed() -> None:
    at = graph({"inputs": {"path": {"type": "string"}}, "nodes": {"r": {"type": "read"}, "f": {"type": "fail"}}})
    assert fitting(at, ("r", "file"), output=False) == {("inputs", "path"), ("inputs", "+input")}
    assert fitting_types(at, target=("r", "file")) == []
    assert not fits(at, ("f", "value"), ("r", "file"))
