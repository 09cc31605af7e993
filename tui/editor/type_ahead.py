"""What comes faster than it can be acted upon: a key waits until all is done that the one before it began."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Protocol, TypeVar, runtime_checkable

from textual import events
from textual.app import App, ReturnType
from textual.command import CommandPalette
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.worker import Worker, get_current_worker

Answer = TypeVar("Answer")
Typed = events.InputEvent | events.Paste

AT_ONCE = 60
"""Looks between which nothing else is done than what is waiting: what a key began is mostly over by then."""
LOOKS = 600
"""Looks after which keys are handed on all the same. They are counted, not timed: a machine that stood still for a
minute has not looked."""
PAUSE = 0.005
"""Seconds between two looks behind the first ones."""


@runtime_checkable
class Awaits(Protocol):
    """A screen that knows of something under way which no queue tells of."""

    def awaits(self, event: Typed) -> bool:
        """Whether an event is for what is not there yet."""


class TypeAhead(App[ReturnType]):
    """An app that hands keys on one by one.

    Textual gives a key to whatever has the focus as it comes, and looks for what is bound to it when it has come back
    from there. Of keys that come in one piece, as over a slow line or from a script, all would go to where the focus
    was before the first: letters meant for a dialog would be commands. So a key, a paste and what a mouse does wait
    here, in the order in which they came, until the app is at rest: nobody has a message, nobody is busy with one, and
    what was to ask something has asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[Typed] = deque()
        """What came and waits."""
        self._handed: Typed | None = None
        """What waited and was put into the queue again, to be handed on when its turn comes there."""
        self._weary = False
        """Whether waiting took too long the last time, and nothing waits until there was rest."""
        self._handing: asyncio.Task[None] | None = None
        self._asking: dict[Worker[Any], Screen[Any]] = {}
        """Who waits for the answer of which dialog."""

    async def push_screen_wait(self, screen: Screen[Answer] | str, *, mode: str | None = None) -> Answer | Any:
        """Show a dialog and wait for its answer."""
        worker = get_current_worker()
        if isinstance(screen, Screen):
            self._asking[worker] = screen
        try:
            return await super().push_screen_wait(screen, mode=mode)
        finally:
            self._asking.pop(worker, None)

    async def on_event(self, event: events.Event) -> None:
        """Hand an event on, or have it wait."""
        if event is self._handed:
            self._handed = None
        elif isinstance(event, events.InputEvent | events.Paste) and not event.is_forwarded and self._must_wait(event):
            self._ahead.append(event)
            if self._handing is None or self._handing.done():
                self._handing = asyncio.create_task(self._hand_on())
            return
        await super().on_event(event)

    async def on_unmount(self) -> None:
        """Nobody is there any more to hand anything to."""
        if self._handing is not None:
            self._handing.cancel()

    @property
    def waiting(self) -> int:
        """How many keys, pastes and events of the mouse wait."""
        return len(self._ahead) + (self._handed is not None)

    def _must_wait(self, event: Typed) -> bool:
        if self.waiting:
            return True
        if isinstance(event, events.MouseMove):
            return False  # there are many, and where there is nothing to overtake none of them is early
        # This is asked while the app is busy with the event: what may lie behind it is in the queue.
        resting: bool = self._message_queue.empty() and self._others_rest(event)
        self._weary = self._weary and not resting
        return not resting and not self._weary

    async def _hand_on(self) -> None:
        looks = 0
        while self._ahead:
            resting = self._handed is None and is_idle(self) and self._others_rest(self._ahead[0])
            if resting or (self._handed is None and looks > LOOKS):
                self._weary = not resting
                # By way of the queue, for what is done with it is to be done in the app's own turn.
                self._handed = self._ahead.popleft()
                self.post_message(self._handed)
                looks = LOOKS if self._weary else 0
            looks += 1
            await asyncio.sleep(0 if looks < AT_ONCE else PAUSE)

    def _others_rest(self, event: Typed) -> bool:
        """Whether nothing is under way but what the app itself does."""
        screens = self.screen_stack
        if not screens:
            return True  # the app is about to end
        screen = screens[-1]
        return (
            all(is_idle(one) for one in screen.walk_children(with_self=True))
            and not any(_may_ask(worker) and self._asking.get(worker) not in screens for worker in self.workers)
            and not (isinstance(screen, Awaits) and screen.awaits(event))
        )


def _may_ask(worker: Worker[Any]) -> bool:
    """Whether work is on its way to a dialog, or to its end; Textual's palette searches that long and asks nothing."""
    if worker.is_finished or worker._thread_worker:
        return False
    return isinstance(worker.node, Screen) and not isinstance(worker.node, CommandPalette)


def is_idle(pump: MessagePump) -> bool:
    """Whether a widget has no message and is not busy with one: it waits for the next."""
    # An empty queue does not tell: who is busy has taken his message out. Textual itself has no word for it.
    queue: Any = pump._message_queue
    return queue.empty() and any(not waiter.done() for waiter in queue.ready_event._waiters)
