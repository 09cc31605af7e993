"""Ten screens look as they did when somebody last looked at them.

Where a change is meant: run with `--snapshot-update`, look at every picture that changed, and commit those.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.tui.editor.scenes import CLOCKS, SCENES, SHIPPED, Clock, hold_still, mistaken, steps_to, still_app

CASES = [(name, size) for name in SCENES for size in [(160, 45), (80, 24)] if (name, size) != ("light", (80, 24))]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moves but what the test moves."""
    CLOCKS[:] = [Clock()]
    hold_still(monkeypatch, CLOCKS[0])


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{size[0]}x{size[1]}" for name, size in CASES])
def test_the_screen_looks_as_it_did(
    name: str, size: tuple[int, int], tmp_path: Path, snap_compare: Callable[..., bool]
) -> None:
    opened = {"start": None, "errors": mistaken(tmp_path)}.get(name, SHIPPED)
    app = still_app(opened, tmp_path)
    assert snap_compare(app, terminal_size=size, run_before=steps_to(SCENES[name], app, tmp_path))
