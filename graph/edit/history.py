"""Everything that was done to a workflow since it was opened, to be taken back and done again."""

from __future__ import annotations

import json
from dataclasses import replace

from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.edit.edit import ABSENT, Change, Data, Edit, same
from latentgraph.graph.workflow import Workflow


class History:
    """A workflow under edit, with its undo and redo.

    Attributes:
        start: The workflow as it was, in canonical form.
        data: The workflow as it is now, in canonical form; never written to.
    """

    def __init__(self, workflow: Workflow) -> None:
        """Begin with a workflow that counts as saved."""
        self.start: Data = canonical_data(workflow)
        self.data = self.start
        self._workflow: tuple[Data, Workflow] = (self.data, workflow)
        self._done: list[Edit] = []
        self._undone: list[Edit] = []
        self._sealed = True
        self._saved: str | None = json.dumps(self.data)
        self._modified: tuple[Data, bool] = (self.data, False)

    @property
    def workflow(self) -> Workflow:
        """The workflow as it is now."""
        data, workflow = self._workflow
        if data is not self.data:
            workflow = Workflow.model_validate(self.data, by_alias=True, by_name=False)
            self._workflow = (self.data, workflow)
        return workflow

    @property
    def modified(self) -> bool:
        """Whether it is another one than was last saved."""
        data, modified = self._modified
        if data is not self.data:
            modified = json.dumps(self.data) != self._saved
            self._modified = (self.data, modified)
        return modified

    @property
    def done(self) -> tuple[Edit, ...]:
        """The steps that led here, the first one first."""
        return tuple(self._done)

    @property
    def undone(self) -> tuple[Edit, ...]:
        """The steps that were taken back, in the order in which they would be done again."""
        return tuple(reversed(self._undone))

    @property
    def steps(self) -> int:
        """How many steps led here."""
        return len(self._done)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._undone)

    @property
    def undo_label(self) -> str:
        """What `undo` would take back; empty where nothing."""
        return self._done[-1].label if self._done else ""

    @property
    def redo_label(self) -> str:
        """What `redo` would do again; empty where nothing."""
        return self._undone[-1].label if self._undone else ""

    def do(self, edit: Edit) -> None:
        """Do an edit; what was taken back before is forgotten.

        An edit whose `merge` is that of the one before becomes one step with it, until `seal`.
        """
        if not edit.changes:
            return
        self.data = edit.apply(self.data)
        self._undone.clear()
        if self._done and edit.merge and edit.merge == self._done[-1].merge and not self._sealed:
            edit = _merged(self._done.pop(), edit)
        if edit.changes:
            self._done.append(edit)
        self._sealed = False

    def undo(self) -> Edit | None:
        """Take the last step back and return what that was: the step's inverse."""
        if not self._done:
            return None
        edit = self._done.pop()
        self._undone.append(edit)
        return self._travel(edit.inverse())

    def redo(self) -> Edit | None:
        """Do the last step again that was taken back, and return it."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        self._done.append(edit)
        return self._travel(edit)

    def seal(self) -> None:
        """End the step: what comes next is one of its own."""
        self._sealed = True

    def mark_saved(self) -> None:
        """Count the workflow, as it is now, as saved."""
        self.seal()
        self._saved = json.dumps(self.data)
        self._modified = (self.data, False)

    def mark_unsaved(self) -> None:
        """Count the workflow as one that no file holds."""
        self._saved = None
        self._modified = (self.data, True)

    def _travel(self, edit: Edit) -> Edit:
        self.seal()
        self.data = edit.apply(self.data)
        return edit


def _merged(first: Edit, second: Edit) -> Edit:
    """Both as one step, and as short as one where the second gives the same members other values."""
    single = len(second.changes) == 1
    changes = []
    if len(first.changes) != len(second.changes):
        return first.then(second)
    for early, late in zip(first.changes, second.changes, strict=True):
        if not isinstance(early, Change) or not isinstance(late, Change) or early.path != late.path:
            return first.then(second)
        # Where several members come and go, the place of one among the keys depends on the others.
        if late.before is ABSENT or (late.after is ABSENT and not single):
            return first.then(second)
        if not same(early.before, late.after):
            changes.append(
                replace(late, before=early.before, index=late.index if late.after is ABSENT else early.index)
            )
    return replace(second, changes=tuple(changes))
