from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from tests.tui.conftest import BREAD, Cli

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import parse_document

LOOSE = json.dumps({"nodes": BREAD["nodes"], "latentgraph": 1, "outputs": BREAD["outputs"]}, indent=8)
CANONICAL = canonical_text(parse_document(LOOSE.encode(), "").workflow)


def test_a_file_is_rewritten_once_and_keeps_its_mode(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "loose.json"
    file.write_text(LOOSE)
    file.chmod(0o640)
    done = cli("fmt", "loose.json")
    assert (done.code, done.out, done.err) == (0, "", "wrote loose.json\n")
    assert file.read_text() == CANONICAL
    assert file.stat().st_mode & 0o777 == 0o640
    before = file.stat()
    assert cli("fmt", "loose.json").err == ""
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == ["loose.json"]


def test_a_link_to_a_file_stays_a_link(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/loose.json").write_text(LOOSE)
    (tmp_path / "link.json").symlink_to("folder/loose.json")
    assert cli("fmt", "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "folder/loose.json").read_text() == CANONICAL


def test_check_lists_what_would_change_and_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "loose.json").write_text(LOOSE)
    (tmp_path / "fine.json").write_text(CANONICAL)
    done = cli("fmt", "--check", "loose.json", "fine.json")
    assert (done.code, done.out, done.err) == (1, "would change loose.json\n", "")
    assert (tmp_path / "loose.json").read_text() == LOOSE
    assert cli("fmt", "--check", "fine.json").code == 0


def test_line_ends_and_byte_order_marks_are_not_canonical(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "windows.json").write_bytes(b"\xef\xbb\xbf" + CANONICAL.replace("\n", "\r\n").encode())
    assert cli("fmt", "--check", "windows.json").code == 1
    cli("fmt", "windows.json")
    assert (tmp_path / "windows.json").read_bytes() == CANONICAL.encode()


@pytest.mark.parametrize(
    "text", ["", "{", '{"latentgraph": 2, "nodes": {}}', '{"latentgraph": 1, "nodes": {}, "a": 1}', "not JSON"]
)
def test_a_broken_file_is_left_alone_and_the_others_are_written(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    (tmp_path / "loose.json").write_text(LOOSE)
    done = cli("fmt", "broken.json", "loose.json")
    assert done.code == 2
    assert done.err.startswith("broken.json:")
    assert done.err.endswith("wrote loose.json\n")
    assert (tmp_path / "broken.json").read_text() == text


def test_a_dash_rewrites_standard_input_to_standard_output(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOOSE.encode())))
    done = cli("fmt", "-")
    assert (done.code, done.out, done.err) == (0, CANONICAL, "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{")))
    broken = cli("fmt", "-")
    assert (broken.code, broken.out) == (2, "")
    assert broken.err.startswith("<stdin>:1:2: E003")
