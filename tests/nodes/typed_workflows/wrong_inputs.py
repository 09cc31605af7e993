"""Workflows whose inputs are declared or used wrongly."""

from typing import Literal

from latentgraph import nodes
from latentgraph.graph.python import workflow
from latentgraph.nodes.values import Image, Mask


def a_text_as_the_default_of_a_number() -> None:
    with workflow() as flow:
        seed = flow.integer("seed", "7")  # E: call-overload
        flow.output("random", nodes.random_state(seed))


def bounds_of_a_text() -> None:
    with workflow() as flow:
        prompt = flow.string("prompt", "a star", minimum=1)  # E: call-overload
        flow.output("tokens", nodes.tokenize(nodes.load_model().tokenizer, prompt))


def a_number_where_a_whole_one_is_needed() -> None:
    with workflow() as flow:
        seed = flow.number("seed", 7.5)
        flow.output("random", nodes.random_state(seed))  # E: arg-type


def a_picture_for_a_mask() -> None:
    with workflow() as flow:
        image = flow.value("image", Image)
        blurred = nodes.blur_mask(image)  # E: arg-type
        flow.output("mask", blurred)


def a_value_by_its_name_and_not_its_class() -> None:
    with workflow() as flow:
        flow.output("mask", flow.value("mask", "Mask"))  # E: call-overload


def a_mask_that_may_be_missing() -> None:
    with workflow() as flow:
        mask = flow.value("mask", Mask, None)
        flow.output("mask", nodes.blur_mask(mask))  # E: arg-type


def choices_that_are_not_those_of_the_annotation() -> None:
    with workflow() as flow:
        method: Literal["lerp", "slerp"] = flow.string("method", "lerp", choices=["lerp", "cubic"])  # E: list-item
        flow.output("method", method)
