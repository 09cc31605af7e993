"""The line above the canvas: what of the settings of a run is worth a word."""

from __future__ import annotations

import pytest
from tests.tui.editor.desk import nodes

from latentgraph.tui.editor.bars import settings_text

USUAL = {"speed": "exact", "memory": "auto", "device": "cpu", "dtype": "float32", "tiling": "off"}


@pytest.mark.parametrize(
    ("unusual", "said"),
    [
        ({}, "cpu float32"),
        ({"device": "cuda:1", "dtype": "float16"}, "cuda:1 float16"),
        ({"tiling": "512", "speed": "fast"}, "cpu float32 speed fast tiling 512"),
        ({"device": "", "dtype": ""}, ""),
        ({"of_a_package": "7"}, "cpu float32 of_a_package 7"),
    ],
)
def test_only_what_is_not_as_usual_is_said_and_by_its_name(unusual: dict[str, str], said: str) -> None:
    assert settings_text({**USUAL, **unusual}, nodes().settings) == said
