from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.tui.editor.inspector.forms import REGISTRY, WORKFLOW, subject_of, workflow_of

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.signature import Signatures
from latentgraph.tui.editor.inspector.boxes import subject_for
from latentgraph.tui.editor.inspector.subject import ABSENT, Fault, FieldSpec, Subject


def _field(subject: Subject, name: str) -> FieldSpec:
    return next(one for one in subject.fields if one.name == name)


def _changed(**nodes: Any) -> dict[str, Any]:
    data = copy.deepcopy(WORKFLOW)
    for name, inputs in nodes.items():
        data["nodes"][name]["inputs"].update(inputs)
    return data


def test_a_node_shows_its_ports_in_the_order_of_its_signature() -> None:
    subject = subject_of(WORKFLOW, "paint")
    assert [one.name for one in subject.fields][:5] == ["dough", "text", "picture", "seed", "steps"]
    assert (subject.title, subject.type, subject.category, subject.summary) == (
        "paint",
        "paint",
        "image",
        "Paint something.",
    )


def test_a_field_tells_value_default_link_and_what_comes_along_it() -> None:
    subject = subject_of(WORKFLOW, "paint")
    assert (_field(subject, "steps").value, _field(subject, "steps").default) == (30, 28)
    assert _field(subject, "width").value is ABSENT
    text = _field(subject, "text")
    assert (text.link, text.value, text.linked_value) == ("inputs.prompt", ABSENT, "a loaf")
    assert subject.ends["dough"] == ("mix", "dough")
    assert _field(subject, "steps").help == "Turns of the brush."


def test_problems_stand_at_their_fields_and_the_others_at_the_box() -> None:
    subject = subject_of(_changed(paint={"steps": 900}), "paint")
    assert _field(subject, "steps").fault == Fault("error", "900 is above the maximum 150")
    picture = _field(subject, "picture").fault
    assert picture is not None
    assert picture.message.startswith("'notes.txt' lies outside the workflow's folder (from inputs.file); give it")
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["lonely"] = {"type": "mix", "inputs": {"flour": 5}}
    lonely = subject_of(data, "lonely")
    assert lonely.faults == (Fault("warning", "nothing uses it; link one of its outputs, or delete it"),)


def test_a_loop_tells_of_the_problems_inside() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["turns"]["nodes"]["work"]["inputs"]["minutes"] = 90
    assert Fault("error", "work.minutes: 90 is above the maximum 60") in subject_of(data, "turns").faults


def test_an_input_that_the_type_does_not_have_is_shown_so_that_it_can_be_taken_away() -> None:
    stray = _field(subject_of(_changed(mix={"fluor": 3}), "mix"), "fluor")
    assert stray.value == 3
    assert stray.fault is not None
    assert "has no input 'fluor'" in stray.fault.message


def test_a_type_that_nobody_has_keeps_what_the_file_says() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["mix2"]["type"] = "mixx"
    subject = subject_of(data, "mix2")
    assert subject.role == "unknown"
    assert {one.name: one.value for one in subject.fields if one.role == "input"} == {"flour": 100, "water": 7}


def test_the_inputs_of_the_workflow_are_the_values_of_the_next_run() -> None:
    subject = subject_of(WORKFLOW, "inputs")
    assert [(one.name, one.value, one.nullable) for one in subject.fields if one.role == "declared"] == [
        ("prompt", "a loaf", False),
        ("height", None, True),
        ("crust", "soft", False),
        ("seed", 7, False),
        ("file", "notes.txt", False),
    ]
    assert _field(subject, "crust").choices == ("soft", "dark")
    assert {one.name: one.targets for one in subject.outputs}["prompt"] == (("paint", "text"),)


def test_an_input_that_a_node_reads_as_a_file_names_a_file() -> None:
    assert _field(subject_of(WORKFLOW, "inputs"), "file").reads == ReadsFile((".txt",))


def test_an_input_that_feeds_a_choice_is_a_choice() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["inputs"]["mode"] = {"type": "string", "default": "soft"}
    data["nodes"]["paint"]["inputs"]["mode"] = {"from": "inputs.mode"}
    assert _field(subject_of(data, "inputs"), "mode").choices == ("soft", "dark")


def test_a_loop_and_the_boxes_of_its_body() -> None:
    loop = subject_of(WORKFLOW, "turns")
    assert [(one.name, one.role, one.link or one.value) for one in loop.fields if one.role != "description"] == [
        ("number", "each", "numbers.value"),
        ("dough", "carry", "mix.dough"),
        ("minutes", "handed", 5.0),
    ]
    body = subject_of(WORKFLOW, "loop", ("turns",))
    assert {one.name: (one.type.name, one.targets) for one in body.outputs}["dough"] == (
        "Dough",
        (("work", "dough"),),
    )
    assert "Begins as mix.dough." in {one.name: one.help for one in body.outputs}["dough"]
    following = subject_of(WORKFLOW, ">next", ("turns",))
    assert [(one.name, one.role, one.link) for one in following.fields] == [
        ("dough", "next", "work.dough"),
        ("doughs", "collect", "work.dough"),
    ]


def test_the_outputs_of_the_workflow() -> None:
    subject = subject_of(WORKFLOW, ">outputs")
    assert [(one.name, one.link, one.help, one.literal) for one in subject.fields] == [
        ("painted", "paint.value", "The picture.", False),
        ("dough", "turns.dough", "", False),
    ]


def test_a_sub_workflow_shows_its_file(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(
        '{"latentgraph": 1, "inputs": {"grams": {"type": "integer", "default": 5}}, "nodes": {}, "outputs": {}}'
    )
    data = {"latentgraph": 1, "nodes": {"part": {"type": "workflow", "file": "part.json"}}}
    workflow = workflow_of(data)
    signatures = Signatures(workflow, REGISTRY, tmp_path / "main.json")
    subject = subject_for(signatures, workflow, (), "part", folder=tmp_path)
    assert subject is not None
    assert [(one.name, one.role) for one in subject.fields] == [
        ("file", "file"),
        ("grams", "input"),
        ("description", "description"),
    ]


@pytest.mark.parametrize(
    ("scope", "key"), [((), "nobody"), (("nowhere",), "work"), ((), "loop"), (("turns",), "inputs")]
)
def test_what_is_not_there_is_no_subject(scope: tuple[str, ...], key: str) -> None:
    workflow = workflow_of(WORKFLOW)
    assert subject_for(Signatures(workflow, REGISTRY), workflow, scope, key) is None
