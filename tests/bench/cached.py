"""What is left of a run when values are kept: text_to_image against diffusers' pipeline, each in a warm process.

    python -m tests.bench.cached [PAIRS]

Prints the ratio latentgraph / diffusers when nothing changed, when only what comes after denoising changed (what is
done with a flagged picture), and, for the disk, when nothing changed but the engine is a new one. Then what the parts
of a run take in which nothing changed: what is not the file's is what the engine asks for.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.text_to_image import PROMPT
from tests.bench.warm_process import WarmProcess

if TYPE_CHECKING:
    from latentgraph.graph.document import Document
    from latentgraph.graph.plan import Plan
    from latentgraph.graph.run import Engine

GOAL = 0.01
"""Of diffusers' time, for a run in which nothing changed, beside the writing of its file."""
FILE = "encode and write the file"
TURNS = 31
"""Of each part."""


def main() -> None:
    """Print the medians of the ratios over all pairs."""
    from latentgraph.graph.document import read_document
    from latentgraph.graph.kept_folder import disk_cache
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine
    from latentgraph.tui.quiet import quiet_libraries

    quiet_libraries()
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    registry = Registry.load()
    document = read_document(Path(str(files("latentgraph.workflows").joinpath("text_to_image.json"))))
    with (
        tempfile.TemporaryDirectory() as name,
        WarmProcess("tests.bench.text_to_image", "theirs", name) as diffusers,
    ):
        folder = Path(name)
        os.environ["LATENTGRAPH_CACHE"] = str(folder / "kept")
        warm = Engine(registry)

        def run(engine: Engine, seed: int, until: str | None = None) -> None:
            given = {"prompt": PROMPT, "seed": seed}
            engine.run(document, given, settings={"device": "cpu"}, out=folder, until=until).result()

        def from_disk(seed: int) -> None:
            run(Engine(registry, disk=disk_cache(registry)), seed)

        diffusers.seconds(0)
        run(warm, 0)
        rows = []
        for seed in range(1, pairs + 1):
            run(warm, seed, until="denoise")
            other = diffusers.seconds(seed)
            after = seconds(lambda one: run(warm, one), seed)
            same = seconds(lambda one: run(warm, one), seed)
            from_disk(seed)
            fresh = seconds(from_disk, seed)
            rows.append((other, after, same, fresh))
        written = _writing(folder)
        spent_on = _parts(warm, document, folder, pairs)
    for index, what in ((1, "decode and after"), (2, "nothing"), (3, "nothing, from disk, in a new engine")):
        ratio = statistics.median([row[index] / row[0] for row in rows])
        spent = statistics.median([row[index] for row in rows])
        print(f"changed: {what}: {spent:.4f} s, ratio latentgraph / diffusers {ratio:.4f}")
    other = statistics.median([row[0] for row in rows])
    print(f"diffusers {other:.3f} s; Pillow writes such a picture in {written:.4f} s")
    print("of a run in which nothing changed: " + ", ".join(f"{part} {one:.4f} s" for part, one in spent_on.items()))
    engine = sum(spent_on.values()) - spent_on[FILE]
    print(f"without the file: {engine:.4f} s, ratio {engine / other:.4f}; the goal is {GOAL} and the file's writing")


def seconds(run: Callable[[int], object], seed: int) -> float:
    """Wall seconds of one run."""
    started = time.perf_counter()
    run(seed)
    return time.perf_counter() - started


def _parts(engine: Engine, document: Document, folder: Path, seed: int) -> dict[str, float]:
    """Seconds of each part of a run whose values are all kept, medians of several turns."""
    from latentgraph.graph.provenance import record
    from latentgraph.graph.sink import Sink

    def asked(seed: int) -> Plan:
        return engine.plan(document, {"prompt": PROMPT, "seed": seed}, settings={"device": "cpu"})

    planned = asked(seed)
    made_by = record(document, planned, engine.registry)
    outputs = engine.start(planned, document).result().values

    def write(_: int) -> None:
        sink = Sink(folder, engine.registry.values, made_by)
        for name, value in outputs.items():
            sink.save_output(value, f"part-{name}")

    parts: dict[str, Callable[[int], object]] = {
        "check and plan": asked,
        "record": lambda _: record(document, planned, engine.registry),
        "run": lambda _: engine.start(planned, document).result(),
        FILE: write,
    }
    return {name: statistics.median([seconds(work, seed) for _ in range(TURNS)]) for name, work in parts.items()}


def _writing(folder: Path) -> float:
    """Seconds that Pillow takes to write one of the pictures."""
    import PIL.Image

    picture = PIL.Image.open(folder / "theirs-1.png")
    picture.load()
    started = time.perf_counter()
    picture.save(folder / "again.png")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
