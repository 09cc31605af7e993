"""Workflows whose links are wrong, each in the line that says which code a type checker refuses it with."""

from latentgraph import nodes
from latentgraph.graph.python import named, workflow


def tokens_for_conditioning() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, "a star")
        guidance = nodes.guidance(tokens)  # E: arg-type
        flow.output("guidance", guidance)


def another_part_of_the_model() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.vae, "a star")  # E: arg-type
        flow.output("tokens", tokens)


def an_output_that_is_not_there() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokeniser, "a star")  # E: attr-defined
        flow.output("tokens", tokens)


def every_output_at_once() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        random = nodes.random_state(7)
        noise = nodes.draw_noise(model.denoiser, model.vae, random)
        schedule = nodes.schedule(model.scheduler)
        start = nodes.make_latents(noise, schedule.state)  # E: arg-type
        flow.output("start", start)


def a_missing_input() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        decoded = nodes.decode(vae=model.vae)  # E: call-arg
        flow.output("image", decoded)


def an_input_that_is_not_there() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, "a star", length=77)  # E: call-arg
        flow.output("tokens", tokens)


def a_node_that_is_not_there() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenise(model.tokenizer, "a star")  # E: attr-defined
        flow.output("tokens", tokens)


def a_number_for_a_text() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, 7)  # E: arg-type
        flow.output("tokens", tokens)


def what_may_be_missing_where_something_is_needed() -> None:
    with workflow() as flow:
        text = flow.string("text", None)
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, text)  # E: arg-type
        flow.output("tokens", tokens)


def none_of_the_choices() -> None:
    with workflow() as flow:
        image = nodes.load_image("./picture.png")
        model = nodes.load_model()
        checked = nodes.safety_check(model.safety_checker, image, "pixelate")  # E: arg-type
        flow.output("image", checked.image)


def a_wrong_link_of_a_named_node() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = named("tokens", nodes.tokenize)(model.scheduler, "a star")  # E: arg-type
        flow.output("tokens", tokens)


def a_name_for_what_cannot_be_called() -> None:
    with workflow() as flow:
        named("tokens", "tokenize")()  # E: arg-type
        flow.output("vae", nodes.load_model().vae)


def a_way_to_disable_that_is_none() -> None:
    with workflow() as flow:
        model = named("model", nodes.load_model, disabled="off")()  # E: arg-type
        flow.output("vae", model.vae)
