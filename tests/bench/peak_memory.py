"""The most memory that each workflow takes as a whole process, against the diffusers pipeline that does the same.

    python -m tests.bench.peak_memory [TURNS] [WORKFLOW ...]

Both sides read the same files (random weights, built in a temporary folder, or in the one that the environment
variable MODELS names and keeps), and make the same picture, which is looked at. Ours is `latentgraph run` as people
call it, theirs a script that loads the pipeline and calls it. The memory of a process is its largest resident set
(`ru_maxrss` of getrusage). Prints the medians of TURNS turns (3 unless told), their ratio, and whether the pictures
are equal. Both compute in one thread, so that the time that threads wait for each other plays no part.

Where the system is short of memory it takes back pages of files that a process has mapped (libraries, weights), which
makes the resident set smaller by chance. What a process has written itself cannot be taken back: the largest size of
that (`RssAnon` of Linux, asked for every 5 ms) is told beside it, and varies little.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageChops
from tests.bench.peak_memory_pairs import COMMON, PAIRS, SEED, Pair


class Peak(NamedTuple):
    """The most that a process took, in MiB."""

    resident: float
    """Of its pages in memory, those of mapped files among them."""
    written: float
    """Of those that are of no file."""

    def __str__(self) -> str:
        return f"{self.resident:.0f} MiB ({self.written:.0f} written)"


KIB_A_MIB = 1024 if sys.platform != "darwin" else 1024**2


def ours(name: str, pair: Pair, models: Path, out: Path) -> list[str]:
    """The command line of the workflow."""
    given: dict[str, Any] = {"seed": SEED, **COMMON, **pair.values, "model": f"@{pair.model}", **pair.ours}
    if "seeds" in given:
        del given["seed"]
    command = [sys.executable, "-m", "latentgraph.tui.main", "run", name, "--device", "cpu", "--quiet"]
    for key, value in given.items():
        written = f"{models}/{value[1:]}" if str(value).startswith("@") else value
        command += ["--set", f"{key}={written}"]
    return [*command, "--out", str(out), "--overwrite"]


def theirs(name: str, models: Path, picture: Path) -> list[str]:
    """The command line of the pipeline."""
    return [sys.executable, "-m", "tests.bench.peak_memory_diffusers", name, str(models), str(picture)]


def peak(command: list[str]) -> Peak:
    """Run a process to its end, and tell how large it was at most.

    A process counts from what the one that started it holds, so this one stays small: it imports no torch.
    """
    with tempfile.TemporaryFile() as said:
        variables = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, env=variables, preexec_fn=lambda: _take_priority(0)
        )
        written = 0.0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            written = max(written, anonymous(process.pid))
            time.sleep(0.005)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)}\n{said.read().decode(errors='replace')}")
    return Peak(usage.ru_maxrss / KIB_A_MIB, written)


def _take_priority(nice: int) -> None:
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def anonymous(pid: int) -> float:
    """What a process has written itself, in MiB; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


def equal(one: Path, other: Path) -> bool:
    """Whether two files hold the same picture."""
    with Image.open(one) as first, Image.open(other) as second:
        return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


def measured(name: str, models: Path) -> tuple[Peak, Peak, bool]:
    """One turn of a workflow: the peaks of both sides, and whether they made the same picture."""
    with tempfile.TemporaryDirectory() as folder:
        out, picture = Path(folder) / "ours", Path(folder) / "theirs.png"
        mine = peak(ours(name, PAIRS[name], models, out))
        other = peak(theirs(name, models, picture))
        same = equal(out / "image-1.png", picture)
    print(f"{name}: {mine}, diffusers {other}, {'equal' if same else 'DIFFERENT'}", file=sys.stderr, flush=True)
    return mine, other, same


def row(name: str, turns: list[tuple[Peak, Peak, bool]]) -> str:
    """A line of the table: medians and their ratios."""
    cells = []
    for kind in Peak._fields:
        mine, other = (statistics.median(getattr(turn[side], kind) for turn in turns) for side in (0, 1))
        cells.append(f"{mine:.0f} | {other:.0f} | {mine / other if other else 0:.3f}")
    return f"| `{name}` | {' | '.join(cells)} | {'equal' if all(same for *_, same in turns) else 'DIFFERENT'} |"


def main() -> None:
    """Build the models and print the table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    names = sys.argv[2:] or list(PAIRS)
    # Asking every 5 ms takes next to nothing, but has to come to its turn beside other programs.
    _take_priority(-10)
    with tempfile.TemporaryDirectory() as name:
        models = Path(os.environ.get("MODELS") or name)
        if not (models / "mask.png").exists():
            models.mkdir(parents=True, exist_ok=True)
            peak([sys.executable, "-m", "tests.bench.peak_memory_models", str(models)])
        rows: dict[str, list[tuple[Peak, Peak, bool]]] = {workflow: [] for workflow in names}
        for _ in range(turns):
            for workflow in names:
                rows[workflow].append(measured(workflow, models))
    print("| workflow | resident | diffusers | ratio | written | diffusers | ratio | pictures |")
    print("|---|---|---|---|---|---|---|---|")
    for workflow in names:
        print(row(workflow, rows[workflow]))


if __name__ == "__main__":
    main()
