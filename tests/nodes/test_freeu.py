"""FreeU, held against its formulas written anew around the decoder of a UNet, and against what diffusers has of it."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import pytest
import torch
from diffusers.utils.torch_utils import fourier_filter
from tests.nodes.parity_families import LIBRARY

from latentgraph.graph.node import node_type
from latentgraph.graph.types import ValueFaultError
from latentgraph.nodes import freeu, load_model
from latentgraph.nodes.freeu import damped
from latentgraph.nodes.handles import Denoiser, loaded

filtered: Any = fourier_filter  # It says that it takes whole numbers alone, and does not.
B1, B2, S1, S2 = 1.5, 1.7, 0.6, 0.2
TEXT = torch.randn((2, 5, 16), generator=torch.Generator().manual_seed(1))
LATENTS = torch.randn((2, 4, 12, 20), generator=torch.Generator().manual_seed(2))


def unet() -> Any:
    """Three levels, of one, two and four times as many channels."""
    torch.manual_seed(0)
    return LIBRARY.UNet2DConditionModel(
        block_out_channels=(32, 64, 128),
        layers_per_block=2,
        sample_size=16,
        cross_attention_dim=16,
        attention_head_dim=4,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    ).eval()


def predicted(module: Any) -> torch.Tensor:
    with torch.no_grad():
        answer: torch.Tensor = module(LATENTS, 500, TEXT).sample
    return answer


def by_hand(module: Any, structured: bool) -> torch.Tensor:
    """A UNet whose decoder is written out, with ComfyUI's FreeU or FreeU_V2 in it."""

    def patched(own: torch.Tensor, skip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        factors = {128: (B1, S1), 64: (B2, S2)}.get(own.shape[1])
        if factors is None:
            return own, skip
        own, half = own.clone(), own.shape[1] // 2
        if structured:
            for one in own:
                mean = one.mean(0)
                share = (mean - mean.min()) / (mean.max() - mean.min())
                one[:half] = one[:half] * ((factors[0] - 1) * share + 1)
        else:
            own[:, :half] = own[:, :half] * factors[0]
        return own, filtered(skip, threshold=1, scale=factors[1])

    def forward(block: Any, hidden_states: Any, res_hidden_states_tuple: Any, temb: Any, **given: Any) -> Any:
        states, waiting = hidden_states, list(res_hidden_states_tuple)
        for number, resnet in enumerate(block.resnets):
            own, skip = patched(states, waiting.pop())
            states = resnet(torch.cat([own, skip], dim=1), temb)
            if hasattr(block, "attentions"):
                states = block.attentions[number](states, given["encoder_hidden_states"], return_dict=False)[0]
        for upsampler in block.upsamplers or ():
            states = upsampler(states, given.get("upsample_size"))
        return states

    for block in module.up_blocks:
        block.forward = MethodType(forward, block)
    return predicted(module)


@pytest.mark.parametrize("structured", [False, True])
def test_the_decoder_is_weighed_as_comfyui_weighs_it(structured: bool) -> None:
    wanted = by_hand(unet(), structured)
    module = unet()
    plain = predicted(module)
    denoiser = Denoiser.of(module, family="sd1")
    made = predicted(loaded(freeu(denoiser, B1, B2, S1, S2, structured)))
    assert not torch.allclose(made, plain, atol=1e-3)
    torch.testing.assert_close(made, wanted, rtol=1e-5, atol=1e-6)
    assert torch.equal(predicted(loaded(denoiser)), plain)


def test_the_lowest_frequencies_are_damped_as_diffusers_does_it() -> None:
    samples = torch.randn((2, 3, 7, 10), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(damped(samples, 0.3), filtered(samples, threshold=1, scale=0.3))
    assert damped(samples.half(), 0.3).dtype == torch.float16


def test_factors_of_one_change_nothing_but_the_rounding() -> None:
    denoiser = Denoiser.of(unet(), family="sd1")
    made = predicted(loaded(freeu(denoiser, 1.0, 1.0, 1.0, 1.0)))
    torch.testing.assert_close(made, predicted(loaded(denoiser)), rtol=1e-4, atol=1e-5)


def test_each_value_of_it_makes_another_denoiser() -> None:
    denoiser = Denoiser.of(unet(), family="sd1")
    variants = [freeu(denoiser, b1=0.5), freeu(denoiser, b2=0.5), freeu(denoiser, s1=0.5), freeu(denoiser, s2=0.5)]
    variants += [denoiser, freeu(denoiser), freeu(denoiser, structured=False)]
    assert len({one.digest for one in variants}) == len(variants)
    assert "FreeU 1.3, 1.4, 0.9, 0.2" in freeu(denoiser).summary


@pytest.mark.parametrize("wrap", [lambda one: freeu(one), lambda one: freeu(freeu(one), s2=0.5)])
def test_a_denoiser_of_two_levels_is_weighed_too(wrap: Callable[[Denoiser], Denoiser]) -> None:
    denoiser = load_model().denoiser
    module, changed = loaded(denoiser), loaded(wrap(denoiser))
    width = module.config.cross_attention_dim
    text = torch.randn((1, 4, width), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        first, second = (one(LATENTS[:1], 500, text).sample for one in (module, changed))
    assert second.isfinite().all()
    assert not torch.allclose(first, second, atol=1e-4)


def test_a_factor_out_of_range_is_refused() -> None:
    for value in (-0.1, 10.5, float("nan")):
        with pytest.raises(ValueFaultError):
            node_type(freeu).inputs["b1"].type.parse(value)


def test_a_transformer_is_no_unet() -> None:
    class Transformer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = {"in_channels": 4}

    with pytest.raises(ValueError, match="FreeU is for UNets, and the denoiser is a Transformer"):
        freeu(Denoiser.of(Transformer(), family=""))
