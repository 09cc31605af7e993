"""The main screen: the canvas, what is at its side, and the bars around; it shows what the session says and no more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key, ScreenResume
from textual.geometry import Size
from textual.widgets import Input

from latentgraph.graph.edit.whole import take_values
from latentgraph.graph.names import printable
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.canvas.messages import LeaveWanted
from latentgraph.tui.editor.check_view import CheckView
from latentgraph.tui.editor.form_actions import FormActions
from latentgraph.tui.editor.keys import bindings_for
from latentgraph.tui.editor.opening import Opened
from latentgraph.tui.editor.part_actions import PartActions
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.run_actions import RunActions

if TYPE_CHECKING:
    from textual.widgets import Tabs

    from latentgraph.graph.events import Preview
    from latentgraph.graph.process import Looked
    from latentgraph.tui.editor.pictures.protocol import Mode
    from latentgraph.tui.editor.type_ahead import Typed

WATCH_SECONDS = 2.0
"""How often is looked whether another program wrote the file."""
WARM_UP_SECONDS = 2.0
"""After which the engine's process is started, so that the first run finds its libraries loaded."""


class MainScreen(PartActions, FormActions, RunActions, CheckView):
    """All of the editor but its dialogs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("app", leave_out=("command_palette",))]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (190, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (26, "-medium"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, registry: Registry, request: EditRequest, mode: Mode, opened: Opened | None) -> None:
        super().__init__(registry, request, mode)
        self._opened = opened
        self._began = False
        self._run_shown = 0
        self.find_bar = Input(placeholder="find by name, type or value", id="find-bar", compact=True)

    def compose(self) -> ComposeResult:
        """The bars, the canvas and the side."""
        yield self.top_bar
        with Horizontal(id="body"):
            yield self.canvas
            yield self.beside
        yield self.find_bar
        yield self.run_bar
        yield self.key_line

    def suit(self, size: Size) -> None:
        """Take the classes that go with a size, as a screen otherwise does when all in it is styled already."""
        for steps, cells in ((self.HORIZONTAL_BREAKPOINTS, size.width), (self.VERTICAL_BREAKPOINTS, size.height)):
            self.update_classes({[name for least, name in steps if cells >= least][-1]: True}, update=False)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """At the start, leave the styles: they were just made."""
        event.refresh_styles = self._began
        self._began = True

    def on_mount(self) -> None:
        """Show what was asked for."""
        self.canvas.fits = self.fitting
        self.find_bar.display = False
        self.run_bar.show(None)
        self.canvas.focus()
        self.begin(self._opened)
        self.call_after_refresh(self.complete)

    def complete(self) -> None:
        """Behind the first frame, make what it could do without."""
        self.sidebar.history.show(self.made.runs)
        self.sidebar.queue.show(())
        self.show_subject()
        self.offer_at_start(choose=self._opened is None)
        self.set_timer(WARM_UP_SECONDS, self.warm_up)
        self.set_interval(WATCH_SECONDS, self.watch_disk)

    # --- what runs

    def warm_up(self) -> None:
        """Start the engine's process; where it cannot be started, the first run says so."""
        with suppress(OSError):
            self.engine.start()

    def show_runs(self) -> None:
        """Show the queue, the states of the nodes and the bars."""
        self.sidebar.queue.show(self.runs.waiting)
        self.sidebar.count_waiting(len(self.runs.waiting))
        self.run_bar.show(self.runs.view())
        if self.runs.current is None:
            self.sidebar.hide_live()
        self.show_states()
        self.show_top()

    def show_preview(self, preview: Preview) -> None:
        """Draw what is on its way, in cells."""
        if self.runs.current is not None:
            self.sidebar.show_live()
            self.sidebar.live.offer(preview.picture, preview.node)

    def show_made(self, index: int) -> None:
        """Draw the picture of a run that was made."""
        run = self.made.runs[index]
        self._run_shown = index
        self.sidebar.live.display = False
        self.sidebar.picture.display = bool(run.pictures)
        if run.pictures:
            self.sidebar.picture.border_title = Content(f" {printable(run.pictures[0].name)} ")
            self.sidebar.picture.show(run.pictures[0])

    def on_picture_view_clicked(self) -> None:
        """Show the picture at the side on the whole screen."""
        self.view_pictures(self._run_shown)

    def show_looked(self, looked: Looked) -> None:
        """Have the form show what the values of the current box are."""
        key = self.canvas.cursor
        if key is not None and looked.path == self.path_of(key):
            self.sidebar.inspector.show_value(looked)

    def node_finished(self, path: str) -> None:
        """Look at a node's values anew, if it is the current one."""
        key = self.canvas.cursor
        if key is not None and path == self.path_of(key):
            self.engine.look(path)

    @work
    async def take_values(self, values: Mapping[str, Any]) -> None:
        """Make the values of a run the values of the workflow's inputs."""
        await self.leave_to(0)
        if len(self.places) > 1:
            return  # a sub-workflow has edits that somebody wants to look at first
        known = {name: value for name, value in values.items() if name in self.session.workflow.inputs}
        left_out = [name for name in values if name not in known]
        if self.do(lambda: take_values(self.graph, known)) and left_out:
            self.tell(f"This workflow has no input {', '.join(left_out)}.", "warning")

    # --- going about

    def action_focus_canvas(self) -> None:
        """Go to the canvas."""
        self.remove_class("side-open")
        self.set_focus(self.canvas)

    def awaits(self, event: Typed) -> bool:
        """Whether the side is not made yet, or a field is to have the focus that is not there yet."""
        return not self.has_sidebar or self.sidebar.inspector.awaits_focus

    async def action_focus_inspector(self) -> None:
        """Go to the form of the current box."""
        await self.go_to_subject()

    async def go_to_subject(self, port: str = "") -> None:
        """Go to the form of the current box, whatever it showed before, and to a field of it."""
        self.show_subject()
        await self.sidebar.inspector.settle()
        self.canvas.leave_mode()
        self.show_page("inspector")
        if port:
            self.sidebar.inspector.focus_field(port)
        else:
            self.sidebar.inspector.focus_first()

    def show_page(self, page: str) -> None:
        """Show a page at the side, which in a narrow terminal takes the place of the canvas."""
        self.add_class("side-open")
        self.sidebar.show_page(page)

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Show the page of a tab."""
        if event.tab.id:
            self.sidebar.pages.current = event.tab.id.removeprefix("tab-")

    def action_next_tab(self) -> None:
        """Show the next page and go there."""
        self.show_page(self.sidebar.next_page)
        self.sidebar.focus_page()

    def action_find(self) -> None:
        """Ask what to find."""
        self.find_bar.display = True
        self.find_bar.focus()

    @on(Input.Changed, "#find-bar")
    def _find(self, event: Input.Changed) -> None:
        if self.find_bar.has_focus:
            self.canvas.find(event.value)

    @on(Input.Submitted, "#find-bar")
    def _found(self) -> None:
        self.find_bar.display = False
        self.canvas.focus()

    @on(LeaveWanted)
    def _leave_wanted(self) -> None:
        if len(self.places) > 1:
            self.action_leave_body()
        elif self.runs.current is not None:
            self.action_cancel_run()

    def key_escape(self, event: Key) -> None:
        """From anywhere at the side, back to the canvas."""
        if not self.canvas.has_focus:
            # Else the canvas hears the same key, as soon as it has the focus, and leaves a body or stops the run.
            event.stop()
        if self.find_bar.display:
            self.find_bar.display = False
            self.canvas.find("")
        self.moved_at = time.monotonic()
        self.action_focus_canvas()

    def action_help(self) -> None:
        """Show the keys."""
        from latentgraph.tui.editor.dialogs.help import Help

        self.app.push_screen(Help())

    def action_next_theme(self) -> None:
        """Take the next theme."""
        names = sorted(self.app.available_themes)
        self.app.theme = names[(names.index(self.app.theme) + 1) % len(names)]
        self.tell(f"Theme {self.app.theme}.")
