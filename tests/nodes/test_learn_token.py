"""Learning a token: the steps are those of a plain training loop, and what comes out can be drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from safetensors.torch import load_file
from tests.nodes.parity_pictures import document
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_families import build_tiny_sdxl
from torch import Tensor

from latentgraph.graph.check import check
from latentgraph.graph.context import RunContext
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.errors import NodeFailedError, RunCancelledError
from latentgraph.graph.events import Event, Observed
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import (
    adam_step,
    add_noise,
    draw_noise_like,
    draw_timesteps,
    encode_image,
    load_images,
    load_model,
    prediction_target,
    random_state,
    start_token,
    teach_token,
    token_gradient,
    tokenize_texts,
)
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.load import Model
from latentgraph.nodes.training.blobs import blobs
from latentgraph.nodes.values import Latents, LearnedToken, Timestep

FOLDER = Path(str(files("latentgraph.workflows")))
PICTURES = FOLDER / "pictures" / "purple_triangles"
TEXTS = [f"a <mine> on a {colour} background" for colour in ("black", "gray", "white", "yellow")]
SHORT = 20
"""Turns in which the token is well on its way."""


def held_out_loss(model: Model, learned: LearnedToken, clean: Latents) -> float:
    """Mean loss over noise levels from end to end, with noise that no turn of learning draws."""
    taught = teach_token(model.tokenizer, model.text_encoder, learned)
    tokens = tokenize_texts(taught.tokenizer, TEXTS)
    drawn = draw_timesteps(model.scheduler, random_state(99), 1)
    random, losses = drawn.random, []
    for level in range(100, 1000, 100):
        timestep = Timestep(torch.tensor(level), level)
        noise, random = draw_noise_like(clean, random)
        noisy = add_noise(clean, noise, timestep, drawn.state)
        target = prediction_target(clean, noise, timestep, drawn.state)
        losses.append(
            token_gradient(
                learned, tokens, taught.tokenizer, model.text_encoder, model.denoiser, noisy, target, timestep
            ).loss
        )
    return sum(losses) / len(losses)


def run(engine: Engine, **given: Any) -> dict[str, Any]:
    """What the shipped workflow gives."""
    ran = engine.run(read_document(FOLDER / "learn_token.json"), given, settings={"device": "cpu"})
    return dict(ran.result().values)


def drawn_things(image: Any) -> list[tuple[str, str | None]]:
    """Colour and shape of what stands out in a picture of the shipped model."""
    pixels = (image.samples[0].permute(1, 2, 0) * 255).round().byte().numpy()
    return [(one.colour, one.shape) for one in blobs(np.ascontiguousarray(pixels))]


def test_a_few_turns_make_the_denoiser_less_wrong_on_noise_that_it_did_not_see(engine: Engine) -> None:
    values = run(engine, learning_steps=SHORT, learning_rate=0.02, num_inference_steps=1)
    learned, model = values["token"], load_model()
    assert learned.steps == SHORT == len(values["losses"])
    begun = start_token(model.tokenizer, model.text_encoder, "<mine>", "shape")
    clean = encode_image(model.vae, load_images(str(PICTURES)), random_state(5)).latents
    before, after = (held_out_loss(model, one, clean) for one in (begun, learned))
    assert after < 0.95 * before


@pytest.mark.exhaustive
def test_the_lesson_teaches_a_thing_that_the_model_was_never_shown(engine: Engine, tmp_path: Path) -> None:
    for prompt in ("a <mine> on a green background", "a small <mine> on a green background, on the left"):
        for seed in (7, 3, 1):
            shown = [drawn_things(run(engine, prompt=prompt, seed=seed, learning_steps=steps)["image"])
                     for steps in (0, 200)]  # fmt: skip
            assert shown[0] != [("purple", "triangle")]
            assert shown[1] == [("purple", "triangle")]


@pytest.mark.parametrize("vectors", [1, 2])
def test_the_saved_token_gives_the_same_picture_here_and_in_diffusers(
    vectors: int, engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    given = {"model": str(tiny_folder), "pictures": str(PICTURES), "texts": "a <mine> on a black background",
             "initial_word": "circle", "vectors": vectors, "learning_steps": 3, "num_inference_steps": 4,
             "guidance_scale": 7.5, "seed": 3}  # fmt: skip
    source = read_document(FOLDER / "learn_token.json")
    learned = engine.run(source, given, out=tmp_path, settings={"device": "cpu"}).result()
    path = tmp_path / "token-1.safetensors"
    assert torch.equal(load_file(path)["<mine>"], learned.values["token"].vectors)
    prompt = "a <mine> on a green background"
    again = {"model": str(tiny_folder), "embedding": str(path), "prompt": prompt, "seed": 3,
             "num_inference_steps": 4, "guidance_scale": 7.5}  # fmt: skip
    here = engine.run(document("textual_inversion", "PNDM"), again, settings={"device": "cpu"}).result()
    pipe = load_pipeline(tiny_folder)
    pipe.set_progress_bar_config(disable=True)
    pipe.load_textual_inversion(str(path))
    generator = torch.Generator("cpu").manual_seed(3)
    latents = pipe(prompt, num_inference_steps=4, generator=generator, output_type="latent").images
    assert latents.std() > 0
    assert torch.equal(here.values["latents"].samples, latents)
    drawn = engine.run(source, given | {"prompt": prompt}, settings={"device": "cpu"}, until="denoise").result()
    assert torch.equal(drawn.values["denoise.latents"].samples, latents)


@cache
def tiny_latents() -> Latents:
    """Two clean pictures for the tiny model."""
    return Latents(torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(4)), 16, 16)


def learned_here(model: Model, steps: int, vectors: int, seed: int = 2) -> LearnedToken:
    """A token that the nodes taught, one after the other as in the loop."""
    learned = start_token(model.tokenizer, model.text_encoder, "<it>", "cat", vectors)
    taught = teach_token(model.tokenizer, model.text_encoder, learned)
    tokens, clean = tokenize_texts(taught.tokenizer, ["a <it>", "a red <it> on a <it>"]), tiny_latents()
    timesteps, state, random = draw_timesteps(model.scheduler, random_state(seed), steps)
    for timestep in timesteps:
        noise, random = draw_noise_like(clean, random)
        noisy = add_noise(clean, noise, timestep, state)
        target = prediction_target(clean, noise, timestep, state)
        gradient, _ = token_gradient(
            learned, tokens, taught.tokenizer, model.text_encoder, model.denoiser, noisy, target, timestep
        )
        learned = adam_step(learned, gradient, 0.005)
    return learned


def learned_plainly(folder: Path, steps: int, vectors: int, prediction: str, seed: int = 2) -> Tensor:
    """The same by a training loop as one would write it, over the whole table of a text encoder of its own."""
    import diffusers
    import torch.nn.functional as F

    library: Any = diffusers  # Untyped.
    pipe = load_pipeline(folder)
    names = ["<it>", "<it>_1"][:vectors]
    pipe.tokenizer.add_tokens(names)
    pipe.text_encoder.resize_token_embeddings(len(pipe.tokenizer), mean_resizing=False)
    numbers = pipe.tokenizer.convert_tokens_to_ids(names)
    table = pipe.text_encoder.get_input_embeddings().weight
    table.data[numbers] = table.data[pipe.tokenizer.convert_tokens_to_ids("cat</w>")].clone()
    kept = table.data.clone()
    levels = library.DDPMScheduler.from_config(pipe.scheduler.config, prediction_type=prediction)
    optimizer = torch.optim.AdamW([table], lr=0.005)
    clean, generator = tiny_latents().samples, torch.Generator().manual_seed(seed)
    written = " ".join(names)
    ids = pipe.tokenizer([f"a {written}", f"a red {written} on a {written}"], padding="max_length", max_length=77,
                         return_tensors="pt").input_ids  # fmt: skip
    for timestep in torch.randint(0, 1000, (steps,), generator=generator):
        noise = torch.randn(clean.shape, generator=generator)
        both = timestep.repeat(2)
        noisy = levels.add_noise(clean, noise, both)
        said = pipe.unet(noisy, timestep, pipe.text_encoder(ids)[0]).sample
        right = noise if prediction == "epsilon" else levels.get_velocity(clean, noise, both)
        loss: Any = F.mse_loss(said, right)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        others = [row for row in range(len(table)) if row not in numbers]
        table.data[others] = kept[others]
    learned: Tensor = table.data[numbers]
    return learned


@pytest.mark.parametrize(("prediction", "vectors"), [("epsilon", 1), ("v_prediction", 2)])
def test_the_steps_are_those_of_a_plain_training_loop(prediction: str, vectors: int, tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder))
    options = {**model.scheduler.config, "prediction_type": prediction}
    taught = model._replace(scheduler=replace(model.scheduler, config=options))
    learned = learned_here(taught, 5, vectors)
    plain = learned_plainly(tiny_folder, 5, vectors, prediction)
    start = start_token(model.tokenizer, model.text_encoder, "<it>", "cat", vectors).vectors
    assert (learned.vectors - start).abs().min() > 0
    # A sum over the rows of a table that a token occurs in is taken in another order than one over the copies alone.
    torch.testing.assert_close(learned.vectors, plain, rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_model_in_half_precision_gives_nearly_the_same_gradient(dtype: str) -> None:
    model, clean = load_model(), Latents(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(4)), 32, 32)
    begun = start_token(model.tokenizer, model.text_encoder, "<it>", "shape")
    taught = teach_token(model.tokenizer, model.text_encoder, begun)
    tokens = tokenize_texts(taught.tokenizer, ["a <it>"])
    timesteps, state, random = draw_timesteps(model.scheduler, random_state(1), 1)
    noise, _ = draw_noise_like(clean, random)
    noisy, right = add_noise(clean, noise, timesteps[0], state), prediction_target(clean, noise, timesteps[0], state)

    def gradient(precision: str) -> Tensor:
        place = RunContext(settings={"device": "cpu", "dtype": precision})
        there = getattr(torch, precision)
        return token_gradient(
            begun, tokens, taught.tokenizer, model.text_encoder, model.denoiser,
            replace(noisy, samples=noisy.samples.to(there)), replace(right, samples=right.samples.to(there)),
            timesteps[0], context=place,
        ).gradient.vectors  # fmt: skip

    half, full = gradient(dtype), gradient("float32")
    assert half.dtype == torch.float32
    assert not torch.equal(half, full)
    # Eleven bits of each number in float16, eight in bfloat16: the direction is what the step goes by.
    assert torch.cosine_similarity(half, full) > 0.999


def test_equal_seeds_learn_equal_tokens_and_the_model_stays_as_it_was(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder))
    parts = [loaded(part) for part in (model.text_encoder, model.denoiser)]
    before = [tensor.clone() for part in parts for tensor in part.state_dict().values()]
    first, again, other = (learned_here(model, 3, 1, seed) for seed in (2, 2, 8))
    assert torch.equal(first.vectors, again.vectors)
    assert not torch.equal(first.vectors, other.vectors)
    after = [tensor for part in parts for tensor in part.state_dict().values()]
    assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))
    assert all(parameter.grad is None for part in parts for parameter in part.parameters())


def test_learning_tells_how_far_it_is_and_stops_when_it_is_told_to(
    engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    PIL.Image.new("RGB", (16, 16), "red").save(tmp_path / "one.png")
    given = {"model": str(tiny_folder), "pictures": str(tmp_path), "texts": "a <mine>", "initial_word": "cat",
             "learning_steps": 400, "learning_seed": 77}  # fmt: skip
    ran = engine.run(read_document(FOLDER / "learn_token.json"), given, settings={"device": "cpu"})
    seen: list[Observed] = []

    def stop_at_the_second(event: Event) -> None:
        if isinstance(event, Observed):
            seen.append(event)
            if len(seen) == 2:
                ran.cancel()

    with pytest.raises(RunCancelledError):
        ran.result(stop_at_the_second)
    assert [event.values["step"] for event in seen[:2]] == [1, 21]
    assert all(0 < event.values["loss"] < 10 for event in seen)
    assert len(seen) < 10


def test_what_cannot_be_learned_is_told(engine: Engine, tiny_folder: Path) -> None:
    def fail(**values: Any) -> str:
        given = {"model": str(tiny_folder), "texts": "a <mine>", "initial_word": "cat", "learning_steps": 1}
        with pytest.raises(NodeFailedError) as failed:
            run(engine, **given | values)
        return str(failed.value)

    assert "initial_word is 'red cat', which is no single token of the model" in fail(initial_word="red cat")
    assert "knows a token 'cat</w>' already; call the new one otherwise" in fail(token="cat</w>")
    assert "a text has not the token to be learned in it" in fail(texts="a cat")
    assert "2 texts meet 4 pictures; give one for each, or a single one" in fail(texts="a <mine>\n<mine>")


def test_a_token_is_learned_for_models_of_one_text_encoder(tmp_path: Path) -> None:
    build_tiny_sdxl(tmp_path / "xl")
    content = json.loads((FOLDER / "learn_token.json").read_text("utf-8"))
    content["nodes"]["model"]["type"] = "load_sdxl"
    content["nodes"]["images"]["inputs"]["folder"] = str(PICTURES)
    document = parse_document(json.dumps(content).encode(), "other.json")
    found = check(document, Registry.load(), {"model": str(tmp_path / "xl"), "pictures": str(PICTURES)}).errors
    assert (
        "E109",
        "begun",
        "tokenizer",
        "'model.tokenizer' is of family sdxl, and 'start_token' is for sd1 or sd2",
    ) in [(one.code, one.node, one.port, one.message) for one in found]
