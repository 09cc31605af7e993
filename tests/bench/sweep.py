"""A sweep over seeds on the shipped model against as many plain calls of diffusers' pipeline in one process.

Each side is warm, in a process of its own.

    python -m tests.bench.sweep [SEEDS]

Prints the ratio diffusers / latentgraph for `--batch 1`, which is bit for bit equal, and for `--batch auto`, which
rounds differently. All of them write PNG files; ours also a manifest, and no contact sheet. Nothing comes from disk.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.text_to_image import PROMPT, theirs
from tests.bench.warm_process import WarmProcess, serve

SEEDS = 64
SIDES = ("diffusers", "1", "auto")


def ours(folder: Path, batch: str) -> Callable[[int], None]:
    """A sweep by the command's own function, to a folder of its own each time."""
    from latentgraph.tui.run_command import RunRequest
    from latentgraph.tui.sweep_command import sweep_workflow

    def run(seeds: int) -> None:
        out = Path(tempfile.mkdtemp(dir=folder))
        request = RunRequest("text_to_image", {"device": "cpu"}, out=out, cache=False, quiet=True)
        code = sweep_workflow(request, [f"seed=1..{seeds}", f"prompt={PROMPT}"], [], sheet=False, batch=batch)
        assert code == 0
        assert len(list(out.glob("*.png"))) == seeds

    return run


def calls(folder: Path) -> Callable[[int], None]:
    """The pipeline, called for one seed after the other."""
    call = theirs(folder)

    def run(seeds: int) -> None:
        for seed in range(1, seeds + 1):
            call(seed)

    return run


def main() -> None:
    """Print the ratios."""
    if sys.argv[1:2] == ["--side"]:
        side, place = sys.argv[2], Path(sys.argv[3])
        serve(calls(place) if side == "diffusers" else ours(place, side))
        return
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    took = {}
    for side in SIDES:
        with tempfile.TemporaryDirectory() as folder, WarmProcess("tests.bench.sweep", side, folder) as process:
            process.seconds(2)
            took[side] = process.seconds(seeds)
    for side, spent in took.items():
        name = side if side == "diffusers" else f"--batch {side}"
        print(f"{name:>13}: {spent:7.2f} s for {seeds}, ratio diffusers / {name} {took['diffusers'] / spent:.3f}")


if __name__ == "__main__":
    main()
