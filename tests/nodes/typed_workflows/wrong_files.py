"""Workflows that have a file as a node, and give it or take of it what it has not."""

from typing import NamedTuple

from latentgraph import nodes
from latentgraph.graph.python import subworkflow, workflow
from latentgraph.nodes.values import Image


class Picture(NamedTuple):
    """What the file gives."""

    image: Image
    flags: list[bool]


@subworkflow("./picture.json")
def picture(prompt: str = "a star", seed: int = 7) -> Picture:
    raise NotImplementedError


def a_text_for_its_number() -> None:
    with workflow() as flow:
        made = picture(seed="7")  # E: arg-type
        flow.output("image", made.image)


def an_output_that_the_file_has_not() -> None:
    with workflow() as flow:
        made = picture("a circle")
        flow.output("image", made.picture)  # E: attr-defined


def its_output_where_the_type_does_not_fit() -> None:
    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, picture().image)  # E: arg-type
        flow.output("tokens", tokens)
