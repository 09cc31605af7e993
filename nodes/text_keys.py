"""Keys and values of a text in a denoiser's cross-attentions, computed once and not at every step.

A UNet asks the same text at each step (Rombach et al. 2022, section 3.3: K = W_K · text, V = W_V · text), and none of
its weights changes between them. What a layer made of a text is remembered as long as the text lives, within a bound;
it has the bits that the layer would give again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES: Final = 256 * 2**20
"""Of what the layers of one module remember; a text of two rows takes 60 MB in all layers of an SDXL UNet in half."""
ROLES: Final = frozenset({"denoiser", "controlnet"})
"""Of parts whose modules may have such layers."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What a layer gave for a text."""

    weights: int
    """The version of its weights."""
    answer: Tensor
    make: Callable[[Tensor], Tensor]
    """The layer."""


@dataclass(slots=True)
class _Made:
    """What the layers made of one text."""

    version: int
    """Of the text: torch counts how often a tensor was changed in place."""
    by_layer: dict[int, _Given] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(one.answer.nbytes for one in self.by_layer.values())


class TextKeys:
    """What all layers of one module remember, by text."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Begin empty."""
        from torch.utils.weak import WeakIdKeyDictionary

        self._made: Any = WeakIdKeyDictionary()  # Untyped. A text that nobody holds takes what was made of it along.
        self._most = most_bytes

    def get(self, text: Tensor, layer: int, weights: int, make: Callable[[Tensor], Tensor]) -> Tensor:
        """What a layer makes of a text: remembered, or made now and remembered if there is room.

        Args:
            text: What the layer reads, such as embeddings (B, T, D).
            layer: Its number.
            weights: The version of its weights.
            make: The layer.
        """
        made: _Made | None = self._made.get(text)
        if made is None or made.version != text._version:
            made = _Made(text._version)
            self._made[text] = made
        known = made.by_layer.get(layer)
        if known is not None and known.weights == weights:
            return known.answer
        given = make(text)
        if self._make_room(made, given.nbytes):
            made.by_layer[layer] = _Given(weights, given, make)
        return given

    def hold(self, text: Tensor) -> Callable[[], None] | None:
        """Leave what was made of a text to the caller, who has recorded where it lies.

        Returns:
            Computes it again, in its place, after the text has changed; None where nothing is remembered of it.
        """
        made: _Made | None = self._made.pop(text, None)
        if made is None:
            return None
        given = tuple(made.by_layer.values())

        def renew() -> None:
            for one in given:
                one.answer.copy_(one.make(text))

        return renew

    def _make_room(self, current: _Made, wanted: int) -> bool:
        """Forget the texts that came first until `wanted` bytes more fit beside what was made of the current one."""
        others = [(text, one) for text, one in self._made.items() if one is not current]
        total: int = current.bytes + sum(one.bytes for _, one in others) + wanted
        for text, one in others:
            if total <= self._most:
                break
            self._made.pop(text, None)
            total -= one.bytes
        return total <= self._most

    def __len__(self) -> int:
        """How many texts are remembered."""
        return len(self._made)


class Remembering:
    """The `forward` of a layer that reads a text: to_k or to_v of a cross-attention."""

    def __init__(self, layer: Any, number: int, keys: TextKeys) -> None:
        """Stand before the `forward` that `layer` has, which may be that of a LoRA."""
        self._layer = layer
        self._plain = layer.forward
        self._weights = tuple(layer.parameters())
        self._number = number
        self._keys = keys

    def forward(self, text: Tensor, *more: Any, **named: Any) -> Tensor:
        """What the layer gives; plainly where gradients are wanted or the layer is in training."""
        import torch

        if more or named or torch.is_grad_enabled() or self._layer.training or text.is_inference():
            plain: Tensor = self._plain(text, *more, **named)
            return plain
        version = sum([one._version for one in self._weights])
        return self._keys.get(text, self._number, version, self._plain)


def remember_text(module: Any) -> TextKeys:
    """Let the cross-attentions of a module remember what they made of a text.

    Args:
        module: Nobody else has it; with its adapters, and before anything moves its layers about. One without
            cross-attention stays as it is.

    Returns:
        What they remember.
    """
    from diffusers.models import attention_processor

    library: Any = attention_processor  # Untyped.
    reading = [
        layer
        for attention in module.modules()
        # A text that is normalised first is another tensor at each step.
        if isinstance(attention, library.Attention) and attention.is_cross_attention and not attention.norm_cross
        for layer in (attention.to_k, attention.to_v)
    ]
    keys = TextKeys()
    for number, layer in enumerate(reading):
        layer.forward = Remembering(layer, number, keys).forward
    return keys
