"""A node with a field of every kind, and a small app that mounts the inspector over a workflow."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from tests.graph.toys import Dough, toy_registry
from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Button, Static

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.node import node
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.inspector import inspector as module
from latentgraph.tui.editor.inspector.boxes import subject_for
from latentgraph.tui.editor.inspector.inspector import Inspector
from latentgraph.tui.editor.inspector.messages import InspectorMessage, ValueEdited, ValueUnset
from latentgraph.tui.editor.inspector.row import FieldRow
from latentgraph.tui.editor.inspector.subject import Scope, Subject
from latentgraph.tui.editor.themes import DARK, LIGHT, variable_defaults

STYLES = Path(module.__file__).parents[1] / "styles/inspector.tcss"


@node(category="image")
def paint(
    dough: Dough,
    text: str,
    picture: Annotated[str, ReadsFile((".txt",))],
    seed: Annotated[int, Field(ge=0, le=1000)],
    steps: Annotated[int, Field(ge=1, le=150)] = 28,
    width: Annotated[int, Field(ge=8, multiple_of=8)] = 64,
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5,
    tiled: bool = False,
    mode: Literal["soft", "dark"] = "soft",
    label: str = "loaf",
    limit: int | None = None,
    levels: list[float] | None = None,
    options: dict[str, Any] | None = None,
    *,
    extra: Dough | None = None,
) -> str:
    """Paint something.

    Args:
        steps: Turns of the brush.
        seed: Where the random numbers begin.
    """
    return text


WORKFLOW: dict[str, Any] = {
    "latentgraph": 1,
    "description": "A picture of bread.",
    "inputs": {
        "prompt": {"type": "string", "default": "a loaf", "description": "What it shows."},
        "height": {"type": "integer", "default": None, "minimum": 8, "multiple_of": 8},
        "crust": {"type": "string", "default": "soft", "choices": ["soft", "dark"]},
        "seed": {"type": "integer", "default": 7, "minimum": 0},
        "file": {"type": "string", "default": "notes.txt"},
    },
    "nodes": {
        "mix": {"type": "mix", "inputs": {"flour": 500}},
        "mix2": {"type": "mix", "inputs": {"flour": 100, "water": 7}},
        "paint": {
            "type": "paint",
            "inputs": {
                "dough": {"from": "mix.dough"},
                "text": {"from": "inputs.prompt"},
                "picture": {"from": "inputs.file"},
                "seed": 7,
                "steps": 30,
                "limit": {"from": "inputs.height"},
            },
        },
        "numbers": {"type": "count", "inputs": {"to": 3}},
        "turns": {
            "type": "loop",
            "each": {"number": {"from": "numbers.value"}},
            "carry": {"dough": {"from": "mix.dough", "next": "work.dough"}},
            "inputs": {"minutes": 5.0},
            "nodes": {
                "work": {
                    "type": "knead",
                    "inputs": {"dough": {"from": "loop.dough"}, "minutes": {"from": "loop.minutes"}},
                }
            },
            "collect": {"doughs": {"from": "work.dough"}},
        },
    },
    "outputs": {"painted": {"from": "paint.value", "description": "The picture."}, "dough": {"from": "turns.dough"}},
}


def registry() -> Registry:
    """The toys and the node above."""
    made = toy_registry()
    made.add_module(sys.modules[__name__], origin="forms")
    return made


REGISTRY = registry()


def workflow_of(data: Mapping[str, Any]) -> Workflow:
    """The workflow that some data is."""
    return Workflow.model_validate(data, by_alias=True, by_name=False)


def subject_of(data: Mapping[str, Any], key: str, scope: Scope = ()) -> Subject:
    """A box of a workflow, with what the check says of it."""
    workflow = workflow_of(data)
    problems = check(Document(workflow), REGISTRY).problems
    subject = subject_for(Signatures(workflow, REGISTRY), workflow, scope, key, problems)
    assert subject is not None
    return subject


class FormApp(App[None]):
    """Shows boxes of a workflow and makes the edits that are wanted, as the editor does."""

    CSS_PATH = STYLES

    def __init__(self, key: str = "paint", scope: Scope = (), data: Mapping[str, Any] = WORKFLOW) -> None:
        super().__init__()
        self.data: dict[str, Any] = copy.deepcopy(dict(data))
        self.key, self.scope = key, scope
        self.told: list[InspectorMessage] = []
        self.inspector = Inspector()
        self.echo = True

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The editor's variables."""
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        """A place outside of the form, and the form."""
        yield Button("outside", compact=True)
        yield self.inspector

    def on_mount(self) -> None:
        """Show the box."""
        self.animation_level = "none"
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.show()

    def show(self, key: str | None = None, scope: Scope = ()) -> None:
        """Show a box, or the same box again."""
        if key is not None:
            self.key, self.scope = key, scope
        self.inspector.show(subject_of(self.data, self.key, self.scope))

    def row(self, name: str) -> FieldRow:
        """The row of a field."""
        found = next((row for row in self.query(FieldRow) if row.spec.name == name and row.is_mounted), None)
        assert found is not None, f"no field {name}"
        return found

    def set(self, key: str, port: str, value: Any) -> None:
        """Change the workflow from outside, as an undo does."""
        self.data = copy.deepcopy(self.data)
        self.data["nodes"][key]["inputs"][port] = value
        self.show()

    def value(self, key: str, port: str) -> Any:
        """What the workflow holds."""
        return self.data["nodes"][key]["inputs"].get(port, "ABSENT")

    @on(ValueEdited)
    def _set(self, event: ValueEdited) -> None:
        self.data = copy.deepcopy(self.data)
        if event.key == "inputs":
            self.data["inputs"][event.port]["default"] = event.value
        else:
            self.data["nodes"][event.key]["inputs"][event.port] = event.value
        self._after()

    @on(ValueUnset)
    def _unset(self, event: ValueUnset) -> None:
        self.data = copy.deepcopy(self.data)
        self.data["nodes"][event.key]["inputs"].pop(event.port, None)
        self._after()

    def _after(self) -> None:
        if self.echo:
            self.show()

    async def _on_message(self, message: Message) -> None:
        if isinstance(message, InspectorMessage):
            self.told.append(message)
        await super()._on_message(message)

    def edits(self) -> list[tuple[Any, ...]]:
        """The values that were told: box, port, value, final."""
        return [(one.key, one.port, one.value, one.final) for one in self.told if isinstance(one, ValueEdited)]

    def steps(self) -> list[tuple[Any, ...]]:
        """What there is to undo: box, port, value. A slow machine may tell of one before all of it is typed."""
        edits = self.edits()
        ends = [not one[3] and one[:2] == after[:2] for one, after in pairwise(edits)]
        return [edit[:3] for edit, more in zip(edits, [*ends, False], strict=False) if not more]


async def settled(pilot: Pilot[None], app: FormApp) -> None:
    """Wait until the form shows what was asked for."""
    for _ in range(200):
        await pilot.pause(0.02)
        if app.inspector.settled:
            return
    raise AssertionError("the form does not follow")


async def focused_at(pilot: Pilot[None], app: FormApp, field: str) -> None:
    """Go to a field, and forget what was told before."""
    await settled(pilot, app)
    app.inspector.focus_field(field)
    await pilot.pause()
    await pilot.pause()
    app.told.clear()


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Press the keys of a text."""
    for character in text:
        await pilot.press({" ": "space", ".": "full_stop", "-": "minus"}.get(character, character))


def problem_of(row: FieldRow) -> str:
    """What stands below a field, if anything does."""
    return str(row.problem.render()) if row.problem is not None and row.problem.display else ""


def text_of(app: FormApp, selector: str) -> str:
    """What a part of the form says."""
    return str(app.inspector.query_one(selector, Static).render())
