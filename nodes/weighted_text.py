"""Prompts of any length, with weights, for models of one CLIP text encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.prompt_weights import WeightedText, parse_weights
from latentgraph.nodes.text import repeat_rows, text_embeddings
from latentgraph.nodes.values import Conditioning

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Chunk:
    """As many tokens as the text encoder reads at once, or fewer."""

    ids: tuple[int, ...]
    """Without the marks of beginning and end, 75 at most in Stable Diffusion."""
    weights: tuple[float, ...]
    """One for each token."""


@node(category="text", settings=("device", "dtype"))
def encode_weighted(
    tokenizer: Tokenizer,
    text_encoder: TextEncoder,
    text: str,
    beside: str = "",
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Encode a prompt of any length in which words have weights.

    `(word)` weighs 1.1 times as much, `[word]` 1.1 times less, `(word:1.3)` 1.3 times; brackets nest, a backslash takes
    one literally. A long prompt is encoded in chunks of 75 tokens, laid one behind the other; BREAK begins the next
    one. What a word does to the embedding of the empty prompt is multiplied by its weight, as in ComfyUI. A prompt
    without weights that fits into one chunk is encoded bit for bit as `tokenize` and `encode` do it.

    Args:
        tokenizer: Of the model.
        text_encoder: Of the model.
        text: The prompt, or the negative prompt.
        beside: The text of the other side of the guidance: both are filled up to as many chunks as the longer one has.
        clip_skip: How many of the encoder's last layers to leave out.
        images_per_prompt: How often to repeat the result, once for each image of the prompt.
    """
    words, module = loaded(tokenizer, context), loaded(text_encoder, context)
    chunks = chunks_of(words, text)
    empty = Chunk((), ())
    chunks += [empty] * (len(chunks_of(words, beside)) - len(chunks))
    plain = _encoded(words, module, empty, clip_skip) if any(one != 1 for c in chunks for one in c.weights) else None
    encoded = [_encoded(words, module, chunk, clip_skip, plain) for chunk in chunks]
    return Conditioning(repeat_rows(_behind_each_other(encoded), images_per_prompt), family=text_encoder.family)


def chunks_of(tokenizer: Any, text: str) -> list[Chunk]:
    """A prompt in chunks of at most `model_max_length` - 2 tokens; at least one."""
    room = tokenizer.model_max_length - 2
    chunks = []
    for part in parse_weights(text):
        ids, weights = _tokens(tokenizer, part)
        starts = range(0, max(len(ids), 1), room)
        chunks += [Chunk(tuple(ids[at : at + room]), tuple(weights[at : at + room])) for at in starts]
    return chunks


def _tokens(tokenizer: Any, pieces: list[WeightedText]) -> tuple[list[int], list[float]]:
    ids: list[int] = []
    weights: list[float] = []
    for piece in pieces:
        taken = tokenizer(piece.text, add_special_tokens=False, verbose=False).input_ids
        ids += taken
        weights += [piece.weight] * len(taken)
    return ids, weights


def _encoded(tokenizer: Any, module: Any, chunk: Chunk, clip_skip: int, empty: Tensor | None = None) -> Tensor:
    """A chunk as embeddings (1, T, D); what sets it apart from `empty`, (1, T, D), is multiplied by the weights."""
    import torch

    length = tokenizer.model_max_length
    ids = [tokenizer.bos_token_id, *chunk.ids, tokenizer.eos_token_id]
    filled = torch.tensor([ids + [tokenizer.pad_token_id] * (length - len(ids))])
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids))])
    embeddings = text_embeddings(module, filled, mask, clip_skip)
    if empty is None or all(one == 1 for one in chunk.weights):
        return embeddings
    weights = torch.ones(1, length, 1, dtype=embeddings.dtype)
    weights[0, 1 : len(chunk.weights) + 1, 0] = torch.tensor(chunk.weights, dtype=embeddings.dtype)
    return empty + weights.to(embeddings.device) * (embeddings - empty)


def _behind_each_other(encoded: list[Tensor]) -> Tensor:
    import torch

    return encoded[0] if len(encoded) == 1 else torch.cat(encoded, dim=1)
