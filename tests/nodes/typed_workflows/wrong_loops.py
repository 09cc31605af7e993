"""Workflows whose loops take, carry or give something wrong."""

from latentgraph import nodes
from latentgraph.graph.python import workflow
from latentgraph.nodes.values import Image


def a_loop_over_no_list() -> None:
    with workflow() as flow:
        schedule = nodes.schedule(nodes.load_model().scheduler)
        with flow.loop("turns") as turn:
            turn.each("state", schedule.state)  # E: arg-type


def a_carry_that_goes_on_as_something_else() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        schedule = nodes.schedule(model.scheduler)
        noise = nodes.draw_noise(model.denoiser, model.vae, nodes.random_state(7))
        with flow.loop("turns") as turn:
            turn.each("timestep", schedule.timesteps)
            latents = turn.carry("latents", nodes.make_latents(noise.noise, schedule.state))
            latents.next = nodes.decode(model.vae, latents.now)  # E: assignment


def the_carry_and_not_its_value() -> None:
    with workflow() as flow:
        image = flow.value("image", Image)
        with flow.loop("turns") as turn:
            turn.each("number", nodes.split_integers("1 2 3"))
            carried = turn.carry("image", image)
            carried.next = nodes.resize_image(carried, 64, 64)  # E: arg-type


def the_item_where_its_type_does_not_fit() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        schedule = nodes.schedule(model.scheduler)
        with flow.loop("turns") as turn:
            timestep = turn.each("timestep", schedule.timesteps)
            states = turn.collect("states", nodes.random_state(timestep))  # E: arg-type
        flow.output("states", states)


def a_list_of_collected_values_for_one_of_them() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        with flow.loop("turns") as turn:
            text = turn.each("text", nodes.split_lines("a star"))
            tokens = turn.collect("tokens", nodes.tokenize(model.tokenizer, text))
        flow.output("conditioning", nodes.encode(model.text_encoder, tokens))  # E: arg-type


def the_last_value_where_its_type_does_not_fit() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        with flow.loop("turns") as turn:
            turn.each("number", nodes.split_integers("1 2 3"))
            random = turn.carry("random", nodes.random_state(7))
            random.next = nodes.draw_noise(model.denoiser, model.vae, random.now).random
        flow.output("image", nodes.decode(model.vae, random.last))  # E: arg-type


def what_is_handed_in_keeps_its_type() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        with flow.loop("turns") as turn:
            text = turn.each("text", nodes.split_lines("a star"))
            encoder = turn.input("encoder", model.text_encoder)
            turn.collect("tokens", nodes.tokenize(encoder, text))  # E: arg-type
