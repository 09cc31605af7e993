"""An app in a process of its own that tells its terminal after every frame what the frame shows and what it cost.

    python -m tests.bench.editor_child empty
    python -m tests.bench.editor_child plain
    python -m tests.bench.editor_child edit text_to_image --images blocks

The last is the command `latentgraph` with the arguments that follow, as a user calls it. Nothing is imported for the
measurement that the app would not import. What is told is a line of JSON in a control sequence that terminals ignore.
"""

from __future__ import annotations

import builtins
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

BEFORE, AFTER = "\x1b_frame", "\x1b\\"
UNWANTED = ("networkx", "torch", "PIL", "numpy")
"""What costs much to import and has no part in the first frame."""


def tell(app: App[Any], shown: dict[str, Any]) -> None:
    """Write what a frame shows behind the frame."""
    cpu = time.process_time()
    driver = app._driver
    if driver is not None:
        driver.write(f"{BEFORE}{json.dumps({**shown, 'cpu': cpu})}{AFTER}")
        driver.flush()


def empty() -> None:
    """Run an app without anything in it."""
    from textual.app import App

    class Empty(App[None]):
        """The baseline."""

        def post_display_hook(self) -> None:
            """Called after each frame."""
            tell(self, {"boxes": self.size.width > 0})

    Empty().run()


def plain() -> None:
    """Run an app that one can type into, and no more."""
    from textual.app import App, ComposeResult
    from textual.widgets import TextArea

    class Plain(App[None]):
        """The baseline of typing."""

        def compose(self) -> ComposeResult:
            """Yield a field of several lines, as a prompt has."""
            yield TextArea()

        def post_display_hook(self) -> None:
            """Called after each frame."""
            tell(self, {"text": getattr(self.focused, "text", "")})

    Plain().run()


def edit(arguments: list[str]) -> None:
    """Run the command, with an editor that tells of its frames."""
    from latentgraph.tui import main

    plain_import = builtins.__import__

    def watching_import(name: str, *rest: Any, **named: Any) -> Any:
        # The class is told to tell as soon as the command has imported it: to import it here would be another start.
        module = plain_import(name, *rest, **named)
        if name == "latentgraph.tui.editor.app":
            module.EditorApp.post_display_hook = lambda app: tell(app, what_is_shown(app))
        return module

    builtins.__import__ = watching_import
    sys.argv = ["latentgraph", *arguments]
    main.main()


def what_is_shown(app: Any) -> dict[str, Any]:
    """The parts of the editor's state that the last frame shows."""
    screen = app.main_screen
    canvas, focused = screen.canvas, app.focused
    run = screen.runs.current
    return {
        "boxes": app.screen is screen and canvas.sheet is not None and bool(canvas.size),
        "view": [canvas.left, canvas.top],
        "field": id(focused),
        "text": str(getattr(focused, "text", getattr(focused, "value", ""))),
        "checked": bool(screen.places) and screen.session.checked is screen.session.workflow,
        "step": run.progress.done if run is not None and run.progress is not None else None,
        "unwanted": [name for name in UNWANTED if name in sys.modules],
    }


if __name__ == "__main__":
    match sys.argv[1]:
        case "empty":
            empty()
        case "plain":
            plain()
        case _:
            edit(sys.argv[1:])
