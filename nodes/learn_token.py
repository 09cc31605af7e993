"""Learning a new token from a few pictures (Gal et al. 2022, "An Image is Worth One Word", eq. 2).

Nothing of the model changes. The text encoder is given the token's embeddings where its table has none, the denoiser
is asked about noisy pictures of the thing, and what it gets wrong says which way the embeddings are to move. It is the
method of diffusers' training example `textual_inversion.py`, one node a line of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.handles import Denoiser, TextEncoder, Tokenizer, loaded
from latentgraph.nodes.image import FileName
from latentgraph.nodes.inference import frozen
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.textual_inversion import (
    TokenName,
    TokenNames,
    WithToken,
    add_rows,
    refuse_other_width,
    room_for,
    token_names,
)
from latentgraph.nodes.values import (
    Conditioning,
    Guidance,
    Latents,
    LearnedToken,
    NoisePrediction,
    Timestep,
    TokenGradient,
    Tokens,
)

if TYPE_CHECKING:
    from torch import Tensor

FAMILIES = ("sd1", "sd2")
"""Of one text encoder, whose last hidden state is all that the denoiser is told."""


@node(category="learn", families=FAMILIES)
def start_token(
    tokenizer: Tokenizer,
    text_encoder: TextEncoder,
    token: TokenName,
    initial_word: Annotated[str, Field(min_length=1)],
    vectors: Annotated[int, Field(ge=1, le=64)] = 1,
    *,
    context: RunContext = ALONE,
) -> LearnedToken:
    """Begin a new token as a copy of a word that the model knows.

    Args:
        tokenizer: Of the model.
        text_encoder: Of the model.
        token: What texts will call it, such as <mine>.
        initial_word: The nearest word that the model has; it is a single token.
        vectors: How many embeddings make up the token; more can hold more, and fit the pictures too closely sooner.

    Example:
        model = load_model()
        learned = start_token(model.tokenizer, model.text_encoder, "<mine>", initial_word="circle")
    """
    live = loaded(tokenizer, context)
    numbers = live(initial_word, add_special_tokens=False).input_ids
    if len(numbers) != 1 or numbers[0] == live.unk_token_id != live.eos_token_id:
        raise ValueError(f"initial_word is {initial_word!r}, which is no single token of the model; take another word")
    weight = loaded(text_encoder, context).get_input_embeddings().weight.detach()
    row = weight[numbers].float().cpu().clone()
    return LearnedToken(token, row.repeat(vectors, 1), family=text_encoder.family)


@node(category="learn", families=FAMILIES)
def teach_token(
    tokenizer: Tokenizer, text_encoder: TextEncoder, learned: LearnedToken, *, context: RunContext = ALONE
) -> WithToken:
    """Teach a tokenizer and its text encoder a token as it is by now. The parts that are given stay as they are.

    Args:
        tokenizer: Of the model.
        text_encoder: Of the model.
        learned: The token; its texts are for the tokenizer that comes out here.

    Example:
        model = load_model()
        learned = start_token(model.tokenizer, model.text_encoder, "<mine>", initial_word="circle")
        tokenizer, text_encoder = teach_token(model.tokenizer, model.text_encoder, learned)
        tokens = tokenize(tokenizer, "a <mine>")
    """
    first = room_for(learned.token, tokenizer, context)
    refuse_other_width(f"the token {learned.token!r}", learned.vectors.shape[-1], text_encoder)
    names = token_names(learned.token, len(learned.vectors))
    added = LearnedEmbeddings(learned.token, learned.vectors, first)
    return WithToken(tokenizer.adapted(TokenNames(names)), text_encoder.adapted(added))


@dataclass(frozen=True, eq=False)
class LearnedEmbeddings:
    """Embeddings that no file holds yet, in a text encoder."""

    token: str
    vectors: Tensor
    """Float (N, D)."""
    first: int
    """Number of the first of the tokens."""

    @property
    def digest(self) -> str:
        """Of what it does."""
        return json_digest(["learned", value_digest(self.vectors), self.first])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"learned {self.token}"

    def apply(self, module: Any) -> None:
        """Add them to a text encoder that nobody else has."""
        add_rows(module, self.first, self.vectors)


class Slope(NamedTuple):
    """How wrong the denoiser is, and which way that grows.

    Attributes:
        gradient: Of the loss, with respect to the token's embeddings.
        loss: Mean square of what the prediction is off.
    """

    gradient: TokenGradient
    loss: float


@node(category="learn", settings=("device", "dtype"), families=FAMILIES)
def token_gradient(
    learned: LearnedToken,
    tokens: Tokens,
    tokenizer: Tokenizer,
    text_encoder: TextEncoder,
    denoiser: Denoiser,
    noisy: Latents,
    target: NoisePrediction,
    timestep: Timestep,
    report_every: Annotated[int, Field(ge=1)] = 20,
    *,
    context: RunContext = ALONE,
) -> Slope:
    """Ask the denoiser about noisy pictures of the thing, and tell how the token would make it less wrong.

    Text encoder and denoiser are differentiated through, and neither is changed.

    Args:
        learned: The token as it is by now.
        tokens: Of texts with the token in them: one for each picture, or one for all.
        tokenizer: That teach_token gave, and that cut the texts.
        text_encoder: Of the model.
        denoiser: Of the model.
        noisy: Pictures of the thing as latents with noise in them.
        target: What the denoiser would have to predict.
        timestep: Of this turn.
        report_every: Turns from one report of the loss to the next; 1 reports each.

    Example:
        model = load_model()
        learned = start_token(model.tokenizer, model.text_encoder, "<mine>", initial_word="circle")
        tokenizer = teach_token(model.tokenizer, model.text_encoder, learned).tokenizer
        latents = encode_image_mean(model.vae, load_image("./photo.png"))
        timesteps, state, random = draw_timesteps(model.scheduler, random_state(7), count=1)
        noise, random = draw_noise_like(latents, random)
        pair = add_noise(latents, noise, timesteps[0], state), prediction_target(latents, noise, timesteps[0], state)
        parts = tokenize(tokenizer, "a <mine>"), tokenizer, model.text_encoder, model.denoiser
        gradient, loss = token_gradient(learned, *parts, *pair, timesteps[0])
    """
    import torch.nn.functional as F

    numbers = numbers_of(learned, loaded(tokenizer, context))
    encoder, unet = loaded(text_encoder, context), loaded(denoiser, context)

    def off(vectors: Tensor) -> Tensor:
        embeddings = text_states(encoder, tokens, numbers, vectors, len(noisy.samples))
        told = Guidance(Conditioning(embeddings), None, 1.0, 0.0, embeddings)
        said, _ = predictions(unet, noisy.samples, timestep, told, context)
        return F.mse_loss(said.float(), target.samples.float())

    with frozen(encoder, unet):
        gradient, loss = slope_of(off, learned.vectors)
    if timestep.index % report_every == 0:
        context.observe({"step": timestep.index + 1, "timestep": timestep.value.item(), "loss": loss})
    return Slope(TokenGradient(gradient, learned.family), loss)


def slope_of(loss: Callable[[Tensor], Tensor], vectors: Tensor) -> tuple[Tensor, float]:
    """How a loss grows with some vectors, a tensor of their shape, and the loss itself.

    Raises:
        ValueError: It grows beyond what numbers can say.
    """
    import torch

    with torch.enable_grad():
        moved = vectors.clone().requires_grad_()
        value = loss(moved)
        (gradient,) = torch.autograd.grad(value, moved)
    if not bool(gradient.isfinite().all()):
        raise ValueError("the loss has no finite gradient; learn in a greater precision, such as --dtype float32")
    return gradient, value.item()


def numbers_of(learned: LearnedToken, tokenizer: Any) -> Tensor:
    """Which rows of the text encoder's table the embeddings of a token are, int64 (N,)."""
    import torch

    vocabulary = tokenizer.get_vocab()
    names = token_names(learned.token, len(learned.vectors))
    if missing := [name for name in names if name not in vocabulary]:
        raise ValueError(f"the tokenizer knows no token {missing[0]!r}; take the one that teach_token gives")
    return torch.tensor([vocabulary[name] for name in names])


def text_states(module: Any, tokens: Tokens, numbers: Tensor, vectors: Tensor, rows: int) -> Tensor:
    """What a text encoder makes of texts in which some tokens have embeddings of their own.

    Args:
        module: A CLIPTextModel.
        tokens: Of one text, or of `rows` texts.
        numbers: Of the tokens, (N,).
        vectors: Their embeddings, (N, D).
        rows: How many are wanted; a single text is repeated.

    Returns:
        (rows, T, D), differentiable with respect to `vectors`.
    """
    import torch
    import torch.nn.functional as F

    stream = tokens.streams[0]
    if not bool(torch.isin(stream.input_ids, numbers).any(dim=1).all()):
        raise ValueError("a text has not the token to be learned in it; write it into each of them")
    if len(stream.input_ids) not in (1, rows):
        raise ValueError(f"{len(stream.input_ids)} texts meet {rows} pictures; give one for each, or a single one")
    weight = module.get_input_embeddings().weight
    name = next(name for name, parameter in module.named_parameters() if parameter is weight)
    longer = F.pad(weight.detach(), (0, 0, 0, max(0, int(numbers.max()) + 1 - len(weight))))
    table = longer.index_copy(0, numbers.to(longer.device), vectors.to(longer))
    attention = stream.mask.to(module.device) if getattr(module.config, "use_attention_mask", None) else None
    given = {"input_ids": stream.input_ids.to(module.device), "attention_mask": attention}
    states: Tensor = torch.func.functional_call(module, {name: table}, kwargs=given)[0]
    return states.expand(rows, -1, -1) if len(states) == 1 else states


@node(category="learn")
def adam_step(
    learned: LearnedToken,
    gradient: TokenGradient,
    learning_rate: Annotated[float, Field(ge=0)] = 0.01,
    weight_decay: Annotated[float, Field(ge=0)] = 0.01,
) -> LearnedToken:
    """Move the embeddings of a token down the slope of the loss (AdamW, Loshchilov & Hutter 2019, algorithm 2).

    Args:
        learned: The token as it is by now.
        gradient: From token_gradient.
        learning_rate: How far a step goes; 0 leaves the token as it was begun.
        weight_decay: Share of the learning rate by which each step draws the embeddings towards zero.

    Example:
        from latentgraph.nodes.values import TokenGradient

        model = load_model()
        learned = start_token(model.tokenizer, model.text_encoder, "<mine>", initial_word="circle")
        moved = adam_step(learned, TokenGradient(learned.vectors, learned.family), learning_rate=0.01)
        assert moved.steps == 1
    """
    import torch

    vectors = learned.vectors.clone().requires_grad_()
    vectors.grad = gradient.vectors.to(vectors)
    optimizer = torch.optim.AdamW([vectors], lr=learning_rate, weight_decay=weight_decay)
    remembered = optimizer.state[vectors]
    if learned.moments is not None:
        mean, square = (one.clone() for one in learned.moments)
        remembered.update(step=torch.tensor(float(learned.steps)), exp_avg=mean, exp_avg_sq=square)
    optimizer.step()
    moments = (remembered["exp_avg"], remembered["exp_avg_sq"])
    return replace(learned, vectors=vectors.detach(), moments=moments, steps=learned.steps + 1)


@node(category="learn", effect=True)
def save_token(learned: LearnedToken, name: FileName = "token", *, context: RunContext = ALONE) -> LearnedToken:
    """Save a token as a textual inversion, for load_textual_inversion here and in diffusers, and hand it on.

    Args:
        learned: Its embeddings become the one tensor of a safetensors file, by the name of the token.
        name: Beginning of the file's name; a number and .safetensors follow.

    Example:
        model = load_model()
        learned = start_token(model.tokenizer, model.text_encoder, "<mine>", initial_word="circle")
        learned = save_token(learned, "mine")  # in a run: mine-1.safetensors
    """
    context.save(learned, name)
    return learned
