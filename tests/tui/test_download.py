"""A hub model from the command line: nothing is asked of the network without consent, then it is announced and used.

Against a small server that speaks the hub's language, in processes of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.nodes.hub_server import Hub, serve
from tests.nodes.tiny import build_tiny_sd1

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "served"
    build_tiny_sd1(folder)
    hub = Hub(models={"ann/tiny": folder, "ann/gated": folder}, gated={"ann/gated"})
    with serve(hub):
        yield hub


@pytest.fixture
def call(hub: Hub, tmp_path: Path) -> Call:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf")}
        command = [sys.executable, "-m", "latentgraph.tui.main", "run", "text_to_image", *arguments]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=clean | own,
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return call


def test_without_consent_nothing_is_asked_of_the_network(hub: Hub, call: Call) -> None:
    done = call("--set", "model=ann/tiny")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: not on this machine: the hub model 'ann/tiny'; add --download to fetch it"
    )
    assert hub.asked == []


def test_with_consent_it_is_announced_with_its_size_downloaded_and_run(hub: Hub, call: Call, tmp_path: Path) -> None:
    first = call("--set", "model=ann/tiny", "--set", "num_inference_steps=2", "--download")
    assert first.returncode == 0, first.stderr
    assert "note: downloading ann/tiny, " in first.stderr
    assert (tmp_path / "outputs" / "image-1.png").exists()
    hub.asked.clear()
    again = call("--set", "model=ann/tiny", "--set", "num_inference_steps=2")
    assert again.returncode == 0, again.stderr
    assert hub.asked == []


def test_a_gated_model_says_what_to_do(call: Call) -> None:
    done = call("--set", "model=ann/gated", "--download")
    assert done.returncode == 1
    assert "gated" in done.stderr.splitlines()[-1]
