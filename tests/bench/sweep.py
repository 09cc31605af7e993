"""A sweep over seeds on the shipped model against as many plain calls of diffusers' pipeline, in one warm process.

    python -m tests.bench.sweep [SEEDS]

Prints the ratio diffusers / latentgraph for `--batch 1`, which is bit for bit equal, and for `--batch auto`, which
rounds differently. All of them write PNG files; ours also a manifest, and no contact sheet. Nothing comes from disk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.text_to_image import PROMPT, theirs

SEEDS = 64


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


def seconds(run: Callable[[int], None], seeds: int) -> float:
    """Wall seconds of all seeds, what the command prints thrown away."""
    printed, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    try:
        started = time.perf_counter()
        run(seeds)
        return time.perf_counter() - started
    finally:
        sys.stdout.close()
        sys.stdout = printed


def main() -> None:
    """Print the ratios."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call = theirs(folder)

        def calls(count: int) -> None:
            for seed in range(1, count + 1):
                call(seed)

        sides = {"diffusers": calls, "--batch 1": ours(folder, "1"), "--batch auto": ours(folder, "auto")}
        for run in sides.values():
            seconds(run, 2)
        took = {side: seconds(run, seeds) for side, run in sides.items()}
    for side, spent in took.items():
        print(f"{side:>13}: {spent:7.2f} s for {seeds}, ratio diffusers / {side} {took['diffusers'] / spent:.3f}")


if __name__ == "__main__":
    main()
