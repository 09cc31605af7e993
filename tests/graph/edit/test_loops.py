from __future__ import annotations

import pytest
from tests.graph.edit.examples import NESTED, after, codes, graph

from latentgraph.graph.edit.loops import Kind, entry_kind, remove_entry, rename_entry
from latentgraph.graph.errors import EditError


@pytest.mark.parametrize(
    ("kind", "old"), [("each", "day"), ("carry", "dough"), ("inputs", "minutes"), ("collect", "all")]
)
def test_links_inside_and_outside_follow_an_entry_that_is_renamed(kind: Kind, old: str) -> None:
    at = graph(NESTED)
    data = after(at, rename_entry(at, "days", kind, old, "renamed"))
    assert list(data["nodes"]["days"][kind]) == ["renamed" if name == old else name for name in at.nodes["days"][kind]]
    assert codes(data) == codes(at.data)


def test_a_carry_that_is_renamed_is_another_output_too() -> None:
    at = graph(NESTED)
    data = after(at, rename_entry(at, "days", "carry", "dough", "batch"))
    assert data["nodes"]["b"]["inputs"]["dough"] == {"from": "days.batch"}
    assert data["nodes"]["days"]["nodes"]["hours"]["carry"]["dough"]["from"] == "loop.batch"


def test_an_entry_gets_no_name_that_the_loop_uses() -> None:
    at = graph(NESTED)
    for kind, old, new in (("each", "day", "dough"), ("carry", "dough", "all"), ("collect", "all", "dough"),
                           ("inputs", "to", "index")):  # fmt: skip
        with pytest.raises(EditError, match=rf"The name '{new}' is taken."):
            rename_entry(at, "days", kind, old, new)  # type: ignore[arg-type]
    with pytest.raises(EditError, match=r"The loop has no 'x' there."):
        rename_entry(at, "days", "each", "x", "y")


def test_an_entry_goes_with_the_links_to_it() -> None:
    at = graph(NESTED)
    data = after(at, remove_entry(at, "days", "carry", "dough"))
    assert "inputs" not in data["nodes"]["b"]
    assert data["nodes"]["days"]["nodes"]["hours"]["carry"]["dough"]["from"] == "loop.dough", "the check tells"
    at = graph(NESTED, ("days",))
    hours = after(at, remove_entry(at, "hours", "each", "hour"))["nodes"]["days"]["nodes"]["hours"]
    assert "each" not in hours
    assert "inputs" not in hours["nodes"]["q"]


def test_who_read_a_written_entry_keeps_its_value() -> None:
    at = graph(NESTED)
    days = after(at, remove_entry(at, "days", "inputs", "to"))["nodes"]["days"]
    assert days["nodes"]["c"]["inputs"] == {"to": 4}
    assert days["inputs"] == {"minutes": {"from": "inputs.kneading"}}


def test_a_port_of_a_loop_is_one_kind_of_entry_on_each_side() -> None:
    at = graph(NESTED)
    sides = [(name, output) for output in (False, True) for name in ("day", "dough", "to", "all", "x")]
    assert [entry_kind(at, "days", name, output=output) for name, output in sides] == [
        "each", "carry", "inputs", None, None, None, "carry", None, "collect", None,
    ]  # fmt: skip
