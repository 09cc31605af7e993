"""A disk that takes no more is told in a sentence, and nothing that is torn stays behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
from tests.tui.conftest import PAINTS, ROOT

SMALL_FILES = """
import resource, signal, sys
from latentgraph.tui.main import call
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(call(sys.argv[2:]))
"""
"""The system lets this process write no larger file: every other write fails in its middle, as on a full disk."""
PAINT = {
    "latentgraph": 1,
    "inputs": {"seed": {"type": "integer", "default": 1}},
    "nodes": {"swatch": {"type": "paint", "inputs": {"number": {"from": "inputs.seed"}}}},
    "outputs": {"swatch": {"from": "swatch.swatch"}},
}


@pytest.mark.parametrize(
    ("limit", "arguments", "pictures", "lines"),
    [
        (64, ("run", "paint.json"), {0}, 0),
        (560, ("sweep", "paint.json", "--set", "seed=1..30"), {0}, 1),  # a picture with its record
        # The manifest, while the next picture is made.
        (690, ("sweep", "paint.json", "--no-metadata", "--set", "seed=1..30"), {5, 6}, 5),
        (690, ("sweep", "paint.json", "--no-metadata", "--set", "seed=1..4"), {4}, 5),  # the contact sheet
    ],
)
def test_nothing_is_torn(
    limit: int, arguments: tuple[str, ...], pictures: set[int], lines: int, tmp_path: Path
) -> None:
    (tmp_path / "paint.json").write_text(json.dumps(PAINT))
    # Without bytecode, which would be cut off by the limit as well, and stay.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / ".dev"), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-c", SMALL_FILES, str(limit), *arguments, "--nodes", PAINTS, "--out", "out"]
    done = subprocess.run(call, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: no file can be written in 'out': File too large; make room, or take another folder\n",
    )
    left = sorted(path for path in (tmp_path / "out").iterdir() if path.name != ".sweep.lock")
    manifest = tmp_path / "out/manifest.jsonl"
    if lines:
        left.remove(manifest)
        text = manifest.read_text()
        assert text.endswith("\n")
        assert len([json.loads(line) for line in text.splitlines()]) == lines
    for picture in left:
        with PIL.Image.open(picture) as opened:
            opened.load()
    assert len(left) in pictures
