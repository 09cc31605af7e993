"""Graphs of launches, with a recorder in the place of CUDA's: a replay calls the function again on what is recorded."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel

from latentgraph.graph.context import RunContext
from latentgraph.nodes import cuda_graphs
from latentgraph.nodes.cuda_graphs import CudaRecorder, Graphed, replay_launches
from latentgraph.nodes.text_keys import remember_text

BUILD: Any = UNet2DConditionModel  # Untyped.


class Again:
    """Records by remembering the call; a replay writes what it gives now over the outputs, as a graph does."""

    def __init__(self, *, wrong: bool = False, fails: str = "") -> None:
        self.recorded = 0
        self.replayed = 0
        self.room = True
        self._wrong = wrong
        self._fails = fails

    def has_room(self) -> bool:
        return self.room

    def record(self, call: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        if self._fails:
            raise RuntimeError(self._fails)
        self.recorded += 1
        call()
        outputs = call()

        def replay() -> None:
            self.replayed += 1
            for old, new in zip(outputs, call(), strict=True):
                old.copy_(new + 1 if self._wrong else new)

        return outputs, replay


class Adds(torch.nn.Module):
    """Adds a weight to what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.calls = 0

    def forward(self, one: torch.Tensor, times: float = 1.0, **more: Any) -> tuple[torch.Tensor]:
        self.calls += 1
        return (one * times + self.weight,)


@pytest.fixture
def module() -> Adds:
    return Adds().eval()


def graphed(module: Any, recorder: Again, said: list[str] | None = None, **more: Any) -> Graphed:
    """The module with its launches replayed."""
    made = Graphed(module, recorder, (said if said is not None else []).append, **more)
    module.forward = made.forward
    return made


@torch.no_grad()
def test_the_first_call_is_plain_the_second_recorded_and_the_others_replayed(module: Adds) -> None:
    recorder = Again()
    graphed(module, recorder)
    given = [torch.full((2, 3), float(number)) for number in range(5)]
    answers = [module(one)[0] for one in given]
    assert all(torch.equal(answer, one + 1) for one, answer in zip(given, answers, strict=True))
    assert (recorder.recorded, recorder.replayed) == (1, 4)  # One replay is held against the plain call.


@torch.no_grad()
def test_answers_stay_as_they_are_when_the_next_is_made(module: Adds) -> None:
    graphed(module, Again())
    answers = [module(torch.full((2,), float(number)))[0] for number in range(4)]
    assert [float(one[0]) for one in answers] == [1, 2, 3, 4]


@torch.no_grad()
def test_other_shapes_layouts_types_and_arguments_have_graphs_of_their_own(module: Adds) -> None:
    recorder = Again()
    graphed(module, recorder)
    calls: list[tuple[torch.Tensor, float]] = [
        (torch.ones(2, 3), 1.0),
        (torch.ones(3, 2), 1.0),
        (torch.ones(3, 2).T, 1.0),
        (torch.ones(2, 3, dtype=torch.float64), 1.0),
        (torch.ones(2, 3), 2.0),
    ]
    for _ in range(3):
        for one, times in calls:
            assert torch.equal(module(one, times)[0], one * times + 1)
    assert recorder.recorded == len(calls)


@torch.no_grad()
def test_what_decides_a_call_beside_its_arguments_is_part_of_the_key(module: Adds) -> None:
    recorder, scale = Again(), 1
    graphed(module, recorder, state=lambda: scale)
    for scale in (1, 2):  # noqa: B007 - the state reads it
        for _ in range(3):
            module(torch.ones(1))
    assert recorder.recorded == 2


@torch.no_grad()
def test_graphs_are_bounded_and_the_least_used_go_first(module: Adds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graphs, "MOST_GRAPHS", 2)
    recorder = Again()
    graphed(module, recorder)
    for size in (1, 2, 1, 3, 1, 2):
        for _ in range(3):
            module(torch.ones(size))
    assert recorder.recorded == 4  # 1, 2, 3, and 2 again, which went for 3.


@torch.no_grad()
def test_a_tensor_that_did_not_change_is_not_copied_and_one_that_did_is(module: Adds) -> None:
    graphed(module, Again())
    one = torch.ones(2)
    for _ in range(3):
        module(one)
    one.mul_(5)
    assert torch.equal(module(one)[0], torch.full((2,), 6.0))
    del one
    gc.collect()
    assert torch.equal(module(torch.full((2,), 3.0))[0], torch.full((2,), 4.0))


@torch.no_grad()
def test_nothing_is_recorded_while_the_memory_is_short(module: Adds) -> None:
    recorder = Again()
    recorder.room = False
    graphed(module, recorder)
    for _ in range(3):
        module(torch.ones(1))
    assert recorder.recorded == 0
    recorder.room = True
    assert [float(module(torch.ones(1))[0]) for _ in range(2)] == [2, 2]
    assert (recorder.recorded, recorder.replayed) == (1, 2)


@torch.no_grad()
def test_inputs_are_not_kept_alive(module: Adds) -> None:
    graphed(module, Again())
    one = torch.ones(2)
    for _ in range(3):
        module(one)
    watched = weakref.ref(one)
    del one
    gc.collect()
    assert watched() is None


@torch.no_grad()
@pytest.mark.parametrize(
    ("recorder", "why"),
    [
        (Again(wrong=True), "a replay gave other numbers than a plain call"),
        (Again(fails="operation not permitted when stream is capturing\nmore"), "operation not permitted when stream "
         "is capturing"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_goes_on_plainly_and_is_told_once(module: Adds, recorder: Again, why: str) -> None:
    said: list[str] = []
    graphed(module, recorder, said)
    for number in range(5):
        assert torch.equal(module(torch.full((2,), float(number)))[0], torch.full((2,), number + 1.0))
    assert said == [f"the launches of a Adds are not replayed: {why}"]


def test_gradients_are_computed_plainly(module: Adds) -> None:
    recorder = Again()
    graphed(module, recorder)
    one = torch.ones(2, requires_grad=True)
    for _ in range(3):
        module(one)[0].sum().backward()
    assert one.grad is not None
    assert (recorder.recorded, float(one.grad[0])) == (0, 3)


@torch.no_grad()
def test_arguments_that_cannot_be_told_apart_are_computed_plainly(module: Adds) -> None:
    recorder = Again()
    graphed(module, recorder)
    for one in (torch.ones(1).expand(4), torch.ones(4)):
        for _ in range(3):
            module(one, strange=object())
            module(torch.ones(1).expand(4))
    assert recorder.recorded == 0


@torch.no_grad()
def test_weights_that_were_moved_are_recorded_anew(module: Adds) -> None:
    recorder = Again()
    graphed(module, recorder)
    for _ in range(3):
        module(torch.ones(1))
    module.weight.data = torch.full((1,), 2.0)
    assert [float(module(torch.ones(1))[0]) for _ in range(3)] == [3, 3, 3]
    assert recorder.recorded == 2


@torch.no_grad()
def test_a_unet_that_remembers_texts_gives_the_plain_bits_for_one_text_after_the_other() -> None:
    import copy

    torch.manual_seed(0)
    plain = BUILD(
        block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    ).eval()  # fmt: skip
    module = copy.deepcopy(plain)
    recorder = Again()
    said: list[str] = []
    graphed(module, recorder, said, keys=remember_text(module))
    texts = [torch.randn(2, 7, 32), torch.randn(2, 7, 32)]
    for timestep, text in zip((9, 8, 7, 6, 5, 4, 3), (0, 0, 0, 1, 0, 1, 1), strict=True):
        latents, at = torch.randn(2, 4, 8, 8), torch.tensor(timestep)
        made, wanted = (one(latents, at, texts[text], return_dict=False)[0] for one in (module, plain))
        assert torch.equal(made, wanted)
    assert (recorder.recorded, said) == (1, [])


def test_on_the_cpu_nothing_is_recorded(module: Adds) -> None:
    replay_launches(module, "cpu", RunContext())
    assert "forward" not in vars(module)
    for memory in ("offload", "stream"):
        replay_launches(module, "cuda:0", RunContext({"memory": memory}))
        assert "forward" not in vars(module)
    replay_launches(module, "cuda:0", RunContext())
    assert "forward" in vars(module)


@pytest.mark.parametrize(("free", "unused", "room"), [(24, 0, False), (20, 5, True), (25, 0, True)])
def test_a_quarter_of_the_devices_memory_has_to_be_free_or_unused(
    monkeypatch: pytest.MonkeyPatch, free: int, unused: int, room: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 100))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 10 + unused)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 10)
    assert CudaRecorder("cuda:0").has_room() is room


class FakeCuda:
    """torch.cuda, which writes down what it is asked to do."""

    def __init__(self, done: list[str]) -> None:
        self.done = done

    def graph_pool_handle(self) -> str:
        return "pool"

    def empty_cache(self) -> None:
        self.done.append("hand back")

    def current_stream(self) -> Queue:
        return Queue(self.done, "current")

    def Stream(self) -> Queue:  # noqa: N802  # torch's name.
        return Queue(self.done, "side")

    def CUDAGraph(self) -> Any:  # noqa: N802  # torch's name.
        return SimpleNamespace(replay=lambda: self.done.append("replay"))

    def device(self, name: str) -> Any:
        return self._within(f"on {name}")

    def stream(self, stream: Queue) -> Any:
        return self._within(f"on {stream.name}")

    def graph(self, graph: Any, *, pool: str, capture_error_mode: str) -> Any:
        return self._within(f"record into {pool}, {capture_error_mode}")

    @contextmanager
    def _within(self, what: str) -> Iterator[None]:
        self.done.append(what)
        yield
        self.done.append("end")


@dataclass
class Queue:
    """One of the two that a recording takes."""

    done: list[str]
    name: str

    def wait_stream(self, other: Queue) -> None:
        self.done.append(f"{self.name} waits for {other.name}")


def test_a_recording_warms_up_beside_and_hands_back_before_what_no_other_stream_can_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(torch, "cuda", FakeCuda(done))
    recorder = CudaRecorder("cuda:0")
    outputs, replay = recorder.record(lambda: done.append("call"))
    assert outputs is None
    replay()
    warm_up = ["hand back", "side waits for current", "on side", "call", "end", "current waits for side"]
    capture = ["record into pool, thread_local", "call", "end"]
    assert done == ["on cuda:0", *warm_up, *capture, "end", "replay"]
    done.clear()

    def failing() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        recorder.record(failing)
    done.clear()
    recorder.record(lambda: None)
    assert "record into pool, thread_local" in done
