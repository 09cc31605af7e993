"""`latentgraph run` as a whole process against a plain script that calls diffusers' pipeline, on the shipped model.

    python -m tests.bench.whole_process [PAIRS]

A pair is one process of each kind, in turn, with a seed of its own: the plain script, a run of its own, and calls of a
warm engine that this program starts, in a folder of its own. All make the same picture of 25 steps, safety checker
and PNG included, which is compared; the file cache is warm after a first turn that does not count. Nothing is kept on
disk between runs.

- `run`: `latentgraph run`, which computes everything.
- `engine, new seed`: through the engine. It has the prompt's embeddings in memory; it denoises, decodes and checks.
- `engine, same again`: the call before once more, so that only the file is written.

Wall seconds, and processor seconds (user and system) of the child and, through the engine, of the engine meanwhile.
The ratios are medians over the pairs, against the plain script of the pair.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import PIL.Image

PLAIN = """
import sys
import torch
from diffusers import StableDiffusionPipeline

pipeline = StableDiffusionPipeline.from_pretrained(sys.argv[1])
generator = torch.Generator("cpu").manual_seed(int(sys.argv[2]))
made = pipeline("a red circle on a blue background", num_inference_steps=25, guidance_scale=5.0, generator=generator)
made.images[0].save(sys.argv[3])
"""
KINDS = ("plain script", "run", "engine, new seed", "engine, same again")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took, in seconds."""

    wall: float
    cpu: float
    engine: float = 0.0
    """Processor time of the engine meanwhile."""


def spent(command: list[str], variables: Mapping[str, str], engine: int | None = None) -> Spent:
    """Run a process, and say what it took.

    Args:
        command: What to run.
        variables: Of its environment.
        engine: Process id of the engine that it calls.

    Raises:
        RuntimeError: It failed.
    """
    before, started = _cpu(engine), time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(command)}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, _cpu(engine) - before)


def _cpu(pid: int | None) -> float:
    """Processor seconds of another process so far, as Linux counts them."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def warm_engine(folder: Path) -> Iterator[int]:
    """An engine that listens in `folder`, ready, and gone afterwards; its process id."""
    env = {**os.environ, "LATENTGRAPH_ENGINE": str(folder), "LATENTGRAPH_CACHE": "off"}
    process = subprocess.Popen([*latentgraph(), "serve-engine"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def latentgraph() -> list[str]:
    """How the command line is started."""
    return [sys.executable, "-m", "latentgraph.tui.main"]


def pair(seed: int, folder: Path, engine: int) -> list[Spent]:
    """One process of each kind.

    Raises:
        RuntimeError: One failed, or made another picture.
    """
    model, plain = files("latentgraph.nodes").joinpath("models/shapes"), folder / f"plain-{seed}.png"
    off = {"LATENTGRAPH_ENGINE": "off", "LATENTGRAPH_CACHE": "off"}
    warm = off | {"LATENTGRAPH_ENGINE": str(folder / "own")}  # A call takes no engine that keeps values elsewhere.
    run = [*latentgraph(), "run", "text_to_image", "--set", f"seed={seed}", "--out", str(folder / f"ours-{seed}")]
    rows = [
        spent([sys.executable, "-c", PLAIN, str(model), str(seed), str(plain)], {}),
        spent(run, off),
        spent(run, warm, engine),
        spent(run, warm, engine),
    ]
    if not rows[2].engine:
        raise RuntimeError("the engine was not used")
    expected = np.asarray(PIL.Image.open(plain))
    made = sorted((folder / f"ours-{seed}").iterdir())
    if len(made) != 3 or not all(np.array_equal(expected, np.asarray(PIL.Image.open(one))) for one in made):
        raise RuntimeError(f"seed {seed}: the pictures in {folder} are not the same")
    return rows


def main() -> None:
    """Print the medians of each kind, and of its ratios to the plain script."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name, warm_engine(Path(name, "own")) as engine:
        pair(0, Path(name), engine)
        rows = [pair(seed, Path(name), engine) for seed in range(1, pairs + 1)]
    print(f"medians of {pairs} pairs: seconds, and times the plain script")
    for index, kind in enumerate(KINDS):
        wall = statistics.median([row[index].wall for row in rows])
        cpu = statistics.median([row[index].cpu for row in rows])
        share = statistics.median([row[index].engine for row in rows])
        by_wall = statistics.median([row[index].wall / row[0].wall for row in rows])
        by_cpu = statistics.median([(row[index].cpu + row[index].engine) / row[0].cpu for row in rows])
        least = min(row[index].cpu for row in rows)
        print(f"{kind}: wall {wall:.2f} ({by_wall:.3f}), cpu {cpu:.2f}, least {least:.2f}, and of the engine "
              f"{share:.2f} (together {by_cpu:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
