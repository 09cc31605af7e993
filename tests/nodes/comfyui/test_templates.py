"""Every workflow of the package comfyui-workflow-templates, in the editor format that it has and in the API format."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.nodes.comfyui.templates import api_of, shape_of, template_files, template_workflows

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import Imported, ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.nodes.comfyui.prompt import Prompt
from latentgraph.nodes.comfyui.reading import read_prompt
from latentgraph.tui.import_command import imported_from

WORKFLOWS = {path.name: path for path in template_workflows()}


@dataclass(frozen=True)
class Template:
    """A workflow in both formats, and what they are imported as."""

    editor: Prompt
    api: Prompt
    from_editor: Imported
    from_api: Imported


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="module")
def templates(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    options = ImportOptions(tmp_path_factory.mktemp("imported"), registry)
    made = {}
    for name, path in WORKFLOWS.items():
        raw = path.read_bytes()
        api = json.dumps(api_of(json.loads(raw))).encode()
        prompts = (read_prompt(raw, name), read_prompt(api, name))
        made[name] = Template(*prompts, *(imported_from(one, name, options)[1] for one in (raw, api)))
    return made


def test_the_package_has_as_many_workflows_as_it_had() -> None:
    assert len(template_files()) == 181
    assert len(WORKFLOWS) == 172


def test_the_lists_of_the_package_are_refused_in_a_sentence(registry: Registry, tmp_path: Path) -> None:
    lists = [path for path in template_files() if path.name not in WORKFLOWS]
    assert len(lists) == 9
    for path in lists:
        with pytest.raises(WorkflowError, match="the file is JSON, but no workflow of a program that is known here"):
            imported_from(path.read_bytes(), path.name, ImportOptions(tmp_path, registry))


def test_both_formats_are_read_alike(templates: dict[str, Template]) -> None:
    differing = [name for name, one in templates.items() if shape_of(one.editor) != shape_of(one.api)]
    assert differing == []
    assert all(one.editor.left_out == () for one in templates.values())


def test_what_is_not_translated_is_named_and_kept_as_a_muted_node(templates: dict[str, Template]) -> None:
    for one in templates.values():
        for imported in (one.from_editor, one.from_api):
            assert all(missing.place and missing.node and missing.reason for missing in imported.untranslated)
            muted = [node for node in imported.workflow.nodes.values() if node.type.startswith("comfyui.")]
            assert all(node.disabled == "mute" and node.description for node in muted)
            assert len(muted) == len(imported.untranslated)


def test_every_workflow_is_written_and_read_back_and_checks_clean_where_nothing_is_missing(
    templates: dict[str, Template], registry: Registry, tmp_path: Path
) -> None:
    for name, one in templates.items():
        for imported in (one.from_editor, one.from_api):
            text = canonical_text(imported.workflow)
            document = parse_document(text.encode(), name, tmp_path / "w.json")
            assert document.workflow == imported.workflow
            # Models and pictures are not here, and a workflow of which nothing was translated asks for nothing.
            errors = [fault for fault in check(document, registry).errors if fault.code not in ("E115", "E114")]
            assert errors == []


def test_both_formats_are_translated_alike(templates: dict[str, Template]) -> None:
    differing = []
    for name, one in templates.items():
        told = [_told(imported) for imported in (one.from_editor, one.from_api)]
        if told[0] != told[1]:
            differing.append(name)
    assert differing == []


def _told(imported: Imported) -> tuple[Counter[str], Counter[str]]:
    """The kinds of nodes that were made, and of those that were not, with why."""
    missing = (f"{one.node}: {re.sub(r'[(]node .*[)]', '', one.reason)}" for one in imported.untranslated)
    return Counter(node.type for node in imported.workflow.nodes.values()), Counter(missing)
