"""Textual inversion for Stable Diffusion XL: a new token in both of its text encoders, from one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.loading.weights import read_header, refuse_pickle
from latentgraph.nodes.textual_inversion import (
    EmbeddingFile,
    TokenEmbeddings,
    TokenName,
    TokenNames,
    refuse_other_width,
    room_for,
    token_names,
)

FIRST: Final = "clip_l"
"""What the tensor for the first text encoder is called, by everybody who writes such files."""
SECOND: Final = "clip_g"


class WithTokenSdxl(NamedTuple):
    """The parts that know the new token.

    Attributes:
        tokenizer_2: To go on with in place of the one that was given.
        text_encoder_2: To go on with in place of the one that was given.
        tokenizer: To go on with in place of the one that was given; null where none was.
        text_encoder: To go on with in place of the one that was given; null where none was.
    """

    tokenizer_2: Tokenizer
    text_encoder_2: TextEncoder
    tokenizer: Tokenizer | None
    text_encoder: TextEncoder | None


def read_embeddings(path: Path, shown: str) -> Mapping[str, EmbeddingFile]:
    """What the header says: the embeddings for the second text encoder and, in most files, for the first.

    Raises:
        AccessError: It is a pickle, damaged, or no textual inversion for Stable Diffusion XL.
    """
    refuse_pickle(path, shown)
    wanted = "no textual inversion of Stable Diffusion XL"
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is {wanted}", "one is a .safetensors file")
    header = read_header(path, f"{shown!r}")
    if SECOND not in header:
        hint = "load one of Stable Diffusion 1.x or 2.x by load_textual_inversion" if len(header) == 1 else ""
        raise AccessError(f"{shown!r} is {wanted}: it holds no tensor {SECOND!r}", hint)
    embeddings = {}
    for name in (FIRST, SECOND):
        if name in header:
            shape = header[name]["shape"]
            if len(shape) not in (1, 2) or 0 in shape:
                raise AccessError(f"{shown!r} is {wanted}: its tensor {name!r} has the shape {shape}")
            embeddings[name] = EmbeddingFile(path, name, shape[0] if len(shape) == 2 else 1, shape[-1])
    return embeddings


@dataclass(frozen=True, slots=True)
class ReadsEmbeddings:
    """The port names a file with the embeddings of one token for both encoders: `Annotated[str, ReadsEmbeddings()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no textual inversion of Stable Diffusion XL.
        """
        path = access.path(written, given=given)
        read_embeddings(path, written)
        return Resource(str(path), lambda: file_digest(path))


def describe_embeddings(literals: Mapping[str, Any]) -> Described:
    """The family."""
    return dict.fromkeys(WithTokenSdxl._fields, "sdxl")


@node(category="model", describe=describe_embeddings, families=("sdxl",))
def load_textual_inversion_sdxl(
    tokenizer_2: Tokenizer,
    text_encoder_2: TextEncoder,
    embedding: Annotated[str, ReadsEmbeddings()],
    token: TokenName,
    tokenizer: Tokenizer | None = None,
    text_encoder: TextEncoder | None = None,
    *,
    context: RunContext = ALONE,
) -> WithTokenSdxl:
    """Teach the tokenizers and text encoders of Stable Diffusion XL a new token. Put one behind the other for several.

    The parts that are given stay as they are. The token is written once in a prompt, and stands for all its embeddings,
    of which one encoder may have more than the other.

    Args:
        tokenizer_2: Of the second text encoder.
        text_encoder_2: The second one, with embeddings of the width of the file's tensor clip_g, 1280.
        embedding: A .safetensors file with the tensors clip_l and clip_g; a refiner needs the latter alone.
        token: What prompts call it.
        tokenizer: Of the first text encoder; a refiner has none.
        text_encoder: The first one, with embeddings of the width of the file's tensor clip_l, 768.

    Example:
        model = load_sdxl("./sdxl")
        first = {"tokenizer": model.tokenizer, "text_encoder": model.text_encoder}
        parts = load_textual_inversion_sdxl(
            model.tokenizer_2, model.text_encoder_2, "./mine-sdxl.safetensors", "<mine>", **first
        )
    """
    if (tokenizer is None) != (text_encoder is None):
        raise ValueError("the first text encoder and its tokenizer belong together; give both, or neither")
    path = Path(embedding)
    embeddings, content = read_embeddings(path, path.name), file_digest(path)

    def taught(words: Tokenizer, encoder: TextEncoder, name: str) -> tuple[Tokenizer, TextEncoder]:
        file = embeddings.get(name)
        if file is None:
            raise ValueError(
                f"{path.name!r} holds no tensor {name!r} for the first text encoder; name a file with both"
            )
        refuse_other_width(f"the tensor {name!r} of {path.name!r}", file.width, encoder)
        first, end = room_for(token, words, context), int(loaded(words, context).eos_token_id)
        names = TokenNames(token_names(token, file.vectors))
        return words.adapted(names), encoder.adapted(TokenEmbeddings(path, content, name, first, end))

    second = taught(tokenizer_2, text_encoder_2, SECOND)
    if tokenizer is None or text_encoder is None:
        return WithTokenSdxl(*second, None, None)
    return WithTokenSdxl(*second, *taught(tokenizer, text_encoder, FIRST))
