"""Prompts of any length, with weights, for models of one CLIP text encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.prompt_notations import EMPTY, Chunk, Notation, chunks_of
from latentgraph.nodes.text import repeat_rows, text_embeddings
from latentgraph.nodes.values import Conditioning

if TYPE_CHECKING:
    from torch import Tensor


@node(category="text", settings=("device", "dtype"))
def encode_weighted(
    tokenizer: Tokenizer,
    text_encoder: TextEncoder,
    text: str,
    beside: str = "",
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    notation: Notation = "automatic1111",
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Encode a prompt of any length in which words have weights.

    `(word)` weighs 1.1 times as much, `[word]` 1.1 times less, `(word:1.3)` 1.3 times; brackets nest, a backslash takes
    one literally. A long prompt is encoded in chunks of 75 tokens, laid one behind the other; BREAK begins the next
    one. Other programs write it otherwise (`notation`). What a word does to the embedding of the empty prompt is
    multiplied by its weight, as in ComfyUI. A prompt without weights that fits into one chunk is encoded bit for bit
    as `tokenize` and `encode` do it.

    Args:
        tokenizer: Of the model.
        text_encoder: Of the model.
        text: The prompt, or the negative prompt.
        beside: The text of the other side of the guidance: both are filled up to as many chunks as the longer one has.
        clip_skip: How many of the encoder's last layers to leave out.
        images_per_prompt: How often to repeat the result, once for each image of the prompt.
        notation: Whose; in comfyui's a number sets the weight whatever is around it, square brackets and BREAK are
            text, and a short word is not cut at the end of a chunk. plain has no weights.

    Example:
        model = load_model()
        conditioning = encode_weighted(model.tokenizer, model.text_encoder, "a (red:1.3) circle")
    """
    words, module = loaded(tokenizer, context), loaded(text_encoder, context)
    chunks = chunks_of(words, text, notation)
    if beside:
        chunks += [EMPTY] * (len(chunks_of(words, beside, notation)) - len(chunks))

    def encode(input_ids: Tensor, mask: Tensor) -> Tensor:
        return text_embeddings(module, input_ids, mask, clip_skip)

    embeddings = weighted_embeddings(words, chunks, encode)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), family=text_encoder.family)


def weighted_embeddings(tokenizer: Any, chunks: list[Chunk], encode: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The embeddings of chunks, one behind the other, (1, T, D).

    Args:
        tokenizer: Of the text encoder.
        chunks: Of one text.
        encode: Gives embeddings (1, T, D) of token numbers and mask (1, T).
    """
    import torch

    weighted = any(one != 1 for chunk in chunks for one in chunk.weights)
    plain = encode(*_filled_up(tokenizer, EMPTY)) if weighted else None
    encoded = [_weighted(chunk, encode(*_filled_up(tokenizer, chunk)), plain) for chunk in chunks]
    return encoded[0] if len(encoded) == 1 else torch.cat(encoded, dim=1)


def _filled_up(tokenizer: Any, chunk: Chunk) -> tuple[Tensor, Tensor]:
    """Token numbers of a chunk with the marks of its beginning and end, and their mask, (1, T) each."""
    import torch

    length = tokenizer.model_max_length
    ids = [tokenizer.bos_token_id, *chunk.ids, tokenizer.eos_token_id]
    rest = length - len(ids)
    return torch.tensor([ids + [tokenizer.pad_token_id] * rest]), torch.tensor([[1] * len(ids) + [0] * rest])


def _weighted(chunk: Chunk, embeddings: Tensor, plain: Tensor | None) -> Tensor:
    """Embeddings in which what sets them apart from `plain`, those of the empty text, is multiplied by the weights."""
    import torch

    if plain is None or all(one == 1 for one in chunk.weights):
        return embeddings
    weights = torch.ones(1, embeddings.shape[1], 1, dtype=embeddings.dtype)
    weights[0, 1 : len(chunk.weights) + 1, 0] = torch.tensor(chunk.weights, dtype=embeddings.dtype)
    return plain + weights.to(embeddings.device) * (embeddings - plain)
