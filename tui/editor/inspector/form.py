"""The fields of a subject, one row each. Rows are kept where the next subject has the same field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from textual import events
from textual.containers import Vertical

from latentgraph.tui.editor.inspector.messages import InspectorMessage
from latentgraph.tui.editor.inspector.row import FieldRow
from latentgraph.tui.editor.inspector.subject import FieldSpec, Subject
from latentgraph.tui.editor.inspector.texts import Signs

_NARROWEST_EDITOR: Final = 12


def form_fields(subject: Subject) -> list[FieldSpec]:
    """The fields that a value can be written for; the others are links and nothing else."""
    return [spec for spec in subject.fields if spec.literal or (spec.link and spec.type.literal and _may_hold(spec))]


def _may_hold(spec: FieldSpec) -> bool:
    return spec.role in ("input", "declared", "handed")


class Form(Vertical):
    """The rows of the subject that was shown last."""

    def __init__(self, signs: Signs) -> None:
        super().__init__()
        self._signs = signs
        self._rows: list[FieldRow] = []

    @property
    def rows(self) -> Sequence[FieldRow]:
        """The rows, from the top."""
        return self._rows

    def row(self, name: str) -> FieldRow | None:
        """The row of a field."""
        return next((row for row in self._rows if row.spec.name == name), None)

    async def show(self, subject: Subject, kept: Mapping[str, str]) -> None:
        """Show the fields of a subject.

        Args:
            subject: The box.
            kept: The texts, by field, that were wrong when the box was last shown.
        """
        specs = form_fields(subject)
        if [row.spec.name for row in self._rows] == [spec.name for spec in specs]:
            await self._exchange(subject, specs, kept)
        else:
            await self._build(subject, specs, kept)
        self.display = bool(specs)
        self._align()

    async def clear(self) -> None:
        """Show no field."""
        self._rows = []
        await self.remove_children()

    async def _build(self, subject: Subject, specs: Sequence[FieldSpec], kept: Mapping[str, str]) -> None:
        await self.remove_children()
        self._rows = [FieldRow(subject, spec, self._signs) for spec in specs]
        for row in self._rows:
            row.give(subject, row.spec, kept.get(row.spec.name))
        await self.mount_all(self._rows)

    async def _exchange(self, subject: Subject, specs: Sequence[FieldSpec], kept: Mapping[str, str]) -> None:
        for index, (row, spec) in enumerate(zip(list(self._rows), specs, strict=True)):
            if row.fits(spec):
                row.give(subject, spec, kept.get(spec.name))
                continue
            focused = row.has_focus_within
            fresh = FieldRow(subject, spec, self._signs)
            self._rows[index] = fresh
            await self.mount(fresh, after=row)
            if row.problem is not None:
                await row.problem.remove()
            await row.remove()
            if focused:
                fresh.take_focus()

    def commits(self) -> Iterator[InspectorMessage]:
        """What is typed, right and not handed over yet; typing ends with it."""
        for row in self._rows:
            if message := row.take(final=True):
                yield message

    def on_resize(self, event: events.Resize) -> None:
        """Give names and editors their share of another width."""
        self._align()

    def _align(self) -> None:
        """Put all editors into one column, as far left as the longest name lets them."""
        wanted = max((row.label_cells() for row in self._rows), default=0)
        cells = max(8, min(wanted, self.size.width - _NARROWEST_EDITOR)) if self.size.width else wanted
        for row in self._rows:
            row.set_label_cells(cells)
