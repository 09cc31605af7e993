"""Running from the main screen: asking for runs, following the one that goes on, and what is done with those made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on, work

from latentgraph.graph.boxes import INPUTS, OUTPUTS
from latentgraph.graph.errors import WorkflowError
from latentgraph.tui.durations import duration
from latentgraph.tui.editor.bars import settings_text
from latentgraph.tui.editor.base_screen import BaseScreen, EngineSpoke
from latentgraph.tui.editor.canvas.messages import ScrolledByUser
from latentgraph.tui.editor.made import MadeRun
from latentgraph.tui.editor.pictures.made import Made
from latentgraph.tui.editor.runs import Wanted, log_line

if TYPE_CHECKING:
    from latentgraph.graph.events import Preview
    from latentgraph.graph.process import Message, RunEvent, RunRefused
    from latentgraph.tui.editor.dialogs.run_with import RunPlan
    from latentgraph.tui.editor.pages import HistoryPage, QueuePage

HEAR_SECONDS = 0.1
"""How often at most the screen takes in what the engine says."""
HANDS_OFF_SECONDS = 5.0
"""How long the view does not follow the run after somebody moved it."""
ROOM_FOR_PICTURES = (100, 30)
"""Columns and rows from which the picture of a run is shown at the side; below, a word says that there is one."""
BELL_SECONDS = 30.0
"""A run that took longer rings when it ends."""


class RunActions(BaseScreen):
    """The part of the main screen that has to do with runs."""

    moved_at = 0.0
    """When somebody last moved the view."""

    # --- asking for runs

    def action_run(self) -> None:
        """Run the workflow."""
        self.ask_for_run()

    def action_run_until(self) -> None:
        """Run what the current node needs, up to it."""
        key = self.canvas.cursor
        if key is None or key not in self.canvas.scene.boxes or key in (INPUTS, OUTPUTS) or self.scope:
            why = "a node inside a loop has values only while the loop runs" if self.scope else "choose a node first"
            self.tell(f"Running up to here is not possible: {why}.", "warning")
            return
        self.ask_for_run(until=self.path_of(key))

    @work
    async def action_run_with(self) -> None:
        """Ask for other values, and run with those."""
        from latentgraph.tui.editor.dialogs.run_with import RunWith

        root = self.places[0].session
        plan: RunPlan | None = await self.app.push_screen_wait(RunWith(root.workflow, self.registry))
        for values in plan.runs(root.workflow) if plan else ():
            self.ask_for_run(given=values)

    def ask_for_run(
        self, *, until: str | None = None, given: dict[str, Any] | None = None, download: bool = False
    ) -> None:
        """Run the workflow that was opened, or put it behind the run that goes on."""
        session = self.places[0].session
        if not self.ready_to_run():
            return
        try:
            text = session.text
        except WorkflowError as error:
            self.tell(str(error), "error")
            return
        from latentgraph.graph.process import RunRequest

        request = RunRequest(
            text,
            session.title,
            session.path or session.base.path,
            given or {},
            self.request.settings,
            until,
            self.request.out,
            embedded=session.base.embedded,
            recorded=session.base.recorded,
            allow_read=tuple(self.request.allow_read),
            download=download,
        )
        note = f"up to {until}" if until else ", ".join(f"{name} {value}" for name, value in (given or {}).items())
        unsaved = dict.fromkeys(one.session.title for one in self.places[1:] if one.session.modified)
        if self.session is not session and unsaved:
            self.tell(f"The run reads {', '.join(unsaved)} as saved last; ctrl+s saves what you changed.", "warning")
        goes_on = self.runs.current is not None
        self.runs.ask(Wanted(request, session.title, note, session))
        if goes_on:
            self.tell(f"Waits behind the run that goes on ({len(self.runs.waiting)} waiting).")
        self.show_runs()

    # --- following

    @on(EngineSpoke)
    def _engine_spoke(self) -> None:
        self.set_timer(HEAR_SECONDS, self.hear)

    def hear(self) -> None:
        """Take in all that the engine said since the last time."""
        from latentgraph.graph.events import Preview
        from latentgraph.graph.process import RunEvent

        self.woken.clear()
        preview: Preview | None = None
        while self.heard:
            message = self.heard.popleft()
            self.runs.hear(message)
            if isinstance(message, RunEvent):
                if isinstance(message.event, Preview):
                    preview = message.event  # only the last one is worth drawing
                else:
                    self._log(log_line(message.event))
                self._follow(message)
            else:
                self._hear_engine(message)
        if preview is not None:
            self.show_preview(preview)
        self.show_runs()

    def _hear_engine(self, message: Message) -> None:
        from latentgraph.graph.process import Downloading, EngineDied, EngineLog, EngineReady, Looked, RunRefused

        match message:
            case EngineReady():
                self.device = settings_text(message.settings, self.registry.settings)
            case EngineLog():
                self._log(message.text)
            case EngineDied():
                self._log(message.reason)
                if not message.runs:  # else the run that is lost says so
                    self.tell(message.reason, "error")
            case Downloading():
                self._log(f"{message.what}: {message.done / 1e6:.0f} of {message.total / 1e6:.0f} MB")
            case RunRefused() if message.downloads:
                self._ask_for_download(message)
            case RunRefused():
                self.tell(message.reason, "error")
            case Looked():
                self.show_looked(message)

    def _log(self, line: str) -> None:
        if line:
            self.sidebar.log.write_line(line)

    def _follow(self, message: RunEvent) -> None:
        """Keep the node that runs in view, unless somebody is looking elsewhere."""
        from latentgraph.graph.events import NodeFinished, NodeStarted, RunStarted

        event = message.event
        if isinstance(event, RunStarted):
            self.device = settings_text(event.settings, self.registry.settings) or self.device
        if isinstance(event, NodeFinished):
            self.node_finished(event.node)
        if (
            isinstance(event, NodeStarted)
            and not self.scope
            and self.runs.owner is self.session
            and time.monotonic() - self.moved_at > HANDS_OFF_SECONDS
        ):
            self.canvas.follow(event.node.partition("/")[0])

    @on(ScrolledByUser)
    def _moved_by_hand(self) -> None:
        self.moved_at = time.monotonic()

    @work
    async def _ask_for_download(self, refused: RunRefused) -> None:
        from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm

        choices = [Choice("no", "Not now"), Choice("download", "Download", "primary")]
        question = "The workflow needs what is not on this machine. Download it?"
        answer = await self.app.push_screen_wait(Confirm(question, choices, "\n".join(refused.downloads)))
        if answer == "download":
            self.ask_for_run(download=True)

    def action_cancel_run(self) -> None:
        """Stop the run at its next step; asked twice, end the engine's process."""
        current = self.runs.current
        if current is None:
            self.tell("Nothing runs.")
        elif current.stopping:
            self.offer_to_kill()
        else:
            self.runs.stop()
            self.tell("Stopping at the next step. ctrl+k once more ends the engine at once.")
        self.show_runs()

    @work(exclusive=True, group="kill")
    async def offer_to_kill(self) -> None:
        """Ask whether to end the engine's process, which loses its models."""
        from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm

        choices = [Choice("wait", "Wait", "primary"), Choice("kill", "End it now", "error")]
        question = "The run has not come to its next step yet."
        detail = "Ending the engine loses the models in its memory; no edit is lost."
        if await self.app.push_screen_wait(Confirm(question, choices, detail)) == "kill":
            self.engine.kill()

    def run_ended(self, made: MadeRun, wanted: Wanted) -> None:
        """Remember it, and say how it ended."""
        self.made.add(made)
        self.sidebar.history.show(self.made.runs)
        if made.outcome == "failed":
            self._log(f"✗ {made.message}")
            if self.runs.refused is None:
                self.tell(made.message, "error")
        else:
            word = "Done" if made.outcome == "done" else "Stopped"
            files = ", ".join(Path(file).name for file in made.files)
            ended = f"{word} in {duration(made.seconds)}" + (f": {files}" if files else "")
            self._log(ended)
            if self.app.size.width < ROOM_FOR_PICTURES[0] or self.app.size.height < ROOM_FOR_PICTURES[1]:
                self.tell(f"{ended}; v shows it." if made.pictures else f"{ended}.")
        if made.pictures:
            self.show_made(len(self.made) - 1)
        if made.seconds > BELL_SECONDS:
            self.app.bell()

    # --- the queue and the history

    def on_queue_page_removed(self, event: QueuePage.Removed) -> None:
        """Take a run out of the queue."""
        self.runs.remove(event.number)
        self.show_runs()

    def on_queue_page_shifted(self, event: QueuePage.Shifted) -> None:
        """Let a run come earlier or later."""
        self.runs.shift(event.number, event.by)
        self.show_runs()

    def on_history_page_highlighted(self, event: HistoryPage.Highlighted) -> None:
        """Show the picture of the run that is looked at."""
        self.show_made(event.index)

    def on_history_page_asked(self, event: HistoryPage.Asked) -> None:
        """Do with a run what was asked for."""
        run = self.made.runs[event.index]
        match event.wish:
            case "take_values":
                self.take_values(run.inputs)
            case "open_folder":
                self.open_folder(run)
            case "open_workflow":
                self.open_picture(run)
            case "view" | "compare":
                self.view_pictures(event.index, compare=event.wish == "compare")

    def view_pictures(self, index: int, *, compare: bool = False) -> None:
        """Show the picture of a run on the whole screen, among all that were made."""
        pictures, at = self._all_pictures(index)
        if at is None:
            self.tell("This run made no picture, or it is not there any more.", "warning")
            return
        self.open_viewer(pictures, at, compare=compare)

    def _all_pictures(self, index: int) -> tuple[list[Made], int | None]:
        """Every picture that was made, oldest first, and where those of a run begin."""
        pictures: list[Made] = []
        at = None
        for number, run in enumerate(self.made.runs):
            of_run = [Made(path, run.inputs, run.title, run.seconds, run.ended[11:16]) for path in run.pictures]
            if number == index and of_run:
                at = len(pictures)
            pictures += of_run
        return pictures, at

    @work
    async def open_viewer(self, pictures: list[Made], at: int, *, compare: bool) -> None:
        """Show the viewer, and do what was asked for in it."""
        from latentgraph.tui.editor.pictures.viewer import Viewer

        taken = await self.app.push_screen_wait(Viewer(pictures, at, self.mode, compare=compare))
        if taken is not None:
            self.take_values(taken.values)

    def open_folder(self, run: MadeRun) -> None:
        """Open the folder of a run's files."""
        from latentgraph.tui.editor.pictures.folder import open_folder

        if run.files:
            open_folder(self.app, Path(run.files[0]))
        else:
            self.tell("This run wrote no file.", "warning")

    def action_view_image(self) -> None:
        """Show the last picture on the whole screen."""
        index = next((i for i in reversed(range(len(self.made))) if self.made.runs[i].pictures), None)
        if index is None:
            self.tell("There is no picture yet; ctrl+r makes one.")
        else:
            self.view_pictures(index)
