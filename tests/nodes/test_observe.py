"""What is told of the latents in a loop."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from latentgraph.graph.context import RunContext
from latentgraph.graph.document import read_document
from latentgraph.graph.events import Event, Observed
from latentgraph.graph.run import Engine
from latentgraph.nodes import observe
from latentgraph.nodes.values import Latents, Timestep

LATENTS = Latents(torch.tensor([1.0, 3.0]).view(1, 1, 1, 2), 8, 16)


def test_latents_are_handed_on_and_told() -> None:
    told: list[object] = []
    context = RunContext(report_observation=told.append)
    assert observe(LATENTS, Timestep(torch.tensor(981), 0), context=context) is LATENTS
    assert told == [{"step": 1, "timestep": 981, "mean": 2.0, "deviation": 1.0, "minimum": 1.0, "maximum": 3.0}]


@pytest.mark.parametrize(("every", "steps"), [(1, [1, 2, 3, 4, 5]), (2, [1, 3, 5]), (9, [1])])
def test_a_run_tells_it_every_few_steps_to_a_callback(
    every: int, steps: list[int], engine: Engine, tiny_folder: Path
) -> None:
    document = read_document(Path(__file__).parents[2] / "workflows" / "text_to_image_every_argument.json")
    given = {"model": str(tiny_folder), "num_inference_steps": 5, "observe_every": every, "scheduler": "DDIMScheduler"}
    events: list[Event] = []
    engine.run(document, given).result(on_event=events.append)
    observed = [event for event in events if isinstance(event, Observed)]
    assert [event.values["step"] for event in observed] == steps
    assert {event.node for event in observed} == {"denoise/observed"}
    assert observed[0].line.startswith("step 1, timestep 801, mean ")
