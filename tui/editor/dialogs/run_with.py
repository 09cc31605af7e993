"""Runs with other values: once or several times, with the seed kept, counted up or drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

from textual import on
from textual.binding import BindingType
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, Static

from latentgraph.graph.names import printable
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Workflow, WorkflowInput
from latentgraph.tui.editor.dialogs.dialog import Dialog
from latentgraph.tui.editor.dialogs.given import WrittenInput, shown_value
from latentgraph.tui.values import draw

Seeds = Literal["fixed", "increment", "random"]
SEED = "seed"
"""The input that is counted up or drawn."""
MOST = 999
"""Runs at once."""
WRITABLE = ("string", "integer", "number", "boolean")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is to be run."""

    values: Mapping[str, Any]
    """Of those inputs that are not at their defaults."""
    count: int = 1
    seeds: Seeds = "fixed"

    def runs(self, workflow: Workflow) -> Iterator[dict[str, Any]]:
        """The values of each run."""
        declared = workflow.inputs.get(SEED)
        for turn in range(self.count):
            values = dict(self.values)
            if declared is not None and declared.type == "integer":
                if self.seeds == "random":
                    values[SEED] = draw(declared)
                elif self.seeds == "increment":
                    values[SEED] = _counted(values.get(SEED, declared.default) or 0, turn, declared)
            yield values


def _counted(first: int, turn: int, declared: WorkflowInput) -> int:
    """The seed of a turn; after the largest comes the smallest."""
    seed = first + turn * int(declared.multiple_of or 1)
    if declared.maximum is not None and seed > declared.maximum:
        low = int(declared.minimum or 0)
        return low + (seed - low) % (int(declared.maximum) - low + 1)
    return seed


class RunWith(Dialog[RunPlan | None]):
    """Asks for the values of the next runs; gives a RunPlan, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+r,f5", "run", "Run")]
    HEADING = "Run with other values"
    HINTS = (("ctrl+r", "run", "run"), ("tab", "next field", ""))

    def __init__(self, workflow: Workflow, registry: Registry, values: Mapping[str, Any] | None = None) -> None:
        """Ask for values.

        Args:
            workflow: Whose inputs are asked for.
            registry: Where their types are looked up.
            values: That the fields begin with; the defaults where an input has none.
        """
        super().__init__()
        writable = {name: one for name, one in workflow.inputs.items() if one.type in WRITABLE}
        self._inputs = {name: WrittenInput(one, registry) for name, one in writable.items()}
        given = values or {}
        self._start = {n: shown_value(given[n]) if n in given else one.start for n, one in self._inputs.items()}
        self._has_seed = SEED in writable and writable[SEED].type == "integer"

    def contents(self) -> Iterable[Widget]:
        """A field for each input, how often, and what becomes of the seed."""
        with_fields = [widget for name in self._inputs for widget in self._row(name)]
        yield VerticalScroll(Grid(*with_fields, classes="fields"), can_focus=False)
        yield Static("", id="about", markup=False)
        yield Horizontal(*self._times(), classes="times")
        yield Horizontal(
            Button(" Run ", "primary", compact=True, id="run"),
            Button(" Cancel ", compact=True, id="cancel"),
            classes="buttons",
        )

    def _row(self, name: str) -> Iterable[Widget]:
        declared = self._inputs[name].declared
        yield Label(printable(name), markup=False)
        choices = declared.choices or ([True, False] if declared.type == "boolean" else None)
        if choices:
            options = [(shown_value(choice), shown_value(choice)) for choice in choices]
            known = any(self._start[name] == value for _, value in options)
            yield Select(
                options,
                value=self._start[name] if known else Select.NULL,
                allow_blank=not known,
                compact=True,
                name=name,
                classes="value",
            )
        else:
            yield Input(self._start[name], compact=True, name=name, classes="value")

    def _times(self) -> Iterable[Widget]:
        yield Label("times")
        yield Input("1", type="integer", max_length=3, compact=True, id="count")
        if self._has_seed:
            yield Label("seed")
            options = [("as above", "fixed"), ("count up", "increment"), ("draw", "random")]
            yield Select(options, value="fixed", allow_blank=False, compact=True, id="seeds")

    def on_mount(self) -> None:
        """Check what the fields begin with."""
        self._check()

    def faults(self) -> dict[str, str]:
        """What is wrong, by the name of the field."""
        found = {name: self._inputs[name].fault(text) for name, text in self._texts().items()}
        count = self.query_one("#count", Input).value
        found["times"] = "" if count.isdecimal() and 1 <= int(count) <= MOST else f"a number from 1 to {MOST}"
        return {name: fault for name, fault in found.items() if fault}

    def _texts(self) -> dict[str, str]:
        """What the fields hold, without those that were left empty and may be."""
        texts: dict[str, str] = {}
        for one in self.query(".value").results(Widget):
            value = one.value if isinstance(one, (Input, Select)) else Select.NULL
            if one.name is not None and value is not Select.NULL:
                texts[one.name] = str(value)
        return texts

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self._check()

    def _check(self) -> None:
        faults = self.faults()
        for one in self.query(Input):
            one.set_class((one.name or "times") in faults, "-invalid")
        self.query_one("#run", Button).disabled = bool(faults)
        self._say(faults)

    def _say(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong with the field that has the focus, or else with the first; else what the field is for."""
        focused = (self.focused.name if self.focused is not None else None) or ""
        wrong = focused if focused in faults else next(iter(faults), "")
        about = self._inputs[focused].declared.description if focused in self._inputs else ""
        shown = self.query_one("#about", Static)
        shown.update(f"✗ {wrong}: {faults[wrong]}" if wrong else about)
        shown.set_class(bool(wrong), "-wrong")

    def on_descendant_focus(self) -> None:
        """Say what the field is for."""
        self._say(self.faults())

    @on(Button.Pressed, "#run")
    @on(Input.Submitted)
    def action_run(self) -> None:
        """Answer, if every value is one."""
        if self.faults():
            return
        values = {
            name: self._inputs[name].value(text)
            for name, text in self._texts().items()
            if text != self._inputs[name].start
        }
        seeds = cast("Seeds", self.query_one("#seeds", Select).value if self._has_seed else "fixed")
        self.dismiss(RunPlan(values, int(self.query_one("#count", Input).value), seeds))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
