"""A workflow and a run show themselves in a notebook, and ask nothing of IPython outside of one."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from tests.graph import toys
from tests.graph.edit.examples import NESTED
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.events import NodeFailed, NodeProgress, NodeStarted, Preview, RunCancelled, RunStarted, Warned
from latentgraph.graph.python import Flow, watch, workflow
from latentgraph.graph.python.display import Progress
from latentgraph.graph.python.mermaid import flowchart


def bread(minutes: float = 10.0) -> Flow:
    with workflow(description="A loaf.", registry=toy_registry()) as flow:
        m = toys.mix(500)
        k = toys.knead(m, minutes)
        b = toys.bake(k)
        flow.output("bread", b)
    return flow


class Notebook:
    """What IPython would show: every state of every display."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Notebook:
        assert raw
        assert display_id
        self.shown.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A notebook that this runs in."""
    book = Notebook()
    python, display = ModuleType("IPython"), ModuleType("IPython.display")
    python.get_ipython = lambda: book  # type: ignore[attr-defined]
    display.display = book.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return book


def test_a_workflow_is_text_and_its_graph() -> None:
    assert bread()._repr_mimebundle_() == {
        "text/plain": "<a workflow of 3 nodes: nothing -> bread>",
        "text/markdown": 'A loaf.\n\n```mermaid\nflowchart LR\n  b0["m<br/>mix"]\n  b1["k<br/>knead"]\n'
        '  b2["b<br/>bake"]\n  b3(["bread"])\n  b0 --> b1\n  b1 --> b2\n  b2 --> b3\n```\n',
    }
    with workflow(registry=toy_registry()) as flow:
        toys.mix(500)
        assert flow._repr_mimebundle_() == {"text/plain": "<a workflow of 1 nodes that is being written>"}


def test_loops_are_frames_and_what_is_handed_in_comes_from_outside() -> None:
    lines = flowchart(toy_document(NESTED).workflow).splitlines()
    assert lines[1:] == [
        '  b0(["n"])', '  b1(["kneading"])', '  b2["c<br/>count"]', '  b3["m<br/>mix"]',
        '  subgraph b4["days (loop)"]', '    b5["c<br/>count"]', '    subgraph b6["hours (loop)"]',
        '      b7["k<br/>knead"]', '      b8["q<br/>square"]', "    end", "  end", '  b9["b<br/>bake"]',
        '  b10(["bread"])', '  b11(["squares"])',
        "  b0 --> b2", "  b1 --> b7", "  b5 --> b6", "  b2 --> b4", "  b3 --> b4", "  b4 --> b9",
        "  b9 --> b10", "  b4 --> b11",
    ]  # fmt: skip


def test_names_and_types_cannot_break_the_chart() -> None:
    data = {"nodes": {"end": {"type": 'a"]; <b>\n#`x', "disabled": "mute"}}, "outputs": {"o": {"from": "end.x"}}}
    assert flowchart(toy_document(data).workflow).splitlines()[1:] == [
        '  b0["end<br/>a#quot;]; #lt;b#gt;<br/>#35;#96;x"]',
        "  style b0 stroke-dasharray: 4",
        '  b1(["o"])',
        "  b0 --> b1",
    ]


def test_a_run_shows_how_far_it_is_and_what_it_made(notebook: Notebook) -> None:
    bread(40.0).run()._ipython_display_()
    texts = [bundle["text/plain"] for bundle in notebook.shown]
    assert texts[0] == "0 of 3 nodes"
    assert "1 of 3 nodes, k" in texts
    assert texts[-1].startswith("done in ")
    assert texts[-1].endswith("s\nwarning: k: more than half an hour is too long\nbread: 760 g of bread")
    assert "<b>bread</b> 760 g of bread" in notebook.shown[-1]["text/html"]
    assert "<progress" in notebook.shown[0]["text/html"]
    assert "<progress" not in notebook.shown[-1]["text/html"]


def test_the_events_go_by_while_they_are_shown(notebook: Notebook) -> None:
    names = [event.name for event in watch(bread().run())]
    assert (names[0], names[-1]) == ("run_started", "run_finished")
    assert len(notebook.shown) == len(names)


def test_a_failure_is_shown_and_raised(notebook: Notebook) -> None:
    with workflow(registry=toy_registry()) as flow:
        f = toys.fail("<dough>")
        flow.output("f", f)
    with pytest.raises(NodeFailedError):
        flow.run()._ipython_display_()
    assert notebook.shown[-1]["text/plain"] == "failed: f: RuntimeError: no luck with <dough>"
    assert "no luck with &lt;dough&gt;" in notebook.shown[-1]["text/html"]


def test_steps_previews_and_a_stop_are_shown() -> None:
    progress = Progress()
    started = (RunStarted(("a", "b"), {}, {}), NodeStarted("a"), NodeProgress("a", 3, 4, 0.5))
    for event in (*started, Preview("a", "x", b"p"), Warned("a", "odd")):
        assert progress.take(event)
    assert progress.bundle()["text/plain"] == "0 of 2 nodes, a, 3 of 4, 0.5 s each\nwarning: a: odd"
    assert 'value="0.375"' in progress.bundle()["text/html"]
    assert 'src="data:image/png;base64,cA=="' in progress.bundle()["text/html"]
    assert progress.take(RunCancelled(("a",), {}, 2.0))
    assert progress.line == "stopped after 2.0 s"
    assert progress.take(NodeFailed("", "no room"))
    assert progress.line == "failed: no room"


def test_outside_of_a_notebook_nothing_is_shown_and_nothing_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys\nfrom tests.graph import toys\nfrom latentgraph.graph.python import watch, workflow\n"
        "with workflow() as flow:\n    m = toys.mix(500)\n    flow.output('m', m)\n"
        "print([event.name for event in watch(flow.run())][-1], 'IPython' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "run_finished False\n"
    loaded: Any = ModuleType("IPython")
    loaded.get_ipython = lambda: None
    monkeypatch.setitem(sys.modules, "IPython", loaded)
    assert [event.name for event in watch(bread().run())][-1] == "run_finished"
