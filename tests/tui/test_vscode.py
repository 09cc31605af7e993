"""`schema --vscode` sets up completion in a project, and leaves all else in the settings as it is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from tests.tui.conftest import BREAD, TOYS, Cli, write

from latentgraph.tui.jsonc import read
from latentgraph.tui.messages import CommandError
from latentgraph.tui.vscode import with_entry

ENTRY = {"fileMatch": ["/workflows/*.json"], "url": "./workflow.schema.json"}
LINES = """"json.schemas": [
    {
        "fileMatch": [
            "/workflows/*.json"
        ],
        "url": "./workflow.schema.json"
    }
]"""


def entries(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = read((folder / ".vscode/settings.json").read_text()).value["json.schemas"]
    return found


def test_it_writes_the_schema_and_names_it_for_the_workflow_files_there_are(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("bread.json", "workflows/one.json", "flows/two.json", "flows/a.workflow.json", ".hidden/three.json"):
        write(tmp_path / name, BREAD)
    (tmp_path / "package.json").write_text('{"name": "other"}')
    (tmp_path / "broken.json").write_text("{")
    done = cli("schema", "--vscode", "--nodes", TOYS)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "wrote workflow.schema.json\nwrote .vscode/settings.json\n"
        "VS Code completes and checks workflows/*.json, *.workflow.json, bread.json, flows/two.json by it.\n"
    )
    match = ["/workflows/*.json", "*.workflow.json", "/bread.json", "/flows/two.json"]
    assert entries(tmp_path) == [{"fileMatch": match, "url": "./workflow.schema.json"}]
    schema = json.loads((tmp_path / "workflow.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "bread.json").read_text()), schema)
    assert "node.knead" in schema["$defs"], "nodes of --nodes too"


def test_once_more_changes_nothing_and_another_file_of_nodes_changes_the_schema(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "bread.json", {**BREAD, "$schema": "./workflow.schema.json"})
    assert cli("schema", "--vscode").code == 0
    files = [tmp_path / "workflow.schema.json", tmp_path / ".vscode/settings.json"]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    done = cli("schema", "--vscode")
    assert done.out.splitlines()[0] == ".vscode/settings.json has it already"
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before
    assert cli("schema", "--vscode", "--nodes", TOYS).out.splitlines()[0] == "wrote workflow.schema.json"
    write(tmp_path / "more.json", BREAD)
    cli("schema", "--vscode")
    assert [one["fileMatch"] for one in entries(tmp_path)] == [
        ["/workflows/*.json", "*.workflow.json", "/bread.json", "/more.json"]
    ], "one entry, grown"


SETTINGS = """// Mine.
{
  "editor.tabSize": 2, // two
  /* a list */ "files.exclude": {"**/x": true,},
  "json.schemas": [
    {"fileMatch": ["/a.json"], "url": "./a.json"}, // theirs
  ],
  "last": "a \\"//\\" b" // the end
}
"""


@pytest.mark.parametrize(
    "text",
    [
        SETTINGS,
        SETTINGS.replace('"json.schemas"', '"other"'),
        SETTINGS.replace("\n", "\r\n"),
        "\ufeff" + SETTINGS,
        "",
        "{}",
        '{"a": 1}',
        '{\n\t"a": [1, 2, 3]\n}',
        '{"json.schemas": []}',
        '{"json.schemas": [{"url": "./workflow.schema.json", "fileMatch": ["old"]}, 5], "z": null}',
        "{ // nothing yet\n}",
        '{"a": {"json.schemas": "not at the top"}}',
    ],
    ids=range(12),
)
def test_what_stands_in_the_settings_stays_to_the_letter(text: str) -> None:
    made = with_entry(text, ENTRY)
    plain, was = made.removeprefix("\ufeff"), text.removeprefix("\ufeff")
    expected = read(was).value if was else {}
    kept = [
        one for one in expected.get("json.schemas", []) if not isinstance(one, dict) or one.get("url") != ENTRY["url"]
    ]
    value = read(plain).value
    assert ENTRY in value["json.schemas"]
    assert [one for one in value["json.schemas"] if one != ENTRY] == kept
    assert {key: one for key, one in value.items() if key != "json.schemas"} == {
        key: one for key, one in expected.items() if key != "json.schemas"
    }
    for line in was.splitlines():
        if "old" not in line and len(line) > 20:
            # Behind the last member there may be a comma more.
            assert line.rstrip(" }]").replace(",", "") in made.replace(",", ""), line
    assert made.startswith("\ufeff") == text.startswith("\ufeff")
    assert "\r\n" not in text or "\n" not in made.replace("\r\n", "")
    assert with_entry(made, ENTRY) == made


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "1:2: a key in double quotes is wanted"),
        ('{"a" 1}', "1:6: a colon is wanted"),
        ('{"a": 1\n "b": 2}', "2:2: a comma or '}' is wanted"),
        ("[]", "1:1: the settings are no object"),
        ('{"json.schemas": {}}', "1:1: 'json.schemas' is no list"),
        ("{} more", "1:4: there is something behind the end"),
        ('{"a": bad}', "1:7: a value is wanted"),
        ('{"a": ' + "[" * 500, "1:107: it is nested too deeply"),
    ],
    ids=range(8),
)
def test_settings_that_cannot_be_read_are_refused_with_the_lines_to_put_in(text: str, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        with_entry(text, ENTRY)
    assert str(refused.value) == (
        f".vscode/settings.json:{why}; nothing was written. Repair it, or put this into it by hand:\n{LINES}"
    )


def test_what_is_in_the_way_is_left_and_nothing_is_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "workflow.schema.json").write_text("mine")
    done = cli("schema", "--vscode")
    assert (done.code, done.err) == (
        2,
        "error: workflow.schema.json is there and is no schema of workflows; name another by --out\n",
    )
    assert [one.name for one in tmp_path.iterdir()] == ["workflow.schema.json"]
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/settings.json").write_text("{")
    assert cli("schema", "--vscode", "--out", "other.schema.json").code == 2
    assert not (tmp_path / "other.schema.json").exists()
    (tmp_path / ".vscode/settings.json").write_text("{}")
    assert cli("schema", "--vscode", "--out", "other.schema.json").code == 0
    assert [one["url"] for one in entries(tmp_path)] == ["./other.schema.json"]
    assert (tmp_path / "workflow.schema.json").read_text() == "mine"
