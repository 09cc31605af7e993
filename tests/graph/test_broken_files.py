"""Every way in which a workflow file can be broken: told once, at its place, in a sentence, and quickly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import toy_registry

from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import CODES, Problem
from latentgraph.graph.registry import Registry

CORPUS: dict[str, Any] = json.loads(Path(__file__).with_name("broken_files.json").read_text(encoding="utf-8"))
"""Files that lie `beside`, and `broken` ones: each as its lines, with all that is told about it."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return toy_registry()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("broken")
    (outside / "secret.txt").write_text("not yours")
    (outside / "secret.json").write_text("{}")
    inside = outside / "flows"
    inside.mkdir()
    for name, lines in CORPUS["beside"].items():
        (inside / name).write_text("\n".join(lines))
    (inside / "link.txt").symlink_to("../secret.txt")
    (inside / "ring.txt").symlink_to("ring.txt")
    (inside / "folder.txt").mkdir()
    os.mkfifo(inside / "pipe.txt")
    return inside


def errors_of(path: Path, registry: Registry) -> list[Problem]:
    try:
        problems = check(read_document(path, "w.json"), registry).problems
    except WorkflowError as error:
        problems = error.problems
    return [problem for problem in problems if problem.severity == "error"]


def told(raw: bytes, folder: Path, registry: Registry) -> list[str]:
    path = folder / "w.json"
    path.write_bytes(raw)
    started = time.process_time()
    problems = errors_of(path, registry)
    assert time.process_time() - started < 2
    assert all(problem.code in CODES for problem in problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("name", CORPUS["broken"])
def test_a_broken_file_is_told_once_at_its_place(name: str, folder: Path, registry: Registry) -> None:
    case = CORPUS["broken"][name]
    found = told("\n".join(case["file"]).encode(), folder, registry)
    if name == "a file by a ring of links" and sys.version_info >= (3, 13):
        # From 3.13 on, Python resolves a ring to itself and finds nothing there.
        assert [line[:24] for line in found] == ["w.json:2:53: E115 r.file"]
        return
    assert found == case["told"]


BYTES = {
    b'{"latentgraph": 1,\n "description": "caf\xe9"}': (
        "w.json:2:21: E002: byte 0xe9 is not UTF-8 text; save the file as UTF-8"
    ),
    '{"latentgraph": 1}'.encode("utf-16"): "w.json:1:1: E002: the file is UTF-16 text; save it as UTF-8",
    b"\xef\xbb\xbf{\n  \xff}": "w.json:2:3: E002: byte 0xff is not UTF-8 text; save the file as UTF-8",
    b'\xef\xbb\xbf{"latentgraph": 2}': "w.json:1:17: E006: the file is of version 2; this program reads version 1; "
    "update latentgraph",
    b'{"a": ' + b"9" * 5000 + b"}": "w.json:1:7: E003: an integer of 5000 digits is larger than any use of it; "
    "write a finite number",
}  # fmt: skip


@pytest.mark.parametrize("raw", BYTES)
def test_bytes_that_are_no_text_are_told_at_their_place(raw: bytes, folder: Path, registry: Registry) -> None:
    assert told(raw, folder, registry) == [BYTES[raw]]


DEEP = {
    "lists": b"[" * 20_000 + b"]" * 20_000,
    "lists that never end": b"[" * 20_000,
    "objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "both": b'[{"a":' * 10_000 + b"1" + b"}]" * 10_000,
    "in a value": b'{"latentgraph": 1, "nodes": {"m": {"inputs": {"flour": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}}}",
    "a little too deep": b"[" * 101 + b"]" * 101,
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_told_where_it_goes_too_far(name: str, folder: Path, registry: Registry) -> None:
    (line,) = told(DEEP[name], folder, registry)
    assert line.startswith("w.json:1:")
    assert "E005: objects and lists are nested more than 100 deep" in line


def test_what_is_no_file_is_told_without_opening_it(folder: Path, registry: Registry) -> None:
    sentences = {
        "folder.txt": "this is a folder; a workflow is a JSON file",
        "none.json": "there is no such file; look at the path",
        "pipe.txt": "cannot be read: it is neither a file nor a folder",
        "x" * 300: "cannot be read: File name too long",
    }
    assert {name: str(errors_of(folder / name, registry)[0]) for name in sentences} == {
        name: f"w.json: E001: {sentence}" for name, sentence in sentences.items()
    }


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_told(folder: Path, registry: Registry) -> None:
    path = folder / "closed.json"
    path.touch(mode=0)
    assert str(errors_of(path, registry)[0]) == "w.json: E001: you may not read it; look at the file's permissions"


def test_files_that_open_each_other_are_not_opened_without_end(folder: Path, registry: Registry) -> None:
    """Twenty files, each with the next one twice, would be a million sub-workflows."""
    for level in range(20):
        node = {"type": "workflow", "file": f"level{level + 1}.json"}
        outputs = {"o": {"from": "a.o"}, "p": {"from": "b.o"}}
        data = {"latentgraph": 1, "nodes": {"a": node, "b": node}, "outputs": outputs}
        (folder / f"level{level}.json").write_text(json.dumps(data))
    mix = {
        "latentgraph": 1,
        "nodes": {"m": {"type": "mix", "inputs": {"flour": 5}}},
        "outputs": {"o": {"from": "m.dough"}},
    }
    (folder / "level20.json").write_text(json.dumps(mix))
    problems = errors_of(folder / "level0.json", registry)
    assert [problem.message for problem in problems] == ["it opens more than 2000 sub-workflows"]


@pytest.mark.parametrize("many", [10_000, pytest.param(100_000, marks=pytest.mark.exhaustive)])
def test_one_error_among_very_many_nodes_is_found_in_time(many: int, registry: Registry) -> None:
    nodes = {f"n{i}": {"type": "add", "inputs": {"a": {"from": f"n{i - 1}.value"} if i else 1}} for i in range(many)}
    nodes["n500"] = {"type": "add", "inputs": {"a": {"from": "n499.valu"}}}
    data = {"latentgraph": 1, "nodes": nodes, "outputs": {"o": {"from": f"n{many - 1}.value"}}}
    raw = json.dumps(data, indent=1).encode()
    started = time.process_time()
    problems = check(parse_document(raw, "w.json"), registry).problems
    assert time.process_time() - started < 10
    assert [str(problem) for problem in problems] == [
        "w.json:4006:14: E106 n500.a: 'n499' has no output 'valu'; did you mean 'value'?"
    ]


@pytest.mark.parametrize("node", [{"type": "ad"}, {"type": "add", "inputs": {"a": {"from": "nowhere.x"}}}, []])
def test_ten_thousand_wrong_nodes_are_told_in_time(node: object, registry: Registry) -> None:
    data = {"latentgraph": 1, "nodes": {f"n{i}": node for i in range(10_000)}, "outputs": {"o": {"from": "n0.value"}}}
    started = time.process_time()
    try:
        problems = check(parse_document(json.dumps(data).encode(), "w.json"), registry).problems
    except WorkflowError as error:
        problems = error.problems
    assert len([problem for problem in problems if problem.severity == "error"]) == 10_000
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["a comma too few", "no version", "an unknown type of node", "a missing input", "NaN"])
def test_the_command_ends_with_2_and_no_traceback(name: str, tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text("\n".join(CORPUS["broken"][name]["file"]))
    done = subprocess.run(
        [sys.executable, "-c", "from latentgraph.tui.main import main; main()", "check", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2
    assert "Traceback" not in output
    assert "w.json" in output
