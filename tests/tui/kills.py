"""Runs, sweeps and writers of the cache, killed at random moments.

    python -m tests.tui.kills FOLDER RUNS SWEEPS WRITERS SEED

One process imports all that a run needs and makes what the victims are to make; each victim is a fork of it, so that a
kill costs a part of a run and not an import. After every kill all that was left is looked at, and the victim is called
again until it comes to its end.
"""

from __future__ import annotations

import gc
import json
import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import torch

from latentgraph.graph import resume
from latentgraph.graph.cache import Kept
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.kept_folder import disk_cache
from latentgraph.graph.registry import Registry
from latentgraph.nodes.storing import STORING
from latentgraph.tui.main import call

SMALL = ("--set", "height=16", "--set", "width=16")
RUN = ("run", "text_to_image", *SMALL, "--json")
STEPS = ("--set", "num_inference_steps=50")
SWEEP = ("sweep", "text_to_image", *SMALL, "--set", "num_inference_steps=12", "--set", "seed=1..4", "--quiet")
SEEDS = 2
IN_A_ROW = 4
"""Kills of one run or sweep, before it is left in peace."""
SHEET = "contact_sheet.png"
MANIFEST = "manifest.jsonl"


@dataclass
class Tally:
    """What was seen."""

    kills: dict[str, int] = field(default_factory=lambda: {"runs": 0, "sweeps": 0, "writers": 0})
    went_on: int = 0
    """Runs that began in the middle of their loop."""
    pictures: int = 0
    """Held against what an undisturbed run makes, bit for bit."""
    kept_files: int = 0
    """Read back whole."""


class Killer:
    """Kills, and looks at what is left."""

    def __init__(self, folder: Path, seed: int, *, seeds: int, sweeps: bool) -> None:
        """Make what the victims are to make, in `folder`.

        Args:
            folder: Empty.
            seed: Of the moments.
            seeds: How many different pictures the runs are to make.
            sweeps: Whether there will be sweeps.
        """
        self.tally = Tally()
        self._folder = folder
        self._seeds = seeds
        self._draw = random.Random(seed)
        self._truth = folder / "truth"
        self._truth.mkdir()
        os.environ |= {"LATENTGRAPH_ENGINE": "off", "LATENTGRAPH_CACHE": "off"}
        # Imports everything, so that the others take as long as their victims will.
        self._make([*RUN, "--set", "num_inference_steps=1", "--out", str(self._truth / "first")])
        self._seconds = {kind: self._make(arguments) for kind, arguments in self._undisturbed(sweeps).items()}
        gc.collect()
        while threading.active_count() > 1:  # the engines' threads end with them; nothing else may run at a fork
            time.sleep(0.01)

    def _undisturbed(self, sweeps: bool) -> dict[str, list[str]]:
        runs = {f"seed {seed}": _run(seed, self._truth / f"run-{seed}") for seed in range(self._seeds)}
        return runs | ({"sweep": [*SWEEP, "--out", str(self._truth / "sweep")]} if sweeps else {})

    def _make(self, arguments: list[str]) -> float:
        started = time.monotonic()
        assert call(arguments) == 0
        return time.monotonic() - started

    def runs(self, kills: int) -> None:
        """Kill runs, and have each come to its end by further ones."""
        for number in count():
            if self.tally.kills["runs"] >= kills:
                return
            place, seed = self._folder / f"run-{number}", number % self._seeds
            truth = (self._truth / f"run-{seed}" / "image-1.png").read_bytes()

            def look(place: Path = place, truth: bytes = truth) -> None:
                self._look_at_cache(place / "cache", Registry.load([]))
                for picture in _named(place / "out"):
                    assert picture.read_bytes() == truth, picture
                    self.tally.pictures += 1

            self._until_done("runs", place, _run(seed, place / "out"), self._seconds[f"seed {seed}"], look)
            assert _named(place / "out"), "a run that says it is done has made a picture"
            assert _half_written(place / "out") == []
            turns = [json.loads(line) for line in (place / "told").read_text().splitlines()]
            first = next((one["done"] for one in turns if one.get("event") == "node_progress"), 0)
            self.tally.went_on += first > 1

    def sweeps(self, kills: int) -> None:
        """Kill sweeps, and have each come to its end by further ones."""
        for number in count():
            if self.tally.kills["sweeps"] >= kills:
                return
            place = self._folder / f"sweep-{number}"

            def look(place: Path = place) -> None:
                self._look_at_cache(place / "cache", Registry.load([]))
                self._look_at_sweep(place / "out")

            self._until_done("sweeps", place, [*SWEEP, "--out", str(place / "out")], self._seconds["sweep"], look)
            entries = _manifest(place / "out")
            assert sorted([one["run"] for one in entries[1:]]) == [1, 2, 3, 4], entries
            assert (place / "out" / SHEET).exists()
            assert _half_written(place / "out") == []

    def writers(self, kills: int) -> None:
        """Kill processes that do nothing but write and read kept values."""
        place = self._folder / "written"
        disk = DiskCache(place, STORING)
        while self.tally.kills["writers"] < kills:
            victim = _fork(partial(_write_values, disk, self._draw.randrange(2**30)))
            _wait(victim, self._draw.uniform(0, 0.15))
            _kill(victim)
            self.tally.kills["writers"] += 1
        for file in disk.files():
            key = _key_in(file.path)
            kept = disk.get(key)
            assert kept is not None, file.path
            assert torch.equal(kept.values[0], _tensor(int(key))), file.path
            self.tally.kept_files += 1

    def _until_done(
        self, kind: str, place: Path, arguments: list[str], seconds: float, look: Callable[[], None]
    ) -> None:
        place.mkdir()
        os.environ["LATENTGRAPH_CACHE"] = str(place / "cache")
        for turn in count():
            victim = _fork(partial(_called, arguments, place / "told"))
            code = _wait(victim, self._draw.uniform(0, 1.1 * seconds) if turn < IN_A_ROW else math.inf)
            if code is not None:
                assert code == 0, (place / "told").read_text()
                look()
                return
            _kill(victim)
            self.tally.kills[kind] += 1
            look()

    def _look_at_cache(self, folder: Path, registry: Registry) -> None:
        disk = disk_cache(registry)
        assert disk is not None
        assert disk.folder == folder
        for file in disk.files():
            assert disk.get(_key_in(file.path)) is not None, file.path
            self.tally.kept_files += 1
        for recipes in folder.rglob("[!.]*.json"):
            json.loads(recipes.read_text("utf-8"))

    def _look_at_sweep(self, out: Path) -> None:
        for entry in _manifest(out)[1:]:
            assert not entry.get("error"), entry
            assert all((out / name).is_file() for names in entry["files"].values() for name in names), entry
        for file in _named(out):
            # A picture that was made and not yet noted is made again, under the next number.
            own = file.name if file.name == SHEET else f"{file.stem.rpartition('-')[0]}-1.png"
            assert file.read_bytes() == (self._truth / "sweep" / own).read_bytes(), file
            self.tally.pictures += 1


def _run(seed: int, out: Path) -> list[str]:
    return [*RUN, *STEPS, "--set", f"seed={seed}", "--out", str(out)]


def _named(out: Path) -> list[Path]:
    """The pictures in a folder; a file on its way to a name begins with a dot."""
    return sorted(path for path in out.glob("*.png") if not path.name.startswith("."))


def _half_written(out: Path) -> list[Path]:
    """What is on its way to a name, or was when its process was killed."""
    return [path for path in out.iterdir() if path.suffix == ".tmp"]


def _manifest(out: Path) -> list[dict[str, Any]]:
    text = (out / MANIFEST).read_text("utf-8") if (out / MANIFEST).exists() else "{}\n"
    assert text.endswith("\n"), text
    return [json.loads(line) for line in text.splitlines()]


def _key_in(path: Path) -> str:
    """The key that a file of kept values says it is of."""
    content = path.read_bytes()
    notes, _ = json.JSONDecoder().raw_decode(content[content.index(b'{"key": ') :].decode("latin-1"))
    return str(notes["key"])


def _tensor(number: int) -> torch.Tensor:
    return torch.arange(number * 50) + number


def _write_values(disk: DiskCache, seed: int) -> int:
    draw = random.Random(seed)
    while True:
        number = draw.randrange(1_000)
        assert disk.put(str(number), Kept((_tensor(number),))), disk.fault
        disk.get(str(draw.randrange(1_000)))


def _called(arguments: list[str], told: Path) -> int:
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    return call(arguments)


def _fork(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = work()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _wait(pid: int, seconds: float) -> int | None:
    """The exit code of a child that ended by itself within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main(folder: str, runs: str, sweeps: str, writers: str, seed: str) -> None:
    """Kill so many of each and print what was seen, as JSON."""
    # As often as can be: after every turn.
    resume.SECONDS_BETWEEN = 0.0  # type: ignore[misc]
    resume.SHARE = 1.0  # type: ignore[misc]
    killer = Killer(Path(folder), int(seed), seeds=min(SEEDS, int(runs)), sweeps=int(sweeps) > 0)
    killer.writers(int(writers))
    killer.runs(int(runs))
    killer.sweeps(int(sweeps))
    tally = killer.tally
    print(json.dumps({**tally.kills, "went_on": tally.went_on, "pictures": tally.pictures, "kept": tally.kept_files}))


if __name__ == "__main__":
    main(*sys.argv[1:])
