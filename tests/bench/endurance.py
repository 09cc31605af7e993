"""Whether an engine that lives long grows: 500 runs in one process, and 500 calls of a warm engine.

    python -m tests.bench.endurance [RUNS]

The baseline is the process as it is after 50 runs; the ratio to it of the 25 last runs, by their median, is printed for
the resident set, the proportional set, what is the process's own and what is anonymous, with its threads and open
files. The runs make small pictures with the shipped model, in a process of its own: other seeds, prompts and sizes,
previews, a cache on disk and one in memory whose bound they reach at once; every tenth fails and every tenth is
stopped. The calls run toys, and every fifth hangs up.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

FIRST = 50
"""Runs after which nothing may grow."""
LAST = 25
RUNS = 500
GOAL = 1.02
MEMORY = 2**19
"""Bytes of values in memory: some runs' worth."""
DISK = 2**22
PROMPTS = ("a red circle on a blue background", "a green star on a white background", "a yellow ring")
SIZES = (16, 24, 32)
FAILS, STOPS = 3, 7
"""Runs whose number ends so are to fail, or to be stopped."""


def sizes(pid: int) -> dict[str, float]:
    """MiB that a process has, its threads and its open files.

    What is proportional and what is its own depends on who else maps the same libraries; what is anonymous does not.
    """
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    kept = {name.rstrip(":"): int(size) / 1024 for name, size, *_ in lines}
    return {
        "resident": kept["Rss"],
        "proportional": kept["Pss"],
        "its own": kept["Private_Clean"] + kept["Private_Dirty"],
        "anonymous": kept["Anonymous"],
        "threads": float(len(os.listdir(f"/proc/{pid}/task"))),
        "open files": float(len(os.listdir(f"/proc/{pid}/fd"))),
    }


def pictures(runs: int) -> Iterator[dict[str, float]]:
    """Run text_to_image in this process; the process as it is after each."""
    from latentgraph.graph.disk_cache import DiskCache
    from latentgraph.graph.document import read_document
    from latentgraph.graph.errors import NodeFailedError, RunCancelledError
    from latentgraph.graph.events import NodeProgress
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine
    from latentgraph.nodes.storing import STORING

    document = read_document(Path(str(files("latentgraph.workflows"))) / "text_to_image.json")
    with tempfile.TemporaryDirectory() as folder:
        disk = DiskCache(Path(folder) / "kept", STORING, limit=DISK)
        engine = Engine(Registry.load(), memory=MEMORY, disk=disk)
        for number in range(runs):
            fails, stops = number % 10 == FAILS, number % 10 == STOPS
            size = SIZES[number % len(SIZES)]
            given = {
                "seed": number,
                "prompt": PROMPTS[number // len(SIZES) % len(PROMPTS)],
                "height": size,
                "width": size,
                # The model was trained on a thousand.
                "num_inference_steps": 2000 if fails else 3,
            }
            run = engine.run(document, given, out=Path(folder) / "out", overwrite=True, previews=True)
            try:
                for event in run:
                    if stops and isinstance(event, NodeProgress):
                        run.cancel()
                assert not fails
                assert not stops
            except NodeFailedError:
                assert fails
            except RunCancelledError:
                assert stops
            del run
            yield sizes(os.getpid())


def calls(runs: int) -> Iterator[dict[str, float]]:
    """Have a warm engine in a process of its own run toys; that process as it is after each."""
    from latentgraph.graph.process.request import RunRequest
    from latentgraph.graph.warm_socket import FOLDER, SOCKET
    from latentgraph.tui.warm_run import Connection

    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.endurance_server"], stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        try:
            for number in range(runs):
                connection = Connection(Path(folder) / SOCKET)
                text = TOYS % (5 * (number % 40 + 1), number % 60)
                request = RunRequest(text, "toys.json", previews=True).to_json()
                connection.ask({"request": request, "set": [], "inputs": None})
                if number % 5:
                    assert [message["event"] for message in connection.messages()][-1:] == ["run_finished"]
                connection.close()
                yield sizes(server.pid)
        finally:
            server.kill()
            server.communicate()


TOYS = """{"latentgraph": 1, "nodes": {
  "dough": {"type": "mix", "inputs": {"flour": %d}},
  "kneaded": {"type": "knead", "inputs": {"dough": {"from": "dough.dough"}, "minutes": %d}},
  "loaf": {"type": "bake", "inputs": {"dough": {"from": "kneaded.dough"}}}},
  "outputs": {"bread": {"from": "loaf.bread"}}}"""


def grown(measured: list[dict[str, float]]) -> dict[str, float]:
    """The ratio of the last runs to the process as it was after FIRST, for each size."""
    return {name: statistics.median(one[name] for one in measured[-LAST:]) / measured[FIRST - 1][name]
            for name in measured[0]}  # fmt: skip


def main(runs: int = RUNS) -> None:
    """Print a table of both."""
    print(f"| what | size, {runs} runs | after {FIRST} | at the end | ratio | goal |\n|---|---|---|---|---|---|")
    for what, measure in (("pictures", pictures), ("calls", calls)):
        measured = [*measure(runs)]
        for name, ratio in grown(measured).items():
            before, after = measured[FIRST - 1][name], measured[-1][name]
            print(f"| {what} | {name} | {before:.1f} | {after:.1f} | {ratio:.4f} | {GOAL} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
