"""The whole of text_to_image against diffusers' StableDiffusionPipeline, on the shipped model, in two warm processes.

    python -m tests.bench.text_to_image [PAIRS]

Both sides have the same components, run the safety checker and write a PNG; ours keeps no values between runs. Pairs
alternate in which side comes first, and each pair has a seed of its own. Prints the ratio ours / diffusers.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.bench.warm_process import WarmProcess, serve

PROMPT = "a red circle on a blue background"


def ours(folder: Path) -> Callable[[int], None]:
    """A run of the shipped workflow, planned anew for each seed, in a process set up as the command line sets it up."""
    from latentgraph.graph.document import read_document
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine
    from latentgraph.tui.quiet import quiet_libraries

    quiet_libraries()
    engine = Engine(Registry.load(), memory=0)
    document = read_document(Path(str(files("latentgraph.workflows").joinpath("text_to_image.json"))))

    def run(seed: int) -> None:
        engine.run(document, {"prompt": PROMPT, "seed": seed}, settings={"device": "cpu"}, out=folder).result()

    return run


def theirs(folder: Path) -> Callable[[int], None]:
    """A call of the pipeline, its progress bar off."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipelines: Any = StableDiffusionPipeline
    pipeline = pipelines.from_pretrained(str(files("latentgraph.nodes").joinpath("models/shapes")))
    pipeline.set_progress_bar_config(disable=True)

    def run(seed: int) -> None:
        generator = torch.Generator("cpu").manual_seed(seed)
        made = pipeline(PROMPT, num_inference_steps=25, guidance_scale=5.0, generator=generator)
        made.images[0].save(folder / f"theirs-{seed}.png")

    return run


def main() -> None:
    """Print the quartiles of the ratio over all pairs."""
    if sys.argv[1:2] == ["--side"]:
        serve({"ours": ours, "theirs": theirs}[sys.argv[2]](Path(sys.argv[3])))
        return
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    module = "tests.bench.text_to_image"
    with (
        tempfile.TemporaryDirectory() as folder,
        WarmProcess(module, "ours", folder) as mine,
        WarmProcess(module, "theirs", folder) as other,
    ):
        for side in (mine, other):
            side.seconds(0)
        rows = []
        for seed in range(1, pairs + 1):
            turn = {side: side.seconds(seed) for side in ((mine, other) if seed % 2 else (other, mine))}
            rows.append((turn[mine], turn[other]))
    lower, median, upper = statistics.quantiles([ours / theirs for ours, theirs in rows], n=4)
    print(f"latentgraph {statistics.median(ours for ours, _ in rows):.3f} s, "
          f"diffusers {statistics.median(theirs for _, theirs in rows):.3f} s (medians of {pairs})")  # fmt: skip
    print(f"ratio latentgraph / diffusers: median {median:.3f}, quartiles {lower:.3f} and {upper:.3f}")


if __name__ == "__main__":
    main()
