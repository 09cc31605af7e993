"""Where a run computes, and in which precision."""

from __future__ import annotations

import pytest
import torch

from latentgraph.graph.code_identity import INSTRUCTIONS
from latentgraph.graph.context import RunContext
from latentgraph.nodes.settings import DEVICE, DTYPE, device_of


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two GPUs, as far as torch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("asked", "device"), [("auto", "cuda:0"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")]
)
def test_the_gpu_is_taken_if_there_is_one(asked: str, device: str) -> None:
    assert DEVICE.resolve(asked, {}) == device


@pytest.mark.usefixtures("no_gpu")
def test_else_the_cpu_is() -> None:
    assert DEVICE.resolve(DEVICE.default, {}) == "cpu"


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("cuda", f"device 'cuda' is not here: torch {torch.__version__} finds no CUDA; take --device cpu"),
        ("mps", "device 'mps' is not here: it is the GPU of a Mac; take --device cpu"),
        ("gpu", "'gpu' is no device; take auto, cpu, cuda, cuda:N or mps"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_what_to_do(asked: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is held below
        DEVICE.resolve(asked, {})
    assert str(caught.value) == message


@pytest.mark.usefixtures("gpus")
def test_a_gpu_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValueError, match="device 'cuda:2' is not here: there are 2, counted from cuda:0"):
        DEVICE.resolve("cuda:2", {})


@pytest.mark.parametrize(
    ("asked", "device", "dtype"),
    [
        ("auto", "cuda:0", "float16"),
        ("auto", "cpu", "float32"),
        ("auto", "mps", "float32"),
        ("bfloat16", "cpu", "bfloat16"),
    ],
)
def test_precision_is_half_on_a_cuda_device_where_it_is_left_open(asked: str, device: str, dtype: str) -> None:
    assert DTYPE.resolve(asked, {"device": device}) == dtype


def test_a_precision_that_no_model_runs_in_is_refused() -> None:
    with pytest.raises(ValueError, match="'int8' is no precision; take auto, float32, float16 or bfloat16"):
        DTYPE.resolve("int8", {})


def test_the_identity_of_a_device_names_all_that_changes_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = DEVICE.identity("cpu")
    for part in ("cpu", f"torch {torch.__version__}", "diffusers 0.", "transformers 5."):
        assert part in identity
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    assert "77 threads" in DEVICE.identity("cpu") != identity


def test_a_node_called_alone_computes_on_the_cpu() -> None:
    assert device_of(RunContext()) == "cpu"


def test_what_the_environment_tells_libraries_about_instructions_is_part_of_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in INSTRUCTIONS:
        monkeypatch.delenv(variable, raising=False)
    plain = DEVICE.identity("cpu")
    # With fewer instructions a convolution rounds otherwise: measured, torch 2.13.
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert DEVICE.identity("cpu") == f"{plain}, ONEDNN_MAX_CPU_ISA=AVX2"
