"""What cross-attentions make of a text is remembered, has the same bits, and is forgotten in time."""

from __future__ import annotations

import copy
import gc
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel

from latentgraph.nodes.text_keys import Remembering, TextKeys, remember_text

BUILD: Any = UNet2DConditionModel  # Untyped.
SIZES: dict[str, dict[str, Any]] = {
    "sd1": {
        "block_out_channels": (32, 64),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "cross_attention_dim": 32,
    },
    "sdxl": {
        "block_out_channels": (32, 64),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "cross_attention_dim": 64,
        "transformer_layers_per_block": (1, 2),
        "attention_head_dim": (2, 4),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 80,
    },
}


@pytest.fixture(params=SIZES)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any, dict[str, Any]]:
    """A plain UNet, the same one that remembers, and what it is told beside the text."""
    torch.manual_seed(0)
    plain = BUILD(**SIZES[request.param]).eval()
    told = {}
    if request.param == "sdxl":
        told = {"added_cond_kwargs": {"text_embeds": torch.randn(2, 32), "time_ids": torch.ones(2, 6)}}
    return plain, remembering(plain), told


def remembering(plain: Any) -> Any:
    """A copy that remembers."""
    module = copy.deepcopy(plain)
    remember_text(module)
    return module


def text_for(module: Any, seed: int) -> torch.Tensor:
    """Embeddings (2, 7, D)."""
    width = module.config.cross_attention_dim
    return torch.randn(2, 7, width, generator=torch.Generator().manual_seed(seed))


def ask(module: Any, text: torch.Tensor, timestep: int = 5, **told: Any) -> torch.Tensor:
    """One prediction for fixed latents, without gradients."""
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(timestep))
    with torch.no_grad():
        answer: torch.Tensor = module(latents, timestep, encoder_hidden_states=text, **told, return_dict=False)[0]
    return answer


def layers_of(module: Any) -> list[Remembering]:
    """The layers of a module that remember."""
    return [one.forward.__self__ for one in module.modules() if "forward" in vars(one)]


def counted(module: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets the number of each layer that computes."""
    computed: list[int] = []
    for layer in layers_of(module):

        def counting(text: torch.Tensor, plain: Any = layer._plain, number: int = layer._number) -> torch.Tensor:
            computed.append(number)
            given: torch.Tensor = plain(text)
            return given

        monkeypatch.setattr(layer, "_plain", counting)
    return computed


def test_every_layer_computes_a_text_once_and_gives_the_bits_of_the_plain_module(
    pair: tuple[Any, Any, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, module, told = pair
    computed = counted(module, monkeypatch)
    first, second = text_for(plain, 1), text_for(plain, 2)
    for timestep, text in ((9, first), (5, first), (9, second), (1, first), (1, second)):
        assert torch.equal(ask(module, text, timestep, **told), ask(plain, text, timestep, **told))
    assert sorted(computed) == sorted(2 * list(range(len(layers_of(module)))))


def test_a_text_that_changed_in_place_is_computed_again(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    plain, module, told = pair
    text = text_for(plain, 1)
    ask(module, text, **told)
    text.mul_(2)
    assert torch.equal(ask(module, text, **told), ask(plain, text, **told))


def test_weights_that_changed_in_place_are_computed_with(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    plain, module, told = pair
    text = text_for(plain, 1)
    ask(module, text, **told)
    for one in (plain, module):
        with torch.no_grad():
            for parameter in one.parameters():
                parameter.mul_(1.5)
    assert torch.equal(ask(module, text, **told), ask(plain, text, **told))


def test_what_was_made_of_a_text_goes_with_it(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    plain, module, told = pair
    keys = layers_of(module)[0]._keys
    text = text_for(plain, 1)
    ask(module, text, **told)
    assert len(keys) == 1
    del text
    gc.collect()
    assert len(keys) == 0


def test_a_copy_of_a_module_remembers_for_itself(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    plain, module, told = pair
    text = text_for(plain, 1)
    ask(module, text, **told)
    other = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert torch.equal(ask(other, text, **told), torch.zeros(2, 4, 8, 8))
    assert torch.equal(ask(module, text, **told), ask(plain, text, **told))


def test_gradients_reach_the_text_and_nothing_is_remembered(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    plain, module, told = pair
    gradients = []
    for one in (plain, module):
        text = text_for(plain, 1).requires_grad_()
        one(torch.ones(2, 4, 8, 8), 5, encoder_hidden_states=text, **told, return_dict=False)[0].sum().backward()
        gradients.append(text.grad)
    assert gradients[0] is not None
    assert gradients[1] is not None
    assert torch.equal(gradients[0], gradients[1])
    assert len(layers_of(module)[0]._keys) == 0


def test_a_lora_is_in_what_is_remembered() -> None:
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    plain = BUILD(**SIZES["sd1"]).eval()
    plain.add_adapter(peft.LoraConfig(r=2, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v"]))
    module = remembering(plain.eval())
    text = text_for(plain, 1)
    for timestep in (9, 5):
        assert torch.equal(ask(module, text, timestep), ask(plain, text, timestep))
    plain.disable_adapters()
    assert not torch.equal(ask(module, text), ask(plain, text))


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    keys = TextKeys(most_bytes=100)
    texts = [torch.ones(10) for _ in range(3)]  # 40 bytes each.
    for text in texts:
        keys.get(text, 0, 0, torch.clone)
    assert len(keys) == 2
    made: list[torch.Tensor] = []

    def make(text: torch.Tensor) -> torch.Tensor:
        made.append(text)
        return text.repeat(100)

    for _ in range(2):  # More than there is room for is made each time, and right.
        assert torch.equal(keys.get(texts[0], 0, 0, make), torch.ones(1000))
    assert len(made) == 2


def test_what_was_left_to_a_recording_is_computed_again_in_its_place() -> None:
    keys = TextKeys()
    text = torch.ones(3)
    with torch.no_grad():
        answer = keys.get(text, 0, 0, lambda one: one * 2)
        renew = keys.hold(text)
        assert renew is not None
        assert (len(keys), keys.hold(text)) == (0, None)
        text.fill_(5)
        renew()
    assert torch.equal(answer, torch.full((3,), 10.0))
