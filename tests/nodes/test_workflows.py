"""The workflows that ship are sound, written canonically, and take what the pipeline takes."""

from __future__ import annotations

import inspect
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.registry import Registry
from latentgraph.tui.find import shipped_names

FOLDER = Path(str(files("latentgraph.workflows")))
NAMES = ("text_to_image", "text_to_image_open_step")
EVERY = shipped_names()
"""Whatever lies in the folder of the workflows."""


def shipped(name: str) -> Document:
    """A shipped workflow."""
    return read_document(FOLDER / f"{name}.json")


@pytest.mark.parametrize("name", EVERY)
def test_the_check_finds_nothing(name: str) -> None:
    assert check(shipped(name), Registry.load()).problems == ()


@pytest.mark.parametrize("name", EVERY)
def test_the_file_is_written_canonically(name: str) -> None:
    assert canonical_text(shipped(name).workflow) == (FOLDER / f"{name}.json").read_text("utf-8")


@pytest.mark.parametrize("name", EVERY)
def test_it_says_what_it_shows_and_what_each_input_is(name: str) -> None:
    workflow = shipped(name).workflow
    assert len(workflow.description.split()) >= 8
    assert all(one.description for one in workflow.inputs.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_inputs_bear_the_names_of_the_pipeline_and_each_says_what_it_is(name: str) -> None:
    library: Any = diffusers
    call = inspect.signature(library.StableDiffusionPipeline.__call__).parameters
    inputs = shipped(name).workflow.inputs
    assert set(inputs) - set(call) == {"model", "scheduler", "seed"}
    assert all(one.description for one in inputs.values())
    defaults = {key: one.default for key, one in inputs.items()}
    assert (defaults["num_inference_steps"], defaults["guidance_scale"], defaults["seed"]) == (25, 5.0, 7)


def test_both_have_the_same_inputs_and_the_same_nodes_around_the_loop() -> None:
    whole, apart = (shipped(name).workflow for name in NAMES)
    assert whole.inputs == apart.inputs
    assert whole.outputs == apart.outputs
    around = [{name: one for name, one in each.nodes.items() if name != "denoise"} for each in (whole, apart)]
    assert around[0] == around[1]


def test_a_scheduler_that_diffusers_does_not_have_is_found_by_the_check() -> None:
    problems = check(shipped("text_to_image"), Registry.load(), {"scheduler": "EulerDiscretScheduler"}).errors
    assert [(one.code, one.node, one.port, one.message) for one in problems] == [
        (
            "E104",
            "scheduler",
            "class_name",
            '"EulerDiscretScheduler": diffusers has no scheduler of this name; '
            "did you mean 'EulerDiscreteScheduler'? (from inputs.scheduler)",
        )
    ]
