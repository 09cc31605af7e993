"""From words to what the denoiser attends to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.textual_inversion import spelled_out
from latentgraph.nodes.values import Conditioning, Tokens, TokenStream

if TYPE_CHECKING:
    from torch import Tensor

OF_SEVERAL: Final = ("CLIPTextModelWithProjection", "T5EncoderModel")
"""Classes of text encoders that no family has alone."""


@node(category="text")
def tokenize(tokenizer: Tokenizer, text: str, *, context: RunContext = ALONE) -> Tokens:
    """Cut a text into tokens, filled up to the length the text encoder reads.

    Words that do not fit are left off, and a warning shows them.

    Args:
        tokenizer: Of the model.
        text: The prompt, or the negative prompt; empty is a text too.

    Example:
        tokens = tokenize(load_model().tokenizer, "a red circle")
        assert tokens.streams[0].input_ids.shape[0] == 1
    """
    stream = token_stream(loaded(tokenizer, context), [text])
    warn_of_lost_words(stream, context)
    return Tokens((stream,), tokenizer.family)


@node(category="text")
def tokenize_texts(
    tokenizer: Tokenizer,
    texts: Annotated[list[str], Field(min_length=1)],
    like: list[str] | None = None,
    *,
    context: RunContext = ALONE,
) -> Tokens:
    """Cut several texts into tokens, to be encoded in one batch: a picture, or several, for each text.

    A text in a batch of several gives other bits than it gives alone, as in diffusers.

    Args:
        tokenizer: Of the model.
        texts: The prompts, or the negative prompts; a single one is taken once for each text of `like`.
        like: The prompts, where `texts` are the negative ones.

    Example:
        tokens = tokenize_texts(load_model().tokenizer, ["a red circle", "a tree"])
        assert len(tokens.streams[0].input_ids) == 2
    """
    if like and len(texts) == 1:
        texts = texts * len(like)
    if like and len(texts) != len(like):
        raise ValueError(f"{len(texts)} texts meet {len(like)} prompts; give one for each prompt, or a single one")
    stream = token_stream(loaded(tokenizer, context), texts)
    warn_of_lost_words(stream, context)
    return Tokens((stream,), tokenizer.family)


@node(category="text", settings=("device", "dtype"))
def encode(
    text_encoder: TextEncoder,
    tokens: Tokens,
    clip_skip: Annotated[int, Field(ge=0)] = 0,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Conditioning:
    """Run the text encoder over the tokens.

    Args:
        text_encoder: Of the model.
        tokens: Of one text, or of several.
        clip_skip: How many of the encoder's last layers to leave out; some models were trained on 1.
        images_per_prompt: How often to repeat the result, once for each image of the prompt: p0 p0 p1 p1.

    Example:
        model = load_model()
        conditioning = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"), images_per_prompt=2)
        assert len(conditioning.embeddings) == 2
    """
    if text_encoder.class_name in OF_SEVERAL:
        raise ValueError(
            f"a {text_encoder.class_name} is one of several text encoders, whose embeddings are put together; "
            "take the node of its family, such as encode_sdxl, encode_sd3 or encode_flux"
        )
    module = loaded(text_encoder, context)
    stream = tokens.streams[0]
    embeddings = text_embeddings(module, stream.input_ids, stream.mask, clip_skip)
    return Conditioning(repeat_rows(embeddings, images_per_prompt), family=text_encoder.family)


def warn_of_lost_words(stream: TokenStream, context: RunContext) -> None:
    """Show the words that did not fit."""
    for lost in filter(None, stream.truncated):
        context.warn(
            f"the prompt is too long for the model, which reads {stream.input_ids.shape[1]} tokens; lost: {lost}"
        )


def token_stream(tokenizer: Any, texts: list[str], length: int | None = None) -> TokenStream:
    """The tokens of some texts, padded and truncated to `length` or else the tokenizer's `model_max_length`."""
    texts, length = spelled_out(tokenizer, texts), length or tokenizer.model_max_length
    taken = tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    rows = zip(texts, _is_full(taken), strict=True)
    lost = [_lost_words(tokenizer, text, length) if full else "" for text, full in rows]
    pieces = tuple([_pieces(tokenizer, row) for row in taken.input_ids.tolist()])
    return TokenStream(taken.input_ids, taken.attention_mask, tuple(lost), pieces)


def _pieces(tokenizer: Any, ids: list[int]) -> tuple[str, ...]:
    """What each token stands for; one that is only a part of a character is shown as the vocabulary spells it."""
    different = list(dict.fromkeys(ids))  # Most are padding.
    texts, spelled = tokenizer.batch_decode([[one] for one in different]), tokenizer.convert_ids_to_tokens(different)
    whole = [text if text.strip() and "\ufffd" not in text else "" for text in texts]
    shown = [text.strip() or raw.removesuffix("</w>") for text, raw in zip(whole, spelled, strict=True)]
    pieces = dict(zip(different, shown, strict=True))
    return tuple([pieces[one] for one in ids])


def _is_full(taken: Any) -> list[bool]:
    # A row with padding left cannot have been truncated, so only a full one is tokenized a second time.
    return [bool(row.all()) for row in taken.attention_mask]


def _lost_words(tokenizer: Any, text: str, length: int) -> str:
    all_ids = tokenizer(text, verbose=False).input_ids
    return str(tokenizer.decode(all_ids[length - 1 : -1])).strip()


def text_embeddings(module: Any, input_ids: Tensor, mask: Tensor, clip_skip: int = 0) -> Tensor:
    """The text encoder's last hidden state, or that of an earlier layer through the final layer norm.

    Args:
        module: A CLIPTextModel.
        input_ids: Token numbers, int64 (B, T).
        mask: 1 for tokens of the text, (B, T); only encoders whose configuration asks for it get it.
        clip_skip: Layers to leave out at the end.

    Returns:
        Float (B, T, D), in the encoder's dtype.
    """
    import torch

    layers = module.config.num_hidden_layers
    if clip_skip > layers:
        raise ValueError(f"clip_skip is {clip_skip}; the text encoder has {layers} layers")
    attention = mask.to(module.device) if getattr(module.config, "use_attention_mask", None) else None
    with torch.no_grad():
        if not clip_skip:
            embeddings: Tensor = module(input_ids.to(module.device), attention_mask=attention)[0]
        else:
            states = module(input_ids.to(module.device), attention_mask=attention, output_hidden_states=True)[-1]
            # CLIPTextModel has its layers directly since transformers 5.6 and in `text_model` before.
            inner = getattr(module, "text_model", module)
            embeddings = inner.final_layer_norm(states[-(clip_skip + 1)])
    return embeddings.to(module.dtype)


def repeat_rows(embeddings: Tensor, times: int) -> Tensor:
    """Each row (1, T, D) of the batch `times` times in a row: p0 p0 p1 p1."""
    rows, length, _ = embeddings.shape
    return embeddings.repeat(1, times, 1).view(rows * times, length, -1)
