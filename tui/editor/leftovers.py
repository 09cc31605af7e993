"""What a killed editor left behind: in words for the dialog that offers it, and as a session to go on with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from latentgraph.graph.document import Document
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.dialogs import recover
from latentgraph.tui.editor.journal import Left
from latentgraph.tui.editor.opening import Opened
from latentgraph.tui.editor.session import Session


def described(left: Left) -> recover.Left:
    """As the dialog lists it."""
    history = left.history
    return recover.Left(left.id, left.title, history.steps, _when(left.when), history.undo_label, left.changed)


def restored(left: Left, registry: Registry, allowed: tuple[Path, ...] = ()) -> Session:
    """A session that goes on where the killed editor was, undo and all.

    Where the file was changed since, saving asks first, as it does for every file that somebody else wrote.
    """
    opened = Opened(Document(left.history.workflow, path=left.path), left.path, left.title)
    digest = left.digest if left.path else None
    return Session(opened, registry, history=left.history, digest=digest, allowed=allowed)


def _when(seconds: float) -> str:
    then, now = datetime.fromtimestamp(seconds), datetime.now()
    day = {0: "today", 1: "yesterday"}.get((now.date() - then.date()).days, f"on {then:%d %B}")
    return f"{day} at {then:%H:%M}"
