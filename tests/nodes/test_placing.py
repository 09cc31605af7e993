"""Weights that go straight to where a module computes: the same bits, nothing left behind, and no second copy.

No GPU is needed: `meta`, the device of tensors without numbers, takes its place, or the CPU by the way of a device.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.original_names import single_file_tensors
from tests.nodes.test_component_files import controlnet, save_controlnet
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_sd3 import build_tiny_sd3
from torch.utils._python_dispatch import TorchDispatchMode

from latentgraph.graph.access import AccessError
from latentgraph.graph.context import RunContext
from latentgraph.nodes import handles, load_model, load_sd3
from latentgraph.nodes.handles import ControlNet, Denoiser, Handle, ImageEncoder, loaded
from latentgraph.nodes.loading import single_file, sources
from latentgraph.nodes.loading.component import open_component
from latentgraph.nodes.loading.placing import filled

GPU = {"device": "cuda:0", "dtype": "float16", "memory": "resident"}


@pytest.fixture(scope="module")
def parts(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handle]:
    """A part of every kind of file, by what it is called here."""
    folder = tmp_path_factory.mktemp("parts")
    save_file(single_file_tensors(load_pipeline(tiny_folder)), folder / "tiny.safetensors")
    save_controlnet(folder / "net.safetensors", controlnet())
    build_tiny_sd3(folder / "sd3")
    found: dict[str, Handle] = {"net": open_component(ControlNet, str(folder / "net.safetensors"))}
    opened: dict[str, Any] = {"folder": load_model(str(tiny_folder)), "sd3": load_sd3(str(folder / "sd3"))}
    opened["file"] = load_model(str(folder / "tiny.safetensors"), str(tiny_folder))
    for name, model in opened.items():
        handles = {one: getattr(model, one) for one in model._fields}
        found |= {f"{name} {one}": h for one, h in handles.items() if isinstance(h, Handle) and h.parameters}
    return found


def module_of(handle: Handle, device: str, dtype: str = "float16") -> Any:
    """What its source makes; of a checker or an estimator without what prepares its pictures."""
    made = handle.source.make(device, dtype, print)
    return getattr(made, "module", made) if isinstance(made, tuple) else made


def tensors_of(module: Any) -> dict[str, torch.Tensor]:
    """Parameters and buffers, those that no file holds among them."""
    return {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}


def test_every_part_is_whole_on_the_device_it_is_read_to(parts: dict[str, Handle]) -> None:
    assert {"net", "folder denoiser", "file text_encoder", "sd3 text_encoder_3"} <= parts.keys()
    for name, handle in parts.items():
        on_cpu, there = (tensors_of(module_of(handle, device)) for device in ("cpu", "meta"))
        assert {one.device.type for one in there.values()} == {"meta"}, name
        # Of a T5 some stay in float32.
        kinds = [{one: (tensor.shape, tensor.dtype) for one, tensor in made.items()} for made in (on_cpu, there)]
        assert kinds[0] == kinds[1], name


def test_the_way_of_a_device_gives_the_same_bits_and_tied_weights(
    parts: dict[str, Handle], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {name: module_of(handle, "cpu") for name, handle in parts.items()}
    for place in (sources, single_file):
        monkeypatch.setattr(place, "placement", lambda device: {"device_map": {"": device}})
    for name, handle in parts.items():
        module = module_of(handle, "cpu")
        wanted, given = tensors_of(plain[name]), tensors_of(module)
        assert wanted.keys() == given.keys(), name
        assert all(torch.equal(given[one], tensor) for one, tensor in wanted.items()), name
        assert all(given[one].stride() == tensor.stride() for one, tensor in wanted.items()), name
        assert len(list(module.parameters())) == len(list(plain[name].parameters())), name
        assert not module.training
        assert not hasattr(module, "_hf_hook")


class Copies(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """How many bytes of copied tensors live on the CPU at most."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten._to_copy.default, torch.ops.aten.clone.default) and made.device.type == "cpu":
            self.now += made.nbytes
            self.most = max(self.most, self.now)
            weakref.finalize(made.untyped_storage(), self._gone, made.nbytes)
        return made

    def _gone(self, size: int) -> None:
        self.now -= size


@pytest.mark.parametrize("name", ["net", "folder denoiser", "folder vae", "file denoiser", "file vae"])
def test_main_memory_holds_a_tensor_at_a_time(name: str, parts: dict[str, Handle]) -> None:
    whole = sum(one.nbytes for one in module_of(parts[name], "cpu").parameters())
    most = {}
    for device in ("cpu", "meta"):
        with Copies() as copies:
            module = module_of(parts[name], device)
        most[device] = copies.most
        largest = max(one.nbytes for one in module.parameters())
    assert most["cpu"] >= whole
    assert most["meta"] <= 2 * largest < whole


def test_a_module_is_filled_by_its_names_and_what_it_has_no_place_for_is_left() -> None:
    with torch.device("meta"):
        module = torch.nn.Linear(2, 1)
    tensors = {"weight": torch.ones(1, 2), "bias": torch.zeros(1), "step": torch.ones(1)}
    assert filled(module, tensors, "", "float16").weight.dtype == torch.float16
    assert list(tensors) == ["step"]
    with pytest.raises(RuntimeError, match="Missing key"):
        filled(module, {"weight": torch.ones(1, 2)}, "", "")


class Elsewhere(torch.nn.Module):
    """A module that may be anywhere."""

    def to(self, *args: Any, **named: Any) -> Any:
        return self


class Asked:
    """A source that writes down where its module was wanted, and fails for some devices."""

    def __init__(self, refuses: Exception | None = None) -> None:
        self.devices: list[str] = []
        self._refuses = refuses

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        self.devices.append(device)
        if self._refuses is not None and device.startswith("cuda"):
            raise self._refuses
        return Elsewhere()


class Nothing:
    """An adapter that adds nothing."""

    digest, summary = "nothing", "nothing"

    def apply(self, module: Any) -> None:
        """Leave it."""


def encoder(source: Asked) -> ImageEncoder:
    return ImageEncoder("digest", "", {}, "CLIPVisionModelWithProjection", source)


def test_weights_that_stay_on_a_gpu_are_read_to_it_and_others_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "settled", lambda module, device, context: module)
    for memory, wanted in (("resident", "cuda:0"), ("auto", "cpu"), ("offload", "cpu"), ("stream", "cpu")):
        source = Asked()
        loaded(encoder(source), RunContext({**GPU, "memory": memory}))
        assert source.devices == [wanted], memory
    source = Asked()
    loaded(encoder(source).adapted(Nothing()), RunContext(GPU))
    assert source.devices == ["cpu"]


def test_a_gpu_that_cannot_be_read_to_is_told_of_and_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "settled", lambda module, device, context: module)
    said: list[str] = []
    source = Asked(AccessError("no kernel image", "hint"))
    loaded(encoder(source), RunContext(GPU, report_warning=said.append))
    assert source.devices == ["cuda:0", "cpu"]
    assert said == ["the weights of a CLIPVisionModelWithProjection go through main memory to cuda:0: no kernel image"]


def test_a_gpu_that_is_full_is_no_fault_of_the_files(parts: dict[str, Handle], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        loaded(encoder(Asked(torch.OutOfMemoryError("full"))), RunContext(GPU))
    denoiser = parts["folder denoiser"]
    assert isinstance(denoiser, Denoiser)

    def full(device: str) -> Any:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(sources, "placement", full)
    with pytest.raises(torch.OutOfMemoryError):
        module_of(denoiser, "cuda:0")
