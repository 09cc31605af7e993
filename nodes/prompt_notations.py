"""How a prompt is read: which words weigh how much, and where it is cut into what a text encoder reads at once.

`automatic1111` is the notation of the web UI of that name (`prompt_weights`). In that of `comfyui` `(word)` weighs 1.1
times as much and `(word:1.3)` weighs 1.3, whatever the brackets around it say; square brackets and BREAK are text. Its
chunks are filled word by word, and a word of fewer than 8 tokens is not cut. `plain` has words alone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from latentgraph.nodes.prompt_weights import UP, WeightedText, parse_weights
from latentgraph.nodes.textual_inversion import spelled_out

Notation = Literal["automatic1111", "comfyui", "plain"]
LONG_WORD: Final = 8
"""Tokens from which on ComfyUI cuts a word at the end of a chunk."""
_ESCAPED: Final = {"\\(": "\x00", "\\)": "\x01"}
"""What stands for an escaped bracket while brackets are looked for."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """As many tokens as the text encoder reads at once, or fewer."""

    ids: tuple[int, ...]
    """Without the marks of beginning and end, 75 at most in Stable Diffusion."""
    weights: tuple[float, ...]
    """One for each token."""


EMPTY: Final = Chunk((), ())


def chunks_of(tokenizer: Any, text: str, notation: Notation = "automatic1111") -> list[Chunk]:
    """A prompt in chunks of at most `model_max_length` - 2 tokens; at least one."""
    room = tokenizer.model_max_length - 2
    if notation == "comfyui":
        return filled(words_of(tokenizer, parse_comfyui(text)), room)
    parts = parse_weights(text) if notation == "automatic1111" else [[WeightedText(text)]]
    chunks = []
    for part in parts:
        tokens = [pair for piece in part for pair in _tokens(tokenizer, piece.text, piece.weight)]
        starts = range(0, max(len(tokens), 1), room)
        chunks += [_chunk(tokens[at : at + room]) for at in starts]
    return chunks


def parse_comfyui(prompt: str) -> list[WeightedText]:
    """The pieces of a prompt in ComfyUI's notation, each of one weight.

    A bracket that nobody closes, and one that nobody opened, is text. Round brackets multiply by 1.1; with a number
    behind a colon they set the weight to it.
    """
    for escaped, mark in _ESCAPED.items():
        prompt = prompt.replace(escaped, mark)
    pieces: list[WeightedText] = []
    waiting = [(prompt, 1.0)]
    while waiting:
        text, weight = waiting.pop()
        if len(text) > 1 and text[0] == "(" and text[-1] == ")" and _is_one(text):
            inside, told = _weighted(text[1:-1], weight * UP)
            waiting += [(part, told) for part in reversed(_outermost(inside))]
        elif len(parts := _outermost(text)) > 1:
            waiting += [(part, weight) for part in reversed(parts)]
        else:
            for escaped, mark in _ESCAPED.items():
                text = text.replace(mark, escaped[1])
            pieces.append(WeightedText(text, weight))
    return pieces


def _outermost(text: str) -> list[str]:
    """A text cut before each outermost bracket that opens, and behind the one that closes it."""
    parts, begin, depth = [], 0, 0
    for found in re.finditer(r"[()]", text):
        at = found.start()
        if found[0] == "(":
            if depth == 0:
                parts.append(text[begin:at])
                begin = at
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                parts.append(text[begin : at + 1])
                begin = at + 1
    return [part for part in [*parts, text[begin:]] if part]


def _is_one(text: str) -> bool:
    """Whether a text is a single part between its first and last bracket."""
    return len(_outermost(text)) == 1


def _weighted(inside: str, weight: float) -> tuple[str, float]:
    """What stands between brackets without its number, and the weight: the number's, or that of brackets without."""
    text, colon, number = inside.rpartition(":")
    if colon and text:
        try:
            told = float(number)
        except ValueError:
            return inside, weight
        if math.isfinite(told):
            return text, told
    return inside, weight


def words_of(tokenizer: Any, pieces: list[WeightedText]) -> list[list[tuple[int, float]]]:
    """The tokens of each word with their weights."""
    return [
        _tokens(tokenizer, word, piece.weight)
        for piece in pieces
        for word in piece.text.replace("\n", " ").split(" ")
        if word
    ]


def filled(words: list[list[tuple[int, float]]], room: int) -> list[Chunk]:
    """Words laid one behind the other into chunks; one that does not fit begins the next, if it is not a long one."""
    chunks: list[list[tuple[int, float]]] = [[]]
    for word in words:
        left = word
        while len(left) > room - len(chunks[-1]):
            if len(word) >= LONG_WORD:
                fits = room - len(chunks[-1])
                chunks[-1] += left[:fits]
                left = left[fits:]
            chunks.append([])
        chunks[-1] += left
    return [_chunk(tokens) for tokens in chunks]


def _chunk(tokens: list[tuple[int, float]]) -> Chunk:
    return Chunk(tuple([one for one, _ in tokens]), tuple([weight for _, weight in tokens]))


def _tokens(tokenizer: Any, text: str, weight: float) -> list[tuple[int, float]]:
    spelled = spelled_out(tokenizer, [text])[0]
    return [(one, weight) for one in tokenizer(spelled, add_special_tokens=False, verbose=False).input_ids]
