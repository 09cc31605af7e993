"""From words to what Stable Diffusion XL attends to: one text or two, through one text encoder or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.text import repeat_rows, token_stream, warn_of_lost_words
from latentgraph.nodes.values import Conditioning, Tokens

if TYPE_CHECKING:
    from torch import Tensor


@node(category="text", families=("sdxl",))
def tokenize_sdxl(
    tokenizer_2: Tokenizer,
    tokenizer: Tokenizer | None = None,
    text: str | None = None,
    text_2: str | None = None,
    *,
    context: RunContext = ALONE,
) -> Tokens:
    """Cut a text into tokens for each text encoder of Stable Diffusion XL.

    Args:
        tokenizer_2: Of the second text encoder.
        tokenizer: Of the first one; a refiner has none.
        text: The prompt, or the negative prompt; null: nobody wrote one, which is not the same as an empty one.
        text_2: Another text for the second encoder; null or empty: the same. A refiner reads the first text only.

    Example:
        model = load_sdxl("./sdxl")
        tokens = tokenize_sdxl(model.tokenizer_2, model.tokenizer, "a red circle")
        assert len(tokens.streams) == 2
    """
    first = text or ""
    # With one tokenizer the pipeline pairs it with the first text.
    pairs = [(tokenizer, first), (tokenizer_2, text_2 or first)] if tokenizer else [(tokenizer_2, first)]
    streams = tuple([token_stream(loaded(one, context), [words]) for one, words in pairs if one is not None])
    for stream in streams:
        warn_of_lost_words(stream, context)
    return Tokens(streams, tokenizer_2.family, absent=text is None)


@node(category="text", settings=("device", "dtype"), families=("sdxl",))
def encode_sdxl(
    text_encoder_2: TextEncoder,
    tokens: Tokens,
    text_encoder: TextEncoder | None = None,
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    force_zeros_for_empty_prompt: bool = False,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Run the text encoders of Stable Diffusion XL over the tokens, and lay their embeddings side by side.

    They are taken before the last layer and without a layer norm. The second encoder also sums up the whole text.

    Args:
        text_encoder_2: Of the model.
        tokens: Of one text, from tokenize_sdxl.
        text_encoder: The first one, which a refiner has not.
        clip_skip: How many more of the encoders' last layers to leave out; the pipeline does so for the prompt only.
        images_per_prompt: How often to repeat the result, once for each image of the batch.
        force_zeros_for_empty_prompt: Of the model: zeros stand for a text that nobody wrote.

    Example:
        model = load_sdxl("./sdxl")
        tokens = tokenize_sdxl(model.tokenizer_2, model.tokenizer, "a red circle")
        conditioning = encode_sdxl(model.text_encoder_2, tokens, model.text_encoder)
    """
    import torch

    handles = [one for one in (text_encoder, text_encoder_2) if one is not None]
    if len(tokens.streams) != len(handles):
        raise ValueError(
            f"tokens are of {len(tokens.streams)} tokenizers, but there are {len(handles)} text encoders; "
            "give tokenize_sdxl the tokenizers of the same model"
        )
    modules = [loaded(one, context) for one in handles]
    embeddings, pooled = joint_embeddings(modules, [stream.input_ids for stream in tokens.streams], clip_skip)
    if tokens.absent and force_zeros_for_empty_prompt:
        embeddings, pooled = torch.zeros_like(embeddings), torch.zeros_like(pooled)
    pooled = pooled.repeat(1, images_per_prompt).view(len(pooled) * images_per_prompt, -1)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), pooled=pooled, family=text_encoder_2.family)


def joint_embeddings(modules: list[Any], input_ids: list[Tensor], clip_skip: int = 0) -> tuple[Tensor, Tensor]:
    """The encoders' last hidden states but one, side by side, and the last encoder's sum of the text.

    Args:
        modules: A CLIPTextModel and a CLIPTextModelWithProjection, or the latter alone.
        input_ids: Token numbers for each of them, int64 (B, T).
        clip_skip: Further layers to leave out at the end.

    Returns:
        Embeddings (B, T, D), where D is the sum of the encoders' widths (2048 in the base model), and (B, E).
    """
    import torch

    states = []
    pooled: Tensor | None = None
    for module, ids in zip(modules, input_ids, strict=True):
        layers = module.config.num_hidden_layers
        if clip_skip >= layers:
            raise ValueError(f"clip_skip is {clip_skip}; the text encoder has {layers} layers, and one is left out")
        with torch.no_grad():
            read = module(ids.to(module.device), output_hidden_states=True)
        if pooled is None and read[0].ndim == 2:
            pooled = read[0]
        states.append(read.hidden_states[-(clip_skip + 2)])
    if pooled is None:
        raise ValueError("text_encoder_2 has no projection of the whole text; give it the model's second text encoder")
    return torch.concat(states, dim=-1).to(modules[-1].dtype), pooled
