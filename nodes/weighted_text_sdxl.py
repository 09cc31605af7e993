"""Prompts of any length, with weights, for Stable Diffusion XL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.prompt_notations import EMPTY, Chunk, Notation, chunks_of
from latentgraph.nodes.text import repeat_rows
from latentgraph.nodes.values import Conditioning
from latentgraph.nodes.weighted_text import weighted_embeddings

if TYPE_CHECKING:
    from torch import Tensor


@node(category="text", settings=("device", "dtype"), families=("sdxl",))
def encode_weighted_sdxl(
    tokenizer_2: Tokenizer,
    text_encoder_2: TextEncoder,
    text: str,
    tokenizer: Tokenizer | None = None,
    text_encoder: TextEncoder | None = None,
    text_2: str | None = None,
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    notation: Notation = "automatic1111",
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Encode a prompt of any length in which words have weights, by the text encoders of Stable Diffusion XL.

    Weights and chunks are those of `encode_weighted`, in each encoder for itself. The sum of the text is that of its
    first chunk, without weights.

    Args:
        tokenizer_2: Of the second text encoder.
        text_encoder_2: Of the model.
        text: The prompt, or the negative prompt; an empty one is encoded too.
        tokenizer: Of the first text encoder; a refiner has none.
        text_encoder: The first one, which a refiner has not.
        text_2: Another text for the second encoder; null: the same.
        clip_skip: How many more of the encoders' last layers to leave out.
        images_per_prompt: How often to repeat the result, once for each image of the prompt.
        notation: Whose: as in `encode_weighted`.

    Example:
        model = load_sdxl("./sdxl")
        clip = {"tokenizer": model.tokenizer, "text_encoder": model.text_encoder}
        conditioning = encode_weighted_sdxl(model.tokenizer_2, model.text_encoder_2, "a (red:1.3) circle", **clip)
    """
    import torch

    pairs = [(tokenizer_2, text_encoder_2, text if text_2 is None else text_2)]
    if tokenizer is not None and text_encoder is not None:
        pairs.insert(0, (tokenizer, text_encoder, text))
    live = [(loaded(one, context), loaded(other, context), words) for one, other, words in pairs]
    chunked = [chunks_of(words, prompt, notation) for words, _, prompt in live]
    longest = max(map(len, chunked))
    read = [
        read_chunks(words, module, chunks + [EMPTY] * (longest - len(chunks)), clip_skip)
        for (words, module, _), chunks in zip(live, chunked, strict=True)
    ]
    _, whole = read[-1]
    if whole.ndim != 2:
        raise ValueError("text_encoder_2 has no projection of the whole text; give it the model's second text encoder")
    embeddings = torch.concat([states for states, _ in read], dim=-1).to(live[-1][1].dtype)
    return Conditioning(
        repeat_rows(embeddings, images_per_prompt),
        pooled=whole.repeat(images_per_prompt, 1),
        family=text_encoder_2.family,
    )


def read_chunks(tokenizer: Any, module: Any, chunks: list[Chunk], clip_skip: int) -> tuple[Tensor, Tensor]:
    """What a text encoder of Stable Diffusion XL makes of the chunks of a text.

    Args:
        tokenizer: Of the encoder.
        module: The encoder.
        chunks: One or more.
        clip_skip: How many more of its last layers to leave out.

    Returns:
        Embeddings with weights, (1, T, D), and what stands first in its answer to the first chunk, without weights: of
        the second encoder the sum of the text, (1, D).
    """
    import torch

    layers = module.config.num_hidden_layers
    if clip_skip >= layers:
        raise ValueError(f"clip_skip is {clip_skip}; the text encoder has {layers} layers, and one is left out")
    firsts: list[Tensor] = []

    def encode(input_ids: Tensor, mask: Tensor) -> Tensor:
        with torch.no_grad():
            read = module(input_ids.to(module.device), output_hidden_states=True)
        firsts.append(read[0])
        embeddings: Tensor = read.hidden_states[-(clip_skip + 2)]
        return embeddings

    states = weighted_embeddings(tokenizer, chunks, encode)
    # Where words have weights the empty text was encoded first, for them to be held against.
    return states, firsts[-len(chunks)]
