"""What is kept on disk comes back whole or not at all, in another engine as in this one."""

from __future__ import annotations

import ast
import errno
import hashlib
import json
import os
import queue
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.graph import toys
from tests.graph.keeping import STORING, killed_and_run_again
from tests.graph.toys import Dough, ran, toy_document, toy_registry

from latentgraph.graph import digests
from latentgraph.graph.cache import Kept
from latentgraph.graph.code_identity import LIBRARIES, code_identity, programs
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.errors import RunCancelledError
from latentgraph.graph.events import NodeFinished, Warned
from latentgraph.graph.glance import Glance
from latentgraph.graph.kept_folder import disk_cache, folder_beside
from latentgraph.graph.run import Engine, Run
from latentgraph.graph.sizes import bytes_of, readable_size
from latentgraph.graph.storing import UnstorableError

BAKERY: Mapping[str, Any] = {
    "inputs": {"minutes": {"type": "number", "default": 5.0}, "crust": {"type": "string", "default": "soft"}},
    "nodes": {
        "dough": {"type": "mix", "inputs": {"flour": 500}},
        "kneaded": {
            "type": "knead",
            "inputs": {"dough": {"from": "dough.dough"}, "minutes": {"from": "inputs.minutes"}},
        },
        "loaf": {"type": "bake", "inputs": {"dough": {"from": "kneaded.dough"}, "crust": {"from": "inputs.crust"}}},
    },
    "outputs": {"bread": {"from": "loaf.bread"}},
}
KNEADING: Mapping[str, Any] = {
    "nodes": {
        "turns": {"type": "count", "inputs": {"to": 50}},
        "dough": {"type": "mix", "inputs": {"flour": 500}},
        "work": {
            "type": "loop",
            "each": {"n": {"from": "turns.value"}},
            "carry": {"dough": {"from": "dough.dough", "next": "step.dough"}},
            "nodes": {"step": {"type": "knead", "inputs": {"dough": {"from": "loop.dough"}, "minutes": 1.0}}},
            "collect": {"doughs": {"from": "step.dough"}},
        },
    },
    "outputs": {"dough": {"from": "work.dough"}, "doughs": {"from": "work.doughs"}},
}


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    ran.clear()


@pytest.fixture
def disk(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "kept", STORING, from_seconds=0.0)


def _engine(disk: DiskCache) -> Engine:
    return Engine(toy_registry(), disk=DiskCache(disk.folder, STORING, from_seconds=0.0))


def test_another_engine_finds_what_was_made_and_makes_only_what_changed(disk: DiskCache) -> None:
    _engine(disk).run(toy_document(BAKERY)).result()
    ran.clear()
    again = _engine(disk).run(toy_document(BAKERY)).result()
    assert (ran, again.outputs) == ([], {"bread": "795 g of bread"})
    _engine(disk).run(toy_document(BAKERY), {"crust": "dark"}).result()
    assert ran == ["bake"]


def test_what_took_no_time_to_make_is_made_again(disk: DiskCache) -> None:
    Engine(toy_registry(), disk=DiskCache(disk.folder, STORING, from_seconds=60.0)).run(toy_document(BAKERY)).result()
    assert disk.files() == []


def test_a_warning_is_kept_with_what_it_is_about(disk: DiskCache) -> None:
    _engine(disk).run(toy_document(BAKERY), {"minutes": 40.0}).result()
    events = list(_engine(disk).run(toy_document(BAKERY), {"minutes": 40.0}))
    assert [(one.node, one.message) for one in events if isinstance(one, Warned)] == [
        ("kneaded", "more than half an hour is too long")
    ]


def test_every_flipped_byte_is_noticed_and_the_file_removed(disk: DiskCache) -> None:
    kept = Kept((Dough(500, 300), "a text"), (("", "a warning"),), 100)
    assert disk.put("key", kept)
    path = disk.files()[0].path
    whole = path.read_bytes()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1 << index % 8]) + whole[index + 1 :])
        assert disk.get("key") is None, index
        assert not path.exists()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert disk.get("key") is None, length
    path.write_bytes(whole)
    found = disk.get("key")
    assert found is not None
    assert (found.values[0].flour, found.values[1], found.warnings) == (500, "a text", kept.warnings)


def test_what_was_kept_under_another_key_or_by_other_programs_is_not_found(disk: DiskCache) -> None:
    disk.put("one", Kept((1,)))
    written = disk.files()[0].path
    disk.put("two", Kept((2,)))
    other = next(one.path for one in disk.files() if one.path != written)
    other.write_bytes(written.read_bytes())
    assert disk.get("two") is None
    assert DiskCache(disk.folder, STORING, code="another").get("one") is None


def test_what_was_not_used_for_longest_makes_room(disk: DiskCache) -> None:
    for number in range(3):
        assert disk.put(str(number), Kept((number, "x" * 700)))
    size = disk.files()[0].size
    for age, one in enumerate(disk.files()):
        os.utime(one.path, (age, age))
    oldest = disk.get("0")  # which is a use
    small = DiskCache(disk.folder, STORING, limit=4 * size - 1)
    assert oldest is not None
    assert small.put("3", Kept((3, "x" * 700)))
    assert [name for name in "0123" if disk.get(name)] == ["0", "2", "3"]
    assert not small.put("large", Kept(("x" * 4 * size,)))
    assert small.fault == ""


def test_files_that_killed_processes_left_are_removed(disk: DiskCache) -> None:
    disk.put("key", Kept((1,)))
    folder = disk.files()[0].path.parent
    (folder / "old.tmp").write_text("half")
    (folder / "new.tmp").write_text("half")
    os.utime(folder / "old.tmp", (time.time() - 7200,) * 2)
    disk.trim(2**20)
    assert sorted(path.suffix for path in folder.iterdir()) == [".kept", ".tmp"]
    assert (folder / "new.tmp").exists()


def test_what_others_have_in_the_folder_is_left_alone(disk: DiskCache) -> None:
    disk.put("key", Kept((1,)))
    (disk.folder / "work").mkdir()
    others = [disk.folder / "work/draft.tmp", disk.folder / "work/mine.kept"]
    for one in others:
        one.write_text("mine")
        os.utime(one, (time.time() - 7200,) * 2)
    disk.trim(0)
    assert (disk.files(), all(one.exists() for one in others)) == ([], True)


def test_after_a_fault_it_is_tried_again_when_some_time_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = DiskCache(tmp_path / "kept", STORING)
    disk.folder.write_text("a file where the folder should be")
    assert not disk.put("key", Kept((1,)))
    disk.folder.unlink()
    assert not disk.put("key", Kept((1,)))
    assert disk.fault == f"values are not kept in {disk.folder}: File exists"
    monkeypatch.setattr("latentgraph.graph.disk_cache.SECONDS_TO_TRY_AGAIN", 0.0)
    disk.folder.write_text("still")
    later = time.monotonic() + 61
    monkeypatch.setattr("time.monotonic", lambda: later)
    assert not disk.put("key", Kept((1,)))
    disk.folder.unlink()
    assert disk.put("key", Kept((1,)))
    assert disk.fault == ""


def test_a_value_that_cannot_be_stored_is_no_fault(disk: DiskCache) -> None:
    with pytest.raises(UnstorableError):
        STORING.dump((object(),))
    assert not disk.put("key", Kept((object(),)))
    assert (disk.fault, disk.files()) == ("", [])


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.graph.keeping import STORING
from tests.graph.test_disk_cache import BAKERY
from tests.graph.toys import toy_document, toy_registry
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.events import Warned
from latentgraph.graph.run import Engine, Run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
disk = DiskCache(Path(sys.argv[1]), STORING, from_seconds=0.0)
run = Engine(toy_registry(), disk=disk).run(toy_document(BAKERY))
print([one.message for one in run if isinstance(one, Warned)], run.result().outputs)
"""


def test_a_disk_that_takes_no_more_is_told_in_a_sentence_and_the_run_goes_on(tmp_path: Path) -> None:
    # The system lets this process write no file of more than 64 bytes: every write of a value fails in its middle, and
    # one of bytecode would, and stay.
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == (
        f"['values are not kept in {tmp_path}: File too large'] {{'bread': '795 g of bread'}}"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class _Stop(list[str]):
    """Stands in for `ran`, and stops the run from inside its `turn`-th kneading."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self._turn = turn
        self.run: queue.SimpleQueue[Run] = queue.SimpleQueue()

    def append(self, name: str) -> None:
        super().append(name)
        if self.count("knead") == self._turn:
            self.run.get(timeout=60).cancel()


def _cancel_in_turn(engine: Engine, turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop = _Stop(turn)
        patch.setattr(toys, "ran", stop)
        run = engine.run(toy_document(KNEADING))
        stop.run.put(run)
        with pytest.raises(RunCancelledError):
            run.result()
        assert stop.count("knead") == turn


def test_a_loop_that_was_stopped_goes_on_where_it_was(disk: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Engine(toy_registry()).run(toy_document(KNEADING)).result()
    ran.clear()
    _cancel_in_turn(_engine(disk), 20, monkeypatch)
    _cancel_in_turn(_engine(disk), 10, monkeypatch)
    events = list(_engine(disk).run(toy_document(KNEADING)))
    assert ran == ["knead"] * 20  # 20 + 10 were made before
    finished: Any = events[-1]
    assert finished.values["dough"].water == plain.values["dough"].water == 250
    assert [one.water for one in finished.values["doughs"]] == [one.water for one in plain.values["doughs"]]
    ran.clear()
    _engine(disk).run(toy_document(KNEADING)).result()
    assert ran == []
    assert not any(b"#reached" in one.path.read_bytes() for one in disk.files())


def test_a_loop_that_was_changed_begins_anew(disk: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    _cancel_in_turn(_engine(disk), 20, monkeypatch)
    changed = json.loads(json.dumps(KNEADING))
    changed["nodes"]["work"]["nodes"]["step"]["inputs"]["minutes"] = 2.0
    ran.clear()
    _engine(disk).run(toy_document(changed)).result()
    assert ran.count("knead") == 50


def test_nodes_that_come_from_disk_are_told_as_kept(disk: DiskCache) -> None:
    _engine(disk).run(toy_document(BAKERY)).result()
    events = list(_engine(disk).run(toy_document(BAKERY)))
    assert [(one.node, one.cached) for one in events if isinstance(one, NodeFinished)] == [("loaf", True)]


def test_a_source_file_that_changes_is_another_program(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source = tmp_path / "inner" / "nodes.py"
    source.write_text("a = 1\n")
    before = code_identity([tmp_path])
    assert code_identity([tmp_path]) == before
    source.write_text("a = 10\n")
    assert code_identity([tmp_path]) != before
    assert code_identity([source]) != before


def test_every_library_that_nodes_import_counts_if_it_makes_numbers() -> None:
    nodes = Path(__file__).parents[2] / "nodes"
    trees = [ast.parse(file.read_text("utf-8")) for file in nodes.rglob("*.py")]
    imports = [one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.Import | ast.ImportFrom)]
    names = {
        name.partition(".")[0]
        for one in imports
        for name in ([alias.name for alias in one.names] if isinstance(one, ast.Import) else [one.module or ""])
    }
    others = names - sys.stdlib_module_names - {"latentgraph", "tests"}
    no_numbers = {"accelerate", "httpx2", "huggingface_hub", "lazy_loader", "pydantic", "safetensors"}
    assert {"pillow" if name == "PIL" else name for name in others} - no_numbers <= set(LIBRARIES)


def test_the_lock_of_an_editor_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "nodes.py").write_text("a = 1\n")
    before = code_identity([tmp_path]), programs([tmp_path])
    # As Emacs makes it beside a file that was not saved yet: a link that leads nowhere.
    (tmp_path / ".#nodes.py").symlink_to("somebody@machine.123")
    assert (code_identity([tmp_path]), programs([tmp_path])) == before


def test_a_cache_in_the_home_of_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = toy_registry()
    registry.storing = STORING
    monkeypatch.setenv("LATENTGRAPH_CACHE", "~nobody-of-that-name/values")
    told = "LATENTGRAPH_CACHE: '~nobody-of-that-name/values' is in the home folder of nobody"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        disk_cache(registry)


def test_the_folder_beside_that_of_the_values_has_a_name_wherever_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATENTGRAPH_CACHE", ".")
    assert folder_beside("compiled") == tmp_path.with_name(f"{tmp_path.name}-compiled")


def test_a_digest_that_cannot_be_remembered_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_memory", lambda: tmp_path / "memory" / "digests.json")
    monkeypatch.setattr(digests, "REMEMBERED_FROM", 1)

    def full(*paths: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    (tmp_path / "weights").write_bytes(b"weights")
    assert digests.file_digest(tmp_path / "weights") == hashlib.sha256(b"weights").hexdigest()
    assert list((tmp_path / "memory").iterdir()) == []


def test_the_environment_says_where_and_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = toy_registry()
    registry.storing = STORING
    assert disk_cache(registry) is None
    monkeypatch.setenv("LATENTGRAPH_CACHE", str(tmp_path))
    monkeypatch.setenv("LATENTGRAPH_CACHE_LIMIT", "1.5 MB")
    made = disk_cache(registry)
    assert made is not None
    assert (made.folder, made.limit) == (tmp_path, 1500000)
    monkeypatch.setenv("LATENTGRAPH_CACHE_LIMIT", "much")
    with pytest.raises(ValueError, match="LATENTGRAPH_CACHE_LIMIT: 'much' is no size; write it like 500MB or 2GB"):
        disk_cache(registry)
    assert [bytes_of(size) for size in ("0", "2k", "1 GB")] == [0, 2000, 10**9]
    sizes = (999, 1000, 999_949, 999_999, 10**9 - 1)
    assert [readable_size(size) for size in sizes] == ["999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "1.0 GB"]


HAMMER = """
import random, sys
from pathlib import Path
from tests.graph.keeping import STORING
from latentgraph.graph.cache import Kept
from latentgraph.graph.disk_cache import DiskCache
disk, draw = DiskCache(Path(sys.argv[1]), STORING, limit=40_000), random.Random(int(sys.argv[2]))
found = 0
for _ in range(int(sys.argv[3])):
    number = draw.randrange(100)
    kept = disk.get(str(number))
    if kept is None:
        assert disk.put(str(number), Kept((number, str(number) * 300))), disk.fault
    else:
        found += 1
        assert kept.values == (number, str(number) * 300), kept.values
print(found)
"""


def test_two_processes_at_one_folder_get_no_wrong_value_and_no_error(tmp_path: Path) -> None:
    _hammer(tmp_path, turns=600)


@pytest.mark.exhaustive
def test_two_processes_hammer_one_folder(tmp_path: Path) -> None:
    _hammer(tmp_path, turns=40_000)


def _hammer(folder: Path, turns: int) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(folder), str(seed), str(turns)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for seed in (1, 2)
    ]  # fmt: skip
    for process in both:
        out, err = process.communicate(timeout=280)
        assert (process.returncode, err) == (0, "")
        assert int(out) > 0


def test_a_run_that_is_killed_leaves_nothing_wrong_behind(tmp_path: Path) -> None:
    assert len(killed_and_run_again(tmp_path, kills=3, seed=1)) == 3


@pytest.mark.exhaustive
def test_200_killed_runs_leave_nothing_wrong_behind(tmp_path: Path) -> None:
    firsts = killed_and_run_again(tmp_path, kills=200, seed=2)
    went_on = sum(first > 1 for first in firsts)
    print(f"200 kills: {went_on} went on in the middle, {firsts.count(0)} found the loop done")
    assert went_on > 50


def test_a_run_looks_a_folder_through_once_and_still_finds_what_is_there(disk: DiskCache) -> None:
    keys = [f"key {number}" for number in range(2_000)]
    for key in keys[::7]:
        assert disk.put(key, Kept((key,)))
    glance = Glance(disk)
    assert [key for key in keys if glance.get(key)] == keys[::7]
    disk.put(keys[1], Kept((keys[1],)))
    assert glance.get(keys[1]) is None
    found = Glance(disk).get(keys[1])
    assert found is not None
    assert found.values == (keys[1],)
