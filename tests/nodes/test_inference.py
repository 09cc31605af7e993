"""What the denoiser answers is a tensor like any other, however it was asked; its gradients are there when wanted."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.pool import Pool
from latentgraph.nodes.inference import frozen, inferred
from latentgraph.nodes.known_signatures import remember_signatures

BUILD: Any = UNet2DConditionModel  # Untyped.


@pytest.fixture
def unet() -> Any:
    torch.manual_seed(0)
    return BUILD(
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=32,
    ).eval()


def asked(unet: Any, text: torch.Tensor) -> torch.Tensor:
    answer: torch.Tensor = unet(torch.ones(2, 4, 8, 8), 3, encoder_hidden_states=text, return_dict=False)[0]
    return answer


def test_on_a_cpu_torch_keeps_nothing_and_the_answer_is_plain(unet: Any) -> None:
    modes, text = [], torch.ones(2, 7, 32)
    unet.mid_block.register_forward_hook(lambda *_: modes.append(torch.is_inference_mode_enabled()))
    answer = inferred(lambda: asked(unet, text), text, ALONE)
    assert modes == [True]
    assert not answer.is_inference()
    answer += 1  # A scheduler may.
    with torch.no_grad():
        assert torch.equal(answer, asked(unet, text) + 1)


def test_a_compiled_denoiser_is_asked_plainly(unet: Any) -> None:
    modes, text = [], torch.ones(2, 7, 32)
    unet.mid_block.register_forward_hook(
        lambda *_: modes.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled()))
    )
    inferred(lambda: asked(unet, text), text, RunContext({"speed": "fast"}, Pool()))
    assert modes == [(False, False)]


def test_gradients_are_there_where_the_text_wants_one(unet: Any) -> None:
    text = torch.ones(2, 7, 32, requires_grad=True)
    with torch.no_grad():
        answer = inferred(lambda: asked(unet, text), text, ALONE)
    answer.sum().backward()  # type: ignore[no-untyped-call]
    assert text.grad is not None
    assert text.grad.abs().sum() > 0


def test_weights_want_no_gradient_while_one_of_the_text_is_taken_and_do_again_afterwards(unet: Any) -> None:
    never = unet.conv_in.bias.requires_grad_(False)
    text = torch.ones(2, 7, 32, requires_grad=True)
    with frozen(unet):
        assert not any(one.requires_grad for one in unet.parameters())
        inferred(lambda: asked(unet, text), text, ALONE).sum().backward()  # type: ignore[no-untyped-call]
    assert text.grad is not None
    assert all(one.grad is None for one in unet.parameters())
    assert [one for one in unet.parameters() if not one.requires_grad] == [never]


def test_signatures_are_read_once_and_are_the_processors_own(unet: Any) -> None:
    attentions = [layer for layer in unet.modules() if isinstance(layer, Attention)]
    before = [inspect.signature(layer.processor.__call__) for layer in attentions]
    text = torch.ones(2, 7, 32)
    with torch.no_grad():
        plain = asked(unet, text)
        remember_signatures(unet)
        remember_signatures(unet)  # Twice is once.
        assert torch.equal(asked(unet, text), plain)
    for layer, own in zip(attentions, before, strict=True):
        known = inspect.signature(layer.processor.__call__)
        assert known == own
        assert known is inspect.signature(layer.processor.__call__), "read anew"


def test_a_processor_that_is_set_later_has_its_own_signature(unet: Any) -> None:
    class Other:
        def __call__(self, attention: Any, hidden_states: torch.Tensor, twice: bool = False, **_: Any) -> torch.Tensor:
            return hidden_states * 2 if twice else hidden_states

    remember_signatures(unet)
    unet.set_attn_processor(Other())
    first = next(layer for layer in unet.modules() if isinstance(layer, Attention))
    assert list(inspect.signature(first.processor.__call__).parameters) == ["attention", "hidden_states", "twice", "_"]
    assert torch.equal(first(torch.ones(1, 2, 4), twice=True), torch.ones(1, 2, 4) * 2)
