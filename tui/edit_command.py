"""`latentgraph edit`: what is opened, and with which nodes, before the editor takes the terminal."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.messages import CommandError, say
from latentgraph.tui.web import in_browser, serve

if TYPE_CHECKING:
    from latentgraph.tui.editor.app import EditorApp


def edit_workflow(request: EditRequest) -> int:
    """Open the editor, and return the exit code when it is left.

    Raises:
        WorkflowError: The workflow cannot be read.
        NodeDefinitionError: A file of nodes cannot.
        CommandError: There is no terminal to draw on.
    """
    if request.web is not None:
        serve(_arguments(request), request.web)
        return 0
    if not (in_browser() or (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty())):
        raise CommandError("the editor needs a terminal; `latentgraph run` and `check` do without")
    with _nothing_collected():
        app = make_app(request)
    app.run()
    return app.return_code or 0


def make_app(request: EditRequest) -> EditorApp:
    """The editor, with what it begins with read and the terminal asked what it can draw.

    Raises:
        WorkflowError: The workflow cannot be read.
        NodeDefinitionError: A file of nodes cannot.
    """
    # All that is large is imported here, while nothing is collected.
    from latentgraph.tui.editor.opening import open_argument
    from latentgraph.tui.editor.pictures.protocol import choose
    from latentgraph.tui.find import load_registry

    registry = load_registry(request.node_files)
    for note in registry.notes:
        say("warning", note)
    opened = open_argument(request.workflow, registry) if request.workflow else None
    # The terminal is asked what it can draw before Textual reads its answers as keys.
    mode = choose(request.images)
    from latentgraph.tui.editor.app import EditorApp

    return EditorApp(registry, opened, request, images=mode)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Make what stays: garbage is not looked for meanwhile, nor ever after in what was made.

    Modules are nearly all that is made at the start, and nothing of them becomes garbage: to look through them takes a
    tenth of the start, and now and then longer than a frame may take.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _arguments(request: EditRequest) -> list[str]:
    """The request as the arguments that make it."""
    options: list[tuple[str, ...]] = [
        ("--out", str(request.out)),
        *((f"--{name}", value) for name, value in request.settings.items()),
    ]
    options += [("--ascii",)] if request.ascii_only else []
    options += [("--allow-read", str(folder)) for folder in request.allow_read]
    options += [("--nodes", str(file)) for file in request.node_files]
    words = [word for option in options for word in option]
    return [*words, "--", request.workflow] if request.workflow else words
