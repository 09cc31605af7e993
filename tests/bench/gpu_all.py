"""What must hold on a GPU, as one command: exact and fast mode beside diffusers' pipeline in the same run.

    python -m tests.bench.gpu_all [--only exact,fast,sdxl,batch] [--turns 7] [--models FOLDER] [--light]
        [--longest SECONDS] [--tiny DEVICE]

Random weights of the sizes of Stable Diffusion 1.5 and XL, half precision, guidance at every step, the full VAE. Each
side is a process of its own, warm when it is timed; pictures end on the CPU, so that nothing is under way. A part that
fails is told, and the others go on.

What is measured first takes seconds a side (exact), and what is compiled minutes, most of them in search of the fastest
kernels: where the time on a device is short, `--light` compiles without that search, `--longest` gives a side up, and
`--models` keeps the models for the next call; what was compiled is kept beside the values of earlier runs. `--tiny cpu`
tries the benchmark itself on small models, and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.gpu_models import build, operations

LONGEST = 3000
"""Seconds that a side may take where nothing else is said: a fast one compiles at first."""
MATRIX = 8192
"""Edge of the matrices whose product tells what the device can do."""


@dataclass
class Bench:
    """Where and how large."""

    device: str
    tiny: bool
    turns: int
    folder: Path
    light: bool = False
    """Compile without a search for kernels."""
    longest: int = LONGEST
    """Seconds that a side may take."""
    measured: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """By side, kind of model and job."""

    def model(self, kind: str) -> Path:
        """The folder of a model, built when it is first asked for."""
        folder = self.folder / kind
        if not (folder / "model_index.json").is_file():
            started = time.perf_counter()
            # One that was stopped in the middle is none, and is built anew.
            begun = self.folder / f"{kind}-begun"
            shutil.rmtree(begun, ignore_errors=True)
            build(kind, begun, self.device, tiny=self.tiny)
            begun.rename(folder)
            if self.device.startswith("cuda"):
                import torch

                torch.cuda.empty_cache()  # The sides are other processes, and need it.
            print(f"# built {kind} in {time.perf_counter() - started:.0f} s", flush=True)
        return folder

    def job(self, *, size: int, steps: int, batch: int = 1) -> dict[str, Any]:
        """A job of that size, or a tiny one."""
        if self.tiny:
            size, steps, batch = 64, 2, min(batch, 2)
        dtype = "float32" if self.tiny else "float16"
        sizes = {"size": size, "steps": steps, "batch": batch}
        # The first call loads and compiles, the second records, the third is the first that is replayed whole.
        warm = {"turns": self.turns, "warm": 1 if self.tiny else 3, "light": self.light}
        return {"device": self.device, "dtype": dtype, **warm, **sizes}

    def side(self, side: str, kind: str, job: dict[str, Any]) -> dict[str, Any]:
        """The figures of a side, told on the way; those that were measured already are not measured again.

        Raises:
            RuntimeError: It failed; with the end of what it said.
        """
        known = (side, kind, json.dumps(job))
        if known in self.measured:
            return self.measured[known]
        out = self.folder / f"{side}-{kind}-{job['batch']}.npy"
        asked = json.dumps({**job, "out": str(out)})
        command = [sys.executable, "-m", "tests.bench.gpu_side", side, kind, str(self.model(kind)), asked]
        environment = dict(os.environ) | ({"TORCHDYNAMO_DISABLE": "1"} if self.tiny else {})
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=self.longest, env=environment, check=False
        )  # fmt: skip
        lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
        if ended.returncode or not lines:
            raise RuntimeError(f"{side} {kind} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
        figures: dict[str, Any] = {**json.loads(lines[-1]), "out": out}
        figures["median"] = statistics.median(figures["seconds"])
        print(
            f"# {side} {kind}, {job['batch']} x {job['size']}, {job['steps']} steps: median {figures['median']:.3f} s "
            f"of {job['turns']}, least {min(figures['seconds']):.3f}, the first call {figures['first']:.1f}, allocated "
            f"{figures['allocated'] / 2**20:.0f} MiB, reserved {figures['reserved'] / 2**20:.0f} MiB",
            flush=True,
        )
        for sentence in figures["said"]:
            print(f"#   it said: {sentence}", flush=True)
        self.measured[known] = figures
        return figures


def tell(what: str, value: float | bool | None, goal: str, *, reached: bool) -> None:
    """A line with a figure and what it must be."""
    shown = "not measured" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    print(f"{what}: {shown} (must be {goal}){'' if reached else '  MISSED'}", flush=True)


def difference(one: dict[str, Any], other: dict[str, Any]) -> tuple[bool, float, float]:
    """Whether the last pictures of two sides are equal, how far they are apart at most, and their PSNR in dB."""
    import numpy

    first, second = (numpy.load(side["out"]).astype("float64") for side in (one, other))
    equal = bool(numpy.array_equal(first, second, equal_nan=True))
    mean = float(numpy.nanmean((first - second) ** 2))
    return equal, float(numpy.nanmax(numpy.abs(first - second))), math.inf if mean == 0 else -10 * math.log10(mean)


def exact(bench: Bench) -> None:
    """Stable Diffusion 1.5, exact: speed, bits and memory."""
    job = bench.job(size=512, steps=50)
    theirs, ours = bench.side("diffusers", "sd1", job), bench.side("exact", "sd1", job)
    ratio = theirs["median"] / ours["median"]
    equal, most, _ = difference(ours, theirs)
    tell("exact, times as fast as diffusers", ratio, "at least 2.0", reached=ratio >= 2)
    tell("exact, equal to diffusers bit for bit", equal, "True", reached=equal)
    tell("exact, pictures without a NaN", ours["finite"], "True", reached=ours["finite"])
    if not equal:
        print(f"#   they are apart by {most:.6f} at most", flush=True)
    if theirs["allocated"]:
        for what in ("allocated", "reserved"):
            memory = ours[what] / theirs[what]
            tell(f"exact, peak memory {what}, times that of diffusers", memory, "at most 1.1", reached=memory <= 1.1)


def fast(bench: Bench) -> None:
    """Stable Diffusion 1.5, fast: speed, and how far it is from exact."""
    job = bench.job(size=512, steps=50)
    theirs, plain = bench.side("diffusers", "sd1", job), bench.side("exact", "sd1", job)
    ours = bench.side("fast", "sd1", job)
    ratio, seconds = theirs["median"] / ours["median"], ours["median"]
    _, most, psnr = difference(ours, plain)
    tell("fast, times as fast as diffusers", ratio, "at least 3", reached=ratio >= 3)
    tell("fast, seconds", seconds, "at most 0.35", reached=seconds <= 0.35)
    print(f"fast against exact: {psnr:.1f} dB, {most:.4f} at most", flush=True)


def sdxl(bench: Bench) -> None:
    """SDXL at 1024 x 1024, 30 steps."""
    job = bench.job(size=1024, steps=30)
    theirs, plain = (bench.side(side, "sdxl", job) for side in ("diffusers", "exact"))
    equal = difference(plain, theirs)[0]
    tell("SDXL, exact, equal to diffusers bit for bit", equal, "True", reached=equal)
    ours = bench.side("fast", "sdxl", job)
    seconds = ours["median"]
    _, most, psnr = difference(ours, plain)
    tell("SDXL, fast, seconds", seconds, "at most 1.4", reached=seconds <= 1.4)
    ratios = (theirs["median"] / one["median"] for one in (plain, ours))
    print("SDXL, times as fast as diffusers: exact {:.3f}, fast {:.3f}".format(*ratios), flush=True)
    print(f"SDXL, fast against exact: {psnr:.1f} dB, {most:.4f} at most", flush=True)


def batch(bench: Bench) -> None:
    """Stable Diffusion 1.5, 16 pictures at once: how much of what the device can do is done."""
    job = bench.job(size=512, steps=50, batch=16)
    rate = matrix_rate(bench)
    sizes = {name: job[name] for name in ("size", "batch")}
    # PNDM calls the denoiser once more than it has steps.
    work = operations(bench.model("sd1"), "sd1", steps=job["steps"] + 1, **sizes)
    print(f"# the product of two matrices: {rate / 1e12:.1f} TFLOP/s; a run: {work / 1e12:.1f} TFLOP", flush=True)
    for side in ("exact", "fast"):
        share = work / bench.side(side, "sd1", job)["median"] / rate
        tell(f"batch 16, {side}, share of the matrix rate", share, "at least 0.6", reached=share >= 0.6)


def matrix_rate(bench: Bench) -> float:
    """Operations a second in the product of two large matrices, in the precision of the run; the best of several."""
    import torch

    edge, dtype = (256, torch.float32) if bench.tiny else (MATRIX, torch.float16)
    one, other = (torch.randn(edge, edge, device=bench.device, dtype=dtype) for _ in range(2))
    wait: Callable[[], None] = torch.cuda.synchronize if bench.device.startswith("cuda") else lambda: None
    best, many = 0.0, 20
    for _ in range(5):
        wait()
        started = time.perf_counter()
        for _ in range(many):
            one @ other
        wait()
        best = max(best, many * 2 * edge**3 / (time.perf_counter() - started))
    return best


PARTS: dict[str, Callable[[Bench], None]] = {"exact": exact, "fast": fast, "sdxl": sdxl, "batch": batch}


def main(arguments: list[str] | None = None) -> int:
    """Measure all parts; 1 where one of them failed."""
    import torch

    parser = argparse.ArgumentParser(description="Measure what must hold on a GPU.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument(
        "--models", type=Path, help="where the models are, or are built; without, in a folder that goes"
    )
    parser.add_argument("--light", action="store_true", help="compile without a search for the fastest kernels")
    parser.add_argument("--longest", type=int, default=LONGEST, help="seconds after which a side is given up")
    parser.add_argument("--tiny", metavar="DEVICE", help="try it on small models")
    asked = parser.parse_args(arguments)
    if not asked.tiny and not torch.cuda.is_available():
        sys.exit("this measures a CUDA device, and there is none")
    name = asked.tiny or torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}", flush=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        place = asked.models or Path(folder)
        bench = Bench(asked.tiny or "cuda", bool(asked.tiny), asked.turns, place, asked.light, asked.longest)
        for part in asked.only.split(","):
            try:
                PARTS[part](bench)
            except Exception as error:  # Whatever it is: the other parts are measured all the same.
                failed = True
                print(f"{part} failed: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
