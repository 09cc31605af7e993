"""`latentgraph python` and `latentgraph chart` show a workflow in other words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.tui.conftest import TOYS, Cli

from latentgraph.tui.find import shipped_folder


def test_python_prints_what_gives_the_file_back(cli: Cli, tmp_path: Path) -> None:
    done = cli("python", "text_to_image")
    assert done.code == 0
    assert done.out.startswith('"""The workflow text_to_image, written in Python; run, this prints its file."""\n')
    (tmp_path / "made.py").write_text(done.out)
    again = subprocess.run([sys.executable, tmp_path / "made.py"], capture_output=True, text=True, check=True)
    assert again.stdout == (shipped_folder() / "text_to_image.json").read_text("utf-8")


def test_nodes_of_a_file_are_imported_and_what_is_wrong_is_told(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli("python", bread, "--nodes", TOYS, "-o", "bread.py")
    assert (done.code, done.err) == (0, "wrote bread.py\n")
    text = (tmp_path / "bread.py").read_text()
    assert f"import toys  # of {TOYS}: its folder has to be on PYTHONPATH\n" in text
    assert 'crust: Literal["soft", "dark"] = flow.string("crust", "soft", choices=["soft", "dark"])' in " ".join(
        text.split()
    ).replace("( ", "(").replace(", )", ")")
    data = json.loads(Path(bread).read_text())
    data["nodes"]["knead"]["inputs"]["dough"] = {"from": "bake.bread"}
    Path(bread).write_text(json.dumps(data))
    done = cli("python", bread, "--nodes", TOYS)
    assert (done.code, done.out) == (2, "")
    assert "E108 knead: the nodes wait for each other: knead → bake → knead" in done.err
    assert cli("python", "nothing.json").code == 2


def test_a_chart_has_a_box_for_each_node_and_a_frame_for_each_loop(cli: Cli, bread: str) -> None:
    assert cli("chart", bread, "--nodes", TOYS).out.splitlines() == [
        "flowchart LR",
        '  b0(["flour"])',
        '  b1(["crust"])',
        '  b2(["minutes"])',
        '  b3["mix"]',
        '  b4["knead"]',
        '  b5["bake"]',
        '  b6(["bread"])',
        "  b0 --> b3",
        "  b3 --> b4",
        "  b2 --> b4",
        "  b4 --> b5",
        "  b1 --> b5",
        "  b5 --> b6",
    ]
    lines = cli("chart", "text_to_image").out.splitlines()
    loop = lines.index('  subgraph b22["denoise (loop)"]')
    assert lines[loop + 1 : loop + 3] == ['    b23["step<br/>denoise_step"]', "  end"]
    assert {"  b18 --> b22", "  b11 --> b23", "  b22 --> b24"} <= set(lines)
