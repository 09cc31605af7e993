from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from latentgraph.graph.types import PortType
from latentgraph.tui.editor.inspector.draft import Commit, Draft
from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec

STEPS = PortType(Annotated[int, Field(ge=1, le=150)])


def _spec(value: Any = 28, default: Any = 25) -> FieldSpec:
    return FieldSpec("steps", STEPS, value=value, default=default)


def _draft(value: Any = 28) -> Draft:
    return Draft(_spec(value))


def test_what_is_typed_on_the_way_to_a_wrong_value_is_not_handed_over_when_nobody_pauses() -> None:
    draft = _draft()
    for text in ("9", "90", "900"):
        draft.write(text)
    assert draft.take(final=True) is None
    assert draft.sentence == "900 is above the maximum 150"


def test_a_pause_hands_over_what_is_not_final_and_leaving_says_that_it_is() -> None:
    draft = _draft()
    draft.write("9")
    assert draft.take(final=False) == Commit(9, False)
    assert draft.take(final=False) is None
    assert draft.take(final=True) == Commit(9, True)
    assert draft.take(final=True) is None


def test_leaving_an_untouched_field_hands_nothing_over() -> None:
    assert _draft().take(final=True) is None


def test_the_echo_of_a_value_handed_over_leaves_the_text_that_was_typed_meanwhile() -> None:
    draft = _draft()
    draft.write("9")
    draft.take(final=False)
    draft.write("90")
    assert draft.receive(_spec(9)) is False
    assert draft.text == "90"
    assert draft.take(final=False) == Commit(90, False)


def test_an_undo_from_outside_goes_before_the_text() -> None:
    draft = _draft()
    draft.write("9")
    draft.take(final=True)
    draft.receive(_spec(9))
    draft.write("95")
    assert draft.receive(_spec(28)) is True
    assert (draft.text, draft.dirty, draft.take(final=True)) == ("28", False, None)


def test_an_undo_from_outside_takes_a_wrong_text_away() -> None:
    draft = _draft()
    draft.write("900")
    assert draft.receive(_spec(31)) is True
    assert (draft.text, draft.sentence) == ("31", "")


def test_a_change_elsewhere_leaves_the_text() -> None:
    draft = _draft()
    draft.write("900")
    assert draft.receive(_spec(28)) is False
    assert draft.text == "900"
    assert draft.sentence


def test_typing_the_old_value_again_after_a_pause_hands_the_old_value_over() -> None:
    draft = _draft()
    draft.write("2")
    assert draft.take(final=False) == Commit(2, False)
    draft.write("28")
    assert draft.take(final=True) == Commit(28, True)


def test_an_emptied_field_with_a_default_is_unset() -> None:
    draft = _draft()
    draft.write("")
    assert draft.take(final=True) == Commit(ABSENT, True)


def test_taking_back_gives_what_the_workflow_holds() -> None:
    draft = _draft()
    draft.write("900")
    assert draft.forget() is True
    assert (draft.text, draft.sentence, draft.take(final=True)) == ("28", "", None)


def test_one_is_not_true_and_not_one_point_zero() -> None:
    draft = Draft(FieldSpec("x", PortType(float), value=1))
    draft.write("2")
    assert draft.receive(FieldSpec("x", PortType(float), value=1.0)) is True
    assert draft.text == "1.0"
