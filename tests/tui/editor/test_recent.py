"""Which files were open lately."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentgraph.tui.editor import recent
from latentgraph.tui.editor.recent import MOST, forget, recent_files, recent_path, remember


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Some workflows."""
    paths = [tmp_path / f"{index}.json" for index in range(MOST + 5)]
    for path in paths:
        path.touch()
    return paths


def test_the_latest_comes_first_and_each_once(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "state/recent.json"
    for index in (0, 1, 2, 0):
        remember(files[index], store)
    assert recent_files(store) == [files[0], files[2], files[1]]


def test_only_so_many_are_remembered(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "recent.json"
    for path in files:
        remember(path, store)
    assert recent_files(store) == files[::-1][:MOST]


def test_a_file_that_is_gone_is_not_listed(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "recent.json"
    remember(files[0], store)
    remember(files[1], store)
    files[1].unlink()
    assert recent_files(store) == [files[0]]
    forget(files[0], store)
    assert recent_files(store) == []


def test_a_relative_path_is_remembered_from_where_it_was_said(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    remember(Path("0.json"), tmp_path / "recent.json")
    monkeypatch.chdir("/")
    assert recent_files(tmp_path / "recent.json") == [files[0]]


@pytest.mark.parametrize("text", ["", "{", "{}", "[1, null]", '["\\u0000"]', "\ud800"])
def test_a_broken_list_is_an_empty_one(text: str, tmp_path: Path) -> None:
    store = tmp_path / "recent.json"
    store.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert recent_files(store) == []


def test_where_nothing_can_be_written_nothing_is_remembered(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    remember(files[0], tmp_path / "state/recent.json")
    assert recent_files(tmp_path / "state/recent.json") == []


def test_it_lies_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(recent, "user_state_path", lambda name: tmp_path / name)
    assert recent_path() == tmp_path / "latentgraph/recent.json"
