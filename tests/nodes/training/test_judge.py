"""The judge is held against true renders, and must not be pleased by anything else."""

from __future__ import annotations

import random

import numpy as np
import pytest

from latentgraph.nodes.training.blobs import blobs, shape_of, templates
from latentgraph.nodes.training.draw import render
from latentgraph.nodes.training.judge import judge, scene_of
from latentgraph.nodes.training.world import EDGE, SHAPES, Spec, Thing, any_spec


@pytest.mark.parametrize(("kind", "least"), [("one", 1.0), ("two", 0.99), ("scene", 1.0), ("sign", 1.0)])
def test_true_renders_are_judged_right(kind: str, least: float) -> None:
    rng = random.Random(1)
    verdicts = []
    for _ in range(200):
        spec = any_spec(rng, kind)
        verdicts.append(judge(render(spec, rng), spec)["all"])
    assert np.mean(verdicts) >= least


@pytest.mark.parametrize("shape", SHAPES)
def test_another_shape_is_judged_wrong_in_shape_alone(shape: str) -> None:
    rng = random.Random(2)
    other = SHAPES[(SHAPES.index(shape) + 1) % len(SHAPES)]
    picture = render(Spec((Thing("red", other, "large"),), "white"), rng)
    verdict = judge(picture, Spec((Thing("red", shape, "large"),), "white"))
    assert verdict == {"background": True, "colour": True, "shape": False, "size": True, "all": False}


def test_an_empty_picture_holds_nothing() -> None:
    picture = np.full((EDGE, EDGE, 3), 250, dtype=np.uint8)
    assert blobs(picture) == []
    verdict = judge(picture, Spec((Thing("red", "star"),), "white", "left"))
    assert verdict == {"background": True, "colour": False, "shape": False, "position": False, "all": False}


def test_noise_is_no_scene_and_no_shape() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (EDGE, EDGE, 3), dtype=np.uint8)
    assert scene_of(noise) is None
    assert shape_of(noise[:32, :32, 0] > 127) is None


def test_each_template_is_most_like_itself() -> None:
    assert [shape_of(outline) for outline in templates().values()] == list(templates())


def test_one_thing_is_not_two() -> None:
    picture = render(Spec((Thing("red", "star"),), "white"), random.Random(3))
    asked = Spec((Thing("red", "star"), Thing("blue", "ring")), "white", relation="above")
    assert not judge(picture, asked)["all"]
