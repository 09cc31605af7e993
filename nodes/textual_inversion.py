"""Textual inversion: new tokens whose embeddings were learned from pictures (Gal et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.lora_file import WIDTHS
from latentgraph.nodes.loading.weights import read_header, refuse_pickle

if TYPE_CHECKING:
    from torch import Tensor

UNNAMED = "emb_params"
"""What the tensor is called in files that do not tell the token."""

TokenName = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
"""What texts call a token: no blanks, so that it is one word."""


class WithToken(NamedTuple):
    """The parts that know the new token.

    Attributes:
        tokenizer: To go on with in place of the one that was given.
        text_encoder: To go on with in place of the one that was given.
    """

    tokenizer: Tokenizer
    text_encoder: TextEncoder


@dataclass(frozen=True)
class EmbeddingFile:
    """A file with the embeddings of one token."""

    path: Path
    name: str
    """Of its tensor: the token, or UNNAMED."""
    vectors: int
    """How many embeddings make up the token."""
    width: int
    """Of each."""


@dataclass(frozen=True)
class TokenNames:
    """New tokens in a tokenizer."""

    tokens: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Of what it does."""
        return json_digest(["tokens", *self.tokens])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"token {self.tokens[0]}"

    def apply(self, module: Any) -> None:
        """Add them to a tokenizer that nobody else has."""
        module.add_tokens(list(self.tokens))


@dataclass(frozen=True)
class TokenEmbeddings:
    """The embeddings of new tokens in a text encoder."""

    path: Path
    content: str
    """Digest of the file."""
    name: str
    """Of the tensor in it."""
    first: int
    """Number of the first of the tokens."""
    end: int | None = None
    """Number of the token that ends a text, for an encoder that sums the text up there."""

    @property
    def digest(self) -> str:
        """Of what it does."""
        end = [] if self.end is None else [self.end]
        return json_digest(["embeddings", self.content, self.name, self.first, *end])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"embedding {self.path.name}"

    def apply(self, module: Any) -> None:
        """Add them to a text encoder that nobody else has."""
        from safetensors import safe_open

        with safe_open(str(self.path), framework="pt") as file:
            vectors = file.get_tensor(self.name)
        add_rows(module, self.first, vectors.reshape(-1, vectors.shape[-1]))
        if self.end is not None:
            # Old configurations say 2, and transformers then takes the highest number for the end: that of a new token.
            for one in module.modules():
                if hasattr(one, "eos_token_id"):
                    one.eos_token_id = self.end


def add_rows(module: Any, first: int, rows: Tensor) -> None:
    """Write embeddings (N, D) into the table of a text encoder from row `first` on, which is made longer for them."""
    import torch

    with torch.random.fork_rng():  # What new rows begin as is drawn from the generator of the process.
        module.resize_token_embeddings(first + len(rows), mean_resizing=False)
    weight = module.get_input_embeddings().weight
    weight.data[first : first + len(rows)] = rows.to(weight)


def read_embedding(path: Path, shown: str) -> EmbeddingFile:
    """What the header says.

    Raises:
        AccessError: It is a pickle, damaged, or no embedding of one token.
    """
    refuse_pickle(path, shown)
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is no textual inversion", "one is a .safetensors file")
    header = read_header(path, f"{shown!r}")
    if len(header) != 1:
        what = f"{len(header)} tensors where the embedding of one token is wanted"
        raise AccessError(f"{shown!r} is no textual inversion: it holds {what}", "name a file with a single token")
    ((name, entry),) = header.items()
    shape = entry["shape"]
    if len(shape) not in (1, 2) or 0 in shape:
        raise AccessError(f"{shown!r} is no textual inversion: its tensor has the shape {shape}")
    return EmbeddingFile(path, name, shape[0] if len(shape) == 2 else 1, shape[-1])


@dataclass(frozen=True, slots=True)
class ReadsEmbedding:
    """The port names a file with a textual inversion: `Annotated[str, ReadsEmbedding()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no textual inversion.
        """
        path = access.path(written, given=given)
        read_embedding(path, written)
        return Resource(str(path), lambda: file_digest(path))


def describe_embedding(literals: Mapping[str, Any]) -> Described:
    """The family that the file is for, from its width.

    Raises:
        AccessError: It is no textual inversion.
    """
    path = literals.get("embedding")
    family = WIDTHS.get(read_embedding(Path(path), path).width, "") if isinstance(path, str) else ""
    return {"tokenizer": family, "text_encoder": family} if family else {}


@node(category="model", describe=describe_embedding)
def load_textual_inversion(
    tokenizer: Tokenizer,
    text_encoder: TextEncoder,
    embedding: Annotated[str, ReadsEmbedding()],
    token: TokenName | None = None,
    *,
    context: RunContext = ALONE,
) -> WithToken:
    """Teach a tokenizer and its text encoder a new token. Put one behind the other for several.

    The parts that are given stay as they are. A token of several embeddings is written once in a prompt, and stands
    for all of them.

    Args:
        tokenizer: Of the model.
        text_encoder: Of the model, with embeddings of the file's width.
        embedding: A .safetensors file with the embeddings of one token.
        token: What prompts call it; null: as the file calls it.

    Example:
        model = load_model()
        tokenizer, text_encoder = load_textual_inversion(model.tokenizer, model.text_encoder, "./mine.safetensors")
        tokens = tokenize(tokenizer, "a <mine> on a green background")
    """
    file = read_embedding(Path(embedding), Path(embedding).name)
    if token is None and file.name == UNNAMED:
        raise ValueError(f"{file.path.name!r} does not say what its token is called; give it a token")
    called = token or file.name
    first = room_for(called, tokenizer, context)
    refuse_other_width(repr(file.path.name), file.width, text_encoder)
    added = TokenEmbeddings(file.path, file_digest(file.path), file.name, first)
    return WithToken(tokenizer.adapted(TokenNames(token_names(called, file.vectors))), text_encoder.adapted(added))


def token_names(token: str, count: int) -> tuple[str, ...]:
    """What a tokenizer calls the embeddings of a token: the token itself, and `<token>_1` and so on for the others."""
    return (token, *(f"{token}_{index}" for index in range(1, count)))


def room_for(token: str, tokenizer: Tokenizer, context: RunContext) -> int:
    """The number that a new token gets.

    Raises:
        ValueError: The tokenizer knows one of that name.
    """
    live = loaded(tokenizer, context)
    if token in live.get_vocab():
        raise ValueError(f"the tokenizer knows a token {token!r} already; call the new one otherwise")
    return len(live)


def refuse_other_width(what: str, width: int, text_encoder: TextEncoder) -> None:
    """Hold that the embeddings of `what` are as wide as those of the text encoder.

    Raises:
        ValueError: They are not.
    """
    wanted = text_encoder.config.get("hidden_size")
    if wanted is not None and wanted != width:
        raise ValueError(
            f"{what} holds embeddings of {width} numbers, those of the text encoder have {wanted}: "
            "it was made for another model"
        )


def spelled_out(tokenizer: Any, texts: list[str]) -> list[str]:
    """Texts in which a token of several embeddings is followed by the others, as diffusers writes them."""
    known = tokenizer.added_tokens_encoder
    if not any(f"{token}_1" in known for token in known):
        return texts
    from diffusers import loaders

    library: Any = loaders  # Untyped.
    written: list[str] = library.TextualInversionLoaderMixin().maybe_convert_prompt(texts, tokenizer)
    return written
