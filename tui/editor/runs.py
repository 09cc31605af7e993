"""Runs in the order in which they were asked for, one at a time, and what the engine tells of the one that goes on.

Nothing here knows of widgets: the screen hands in what the engine's process says and reads what has become of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from latentgraph.tui.editor.bars import RunView
from latentgraph.tui.editor.made import MadeRun, Outcome
from latentgraph.tui.editor.scene import NodeState, Status

if TYPE_CHECKING:
    from latentgraph.graph.events import Event, NodeFinished, NodeProgress, RunCancelled, RunFinished
    from latentgraph.graph.process import EngineProcess, Message, RunRefused, RunRequest

LAST_STEPS = 5
"""Steps whose median is the pace that is shown."""
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that somebody asked for."""

    request: RunRequest
    title: str
    """Of the workflow."""
    note: str = ""
    """What is particular about it: values of its own, the node it stops at."""
    owner: object = None
    """The session whose workflow it runs; its nodes are marked."""
    number: int = field(default_factory=lambda: next(_numbers))


@dataclass(slots=True)
class Current:
    """The run that goes on."""

    wanted: Wanted
    run: int = 0
    """How the engine calls it: what it says of other runs, or had to say when it ended, is not about this one."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    finished: int = 0
    progress: NodeProgress | None = None
    node: str = ""
    began: float = field(default_factory=time.monotonic)
    stopping: bool = False
    files: tuple[str, ...] = ()
    step_times: list[float] = field(default_factory=list)
    last_step: float = 0.0


class Runs:
    """The queue, the run that goes on, and the marks it leaves on the nodes."""

    def __init__(self, engine: Callable[[], EngineProcess], ended: Callable[[MadeRun, Wanted], None]) -> None:
        """Begin with nothing to run.

        Args:
            engine: Tells where they run; asked when there is something to run.
            ended: Called with each run that ended.
        """
        self._engine = engine
        self.ended = ended
        self.waiting: list[Wanted] = []
        self.current: Current | None = None
        self.states: dict[str, NodeState] = {}
        """By the path of the node, of the last run."""
        self.owner: object = None
        """Whose nodes the states are of."""
        self.refused: RunRefused | None = None
        """Why the last run could not begin."""
        self._times: dict[str, float] = {}
        """How long each node took when it last ran."""

    def ask(self, wanted: Wanted) -> None:
        """Run it, when those before it are done."""
        self.waiting.append(wanted)
        self._begin_next()

    def remove(self, number: int) -> None:
        """Take a run that waits out of the queue."""
        self.waiting = [one for one in self.waiting if one.number != number]

    def shift(self, number: int, by: int) -> None:
        """Move a run that waits by so many places."""
        index = next((i for i, one in enumerate(self.waiting) if one.number == number), None)
        if index is not None:
            one = self.waiting.pop(index)
            self.waiting.insert(max(0, min(len(self.waiting), index + by)), one)

    def stop(self) -> bool:
        """Have the run that goes on stop at its next step; whether there was one."""
        if self.current is None:
            return False
        self.current.stopping = True
        self._engine().cancel()
        return True

    def _begin_next(self) -> None:
        if self.current is not None or not self.waiting:
            return
        wanted = self.waiting.pop(0)
        self.current = Current(wanted)
        self.owner, self.states, self.refused = wanted.owner, {}, None
        self.current.run = self._engine().run(wanted.request)

    def hear(self, message: Message) -> None:
        """Take in what the engine's process says of the run that goes on."""
        from latentgraph.graph.process import EngineDied, RunEvent, RunRefused

        current = self.current
        if current is None:
            return
        match message:
            case RunEvent() if message.run == current.run:
                self._hear_event(current, message.event)
            case RunRefused() if message.run == current.run:
                self.refused = message
                self._end("failed", message.reason)
            case EngineDied() if current.run in message.runs:
                self._fail(current, current.node, message.reason)

    def _hear_event(self, current: Current, event: Event) -> None:
        from latentgraph.graph.events import (
            NodeFailed,
            NodeFinished,
            NodeProgress,
            NodeStarted,
            RunCancelled,
            RunFinished,
            RunStarted,
        )

        match event:
            case RunStarted():
                current.order, current.inputs = event.nodes, event.inputs
                self.states = {path: NodeState("queued") for path in event.nodes}
            case NodeStarted():
                current.node, current.progress, current.step_times = event.node, None, []
                current.last_step = time.monotonic()
                self.states[event.node] = NodeState("running")
            case NodeProgress():
                self._advance(current, event)
            case NodeFinished():
                self._finish_node(current, event)
            case NodeFailed():
                self._fail(current, event.node, event.message)
            case RunCancelled() | RunFinished():
                self._settle(event)

    def _advance(self, current: Current, event: NodeProgress) -> None:
        now = time.monotonic()
        current.step_times = [*current.step_times, now - current.last_step][-LAST_STEPS:]
        current.last_step, current.progress, current.node = now, event, event.node
        self.states[event.node] = NodeState("running", done=event.done, total=event.total)

    def _finish_node(self, current: Current, event: NodeFinished) -> None:
        current.finished += 1
        current.progress = None
        if not event.cached:
            self._times[event.node] = event.seconds
        self.states[event.node] = NodeState("cached" if event.cached else "done", seconds=event.seconds)

    def _fail(self, current: Current, node: str, message: str) -> None:
        path = node.partition(".")[0]
        while path:
            # The loops and sub-workflows around it failed with it: one sees them where one cannot see the node.
            self.states[path] = NodeState("failed", message=message)
            path = path.rpartition("/")[0]
        self._end("failed", f"{node}: {message}" if node else message)

    def _settle(self, event: RunCancelled | RunFinished) -> None:
        from latentgraph.graph.events import RunFinished

        assert self.current is not None  # `hear` has looked
        self.current.files = tuple(dict.fromkeys(path for paths in event.files.values() for path in paths))
        done = isinstance(event, RunFinished)
        self._end("done" if done else "cancelled", seconds=event.seconds)

    def _end(self, outcome: Outcome, message: str = "", seconds: float | None = None) -> None:
        current = self.current
        assert current is not None  # a run that nobody asked for cannot end
        self.current = None
        # What a finished run did not need to run is kept from before.
        left: Status = "cached" if outcome == "done" else "skipped" if outcome == "failed" else "idle"
        for path, state in self.states.items():
            if state.status in ("queued", "running"):
                self.states[path] = NodeState(left)
        took = time.monotonic() - current.began if seconds is None else seconds
        files = tuple(str(Path(path).absolute()) for path in current.files)
        ended = datetime.now().astimezone().isoformat(timespec="seconds")
        made = MadeRun(current.wanted.title, ended, outcome, took, dict(current.inputs), files, message)
        self.ended(made, current.wanted)
        self._begin_next()

    def view(self) -> RunView | None:
        """What the lower bar is to say."""
        current = self.current
        if current is None:
            return None
        progress = current.progress
        pace = median(current.step_times) if current.step_times else 0.0
        done, total = (progress.done, progress.total) if progress else (0, 0)
        return RunView(
            current.wanted.title,
            current.node,
            done,
            total,
            pace,
            current.finished,
            len(current.order),
            self._left(current, pace),
            current.stopping,
        )

    def _left(self, current: Current, pace: float) -> float | None:
        """Seconds that are left, from the pace of this loop and what the other nodes took the last time."""
        progress = current.progress
        if progress is None or not current.step_times:
            return None
        behind = current.order[current.order.index(current.node) + 1 :] if current.node in current.order else ()
        return pace * (progress.total - progress.done) + sum(self._times.get(path, 0.0) for path in behind)


def log_line(event: Event) -> str:
    """A line for the log, if the event is worth one."""
    from latentgraph.graph.events import NodeFailed, NodeFinished, Observed, Warned

    match event:
        case Warned():
            return f"! {event.line}"
        case Observed():
            return f"· {event.node}: {event.line}"
        case NodeFailed():
            return f"✗ {event.node}: {event.message}"
        case NodeFinished() if not event.cached:
            return f"✓ {event.node}  {event.seconds:.2f} s"
        case NodeFinished():
            return f"≡ {event.node}  kept"
    return ""
