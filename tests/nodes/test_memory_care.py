"""What is proposed where memory is short."""

from __future__ import annotations

import pytest

from latentgraph.nodes.memory_care import advise, give_back


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"device": "cpu", "dtype": "float32"}, ""),
        ({"device": "cpu", "dtype": "float32", "tiling": "off"}, "take --tiling 512"),
        ({"device": "cuda:0", "tiling": "off", "memory": "offload"}, "take --memory stream or --tiling 512"),
        ({}, ""),
        ({"device": "cuda:0", "dtype": "float16"}, "take --memory offload or --memory stream"),
        (
            {"device": "cuda:0", "dtype": "float32", "memory": "resident"},
            "take --memory offload, --memory stream or --dtype float16",
        ),
        ({"device": "cuda:0", "dtype": "float16", "memory": "offload"}, "take --memory stream"),
        ({"device": "cuda:0", "dtype": "float16", "memory": "stream"}, ""),
    ],
)
def test_only_what_helps_is_proposed(settings: dict[str, str], advice: str) -> None:
    assert advise(settings) == advice


def test_what_the_libraries_keep_is_given_back_where_they_keep_anything() -> None:
    give_back()
