from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import Cli

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import read_document


def test_a_new_workflow_is_canonical_without_errors_and_has_its_schema_beside_it(cli: Cli, tmp_path: Path) -> None:
    done = cli("new", "workflow", "mine")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "wrote mine.json"
    assert "latentgraph run mine.json" in done.out
    document = read_document(tmp_path / "mine.json")
    assert canonical_text(document.workflow) == (tmp_path / "mine.json").read_text()
    assert document.workflow.schema_ == "./workflow.schema.json"
    assert (tmp_path / "workflow.schema.json").exists()
    assert cli("check", "mine.json").out == "1 workflow: nothing to complain of\n"


def test_nothing_is_written_over(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("mine")
    (tmp_path / "workflow.schema.json").write_text("schema")
    done = cli("new", "workflow", "mine")
    assert (done.code, done.err) == (
        2,
        "error: mine.json is there already; choose another name, or move it away first\n",
    )
    assert cli("new", "workflow", "other.json").code == 0
    assert (tmp_path / "mine.json").read_text() == "mine"
    assert (tmp_path / "workflow.schema.json").read_text() == "schema"


def test_a_name_that_cannot_be_used_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = cli("new", "workflow", "my workflow")
    assert done.code == 2
    assert done.err.startswith("error: 'my workflow' is no name: ")
    done = cli("new", "workflow", "nowhere/mine")
    assert (done.code, done.err) == (2, "error: there is no folder 'nowhere'; make it first\n")
    assert list(tmp_path.iterdir()) == []
