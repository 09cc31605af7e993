"""Models and an engine, made once for all tests of this folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from tests.nodes.tiny import build_tiny_sd1

from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion 1.x model of a few thousand random weights, in the standard folder layout."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    build_tiny_sd1(folder)
    return folder


@pytest.fixture(scope="session")
def shapes_folder() -> Path:
    """The model that ships."""
    return Path(str(files("latentgraph.nodes"))) / "models" / "shapes"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """An engine with the built-in nodes."""
    return Engine(Registry.load())
