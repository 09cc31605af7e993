"""From words to what Stable Diffusion 3 attends to: one text or three, through two CLIP encoders and T5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser, TextEncoder, Tokenizer, loaded
from latentgraph.nodes.text import repeat_rows, token_stream, warn_of_lost_words
from latentgraph.nodes.text_t5 import Length, t5_embeddings
from latentgraph.nodes.values import Conditioning, Tokens, TokenStream

if TYPE_CHECKING:
    from torch import Tensor


@node(category="text", families=("sd3",))
def tokenize_sd3(
    tokenizer: Tokenizer,
    tokenizer_2: Tokenizer,
    text: str,
    tokenizer_3: Tokenizer | None = None,
    text_2: str | None = None,
    text_3: str | None = None,
    max_sequence_length: Length = 256,
    *,
    context: RunContext = ALONE,
) -> Tokens:
    """Cut a text into tokens for each of the three text encoders of Stable Diffusion 3.

    Args:
        tokenizer: Of the first text encoder.
        tokenizer_2: Of the second one.
        text: The prompt, or the negative prompt; empty is a text too.
        tokenizer_3: Of the third one, T5; null: it is left out, and zeros will stand for what it would read.
        text_2: Another text for the second encoder; null or empty: the same.
        text_3: Another text for the third encoder; null or empty: the same.
        max_sequence_length: Of the third stream in tokens. The denoiser attends to those that fill up too, so that it
            changes the picture.

    Example:
        model = load_sd3("./sd3")
        tokens = tokenize_sd3(model.tokenizer, model.tokenizer_2, "a red circle", model.tokenizer_3)
    """
    first = loaded(tokenizer, context)
    streams = [
        token_stream(first, [text]),
        token_stream(loaded(tokenizer_2, context), [text_2 or text], first.model_max_length),
    ]
    if tokenizer_3 is None:
        streams.append(no_tokens(max_sequence_length))
    else:
        streams.append(token_stream(loaded(tokenizer_3, context), [text_3 or text], max_sequence_length))
    for stream in streams:
        warn_of_lost_words(stream, context)
    return Tokens(tuple(streams), tokenizer.family)


def no_tokens(length: int) -> TokenStream:
    """A stream of `length` places none of which is of a text: that of an encoder that is left out."""
    import torch

    nothing = torch.zeros(1, length, dtype=torch.int64)
    return TokenStream(nothing, nothing, ("",))


@node(category="text", settings=("device", "dtype"), families=("sd3",))
def encode_sd3(
    text_encoder: TextEncoder,
    text_encoder_2: TextEncoder,
    tokens: Tokens,
    denoiser: Denoiser,
    text_encoder_3: TextEncoder | None = None,
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Run the text encoders of Stable Diffusion 3 over the tokens, and put together what they say.

    The embeddings of the two CLIP encoders lie side by side, filled up with zeros to the width of T5's, which follow
    them. The CLIP encoders also sum up the whole text, in a vector each.

    Args:
        text_encoder: The first one.
        text_encoder_2: The second one.
        tokens: Of one text, from tokenize_sd3.
        denoiser: Of the model; tells the width of what it attends to, where the third encoder is left out.
        text_encoder_3: The third one, T5; null: zeros in its place.
        clip_skip: How many more of the CLIP encoders' last layers to leave out; the pipeline does so for the prompt
            only.
        images_per_prompt: How often to repeat the result, once for each image of the batch.

    Example:
        model = load_sd3("./sd3")
        tokens = tokenize_sd3(model.tokenizer, model.tokenizer_2, "a red circle", model.tokenizer_3)
        first, second, third = model.text_encoder, model.text_encoder_2, model.text_encoder_3
        conditioning = encode_sd3(first, second, tokens, model.denoiser, third)
    """
    import torch

    if len(tokens.streams) != 3:
        raise ValueError(f"tokens are of {len(tokens.streams)} tokenizers; make them by tokenize_sd3, for three")
    first, second, third = tokens.streams
    if bool(third.mask.any()) != (text_encoder_3 is not None):
        raise ValueError("tokenizer_3 and text_encoder_3 go together: connect both, or neither")
    modules = [loaded(one, context) for one in (text_encoder, text_encoder_2)]
    clip, pooled = clip_embeddings(modules, [first.input_ids, second.input_ids], clip_skip)
    if text_encoder_3 is None:
        width = int(denoiser.config["joint_attention_dim"])
        t5 = torch.zeros(len(clip), third.input_ids.shape[1], width, device=clip.device, dtype=clip.dtype)
    else:
        t5 = t5_embeddings(loaded(text_encoder_3, context), third.input_ids)
    padded = torch.nn.functional.pad(clip, (0, t5.shape[-1] - clip.shape[-1]))
    embeddings = torch.cat([padded, t5], dim=-2)
    pooled = pooled.repeat(1, images_per_prompt).view(len(pooled) * images_per_prompt, -1)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), pooled=pooled, family=text_encoder.family)


def clip_embeddings(modules: list[Any], input_ids: list[Tensor], clip_skip: int = 0) -> tuple[Tensor, Tensor]:
    """The hidden states of CLIP encoders before the last layer, side by side, and their sums of the text likewise.

    As `_get_clip_prompt_embeds` of StableDiffusion3Pipeline (diffusers 0.42.1).

    Args:
        modules: CLIPTextModelWithProjection.
        input_ids: Token numbers for each of them, int64 (B, T).
        clip_skip: Further layers to leave out at the end.

    Returns:
        Embeddings (B, T, D) and sums (B, E), where D and E are sums over the encoders: 768 + 1280, both of them.
    """
    import torch

    states, sums = [], []
    for module, ids in zip(modules, input_ids, strict=True):
        layers = module.config.num_hidden_layers
        if clip_skip >= layers:
            raise ValueError(f"clip_skip is {clip_skip}; the text encoder has {layers} layers, and one is left out")
        with torch.no_grad():
            read = module(ids.to(module.device), output_hidden_states=True)
        if read[0].ndim != 2:
            raise ValueError(f"a {type(module).__name__} sums up no text; take the model's first two text encoders")
        sums.append(read[0])
        states.append(read.hidden_states[-(clip_skip + 2)].to(modules[0].dtype))
    return torch.cat(states, dim=-1), torch.cat(sums, dim=-1)
