"""What each way to give up bits saves, and how far it takes the picture, beside an exact run in the same process.

    python -m tests.bench.fast [TURNS] [VARIANT,...]

The shipped model on the CPU, text_to_image: seconds of processor time of whole runs, the least of each, and the PSNR
and the largest difference of the pictures of one seed. What is compiled is compiled before; that takes minutes, too.
"""

from __future__ import annotations

import json
import math
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from latentgraph.graph.document import parse_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

VARIANTS: dict[str, tuple[dict[str, str], dict[str, float]]] = {
    "exact": ({}, {}),
    "guided from 20% to 80%": ({}, {"start": 0.2, "end": 0.8}),
    "guided to 50%": ({}, {"end": 0.5}),
    "fast": ({"speed": "fast"}, {}),
}
"""Settings, and inputs of the node `guidance`."""


def picture(engine: Engine, variant: str, seed: int) -> Any:
    """float32 (1, 3, H, W) on the CPU."""
    settings, guided = VARIANTS[variant]
    path = Path(str(files("latentgraph.workflows").joinpath("text_to_image.json")))
    workflow = json.loads(path.read_text("utf-8"))
    for name, share in guided.items():
        workflow["nodes"]["guidance"]["inputs"][name] = share
    document = parse_document(json.dumps(workflow).encode(), path.name, path)
    done = engine.run(document, {"seed": seed}, settings={"device": "cpu", **settings}).result()
    return done.values["image"].samples


def main() -> None:
    """Print a line for each variant."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    variants = ["exact", *(sys.argv[2].split(",") if len(sys.argv) > 2 else list(VARIANTS)[1:])]
    engine = Engine(Registry.load(), memory=0)
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    pictures = {}
    for variant in variants:
        started = time.perf_counter()
        pictures[variant] = picture(engine, variant, 7)
        print(f"# {variant}: the first run took {time.perf_counter() - started:.0f} s by the clock", flush=True)
    for seed in range(turns):
        for variant in variants:
            started = time.process_time()
            picture(engine, variant, seed)
            times[variant].append(time.process_time() - started)
    least = {variant: min(times[variant]) for variant in variants}
    for variant in variants:
        apart = (pictures[variant] - pictures["exact"]).double()
        mean = float((apart**2).mean())
        psnr = math.inf if mean == 0 else -10 * math.log10(mean)
        print(
            f"{variant}: {least[variant]:.3f} s, ratio to exact {least[variant] / least['exact']:.3f}, "
            f"{psnr:.1f} dB, at most {float(apart.abs().max()):.2g}"
        )


if __name__ == "__main__":
    main()
