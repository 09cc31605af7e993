from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, workflow
from tests.graph.edit.test_undo import Hand

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.nodes import add_node, rename
from latentgraph.graph.edit.values import set_value
from latentgraph.tui.editor.journal import Journal, Left, read_journal, recoverable


def graph(history: History) -> Graph:
    return Graph.of(history.workflow, REGISTRY)


def text(history: History) -> str:
    return canonical_text(history.workflow)


def only(folder: Path) -> Path:
    (file,) = folder.glob("*.jsonl")
    return file


def dead(folder: Path, history: History) -> Left:
    """What the only journal of a folder would give if its editor were dead."""
    left = read_journal(only(folder))
    assert left is not None
    assert steps(left.history) == steps(history)
    return left


def steps(history: History) -> tuple[list[object], list[object]]:
    return [one.to_json() for one in history.done], [one.to_json() for one in history.undone]


def do_something(history: History, journal: Journal, hand: Hand) -> bool:
    """Undo, redo, seal or edit, as a person would; whether anything was done."""
    choice = hand.random.random()
    if choice < 0.1 and history.undo():
        journal.undone()
    elif choice < 0.2 and history.redo():
        journal.redone()
    elif choice < 0.25:
        history.seal()
        return False
    elif choice < 0.6 and "m" in history.data["nodes"]:
        # Typing: several edits that become one.
        edit = set_value(graph(history), "m", "water", hand.random.choice([1, 2, 3, 300]))
        history.do(edit)
        journal.done(edit)
        return bool(edit.changes)
    else:
        random_edit = hand.edit(history)
        if random_edit is None or not random_edit.changes:
            return False
        history.do(random_edit)
        journal.done(random_edit)
    return True


@pytest.mark.parametrize("seed", range(4))
def test_a_journal_cut_at_any_byte_gives_the_edits_before_the_cut(seed: int, tmp_path: Path) -> None:
    hand, history = Hand(seed, REGISTRY), History(workflow([FLAT, NESTED][seed % 2]))
    journal = Journal.start(None, "untitled", history, tmp_path)
    states = {0: text(history)}
    while len(states) < 60:
        if do_something(history, journal, hand):
            states[only(tmp_path).stat().st_size] = text(history)
    dead(tmp_path, history)
    raw = only(tmp_path).read_bytes()
    sizes = sorted(states)
    head = raw.index(b"\n") + 1
    for _ in range(60):
        cut = hand.random.randrange(len(raw) + 1)
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(raw[:cut])
        left = read_journal(torn)
        if cut < head:
            assert left is None
        else:
            assert left is not None
            assert text(left.history) == states[max(size for size in sizes if size <= cut)]
            while left.history.can_undo:
                left.history.undo()
            assert text(left.history) == states[0]
    journal.close()
    torn.unlink()
    assert recoverable(tmp_path) == []


def test_a_journal_begins_with_the_first_edit_and_ends_with_the_editor(tmp_path: Path) -> None:
    history = History(workflow(FLAT))
    journal = Journal.start(None, "untitled", history, tmp_path / "journal")
    assert not (tmp_path / "journal").exists()
    edit = rename(graph(history), "m", "mixed")
    history.do(edit)
    journal.done(edit)
    assert only(tmp_path / "journal").stat().st_mode & 0o077 == 0, "a workflow is nobody else's business"
    journal.close()
    assert list((tmp_path / "journal").iterdir()) == []


def test_the_journal_of_a_living_editor_is_left_alone(tmp_path: Path) -> None:
    history = History(workflow(FLAT))
    journal = Journal.start(None, "untitled", history, tmp_path)
    edit = rename(graph(history), "m", "mixed")
    history.do(edit)
    journal.done(edit)
    assert recoverable(tmp_path) == []
    assert only(tmp_path).exists()
    journal.close()


def test_what_was_saved_is_not_offered_and_what_came_after_is(tmp_path: Path) -> None:
    file = tmp_path / "bread.json"
    history = History(workflow(FLAT))
    journal = Journal.start(None, "untitled", history, tmp_path)
    for count, name in enumerate(("mixed", "stirred")):
        edit = rename(graph(history), ["m", "mixed"][count], name)
        history.do(edit)
        journal.done(edit)
        left = dead(tmp_path, history)
        assert (left.path, left.title, left.history.modified) == [
            (None, "untitled", True),
            (file, "bread.json", True),
        ][count]
        file.write_text(text(history))
        history.mark_saved()
        journal.saved(file)
        left = dead(tmp_path, history)
        assert (left.path, left.title, left.history.modified, left.changed) == (file, "bread.json", False, False)
    file.write_text("{}")
    assert dead(tmp_path, history).changed
    journal.close()


def test_a_file_that_was_named_from_the_working_folder_is_found_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    history = History(workflow(FLAT))
    journal = Journal.start(Path("bread.json"), "bread.json", history, tmp_path)
    edit = rename(graph(history), "m", "mixed")
    history.do(edit)
    journal.done(edit)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert dead(tmp_path, history).path == tmp_path / "bread.json"
    journal.close()


def test_what_was_recovered_is_written_down_again(tmp_path: Path) -> None:
    history = History(workflow(FLAT))
    for new in ("x", "y", "z"):
        history.do(rename(graph(history), next(iter(history.data["nodes"])), new))
    history.undo()
    journal = Journal.start(None, "untitled", history, tmp_path)
    assert text(dead(tmp_path, history).history) == text(history)
    journal.close()


def test_a_disk_that_takes_nothing_is_told_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where the folder should be")
    history = History(workflow(FLAT))
    journal = Journal.start(None, "untitled", history, tmp_path / "folder")
    edit = rename(graph(history), "m", "mixed")
    history.do(edit)
    journal.done(edit)
    journal.undone()
    assert journal.fault == "What you do is not written down for a restart: File exists."
    journal.close()


def test_something_else_in_the_folder_is_nothing_to_recover(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\0" * 100)
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": 3}) + "\n")
    (tmp_path / "c.jsonl").write_text("[]\n")
    assert recoverable(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3, "another editor may just have begun them"
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    assert recoverable(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys, time
from pathlib import Path
from tests.graph.edit.examples import FLAT, REGISTRY, workflow
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.nodes import add_node
from latentgraph.tui.editor.journal import Journal

history = History(workflow(FLAT))
journal = Journal.start(None, "untitled", history, Path(sys.argv[1]))
for count in range(10000):
    edit = add_node(Graph.of(history.workflow, REGISTRY), "square", f"n{count}")
    history.do(edit)
    journal.done(edit)
    print(count, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_an_editor_that_is_killed_loses_nothing_that_was_done(seed: int, tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as editor:
        assert editor.stdout is not None
        editor.stdout.readline()
        assert recoverable(tmp_path) == [], "it still lives"
        time.sleep(random.Random(seed).uniform(0, 0.2))
        editor.send_signal(signal.SIGKILL)
        said = editor.stdout.read().split()
    (left,) = recoverable(tmp_path)
    count = left.history.steps
    assert count >= int(said[-1]) + 1 if said else count >= 1
    assert list(left.history.data["nodes"])[-1] == f"n{count - 1}"
    again = add_node(graph(left.history), "square", "more")
    left.history.do(again)
    left.discard()
    assert recoverable(tmp_path) == []
