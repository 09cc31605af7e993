"""What the tests of translations share: the nodes, and a tiny model of each family."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.nodes.tiny_families import build_tiny_sd2, build_tiny_sdxl

from latentgraph.graph.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in nodes."""
    return Registry.load()


@pytest.fixture(scope="session")
def models(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Folders of models, by family."""
    folder = tmp_path_factory.mktemp("families")
    build_tiny_sd2(folder / "sd2")
    build_tiny_sdxl(folder / "sdxl")
    build_tiny_sdxl(folder / "refiner", refiner=True)
    return {"sd1": tiny_folder, **{name: folder / name for name in ("sd2", "sdxl", "refiner")}}
