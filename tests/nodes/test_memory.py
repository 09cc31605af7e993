"""Where weights wait: the choices, and that who computes where changes no bits.

No GPU is needed: the libraries that move weights are asked to move them from the CPU to the CPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.utils.torch_utils import TorchDeviceBackend

from latentgraph.graph.context import RunContext
from latentgraph.nodes import load_model
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.memory import CHOICES, Waiting, all_others, resolve_memory, settled, streamed, where_to_wait


def picture(denoiser: Any, vae: Any) -> torch.Tensor:
    """What the two make of fixed numbers."""
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    text = torch.randn(1, 77, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        latents = denoiser(noise, torch.tensor(500), encoder_hidden_states=text, return_dict=False)[0]
        made: torch.Tensor = vae.decode(latents, return_dict=False)[0]
    return made


def modules(folder: Path) -> tuple[Any, Any]:
    """A denoiser and a VAE of their own."""
    model = load_model(str(folder))
    context = RunContext(settings={"device": "cpu", "dtype": "float32"})
    return loaded(model.denoiser, context), loaded(model.vae, context)


def test_on_a_cpu_every_choice_is_resident() -> None:
    for choice in CHOICES:
        context = RunContext(settings={"memory": choice})
        assert where_to_wait("cpu", context) == "resident"
        assert where_to_wait("cuda:0", context) == choice
    layer = torch.nn.Linear(2, 2)
    assert settled(layer, "cpu", RunContext(settings={"memory": "offload"})) is layer
    assert not hasattr(layer, "_hf_hook")


def test_an_unknown_choice_and_one_that_the_device_cannot_do_are_refused() -> None:
    assert resolve_memory("stream", {"device": "cuda:0"}) == "stream"
    with pytest.raises(ValueError, match="'disk' is no way to use memory; take auto, resident, offload or stream"):
        resolve_memory("disk", {})
    with pytest.raises(ValueError, match="'offload' is for CUDA devices"):
        resolve_memory("offload", {"device": "mps"})


@pytest.mark.parametrize("choice", ["auto", "offload"])
def test_modules_that_take_turns_give_the_same_bits(
    choice: str, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TorchDeviceBackend, "mem_get_info", lambda self: (2**40, 2**40))
    wanted = picture(*modules(tiny_folder))
    waiting = Waiting("cpu", choice)
    denoiser, vae = (waiting.take(module) for module in modules(tiny_folder))
    assert torch.equal(picture(denoiser, vae), wanted)
    strategies = {type(module._hf_hook.offload_strategy).__name__ for module in (denoiser, vae)}
    assert strategies == ({"function"} if choice == "offload" else {"AutoOffloadStrategy"})
    assert (denoiser._hf_hook.offload_strategy is all_others) == (choice == "offload")


def test_layers_that_come_one_by_one_give_the_same_bits(tiny_folder: Path) -> None:
    wanted = picture(*modules(tiny_folder))
    denoiser, vae = (streamed(module, "cpu") for module in modules(tiny_folder))
    assert torch.equal(picture(denoiser, vae), wanted)
