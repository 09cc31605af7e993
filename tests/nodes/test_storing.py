"""Values go to disk and come back bit for bit, in the middle of a scheduler's work too."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import save
from tests.nodes.test_scheduler_state import SCHEDULERS, scheduler

from latentgraph.graph.cache import Kept
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.document import read_document
from latentgraph.graph.errors import RunCancelledError
from latentgraph.graph.events import NodeFinished, NodeProgress, RunFinished
from latentgraph.graph.run import Engine
from latentgraph.graph.storing import UnstorableError
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.storing import SKELETON, STORING
from latentgraph.nodes.values import (
    Conditioning,
    Image,
    Latents,
    RandomState,
    SchedulerState,
    Timestep,
    Tokens,
    TokenStream,
)

# Some schedulers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
TEXT_TO_IMAGE = Path(str(files("latentgraph.workflows"))) / "text_to_image.json"


def _again(*values: Any) -> tuple[Any, ...]:
    return STORING.load(STORING.dump(values))


def test_every_bit_comes_back_with_its_type_and_its_order_in_memory() -> None:
    odd = torch.tensor([float("nan"), -0.0, float("inf"), 1e-45])
    turned = torch.arange(120.0).reshape(2, 3, 4, 5).permute(0, 2, 3, 1)
    stream = TokenStream(torch.tensor([[1, 2]]), torch.tensor([[1, 0]]), ("left out",), (("a", "b"),))
    values = (
        Tokens((stream,), "sd1"),
        Conditioning(odd[None, None], None, odd.half()[None], {"time_ids": odd.bfloat16()}, "sdxl"),
        RandomState(2**64 - 1, bytes(range(256)), 3, (RandomState(4),)),
        [turned, None, 1.5, float("inf"), True, "text"],
    )
    again = _again(*values)
    assert value_digest(again) == value_digest(values)
    assert [type(one) for one in again] == [type(one) for one in values]
    assert again[3][0].stride() == turned.stride()
    assert again[1].extras["time_ids"].dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("class_name", "options"), [one for one in SCHEDULERS if one[0] != "SASolverScheduler"], ids=str
)
def test_a_scheduler_goes_on_from_disk_as_it_would_have_gone_on(class_name: str, options: dict[str, Any]) -> None:
    live = scheduler(class_name, options)
    states, samples, randoms = [SchedulerState(live)] * 2, [torch.ones(1, 4, 8, 8)] * 2, [RandomState(1)] * 2
    for index, value in enumerate(live.timesteps):
        timestep = Timestep(value, index)
        if index == 3:
            states[1], samples[1], randoms[1] = _again(states[1], samples[1], randoms[1])
        for side in (0, 1):
            copy = copied(states[side])
            prediction = torch.sin(scaled_input(copy, samples[side], timestep))
            samples[side], randoms[side] = stepped(copy, prediction, timestep, samples[side], randoms[side], 0.3)
            states[side] = SchedulerState(copy)
    assert torch.equal(samples[0], samples[1])


def test_what_cannot_be_stored_is_told_and_nothing_else_is_written_in_its_place(shapes_folder: Path) -> None:
    handle = Scheduler.of(scheduler("DDIMScheduler", {}), family="sd1")
    with pytest.raises(UnstorableError, match="a Scheduler cannot be stored"):
        STORING.dump((Image(torch.zeros(1, 3, 8, 8)), handle))
    # Its own function of time cannot be written down.
    with pytest.raises(UnstorableError, match="a function cannot be stored"):
        STORING.dump((SchedulerState(scheduler("SASolverScheduler", {})),))


def test_numbers_that_are_there_twice_are_written_once_and_come_back_twice() -> None:
    latents = torch.arange(1000.0).reshape(1, 4, 10, 25)
    once, twice = STORING.dump((latents,)), STORING.dump((latents, [latents]))
    assert len(twice) < len(once) + 100
    first, (second,) = STORING.load(twice)
    assert torch.equal(first, latents)
    assert torch.equal(second, latents)


@pytest.mark.parametrize(
    "value",
    [
        numpy.array(["a"]),
        numpy.str_("a"),
        numpy.array([1.0], dtype=">f4"),
        torch.eye(2).to_sparse(),
        torch.empty(2, device="meta"),
    ],
    ids=["texts", "text", "other byte order", "sparse", "without numbers"],
)
def test_what_a_library_cannot_write_is_no_fault(value: object) -> None:
    with pytest.raises(UnstorableError):
        STORING.dump((value,))


def test_an_array_that_may_not_be_written_is_stored_without_a_warning() -> None:
    array = numpy.arange(3.0)
    array.flags.writeable = False
    (again,) = _again(array)
    assert again.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "skeleton",
    [
        '[["scheduler", "DiffusionPipeline", ["dict"]]]',
        '[["scheduler", "utils", ["dict"]]]',
        '[["value", "Path", "/"]]',
        '[["dtype", "load"]]',
        '[["call", "os.system"]]',
        '[["tensor", "7", "cpu", [0]]]',
        '[["tensor", "0", "cuda:93", [0]]]',
        "[",
    ],
)
def test_a_file_that_names_what_is_no_value_gives_none(skeleton: str) -> None:
    with pytest.raises(UnstorableError):
        STORING.load(save({"0": torch.zeros(1)}, {SKELETON: skeleton}))
    with pytest.raises(UnstorableError):
        STORING.load(json.dumps(skeleton).encode())


def _run(engine: Engine, disk: Path, values: dict[str, Any], stop_at: int = 0) -> tuple[RunFinished | None, set[str]]:
    """Run text_to_image in an engine that knows nothing yet; the result, and the nodes that were run."""
    fresh = Engine(engine.registry, disk=DiskCache(disk, STORING, from_seconds=0.0))
    run = fresh.run(read_document(TEXT_TO_IMAGE), {"num_inference_steps": 6, **values})
    ran: set[str] = set()
    try:
        for event in run:
            if isinstance(event, NodeFinished) and not event.cached:
                ran.add(event.node)
            if isinstance(event, NodeProgress) and event.done == stop_at:
                run.cancel()
    except RunCancelledError:
        return None, ran
    return run.result(), ran


def test_only_what_changed_is_computed_again(engine: Engine, tmp_path: Path) -> None:
    first, everything = _run(engine, tmp_path, {})
    same, nothing = _run(engine, tmp_path, {})
    assert {"positive", "denoise", "decoded"} <= everything
    assert nothing == set()
    other, ran = _run(engine, tmp_path, {"prompt": "a blue star"})
    assert {"positive", "denoise", "decoded"} <= ran
    assert not {"negative", "negative_tokens"} & ran
    plain = engine.run(read_document(TEXT_TO_IMAGE), {"num_inference_steps": 6, "prompt": "a blue star"}).result()
    assert first is not None
    assert same is not None
    assert other is not None
    assert torch.equal(same.values["image"].samples, first.values["image"].samples)
    assert torch.equal(other.values["image"].samples, plain.values["image"].samples)


def test_a_picture_whose_making_was_stopped_is_the_same_bit_for_bit(engine: Engine, tmp_path: Path) -> None:
    plain = engine.run(read_document(TEXT_TO_IMAGE), {"num_inference_steps": 6, "seed": 11}).result()
    nothing, ran = _run(engine, tmp_path, {"seed": 11}, stop_at=3)
    assert nothing is None
    assert "denoise" not in ran
    result, ran = _run(engine, tmp_path, {"seed": 11})
    assert "denoise" in ran
    assert result is not None
    assert torch.equal(result.values["image"].samples, plain.values["image"].samples)


def test_every_flipped_byte_of_a_file_with_tensors_is_noticed(tmp_path: Path) -> None:
    disk = DiskCache(tmp_path, STORING)
    latents = Latents(torch.arange(12.0).reshape(1, 3, 2, 2), 16, 16, family="sd1")
    assert disk.put("key", Kept((latents, RandomState(7))))
    path = disk.files()[0].path
    whole = path.read_bytes()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1 << index % 8]) + whole[index + 1 :])
        assert disk.get("key") is None, index
        assert not path.exists()
    path.write_bytes(whole)
    found = disk.get("key")
    assert found is not None
    assert torch.equal(found.values[0].samples, latents.samples)
