"""Workflows that are right, in all the ways in which one may write them."""

from typing import Literal, NamedTuple

from latentgraph import nodes
from latentgraph.graph.python import Flow, named, subworkflow, workflow
from latentgraph.nodes.load import Model
from latentgraph.nodes.values import Conditioning, Image, Latents


class Picture(NamedTuple):
    """What the file gives."""

    image: Image
    flags: list[bool]


@subworkflow("./picture.json")
def picture(prompt: str = "a star", *, seed: int = 7) -> Picture:
    raise NotImplementedError


def conditioning(model: Model, text: str) -> Conditioning:
    """A function is a way to say several nodes."""
    tokens = nodes.tokenize(model.tokenizer, text)
    return nodes.encode(model.text_encoder, tokens)


def text_to_image() -> Flow:
    with workflow(description="Text to image.", schema="./workflow.schema.json") as flow:
        prompt = flow.string("prompt", "a star", description="What to show.")
        style: Literal["black", "blur", "flag"] = flow.string("style", "blur", choices=["black", "blur", "flag"])
        height = flow.integer("height", None, minimum=8, multiple_of=8)
        scale = flow.number("guidance_scale", 5, minimum=0)
        model = nodes.load_model()
        positive, negative = conditioning(model, prompt), conditioning(model, "")
        guidance = nodes.guidance(positive, negative, scale=scale)
        schedule = nodes.schedule(model.scheduler, num_inference_steps=3)
        noise, random = nodes.draw_noise(model.denoiser, model.vae, nodes.random_state(7), height=height)
        start = nodes.make_latents(noise, schedule.state)
        with flow.loop("denoise") as turn:
            timestep = turn.each("timestep", schedule.timesteps)
            latents = turn.carry("latents", start)
            state = turn.carry("state", schedule.state)
            stream = turn.carry("random", random)
            step = nodes.denoise_step(
                model.denoiser, latents.now, timestep, state.now, random=stream.now, guidance=guidance
            )
            latents.next, state.next, stream.next = step.latents, step.state, step.random
            history: list[Latents] = turn.collect("history", step.latents)
        decoded = named("decoded", nodes.decode, description="Pixels.")(model.vae, latents.last)
        checked = nodes.safety_check(model.safety_checker, decoded, style)
        flow.output("image", checked.image)
        flow.output("history", history)
        flow.group("text", [positive, negative, "tokens"])
    return flow


def larger() -> Flow:
    with workflow() as flow:
        image: Image = picture(seed=3).image
        again = flow.value("again", Image, None)
        other = flow.node("glaze.Sugar", "other", {"over": image}, package="glaze")
        flow.output("large", nodes.resize_image(image, 128, 128))
        flow.output("again", again)
        flow.output("glazed", other["image"])
    return flow
