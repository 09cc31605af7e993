"""From words to what Flux attends to: T5 gives the embeddings of the tokens, CLIP the sum of the whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.text import repeat_rows, token_stream, warn_of_lost_words
from latentgraph.nodes.text_t5 import Length, t5_embeddings
from latentgraph.nodes.values import Conditioning, Tokens

if TYPE_CHECKING:
    from torch import Tensor

ImagesPerPrompt = Annotated[int, Field(ge=1)]


@node(category="text", families=("flux",))
def tokenize_flux(
    tokenizer: Tokenizer,
    tokenizer_2: Tokenizer,
    text: str | None,
    text_2: str | None = None,
    max_sequence_length: Length = 512,
    *,
    context: RunContext = ALONE,
) -> Tokens:
    """Cut a text into tokens for CLIP, which sums it up, and for T5, which reads it word by word.

    Args:
        tokenizer: Of CLIP.
        tokenizer_2: Of T5.
        text: The prompt, or the negative prompt; null: nobody wrote one, so that there is no such side.
        text_2: Another text for T5; null or empty: the same.
        max_sequence_length: How many tokens T5 reads; `schnell` was trained on 256.

    Example:
        model = load_flux("./flux")
        tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, "a red circle")
    """
    first = text or ""
    summed = token_stream(loaded(tokenizer, context), [first])
    read = token_stream(loaded(tokenizer_2, context), [text_2 or first], max_sequence_length)
    for stream in (summed, read):
        warn_of_lost_words(stream, context)
    return Tokens((summed, read), tokenizer_2.family, absent=text is None)


@node(category="text", settings=("device", "dtype"), families=("flux",))
def encode_flux(
    text_encoder: TextEncoder,
    text_encoder_2: TextEncoder,
    tokens: Tokens,
    images_per_prompt: ImagesPerPrompt = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Run the text encoders of Flux over the tokens: CLIP for the sum of the text, T5 for its embeddings.

    Args:
        text_encoder: CLIP, of the model.
        text_encoder_2: T5, of the model.
        tokens: Of one text, from tokenize_flux.
        images_per_prompt: How often to repeat the result, once for each image of the batch.

    Example:
        model = load_flux("./flux")
        tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, "a red circle")
        conditioning = encode_flux(model.text_encoder, model.text_encoder_2, tokens)
    """
    if len(tokens.streams) != 2:
        raise ValueError(
            f"tokens are of {len(tokens.streams)} tokenizers, but Flux has two text encoders; "
            "make them by tokenize_flux"
        )
    summed, read = tokens.streams
    pooled = pooled_text(loaded(text_encoder, context), summed.input_ids)
    embeddings = t5_embeddings(loaded(text_encoder_2, context), read.input_ids)
    pooled = pooled.repeat(1, images_per_prompt).view(len(pooled) * images_per_prompt, -1)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), pooled=pooled, family=text_encoder_2.family)


@node(category="text", settings=("device", "dtype"), families=("flux",))
def encode_negative_flux(
    text_encoder: TextEncoder,
    text_encoder_2: TextEncoder,
    tokens: Tokens,
    images_per_prompt: ImagesPerPrompt = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning | None:
    """Run the text encoders of Flux over the negative prompt, if somebody wrote one; else there is no negative side.

    Args:
        text_encoder: CLIP, of the model.
        text_encoder_2: T5, of the model.
        tokens: Of one text, from tokenize_flux.
        images_per_prompt: How often to repeat the result, once for each image of the batch.

    Example:
        model = load_flux("./flux")
        tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, "blurred")
        negative = encode_negative_flux(model.text_encoder, model.text_encoder_2, tokens)
    """
    if tokens.absent:
        return None
    return encode_flux(text_encoder, text_encoder_2, tokens, images_per_prompt, context=context)


def pooled_text(module: Any, input_ids: Tensor) -> Tensor:
    """What a CLIPTextModel makes of a whole text, (B, E), from token numbers, int64 (B, T)."""
    import torch

    with torch.no_grad():
        pooled: Tensor = module(input_ids.to(module.device)).pooler_output
    return pooled.to(module.dtype)
