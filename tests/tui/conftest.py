"""A command line that runs in the test's own process, and a workflow that takes its time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from latentgraph.tui.main import call

ROOT = Path(__file__).parents[2]
TOYS = str(ROOT / "tests/graph/toys.py")
PAINTS = str(ROOT / "tests/tui/paints.py")

BREAD = {
    "inputs": {
        "flour": {"type": "integer", "default": 500, "minimum": 1, "multiple_of": 5},
        "crust": {"type": "string", "default": "soft", "choices": ["soft", "dark"]},
        "minutes": {"type": "number", "default": 10},
    },
    "nodes": {
        "mix": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}},
        "knead": {"type": "knead", "inputs": {"dough": {"from": "mix.dough"}, "minutes": {"from": "inputs.minutes"}}},
        "bake": {"type": "bake", "inputs": {"dough": {"from": "knead.dough"}, "crust": {"from": "inputs.crust"}}},
    },
    "outputs": {"bread": {"from": "bake.bread"}},
}
SLOW = {
    "inputs": {
        "turns": {"type": "integer", "default": 4},
        "seconds": {"type": "number", "default": 0.01},
        "edge": {"type": "integer", "default": 16},
        "seed": {"type": "integer", "default": 1},
    },
    "nodes": {
        "swatch": {"type": "paint", "inputs": {"number": {"from": "inputs.seed"}, "edge": {"from": "inputs.edge"}}},
        "hung": {"type": "hang", "inputs": {"swatch": {"from": "swatch.swatch"}}},
        "numbers": {"type": "numbers", "inputs": {"to": {"from": "inputs.turns"}}},
        "slow": {
            "type": "loop",
            "each": {"number": {"from": "numbers.value"}},
            "inputs": {"seconds": {"from": "inputs.seconds"}},
            "nodes": {
                "wait": {
                    "type": "wait",
                    "inputs": {"number": {"from": "loop.number"}, "seconds": {"from": "loop.seconds"}},
                }
            },
            "collect": {"numbers": {"from": "wait.value"}},
        },
    },
    "outputs": {"numbers": {"from": "slow.numbers"}, "swatch": {"from": "swatch.swatch"}},
}


@dataclass(frozen=True)
class Called:
    """What a call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output, which has to be one JSON object a line."""
        events = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(event, dict) for event in events)
        return events


Cli = Callable[..., Called]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    # It changes the whole process, which belongs to the other tests too.
    monkeypatch.setattr("latentgraph.tui.run_command.quiet_libraries", lambda: None)

    def run(*arguments: str) -> Called:
        capsys.readouterr()
        code = call(list(arguments))
        printed = capsys.readouterr()
        return Called(code, printed.out, printed.err)

    return run


def write(path: Path, data: dict[str, Any]) -> Path:
    """Write a workflow, with the version filled in."""
    path.write_text(json.dumps({"latentgraph": 1, **data}))
    return path


@pytest.fixture
def bread(tmp_path: Path) -> str:
    """A file that bakes a bread."""
    return str(write(tmp_path / "bread.json", BREAD).relative_to(tmp_path))


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """A file that paints a picture and then takes its time."""
    return str(write(tmp_path / "slow.json", SLOW).relative_to(tmp_path))
