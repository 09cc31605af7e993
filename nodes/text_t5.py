"""From words to what a T5 encoder makes of them (Raffel et al. 2020), for models that read long texts through one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.text import repeat_rows, token_stream, warn_of_lost_words
from latentgraph.nodes.values import Conditioning, Tokens

if TYPE_CHECKING:
    from torch import Tensor

Length = Annotated[int, Field(ge=1, le=512)]
"""Of a text in tokens, the end among them; diffusers 0.42.1 lets its pipelines take no more."""
ENCODER: Final = "T5EncoderModel"


@node(category="text")
def tokenize_t5(
    tokenizer: Tokenizer, text: str, max_sequence_length: Length = 256, *, context: RunContext = ALONE
) -> Tokens:
    """Cut a text into tokens for a T5 encoder, filled up to a length that you choose.

    Words that do not fit are left off, and a warning shows them. The length changes the picture: the denoiser attends
    to the tokens that fill up too.

    Args:
        tokenizer: A T5 tokenizer: the third one of Stable Diffusion 3, the second one of Flux.
        text: The prompt, or the negative prompt; empty is a text too.
        max_sequence_length: In tokens, the end among them. Stable Diffusion 3 takes 256 by default, Flux 512.

    Example:
        tokens = tokenize_t5(load_sd3("./sd3").tokenizer_3, "a red circle", max_sequence_length=77)
    """
    stream = token_stream(loaded(tokenizer, context), [text], max_sequence_length)
    warn_of_lost_words(stream, context)
    return Tokens((stream,), tokenizer.family)


@node(category="text", settings=("device", "dtype"))
def encode_t5(
    text_encoder: TextEncoder,
    tokens: Tokens,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Run a T5 encoder over the tokens.

    This is the whole of what Flux attends to, beside the pooled vector of its CLIP encoder, and the second half of
    what Stable Diffusion 3 attends to.

    Args:
        text_encoder: A T5 encoder: the third one of Stable Diffusion 3, the second one of Flux.
        tokens: From tokenize_t5.
        images_per_prompt: How often to repeat the result, once for each image of the batch.

    Example:
        model = load_sd3("./sd3")
        conditioning = encode_t5(model.text_encoder_3, tokenize_t5(model.tokenizer_3, "a red circle"))
    """
    if text_encoder.class_name != ENCODER:
        raise ValueError(f"text_encoder is a {text_encoder.class_name}; a T5 encoder is wanted, such as text_encoder_3")
    embeddings = t5_embeddings(loaded(text_encoder, context), tokens.streams[0].input_ids)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), family=text_encoder.family)


def t5_embeddings(module: Any, input_ids: Tensor) -> Tensor:
    """The last hidden state of a T5 encoder, which attends to the tokens that fill up as well.

    As `_get_t5_prompt_embeds` of StableDiffusion3Pipeline and FluxPipeline does it (diffusers 0.42.1).

    Args:
        module: A T5EncoderModel.
        input_ids: Token numbers, int64 (B, T).

    Returns:
        Float (B, T, D), in the encoder's dtype; D is 4096 in both families.
    """
    import torch

    with torch.no_grad():
        embeddings: Tensor = module(input_ids.to(module.device))[0]
    return embeddings.to(module.dtype)
