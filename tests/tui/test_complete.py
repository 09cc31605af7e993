from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tui.conftest import PAINTS, TOYS


def _completed(line: str, folder: Path) -> list[str]:
    """What the shell would be offered at the end of `line`."""
    environment = {
        **os.environ,
        "_LATENTGRAPH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "latentgraph.tui.main"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert not any(row.split("|")[-1].strip() == "torch" for row in done.stderr.splitlines())
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("latentgraph run ", {"text_to_image", "text_to_image_open_step", "slow.json", "pictures/"}, {"notes.txt"}),
        ("latentgraph run text_to_image_", {"text_to_image_open_step"}, {"text_to_image"}),
        ("latentgraph check pictures/", {"pictures/image-1.png"}, {"text_to_image"}),
        ("latentgraph run text_to_image --set ", {"prompt=", "seed=", "guidance_scale="}, {"colour="}),
        ("latentgraph run text_to_image --set se", {"seed="}, {"prompt="}),
        ("latentgraph run text_to_image --set seed=", {"seed=random"}, set()),
        ("latentgraph run slow.json --quiet --set prompt=x --set ", {"turns=", "seconds="}, {"prompt="}),
        ("latentgraph run slow.json --until ", {"numbers", "slow", "swatch"}, {"wait"}),
        ("latentgraph nodes denoise", {"denoise_step"}, {"decode"}),
        (f"latentgraph nodes --nodes {TOYS} mi", {"mix"}, {"mask"}),
        (f"latentgraph run --nodes {PAINTS} slow.json --set tu", {"turns="}, set()),
        ("latentgraph run nothere.json --set ", set(), {"prompt="}),
        ("latentgraph f", {"fmt"}, {"run"}),
    ],
)
def test_the_shell_is_offered_what_fits(line: str, some: set[str], none: set[str], slow: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/image-1.png").touch()
    offered = set(_completed(line, tmp_path))
    assert some <= offered
    assert not none & offered
