"""Toy values written down as JSON, and a run of toys (`python -m tests.graph.keeping`) to be killed at any moment."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.graph.toys import Bread, Dough, toy_document, toy_registry

from latentgraph.graph import resume
from latentgraph.graph.disk_cache import SUFFIX, TEMPORARY, DiskCache
from latentgraph.graph.events import NodeProgress
from latentgraph.graph.run import Engine
from latentgraph.graph.storing import Storing, UnstorableError

TURNS = 60
PASTE: dict[str, Any] = {
    "nodes": {
        "turns": {"type": "count", "inputs": {"to": TURNS}},
        "dough": {"type": "mix", "inputs": {"flour": 500, "water": 100_000}},
        "work": {
            "type": "loop",
            "each": {"n": {"from": "turns.value"}},
            "carry": {"dough": {"from": "dough.dough", "next": "step.dough"}},
            "nodes": {"step": {"type": "knead", "inputs": {"dough": {"from": "loop.dough"}, "minutes": 7.0}}},
            "collect": {"doughs": {"from": "step.dough"}},
        },
        "loaf": {"type": "bake", "inputs": {"dough": {"from": "work.dough"}}},
    },
    "outputs": {"bread": {"from": "loaf.bread"}, "doughs": {"from": "work.doughs"}},
}


def _apart(value: Any) -> Any:
    if isinstance(value, (Dough, Bread)):
        return {type(value).__name__: [getattr(value, name) for name in value.__slots__]}
    if isinstance(value, (list, tuple)):
        return [[_apart(item) for item in value], isinstance(value, tuple)]
    if isinstance(value, (int, float, str)):
        return value
    raise UnstorableError(type(value).__name__)


def _together(written: Any) -> Any:
    if isinstance(written, dict):
        ((name, fields),) = written.items()
        return {"Dough": Dough, "Bread": Bread}[name](*fields)
    if isinstance(written, list):
        items, is_tuple = written
        return tuple(map(_together, items)) if is_tuple else [_together(one) for one in items]
    return written


STORING = Storing(lambda values: json.dumps(_apart(values)).encode(), lambda content: _together(json.loads(content)))


def main(folder: str) -> None:
    """Run the toys slowly, keeping after every turn, and print where the run began and what came out."""
    resume.SECONDS_BETWEEN = 0.0  # type: ignore[misc]
    resume.SHARE = 1.0  # type: ignore[misc]
    engine = Engine(toy_registry(), disk=DiskCache(Path(folder), STORING, from_seconds=0.0))
    run = engine.run(toy_document(PASTE))
    first = 0
    for event in run:
        if isinstance(event, NodeProgress):
            first = first or event.done
        print(event.name, flush=True)
    values = run.result().values
    print(json.dumps([first, values["bread"].grams, [one.water for one in values["doughs"]]]), flush=True)


def killed_and_run_again(folder: Path, kills: int, seed: int) -> list[int]:
    """Kill runs at random moments, hold what they left and what the next run makes of it against a run of its own.

    Returns:
        The turn that each next run began with; 0 where it found the whole loop.
    """
    draw = random.Random(seed)
    call = [sys.executable, "-m", "tests.graph.keeping"]
    plain = Engine(toy_registry()).run(toy_document(PASTE)).result().values
    firsts = []
    for number in range(kills):
        own = folder / str(number)
        process = subprocess.Popen([*call, str(own)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(draw.randrange(TURNS // 2)):  # the run is ahead of what it tells
            process.stdout.readline()
        time.sleep(draw.uniform(0, 0.003))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        left = [path for path in own.rglob("*") if path.is_file()]
        assert {path.suffix for path in left} <= {SUFFIX, TEMPORARY}
        again = subprocess.run([*call, str(own)], capture_output=True, text=True, check=True, timeout=60)
        first, grams, waters = json.loads(again.stdout.splitlines()[-1])
        assert (grams, waters) == (plain["bread"].grams, [one.water for one in plain["doughs"]])
        firsts.append(first)
    return firsts


if __name__ == "__main__":
    main(sys.argv[1])
