"""Tokenizer and text encoder, taught to read captions before any picture is made.

The encoder learns to say, from its end-of-text state, every attribute that the caption names. The
UNet then starts from clean conditioning instead of finding words and pictures out at once.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentgraph.nodes.training.captions import EMPTY, HEADS, Caption, attributes, caption
from latentgraph.nodes.training.checkpoints import Training, device, half_precision, learning_rate
from latentgraph.nodes.training.world import training_spec

LENGTH = 77
"""Tokens a prompt is padded or cut to, as in every Stable Diffusion."""
WIDTH = 96
START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer() -> Any:
    """A CLIP tokenizer whose merges make one token of each word of the grammar; any text still splits.

    The merges were learnt from the grammar's words and are kept in `merges.txt`: the learner breaks
    ties by chance, and a token's number must never change under trained weights. A new word is added
    by merges at the end of the file.
    """
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    lines = (Path(__file__).parent / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    merges: Any = [tuple(line.split(" ")) for line in lines]
    letters = sorted(ByteLevel.alphabet())
    entries = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    vocab = {entry: i for i, entry in enumerate([*dict.fromkeys(entries), START, END])}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=LENGTH)


def new_text_encoder(tokenizer: Any) -> Any:
    """An untrained CLIP text model of 96 channels and 3 layers."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


class Reader(nn.Module):
    """The text encoder with one linear head for each attribute of `HEADS`."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleList(nn.Linear(WIDTH, len(classes)) for classes in HEADS.values())

    def loss(self, tokens: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy over the heads, and the share of captions read without a mistake.

        The heads read the end-of-text state and the state of one later padding token: the UNet's
        attention sees the padding too, and there it should find the whole caption as well.

        Args:
            tokens: (B, T), said: classes of the attributes, (B, heads).
        """
        states = self.encoder(tokens).last_hidden_state.float()  # (B, T, WIDTH)
        rows = torch.arange(len(tokens), device=tokens.device)
        end = (tokens == tokens[0, -1]).int().argmax(dim=1)
        later = end + (torch.rand(len(tokens), device=tokens.device) * (tokens.shape[1] - end)).long()
        losses, right = [], torch.ones_like(rows, dtype=torch.bool)
        for head, classes in zip(self.heads, said.T, strict=True):
            logits = head(states[rows, end])
            losses.append(functional.cross_entropy(logits, classes))
            losses.append(functional.cross_entropy(head(states[rows, later]), classes))
            right &= logits.argmax(dim=1) == classes
        return torch.stack(losses).mean(), right.float().mean()


def _with_an_unknown_word(text: str, rng: random.Random) -> str:
    """Put a word that means nothing somewhere: a prompt with unknown words should still be read."""
    word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8)))
    words = text.split(" ")
    words.insert(rng.randint(0, len(words)), word)
    return " ".join(words)


def _batch(size: int, rng: random.Random) -> list[Caption]:
    return [EMPTY if rng.random() < 0.05 else caption(training_spec(rng), rng) for _ in range(size)]


def tokenize(tokenizer: Any, texts: list[str], length: int = LENGTH) -> Tensor:
    """Token ids, int64 (B, length)."""
    ids = tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
    return torch.as_tensor(ids).to(device())


def train_text(path: Path, steps: int, *, batch: int = 128, peak: float = 1.5e-3, seed: int = 0) -> Training:
    """Train the reader from the checkpoint at `path`, or from the start, up to `steps` steps."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    run = Training.start(Reader(new_text_encoder(tokenizer)), seed=seed)
    if path.exists():
        run.load(path)
    began, first = time.perf_counter(), run.step
    while run.step < steps:
        captions = _batch(batch, run.rng)
        texts = [c.text if run.rng.random() < 0.85 else _with_an_unknown_word(c.text, run.rng) for c in captions]
        # The encoder is causal: short batches teach the words, long ones the padding, at a third of the cost.
        length = LENGTH if run.rng.random() < 0.2 else 32
        said = torch.tensor([attributes(c.said) for c in captions], device=device())
        with half_precision():
            loss, right = run.model.loss(tokenize(tokenizer, texts, length), said)
        run.update(loss, learning_rate(run.step, steps, peak), keep=0.998)
        if run.step % 100 == 0:
            pace = (time.perf_counter() - began) / (run.step - first)
            print(
                f"text {run.step}/{steps} loss {loss.item():.4f} right {right.item():.3f} {pace:.3f} s a step",
                flush=True,
            )
        if run.step % 500 == 0 or run.step == steps:
            run.save(path)
    return run
