"""Several runs at once make what each alone makes, up to rounding, and leave nothing of it to exact runs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch

from latentgraph.graph.batch import Batch
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.provenance import Records, run_of_file
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

# Some schedulers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
STEPS = 4


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


def _document(name: str) -> Document:
    return read_document(Path(str(files("latentgraph.workflows"))) / f"{name}.json")


def _together(engine: Engine, runs: list[dict[str, Any]], out: Path, name: str = "text_to_image") -> tuple[Any, Batch]:
    document = _document(name)
    plans = [
        (f"{number:04}", engine.plan(document, {"num_inference_steps": STEPS, **values}))
        for number, values in enumerate(runs, 1)
    ]
    batch = Batch(engine, plans, out, records=Records(document, engine.registry))
    return [batch.finished(place).values["image"].samples for place in range(len(runs))], batch


def _alone(registry: Registry, values: dict[str, Any], name: str = "text_to_image") -> Any:
    run = Engine(registry).run(_document(name), {"num_inference_steps": STEPS, **values})
    return run.result().values["image"].samples


@pytest.mark.parametrize(
    "runs",
    [
        [{"seed": 1}, {"seed": 2, "prompt": "a blue star"}, {"seed": 3, "num_images_per_prompt": 1}],
        # A stochastic scheduler draws for each row what it would have drawn for it alone, here from one seed.
        [
            {"seed": 5, "scheduler": "EulerAncestralDiscreteScheduler", "prompt": prompt}
            for prompt in ("a red circle", "a blue star")
        ],
        [{"seed": seed, "num_images_per_prompt": 2} for seed in (1, 2)],
    ],
)
def test_each_of_several_runs_comes_out_as_alone(
    registry: Registry, tmp_path: Path, runs: list[dict[str, Any]]
) -> None:
    made, batch = _together(Engine(registry), runs, tmp_path)
    assert batch.joined == {"denoise", "decoded"}
    for picture, values in zip(made, runs, strict=True):
        # atol: other shapes take other kernels, which sum in another order.
        torch.testing.assert_close(picture, _alone(registry, values), atol=1e-4, rtol=0)
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "image-0001-1.png"
    assert run_of_file(tmp_path / "image-0001-1.png", registry)["batch"] == len(runs)


def test_what_was_computed_at_once_is_not_kept_for_exact_runs(registry: Registry, tmp_path: Path) -> None:
    engine = Engine(registry)
    _together(engine, [{"seed": 1}, {"seed": 2}], tmp_path)
    again = engine.run(_document("text_to_image"), {"num_inference_steps": STEPS, "seed": 1}).result()
    assert torch.equal(again.values["image"].samples, _alone(registry, {"seed": 1}))
    # What was computed exactly is taken by both.
    made, batch = _together(engine, [{"seed": 1}, {"seed": 2}, {"seed": 3}], tmp_path)
    assert torch.equal(made[0], again.values["image"].samples)
    assert batch.joined == {"denoise", "decoded"}


def test_runs_that_differ_in_what_is_one_for_all_rows_are_run_each_alone(registry: Registry, tmp_path: Path) -> None:
    runs = [{"seed": 1, "guidance_scale": 3.0}, {"seed": 1, "guidance_scale": 6.0}]
    made, batch = _together(Engine(registry), runs, tmp_path)
    assert batch.joined == {"decoded"}
    for picture, values in zip(made, runs, strict=True):
        torch.testing.assert_close(picture, _alone(registry, values), atol=1e-4, rtol=0)


def test_a_loop_with_a_node_that_looks_across_rows_is_run_for_each(registry: Registry, tmp_path: Path) -> None:
    made, batch = _together(Engine(registry), [{"seed": 1}, {"seed": 2}], tmp_path, "steer_by_loss")
    assert "denoise" not in batch.joined
    torch.testing.assert_close(made[1], _alone(registry, {"seed": 2}, "steer_by_loss"), atol=1e-4, rtol=0)


def test_a_run_that_fails_among_others_fails_the_batch(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(NodeFailedError, match="the model was trained on 1000 timesteps"):
        _together(Engine(registry), [{"seed": 1, "num_inference_steps": 2000}, {"seed": 2}], tmp_path)
