"""What the parts of the main screen share: where one is, how an edit is made, and how something is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from textual.containers import Vertical
from textual.message import Message as ScreenMessage
from textual.screen import Screen

from latentgraph.graph.boxes import Scope, path_of
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.errors import EditError
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.bars import RunBar, TopBar
from latentgraph.tui.editor.canvas.widget import GraphCanvas
from latentgraph.tui.editor.key_line import KeyLine
from latentgraph.tui.editor.made import MadeRun, MadeRuns
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.runs import Runs, Wanted
from latentgraph.tui.editor.session import Session
from latentgraph.tui.editor.style_files import read_later_styles
from latentgraph.tui.quiet import SETTINGS

if TYPE_CHECKING:
    from latentgraph.graph.events import Preview
    from latentgraph.graph.process import EngineProcess, Looked, Message
    from latentgraph.tui.editor.pictures.protocol import Mode
    from latentgraph.tui.editor.sidebar import Sidebar

Tone = Literal["information", "warning", "error"]


@dataclass(slots=True)
class Place:
    """Where one is: a workflow, and how deep inside its loops."""

    session: Session
    scope: Scope = ()
    cursor: str | None = None
    """The box that was current when one went elsewhere."""


class EngineSpoke(ScreenMessage):
    """There is something in the queue of what the engine's process said."""


class BaseScreen(Screen[None]):
    """The main screen without what it does: its state and its widgets.

    The widgets are made here and not looked up, so that a late timer never asks for one that is gone.
    """

    def __init__(self, registry: Registry, request: EditRequest, mode: Mode) -> None:
        super().__init__()
        self.registry = registry
        self.request = request
        self.mode = mode
        self.places: list[Place] = []
        self._said = ""
        """What was said last."""
        self.device = ""
        """What the engine computes on, and how, once it has said so."""
        self.heard: deque[Message] = deque()
        self.woken = Event()
        """Set while the screen is on its way to what was heard."""
        self.runs = Runs(lambda: self.engine, self.run_ended)
        self.top_bar = TopBar(id="top-bar")
        self.run_bar = RunBar(id="run-bar")
        self.canvas = GraphCanvas(id="canvas", ascii_only=request.ascii_only)
        self.beside = Vertical(id="sidebar")
        """Where the sidebar is once it is made."""
        self.key_line = KeyLine(self)

    @cached_property
    def made(self) -> MadeRuns:
        """The runs that were made, also before this start."""
        return MadeRuns()

    @cached_property
    def engine(self) -> EngineProcess:
        """The process that runs are made in, once it is started."""
        from latentgraph.graph.process import EngineProcess

        request = self.request
        return EngineProcess(
            self._receive,
            node_files=request.node_files,
            allow_read=tuple(request.allow_read),
            environment=SETTINGS,
        )

    @cached_property
    def sidebar(self) -> Sidebar:
        """What is beside the canvas, made when it is first asked for: after the first frame, if nobody is hasty."""
        from latentgraph.tui.editor.sidebar import Sidebar

        read_later_styles(self.app)
        sidebar = Sidebar(self.mode, ascii_only=self.request.ascii_only)
        self.beside.mount(*sidebar.widgets)
        return sidebar

    @property
    def has_sidebar(self) -> bool:
        """Whether the sidebar is made."""
        return "sidebar" in vars(self)

    def _receive(self, message: Message) -> None:
        """Called in the reader's thread: put it where the screen finds it, and wake the screen if it sleeps."""
        # In this order, as `hear` clears before it looks: the screen may look at any moment, and sleep on.
        self.heard.append(message)
        if not self.woken.is_set():
            self.woken.set()
            self.post_message(EngineSpoke())

    @property
    def place(self) -> Place:
        """Where one is."""
        return self.places[-1]

    @property
    def session(self) -> Session:
        """The workflow that is shown."""
        return self.place.session

    @property
    def scope(self) -> Scope:
        """The loops that one is inside of."""
        return self.place.scope

    @property
    def graph(self) -> Graph:
        """What the operations on a workflow work on."""
        return Graph(self.session.history.data, self.session.signatures, self.scope)

    def path_of(self, key: str) -> str:
        """The path of a box's node, as events and problems write it."""
        return path_of(self.scope, key)

    def do(self, make: Callable[[], Edit]) -> bool:
        """Make an edit and show it; where it is refused, say why. Whether it was made."""
        try:
            edit = make()
        except EditError as error:
            self.tell(str(error), "warning")
            return False
        session, well = self.session, not self.session.journal.fault
        session.left_at[session.history.steps] = self.scope, self.canvas.cursor
        session.do(edit)
        self.show_edit(edit)
        if well and session.journal.fault:
            self.tell(session.journal.fault, "warning")
        return True

    def tell(self, sentence: str, tone: Tone = "information") -> None:
        """Say something for a while; what is said again and again stands there once."""
        if sentence == self._said:
            self.app.clear_notifications()
        self._said = sentence
        self.notify(sentence, severity=tone, markup=False, timeout=8 if tone == "error" else 4)

    # --- what the parts ask of each other

    def show_place(self) -> None:
        """Show where one is, and have it checked."""
        raise NotImplementedError

    def show_edit(self, edit: Edit) -> None:
        """Show the workflow after an edit, and have it checked."""
        raise NotImplementedError

    def check_soon(self) -> None:
        """Check what is shown, when nothing was changed for a moment."""
        raise NotImplementedError

    def finish_typing(self) -> None:
        """Take what is being typed into a field as an edit."""
        raise NotImplementedError

    def ready_to_run(self) -> bool:
        """Whether nothing is wrong; else go to what is."""
        raise NotImplementedError

    def run_ended(self, made: MadeRun, wanted: Wanted) -> None:
        """Take note of a run that ended."""
        raise NotImplementedError

    def show_runs(self) -> None:
        """Show the queue, the states of the nodes and the bars."""
        raise NotImplementedError

    def show_preview(self, preview: Preview) -> None:
        """Show what is on its way."""
        raise NotImplementedError

    def show_made(self, index: int) -> None:
        """Show the picture of a run that was made."""
        raise NotImplementedError

    def show_looked(self, looked: Looked) -> None:
        """Show what the values of a node are."""
        raise NotImplementedError

    def node_finished(self, path: str) -> None:
        """A node's values are there to be looked at."""
        raise NotImplementedError

    def take_values(self, values: Mapping[str, Any]) -> object:
        """Make the values of a run the values of the workflow's inputs."""
        raise NotImplementedError

    def open_picture(self, run: MadeRun) -> object:
        """Open the workflow that made a picture, as a copy."""
        raise NotImplementedError

    def rename_node(self, name: str) -> object:
        """Ask for another name of a node, and give it."""
        raise NotImplementedError

    async def go_to_subject(self, port: str = "") -> None:
        """Go to the form of the current box, whatever it showed before, and to a field of it."""
        raise NotImplementedError
