"""Fast mode: a module of its own, compiled where that can be, and never taken for the exact one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.test_component_files import controlnet, save_controlnet
from tests.nodes.tiny import build_tiny_sd1

from latentgraph.graph.context import RunContext
from latentgraph.graph.kept_folder import FOLDER
from latentgraph.graph.node import node_type
from latentgraph.nodes import fast
from latentgraph.nodes.control import control, residuals
from latentgraph.nodes.decode import decode
from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.denoise_parts import predict_noise
from latentgraph.nodes.fast import SPEED, Compiled, computing, uncompiled
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.handles import ControlNet, loaded
from latentgraph.nodes.latent_starts import empty_latents
from latentgraph.nodes.load import load_model
from latentgraph.nodes.loading.component import open_component
from latentgraph.nodes.values import Conditioning, Image, Timestep

EXACT = {"device": "cpu", "dtype": "float32"}
FAST = {**EXACT, "speed": "fast"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    folder = tmp_path_factory.mktemp("tiny")
    build_tiny_sd1(folder, safety_checker=False)
    return folder


@pytest.fixture(autouse=True)
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """In the place of torch's: what it was asked to compile. It gives the function back."""
    asked: list[Any] = []

    def compile_nothing(function: Any, *, dynamic: bool, options: dict[str, Any]) -> Any:
        asked.append(function)
        return function

    monkeypatch.setattr(torch, "compile", compile_nothing)
    monkeypatch.setattr(fast, "uncompiled", lambda device, context: "")
    monkeypatch.setenv(FOLDER, str(tmp_path / "values"))
    monkeypatch.delenv(fast.COMPILED, raising=False)
    return asked


def test_only_a_fast_run_has_the_fast_module_and_both_can_be_there_at_once(folder: Path, compiler: list[Any]) -> None:
    handle = load_model(str(folder)).denoiser
    exact = RunContext(EXACT)
    quick = RunContext(FAST, pool=exact.pool)
    plain = computing(handle, exact)
    assert plain is loaded(handle, exact)
    assert plain is loaded(handle, quick)
    assert compiler == []
    assert computing(handle, quick) is not plain
    assert len(compiler) == 1
    assert computing(handle, quick).conv_in.weight.is_contiguous(memory_format=torch.channels_last)


def test_what_is_compiled_is_kept_beside_the_values(folder: Path, tmp_path: Path) -> None:
    computing(load_model(str(folder)).vae, RunContext(FAST))
    assert os.environ[fast.COMPILED] == str(tmp_path / "values-compiled")
    assert (tmp_path / "values-compiled").is_dir()


def test_where_what_is_compiled_has_no_place_the_run_goes_on_and_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: list[Any]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file/values"))
    said: list[str] = []
    computing(load_model(str(folder)).vae, RunContext(FAST, report_warning=said.append))
    assert [one.partition(": ")[0] for one in said] == ["what is compiled is not kept for later"]
    assert (len(compiler), fast.COMPILED in os.environ) == (1, False)


def test_of_a_vae_the_decoder_is_compiled_and_gives_a_picture(folder: Path, compiler: list[Any]) -> None:
    vae = load_model(str(folder)).vae
    context = RunContext(FAST)
    made = decode(vae, empty_latents(vae, height=16, width=16, context=context), context=context)
    assert made.samples.shape == (1, 3, 16, 16)
    assert [type(one.__self__).__name__ for one in compiler] == ["Decoder"]


@pytest.mark.parametrize("guess_mode", [False, True])
def test_a_controlnet_is_compiled_and_its_scale_is_none_of_the_compilers_business(
    guess_mode: bool, tmp_path: Path, compiler: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_controlnet(tmp_path / "net.safetensors", controlnet())
    handle = open_component(ControlNet, str(tmp_path / "net.safetensors"))
    exact = RunContext(EXACT)
    quick = RunContext(FAST, pool=exact.pool)
    module = computing(handle, quick)
    assert [type(one.__self__).__name__ for one in compiler] == ["ControlNetModel"]
    assert module.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    scales: list[float] = []
    plain = module.forward

    def forward(*given: Any, **named: Any) -> Any:
        scales.append(named["conditioning_scale"])
        return plain(*given, **named)

    monkeypatch.setattr(module, "forward", forward)
    torch.manual_seed(0)
    latents, text, image = torch.rand(1, 4, 8, 8), torch.rand(1, 7, 32), torch.rand(1, 3, 64, 64)
    asked = guidance(Conditioning(text))
    for scale in (1.0, 0.5, 0.7):
        told = control(asked, handle, Image(image), scale=scale, guess_mode=guess_mode)
        wanted, given = (residuals(latents, Timestep(torch.tensor(5), 0, 1), told, text, one) for one in (exact, quick))
        for name in wanted:
            for a, b in zip(*(torch.utils._pytree.tree_leaves(one[name]) for one in (wanted, given)), strict=True):
                torch.testing.assert_close(a, b)
    assert scales == [1.0] * 3


def test_the_nodes_that_compute_in_fast_mode_have_it_in_their_keys() -> None:
    for one in (denoise_step, predict_noise, decode):
        assert "speed" in node_type(one).options.settings


def test_where_it_cannot_be_compiled_the_run_goes_on_and_says_why(
    folder: Path, compiler: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "uncompiled", lambda device, context: "there is no C++ compiler; install one")
    said: list[str] = []
    handle = load_model(str(folder)).denoiser
    assert computing(handle, RunContext(FAST, report_warning=said.append)) is not None
    assert compiler == []
    assert said == ["fast mode computes without compiling: there is no C++ compiler; install one"]


def test_a_machine_without_a_compiler_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    def none() -> str:
        raise InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", none)
    said = "there is no C++ compiler; install one (Debian, Ubuntu: apt install g++)"
    assert uncompiled("cpu", RunContext()) == said
    assert uncompiled("mps", RunContext()) == "torch does not compile for mps"


def test_a_compiler_that_fails_is_told_of_once_and_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*given: Any) -> Any:
        raise RuntimeError("C++ compile error\nand a page of it")

    monkeypatch.setattr(torch, "compile", lambda function, **options: failing)
    said: list[str] = []
    compiled = Compiled(lambda number: number + 1, {}, said.append)
    with torch.no_grad():
        assert [compiled.forward(1), compiled.forward(2)] == [2, 3]
    assert said == ["fast mode goes on without compiling, which failed: C++ compile error"]


def test_what_the_module_itself_refuses_is_raised_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(number: int) -> int:
        raise ValueError("the number is odd")

    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    said: list[str] = []
    compiled = Compiled(refusing, {}, said.append)
    with torch.no_grad(), pytest.raises(ValueError, match=r"^the number is odd$"):
        compiled.forward(1)
    assert said == []


def test_another_speed_is_refused() -> None:
    assert SPEED.resolve("fast", {}) == "fast"
    with pytest.raises(ValueError, match=r"^'faster' is no speed; take exact or fast$"):
        SPEED.resolve("faster", {})
