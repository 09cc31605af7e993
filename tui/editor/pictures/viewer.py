"""Pictures on the whole screen: near and far, one after the other, with the values that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Resize
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Footer, Static

from latentgraph.graph.names import printable
from latentgraph.graph.words import shown
from latentgraph.tui.editor.dialogs.once import AnswersOnce
from latentgraph.tui.editor.keys import bindings_for
from latentgraph.tui.editor.pictures.compare import Compare
from latentgraph.tui.editor.pictures.folder import open_folder
from latentgraph.tui.editor.pictures.made import Made
from latentgraph.tui.editor.pictures.protocol import Mode
from latentgraph.tui.editor.pictures.view import PictureView, open_picture
from latentgraph.tui.editor.pictures.window import Window

STEP = 0.25
"""How far the view moves at a key, as a share of what is in view."""


class Surface(PictureView, can_focus=True):
    """The picture, which the mouse moves and enlarges."""

    ALLOW_SELECT = False

    @dataclass
    class Dragged(Message):
        """The mouse moved the picture, by so many cells."""

        columns: int
        rows: int

    @dataclass
    class Wheeled(Message):
        """The wheel was turned: 1 is nearer, -1 is farther."""

        steps: int

    _held: Offset | None = None

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take hold of the picture."""
        self._held = event.screen_offset
        self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move it."""
        if self._held is not None and event.screen_offset != self._held:
            moved = event.screen_offset - self._held
            self._held = event.screen_offset
            self.post_message(self.Dragged(moved.x, moved.y))

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let it go."""
        self._held = None
        self.release_mouse()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Enlarge."""
        event.stop()
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Reduce."""
        event.stop()
        self.post_message(self.Wheeled(-1))


class Viewer(AnswersOnce[Made | None]):
    """Shows pictures of the history; gives the one whose values are to be taken into the workflow, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("viewer")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-roomy")]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self, pictures: Sequence[Made], index: int = -1, mode: Mode = "blocks", *, compare: bool = False
    ) -> None:
        """Show pictures.

        Args:
            pictures: The history, the oldest first; one at least.
            index: Of the one that is shown first.
            mode: How to draw.
            compare: Whether to begin with that one beside the one before it.
        """
        super().__init__()
        if not pictures:
            raise ValueError("there is no picture to show")
        self.pictures = tuple(pictures)
        self.index = index % len(pictures)
        self._mode = mode
        self._compare = compare
        self._window = Window()
        self._picture = open_picture(self.made.path)

    @property
    def made(self) -> Made:
        """The picture in view."""
        return self.pictures[self.index]

    def compose(self) -> ComposeResult:
        """A line about the picture, the picture, its values, and the keys."""
        yield Static(id="caption")
        with Horizontal():
            yield Surface(self._mode)
            with VerticalScroll(id="values"):
                yield Static(id="values-text")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Give the picture the keys."""
        self.query_one(Surface).focus()
        self.query_one("#values").display = False
        if self._compare:
            self.action_compare()

    def on_resize(self, event: Resize) -> None:
        """Show as much as there is room for now."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        surface = self.query_one(Surface)
        picture = self._picture
        if picture is not None and surface.size:
            picture = picture.crop(tuple(round(edge) for edge in self._box()))  # type: ignore[arg-type]
        surface.show(picture)
        self.query_one("#caption", Static).update(self._caption())
        self.query_one("#values-text", Static).update(_values(self.made))

    def _box(self) -> tuple[float, float, float, float]:
        size = self.query_one(Surface).size
        width, height = self._picture.size if self._picture else (1, 1)
        return self._window.box(width, height, max(1, size.width), max(1, size.height) * 2)

    def _caption(self) -> Content:
        made, picture = self.made, self._picture
        size = f"{picture.width} × {picture.height}" if picture else "it cannot be read"
        parts = [size, f"{self.index + 1} of {len(self.pictures)}"]
        if self._window.zoom != 1:
            parts.append(f"{self._window.zoom:g} times")
        if made.when:
            parts.append(made.when)
        if made.seconds:
            parts.append(f"{made.seconds:.1f} s")
        return Content.assemble((f" {printable(made.path.name)}", "bold"), "  ", (" · ".join(parts), "dim"))

    def _go(self, step: int) -> None:
        if 0 <= self.index + step < len(self.pictures):
            self.index += step
            self._picture = open_picture(self.made.path)
            self._window = Window()
            self._show()
        else:
            self.notify("This is the newest picture." if step > 0 else "This is the oldest picture.", timeout=2)

    def action_previous(self) -> None:
        """Show the picture before."""
        self._go(-1)

    def action_next(self) -> None:
        """Show the picture after."""
        self._go(1)

    def action_zoom_in(self) -> None:
        """Enlarge."""
        self._look(self._window.zoomed(1))

    def action_zoom_out(self) -> None:
        """Reduce."""
        self._look(self._window.zoomed(-1))

    def action_fit(self) -> None:
        """Fit the picture into the screen."""
        self._look(Window())

    def action_actual_size(self) -> None:
        """Show a pixel a column, which is half as wide as a row is high."""
        size = self.query_one(Surface).size
        if self._picture is not None and size:
            fit = min(size.width / self._picture.width, size.height * 2 / self._picture.height)
            self._look(Window(max(1.0, 1 / fit), self._window.x, self._window.y))

    def action_pan(self, columns: int, rows: int) -> None:
        """Move the view of an enlarged picture."""
        self._move(columns * STEP, rows * STEP)

    def _move(self, columns: float, rows: float) -> None:
        if self._picture is not None:
            self._look(self._window.moved(columns, rows, *self._picture.size, self._box()))

    def _look(self, window: Window) -> None:
        if window != self._window:
            self._window = window
            self._show()

    def action_toggle_values(self) -> None:
        """Show or hide the values that made it."""
        values = self.query_one("#values")
        values.display = not values.display
        self.call_after_refresh(self._show)

    def action_compare(self) -> None:
        """Hold it against the picture before it."""
        if self.index == 0:
            self.notify("There is no picture before this one.", timeout=2)
        else:
            self.app.push_screen(Compare(self.pictures[self.index - 1], self.made, self._mode))

    def action_take_values(self) -> None:
        """Leave, and take its values into the workflow."""
        self.dismiss(self.made)

    def action_open_folder(self) -> None:
        """Open the folder that it lies in."""
        open_folder(self.app, self.made.path)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    @on(Surface.Dragged)
    def _dragged(self, event: Surface.Dragged) -> None:
        size = self.query_one(Surface).size
        if self._window.zoom > 1 and size:
            self._move(-event.columns / size.width, -event.rows / size.height)

    @on(Surface.Wheeled)
    def _wheeled(self, event: Surface.Wheeled) -> None:
        self._look(self._window.zoomed(event.steps))


def _values(made: Made) -> Content:
    lines = [Content.styled("values", "bold $accent")]
    for name, value in made.values.items():
        lines.append(Content.assemble((printable(name), "bold"), "  ", printable(shown(value))))
    if made.workflow:
        lines += [Content(""), Content.assemble(("workflow  ", "dim"), printable(made.workflow))]
    lines += [Content.assemble(("file  ", "dim"), printable(str(made.path)))]
    return Content("\n").join(lines)
