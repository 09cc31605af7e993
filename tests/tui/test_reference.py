"""The reference page of the nodes: what it says, and that the one in the repository is as it is made."""

from __future__ import annotations

import json
from pathlib import Path

from tests.readme import REFERENCE, reference_page
from tests.tui.conftest import Cli

OWN = '''
from typing import Annotated, Literal
from pydantic import Field
from latentgraph.graph.node import node


@node(category="weather", settings=("device",), families=("sd1",))
def forecast(place: str, days: Annotated[int, Field(ge=1, le=9)] = 3, unit: Literal["C", "F"] = "C") -> list[float]:
    """Say how warm it gets in <place>.

    As `the <sky>` has it.

    Args:
        place: A | or B.

    Returns:
        Degrees.

    Example:
        warm = forecast("here")
        assert warm
    """
    return [20.0] * days
'''


def test_the_page_in_the_repository_is_as_it_is_made() -> None:
    assert REFERENCE.read_text("utf-8") == reference_page(), "python -m tests.readme lists"


def test_every_node_is_described_with_its_example(cli: Cli) -> None:
    page = cli("nodes", "--reference").out
    for event in cli("nodes", "--json").events:
        assert f"\n### {event['name']}\n" in page
        assert event["example"] in page


def test_the_nodes_of_others_are_described_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "weather.py").write_text(OWN)
    page = cli("nodes", "--reference", "--nodes", "weather.py").out
    start = page.index("\n### forecast")
    assert page[start : page.index("\n## structure")].rstrip() == (
        "\n### forecast\n\nSay how warm it gets in &lt;place>. *(sd1)*\n\nAs `the <sky>` has it.\n\n"
        "| input | type | bounds | default | help |\n| --- | --- | --- | --- | --- |\n"
        "| `place` | string |  |  | A \\| or B. |\n"
        "| `days` | integer | at least 1, at most 9 | `3` |  |\n"
        '| `unit` | one of "C", "F" |  | `"C"` |  |\n\n'
        "| output | type | help |\n| --- | --- | --- |\n| `value` | list[number] | Degrees. |\n\n"
        "settings: device; comes from: weather.py\n\n"
        '```python\nwarm = forecast("here")\nassert warm\n```'
    )


def test_one_node_is_shown_with_its_example(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "weather.py").write_text(OWN)
    out = cli("nodes", "forecast", "--nodes", "weather.py").out
    assert '\nexample\n  warm = forecast("here")\n  assert warm\n' in out
    (event,) = cli("nodes", "forecast", "--nodes", "weather.py", "--json").events
    assert event["example"] == 'warm = forecast("here")\nassert warm'
    assert json.dumps(event)
