"""Opening, saving and leaving: nothing is overwritten or thrown away without a word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.graph.boxes import INPUTS
from latentgraph.graph.document import read_document
from latentgraph.graph.errors import LatentgraphError, WorkflowError
from latentgraph.tui.editor.base_screen import BaseScreen, Place
from latentgraph.tui.editor.made import MadeRun
from latentgraph.tui.editor.opening import Opened, empty_document, open_argument
from latentgraph.tui.editor.recent import recent_files, remember
from latentgraph.tui.editor.session import Session

if TYPE_CHECKING:
    from latentgraph.tui.editor.dialogs.open import Opening


SAVE_AS = "Save as"
"""What the dialog is called that asks for a name."""


class FileActions(BaseScreen):
    """The part of the main screen that has to do with files."""

    # --- opening

    def session_for(self, opened: Opened) -> Session:
        """A session on a workflow, which may read what the user allowed."""
        return Session(opened, self.registry, allowed=tuple(self.request.allow_read))

    def begin(self, opened: Opened | None) -> None:
        """Show what was asked for, or nothing yet."""
        if opened is not None and opened.path is not None and not opened.is_new:
            remember(opened.path)
        self.enter(self.session_for(opened or Opened(empty_document())))

    @work
    async def offer_at_start(self, *, choose: bool) -> None:
        """Offer first of all what an editor that was killed left behind, then what to begin with."""
        if await self._recover():
            return
        if choose:
            await self._choose(start=True)

    async def _recover(self) -> bool:
        """Offer what was left behind; whether something of it is open now."""
        from latentgraph.tui.editor.dialogs.recover import Recover
        from latentgraph.tui.editor.journal import recoverable
        from latentgraph.tui.editor.leftovers import described, restored

        left = recoverable()
        while left:
            answer = await self.app.push_screen_wait(Recover([described(one) for one in left]))
            if answer is None:
                return False
            chosen = next(one for one in left if one.id == answer.id)
            if answer.act == "restore":
                self.enter(restored(chosen, self.registry, tuple(self.request.allow_read)))
                if not self.session.journal.fault:
                    # All of it is in the new journal.
                    chosen.discard()
                self.tell(f"Restored {chosen.title}. It is not saved yet.")
                return True
            chosen.discard()
            left = [one for one in left if one is not chosen]
        return False

    async def _choose(self, *, start: bool = False) -> None:
        """Ask which workflow to open, and open it."""
        from latentgraph.tui.editor.dialogs.open import OpenWorkflow, StartScreen
        from latentgraph.tui.shipped import shipped_workflows

        dialog = (StartScreen if start else OpenWorkflow)(shipped_workflows(), recent_files())
        opening: Opening | None = await self.app.push_screen_wait(dialog)
        if opening is not None and (start or await self._may_leave()):
            self._open(opening)

    def _open(self, opening: Opening) -> None:
        if opening.kind == "empty":
            self.enter(self.session_for(Opened(empty_document())))
            return
        self.open_file(opening.name or str(opening.path))

    def open_file(self, argument: str) -> bool:
        """Open a workflow in place of the one that is open; whether it could be read."""
        try:
            opened = open_argument(argument, self.registry)
        except LatentgraphError as error:
            self.tell(str(error), "error")
            return False
        if opened.path is not None:
            remember(opened.path)
        self.enter(self.session_for(opened))
        return True

    def enter(self, session: Session) -> None:
        """Show a workflow in place of all that is open."""
        for place in self.places:
            place.session.close()
        self.places = [Place(session)]
        self.canvas.forget()
        self.show_place()
        self.canvas.start_at(INPUTS)

    @work
    async def action_open(self) -> None:
        """Ask which workflow to open."""
        await self._choose()

    @work
    async def action_new(self) -> None:
        """Begin an empty workflow."""
        if await self._may_leave():
            self.enter(self.session_for(Opened(empty_document())))

    @work
    async def open_picture(self, run: MadeRun) -> None:
        """Open the workflow that made a picture, as a copy."""
        if not run.pictures:
            self.tell("This run made no picture, or it is not there any more.", "warning")
        elif await self._may_leave():
            self.open_file(str(run.pictures[0]))

    # --- bodies and sub-workflows

    def action_open_body(self) -> None:
        """Go into the current loop or sub-workflow."""
        key = self.canvas.cursor
        box = self.canvas.scene.boxes.get(key) if key else None
        if box is None or box.role not in ("loop", "workflow", "unknown"):
            self.tell("Only loops and sub-workflows open; choose one first.", "warning")
        elif box.role == "loop":
            self.go_into(box.key)
        else:
            self._open_subworkflow(box.key)

    def go_into(self, key: str) -> None:
        """Show the body of a loop."""
        self.finish_typing()
        self.place.cursor = key
        self.places.append(Place(self.session, (*self.scope, key)))
        self.show_place()

    def _open_subworkflow(self, key: str) -> None:
        self.finish_typing()
        file = self.graph.node(key).get("file")
        if not file:
            self.tell("This node has no file yet; write one in its form.", "warning")
            return
        # As a run does: a stranger's workflow must not have files read, or later written, outside its folder.
        access = FileAccess(self.session.base.folder, self.session.allowed)
        try:
            path = access.path(str(file), given=False)
            document = read_document(path, str(file))
        except (AccessError, WorkflowError) as error:
            self.tell(str(error), "error")
            return
        self.place.cursor = key
        self.places.append(Place(self.session_for(Opened(document, path, path.name))))
        self.show_place()

    @work
    async def action_leave_body(self) -> None:
        """Come back to what is around."""
        await self.leave_to(len(self.places) - 2)

    @work
    async def action_leave_to(self, depth: int) -> None:
        """Come back to a body or a workflow around, as the upper line names them."""
        await self.leave_to(depth)

    async def leave_to(self, depth: int) -> None:
        """Leave what lies deeper; each sub-workflow on the way asks what becomes of its edits."""
        if depth < 0:
            return
        self.finish_typing()
        while len(self.places) - 1 > depth:
            leaving = self.place.session
            last_of_it = leaving is not self.places[-2].session
            if last_of_it and not await self._may_close(leaving):
                break
            self.places.pop()
            if last_of_it:
                leaving.close()
                self.places[-1].session.forget_signatures()
        self.show_place()

    # --- saving

    def watch_disk(self) -> None:
        """Tell once that another program wrote the file that is shown."""
        session = self.session
        if session.news_from_disk():
            gone = session.path is not None and not session.path.exists()
            word = "is not there any more" if gone else "was changed by another program"
            self.tell(f"{session.title} {word}; ctrl+s asks what to do.", "warning")

    @work
    async def action_save(self) -> None:
        """Save what is shown."""
        await self.save(self.session)

    @work
    async def action_save_as(self) -> None:
        """Save what is shown under another name."""
        await self.save(self.session, ask=True)

    async def save(self, session: Session, *, ask: bool = False, title: str = SAVE_AS) -> bool:
        """Save a workflow; whether that was done.

        Args:
            session: Of the workflow.
            ask: For another name, though it has one.
            title: Of the dialog that asks for the name.
        """
        self.finish_typing()
        path = session.path
        if ask or path is None:
            path = await self._ask_for_path(session, title)
        elif session.changed_on_disk():
            path = await self._settle_change(session)
        return path is not None and self._write(session, path)

    async def _ask_for_path(self, session: Session, title: str = SAVE_AS) -> Path | None:
        from latentgraph.tui.editor.dialogs.pick import SaveAs

        name = session.path.name if session.path else f"{session.title.split(' ')[0]}.json"
        folder = session.path.parent if session.path else Path.cwd()
        return await self.app.push_screen_wait(SaveAs(folder.absolute(), name.replace("untitled", "workflow"), title))

    async def _settle_change(self, session: Session) -> Path | None:
        """The file was written by somebody else: where to save now, if anywhere."""
        from latentgraph.tui.editor.dialogs.external_change import ExternalChange

        assert session.path is not None  # without a file nobody can have written it
        gone = not session.path.exists()
        answer = await self.app.push_screen_wait(ExternalChange(session.title, modified=session.modified, gone=gone))
        if answer == "reload":
            self._reload(session)
            return None
        return await self._ask_for_path(session) if answer == "save_as" else session.path if answer else None

    def _reload(self, session: Session) -> None:
        """Take what is on disk as one more edit, so that undo brings back what was here."""
        assert session.path is not None  # `_settle_change` has asked
        try:
            session.take_disk()
        except WorkflowError as error:
            self.tell(str(error), "error")
            return
        self.show_place()

    def _write(self, session: Session, path: Path) -> bool:
        try:
            session.save(path)
        except (WorkflowError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.tell(f"{path.name} cannot be saved: {reason}", "error")
            return False
        remember(path)
        self.tell(f"Saved {path.name}.")
        self.show_place()
        return True

    # --- leaving

    async def _may_close(self, session: Session) -> bool:
        """Whether a workflow may be closed: it is saved, or its edits are not wanted."""
        from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm

        self.finish_typing()
        if not session.modified:
            return True
        choices = [Choice("save", "Save", "primary"), Choice("cancel", "Stay"), Choice("discard", "Discard", "error")]
        question = f"{session.title} has edits that are not saved."
        answer = await self.app.push_screen_wait(Confirm(question, choices, title="Save first?"))
        return await self.save(session) if answer == "save" else answer == "discard"

    async def _may_leave(self) -> bool:
        """Whether all that is open may be closed."""
        sessions = list(dict.fromkeys(place.session for place in self.places))
        for session in reversed(sessions):
            if not await self._may_close(session):
                return False
        return True

    @work(exclusive=True, group="quit")
    async def action_quit(self) -> None:
        """Leave, after what is not saved was asked about."""
        if await self._may_leave():
            for place in self.places:
                place.session.close()
            self.app.exit(0)
