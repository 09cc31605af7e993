"""One workflow under edit: what it is now, how it came to be so, what is wrong with it, and its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from latentgraph.graph.boxes import Scope
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.whole import replaced
from latentgraph.graph.files import write_whole
from latentgraph.graph.problem import Problem, errors_of
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.journal import Journal, file_digest
from latentgraph.tui.editor.opening import Opened
from latentgraph.tui.fmt_command import canonical


class Session:
    """A workflow and its edits; every edit is in the journal before anybody sees it."""

    def __init__(
        self,
        opened: Opened,
        registry: Registry,
        *,
        history: History | None = None,
        digest: str | None = None,
        allowed: tuple[Path, ...] = (),
    ) -> None:
        """Begin to edit.

        Args:
            opened: The workflow and where it is to be saved.
            registry: The nodes it may use.
            history: Edits that were recovered; None begins with the workflow as it was opened.
            digest: Of the file as the recovered edits knew it; None takes what is on disk now for known.
            allowed: Folders that it may read beside its own.
        """
        self.registry = registry
        self.allowed = allowed
        self.path = opened.path
        self.title = opened.title
        self.base = opened.document
        self.history = history or History(opened.document.workflow)
        self.problems: tuple[Problem, ...] = ()
        self.checked: Workflow | None = None
        """What the problems are of; another than `workflow` while a check is under way."""
        self._on_disk = file_digest(self.path) if digest is None else digest
        self.journal = Journal.start(self.path, self.title, self.history, digest=self._on_disk)
        self._told = self._on_disk
        self.left_at: dict[int, tuple[Scope, str | None]] = {}
        """Where one was, a scope and a box, when that many steps were done and the next one began."""
        self._signatures: tuple[Workflow, Signatures] | None = None

    @property
    def workflow(self) -> Workflow:
        """What it is now."""
        return self.history.workflow

    @property
    def document(self) -> Document:
        """For the check: what it is now, where its relative paths count from."""
        return replace(self.base, workflow=self.workflow, source=None)

    @property
    def signatures(self) -> Signatures:
        """The ports of all its nodes."""
        if self._signatures is None or self._signatures[0] is not self.workflow:
            self._signatures = (
                self.workflow,
                Signatures(self.workflow, self.registry, self.base.path, allowed=self.allowed),
            )
        return self._signatures[1]

    @property
    def modified(self) -> bool:
        """Whether there is something to save."""
        return self.history.modified or (self.path is None and bool(self.workflow.nodes) and self.history.can_undo)

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from running, as of the last check."""
        return errors_of(list(self.problems))

    @property
    def text(self) -> str:
        """Its canonical text.

        Raises:
            WorkflowError: It holds a value that no file can.
        """
        return canonical(self.workflow, self.title)

    def do(self, edit: Edit) -> None:
        """Make an edit."""
        self.history.do(edit)
        self.journal.done(edit)

    def undo(self) -> Edit | None:
        """Take the last edit back, and say which that was."""
        edit = self.history.undo()
        if edit is not None:
            self.journal.undone()
        return edit

    def redo(self) -> Edit | None:
        """Make the edit again that was taken back last."""
        edit = self.history.redo()
        if edit is not None:
            self.journal.redone()
        return edit

    def changed_on_disk(self) -> bool:
        """Whether somebody else wrote the file, or took it away, since it was read or saved here."""
        return self.path is not None and file_digest(self.path) != self._on_disk

    def news_from_disk(self) -> bool:
        """Whether the file was changed in a way that nobody was told of yet."""
        now = file_digest(self.path) if self.path is not None else self._on_disk
        news = now not in (self._on_disk, self._told)
        self._told = now
        return news

    def take_disk(self) -> None:
        """Take what the file holds now as one more edit, so that undo brings back what was here.

        Raises:
            WorkflowError: It holds no workflow.
        """
        assert self.path is not None  # what has no file cannot be read again
        document = read_document(self.path, self.title)
        self.do(replaced(self.history.data, document.workflow, "reload from disk"))
        self._on_disk = file_digest(self.path)
        self.history.mark_saved()
        self.journal.saved(self.path)

    def forget_signatures(self) -> None:
        """Look at the files of sub-workflows again."""
        self._signatures = None

    def save(self, path: Path | None = None) -> Path:
        """Write the canonical text.

        Args:
            path: Where; its own file where None.

        Raises:
            WorkflowError: It holds a value that no file can.
            OSError: The file cannot be written.
        """
        target = path or self.path
        assert target is not None  # whoever saves has asked for a name
        write_whole(target, self.text)
        self.path, self.title = target, target.name
        # A file of its own has no record: its paths count from its folder.
        self.base = replace(self.base, path=target, recorded=None)
        self._signatures = None
        self._on_disk = file_digest(target)
        self.history.mark_saved()
        self.journal.saved(target)
        return target

    def close(self) -> None:
        """Forget the journal: everything was saved, or is not wanted."""
        self.journal.close()
