"""A sweep over seeds on the shipped model against as many plain calls of diffusers' pipeline in one process.

Each side is warm, in a process of its own. In every turn each has its go, another one first each time: a machine that
others share is slower in one minute than in the next.

    python -m tests.bench.sweep [TURNS [SEEDS]]

Prints the ratios diffusers / latentgraph, turn by turn, and their median, for `--batch 1`, which is bit for bit equal,
and for `--batch auto`, which rounds differently. All of them write PNG files; ours also a manifest, and no contact
sheet. Nothing comes from disk.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bench.text_to_image import PROMPT, theirs
from tests.bench.warm_process import WarmProcess, serve

TURNS = 3
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
    given = [int(one) for one in sys.argv[1:]]
    turns, seeds = (*given, *(TURNS, SEEDS)[len(given) :])
    took: dict[str, list[float]] = {side: [] for side in SIDES}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sides = {side: stack.enter_context(WarmProcess("tests.bench.sweep", side, folder)) for side in SIDES}
        for process in sides.values():
            process.seconds(2)
        for turn in range(turns):
            for side in (*SIDES[turn % len(SIDES) :], *SIDES[: turn % len(SIDES)]):
                took[side].append(sides[side].seconds(seeds))
    print(f"diffusers: {statistics.median(took['diffusers']):.2f} s for {seeds}, median of {turns}")
    for side in SIDES[1:]:
        ratios = [plain / spent for plain, spent in zip(took["diffusers"], took[side], strict=True)]
        each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        seconds, middle = statistics.median(took[side]), statistics.median(ratios)
        print(f"--batch {side}: {seconds:.2f} s, ratio diffusers / --batch {side}: median {middle:.3f} of {each}")


if __name__ == "__main__":
    main()
