"""What one call of the command line made, the next one need not make."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui.conftest import Cli

RUN = ("run", "text_to_image", "--set", "num_inference_steps=2", "--json")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kept values for one test."""
    monkeypatch.setenv("LATENTGRAPH_CACHE", str(tmp_path / "kept"))
    # However fast the machine is.
    monkeypatch.setattr("latentgraph.graph.kept_folder.SECONDS_WORTH_A_FILE", 0.0)
    return tmp_path / "kept"


def _computed(cli: Cli, *more: str) -> list[str]:
    done = cli(*RUN, *more)
    assert done.code == 0, done.err
    return [one["node"] for one in done.events if one["event"] == "node_finished" and not one["cached"]]


def test_the_second_run_of_a_workflow_computes_nothing_if_it_may(cli: Cli, kept: Path, tmp_path: Path) -> None:
    assert "denoise" in _computed(cli)
    assert _computed(cli) == []
    assert "denoise" in _computed(cli, "--no-cache")
    pictures = [(tmp_path / f"outputs/image-{number}.png").read_bytes() for number in (1, 2, 3)]
    assert pictures[0] == pictures[1] == pictures[2]
    # A picture is kept as long as its file: nobody else may look at it.
    assert {path.stat().st_mode & 0o077 for path in [kept, *kept.rglob("*")]} == {0}

    shown = cli("cache").out.splitlines()
    assert shown[0].startswith(f"{kept}: ")
    assert shown[0].endswith(" kB of at most 4.0 GB")
    assert cli("cache", "--json").events[0]["files"] > 3
    assert cli("cache", "clear").out.endswith("; 0 values left, 0 bytes\n")
    assert "denoise" in _computed(cli)


def test_without_a_cache_nothing_is_kept(cli: Cli, kept: Path) -> None:
    _computed(cli, "--no-cache")
    assert not kept.exists()
    assert cli("cache").out == f"{kept}: 0 values, 0 bytes of at most 4.0 GB\n"


def test_a_size_that_is_none_is_told(cli: Cli, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = cli("cache", "trim", "some")
    assert (done.code, done.err) == (2, "error: 'some' is no size; write it like 500MB or 2GB\n")
    monkeypatch.setenv("LATENTGRAPH_CACHE_LIMIT", "some")
    done = cli("run", "text_to_image")
    assert (done.code, done.err) == (
        2,
        "error: LATENTGRAPH_CACHE_LIMIT: 'some' is no size; write it like 500MB or 2GB\n",
    )
    monkeypatch.setenv("LATENTGRAPH_CACHE", "off")
    done = cli("cache")
    assert (done.code, done.err) == (2, "error: nothing is kept: LATENTGRAPH_CACHE is off\n")


def test_the_run_explains_what_it_computed_and_why(cli: Cli, kept: Path) -> None:
    def explained(*more: str) -> dict[str, str]:
        events = cli(*RUN, "--explain", *more).events
        return {one["node"]: f"{one['outcome']}: {one['why']}" for one in events if one["event"] == "explained"}

    first = explained()
    assert set(first.values()) == {"run: this workflow has not run before"}
    second = explained()
    assert second["checked"] == "kept: nothing that makes it changed"
    assert second["tokens"] == "left out: what reads it was kept"
    other = explained("--set", "prompt=a blue star")
    assert other["tokens"] == ('run: \'text\' went from "a red circle on a blue background" to "a blue star"')
    assert other["positive"] == "run: tokens changed"
    assert other["denoise"] == "run: guidance changed"
    assert other["negative"] == "kept: nothing that makes it changed"
    assert other["model"].startswith("run: nothing changed, but its values are not kept")
    one = cli("run", "text_to_image", "--set", "num_inference_steps=2", "--explain", "--quiet")
    assert "denoise" in one.err
