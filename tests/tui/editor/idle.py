"""When an editor in a test has answered: then its pilot goes on, neither earlier nor later.

Textual's own pilot sleeps for fiftieths of a second until little is computed, which is long where there is nothing to
wait for; and it waits for an answer of every widget, which one that is taken away meanwhile never gives.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import textual.app
import textual.pilot
from textual._context import active_app
from textual.message_pump import MessagePump
from textual.pilot import Pilot, WaitForScreenTimeout

from latentgraph.tui.editor.type_ahead import TypeAhead, is_idle

PATIENCE = 60.0
"""Seconds that a handler may take on a machine that does other things."""
MOMENT = 0.002
"""Seconds that a thread which has something to do does not stand still for."""


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until nothing in the process can go on but by a timer or from outside.

    Args:
        min_sleep: Seconds to wait at least.
        max_sleep: Seconds to wait at most.
    """
    started = time.monotonic()
    while time.monotonic() < started + max_sleep:
        await _let_tasks_go_on()
        computed = _computed_by_others()
        await asyncio.sleep(MOMENT)
        rested = not _ready() and _computed_by_others() - computed < MOMENT / 5
        app = active_app.get()
        if rested and time.monotonic() >= started + min_sleep and not _busy(app) and not _to_be_drawn(app):
            return


async def wait_for_screen(pilot: Pilot[Any], timeout: float = PATIENCE) -> bool:
    """Wait until all widgets of the screen have dealt with what they were told.

    Returns:
        False where the app has crashed.

    Raises:
        WaitForScreenTimeout: One did not, in `timeout` seconds.
    """
    app = pilot.app
    deadline = time.monotonic() + timeout
    while app._exception is None:
        await _let_tasks_go_on()
        if not (busy := _busy(app)):
            return True
        if time.monotonic() > deadline:
            raise WaitForScreenTimeout(f"these hang: {busy}")
        await asyncio.sleep(MOMENT)
    return False


def _busy(app: textual.app.App[Any]) -> list[MessagePump]:
    """Whoever is not waiting for a message, of the app and what is on its screen; the app, where keys wait in it."""
    if isinstance(app, TypeAhead) and app.waiting:
        return [app]
    pumps = [app, *app.screen.walk_children(with_self=True)] if app.screen_stack else [app]
    # Another size waits a moment for the next before anybody hears of it.
    return [pump for pump in pumps if pump._running and (not is_idle(pump) or getattr(pump, "_resize_timer", None))]


def _to_be_drawn(app: textual.app.App[Any]) -> bool:
    """Whether the screen waits for its clock to lay itself out or to draw something anew."""
    return bool(app.screen_stack) and bool(app.screen._layout_required or app.screen._dirty_widgets)


def _computed_by_others() -> float:
    """Seconds that the other threads of the process have computed."""
    return time.process_time() - time.thread_time()


def _ready() -> bool:
    """Whether a task can go on at once."""
    loop: Any = asyncio.get_running_loop()
    return bool(loop._ready)


async def _let_tasks_go_on() -> None:
    await asyncio.sleep(0)
    while _ready():
        await asyncio.sleep(0)
