"""Running a plan: calling one step after the other, in the thread of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from latentgraph.graph.allocator import hand_back
from latentgraph.graph.cache import Kept, MemoryCache
from latentgraph.graph.context import RunContext
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.errors import LatentgraphError, NodeFailedError, RunCancelledError, UnwritableError
from latentgraph.graph.events import Event, NodeFinished, NodeProgress, NodeStarted, Observed, Preview, Warned
from latentgraph.graph.keeping import Keeping
from latentgraph.graph.memory_care import MemoryCare
from latentgraph.graph.out_of_memory import ran_out, shortage
from latentgraph.graph.plan import LoopStep, Plan, Step
from latentgraph.graph.pool import Pool
from latentgraph.graph.resume import Resume
from latentgraph.graph.sink import Sink
from latentgraph.graph.turns import Turns, value_of
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.values import ValueTypes

SECONDS_BETWEEN_PREVIEWS = (0.25, 2.0)
"""At least and at most; between these a tenth of the time at most goes into previews."""
SECONDS_TO_TIDY = 1.0
"""From here on a step has computed so long that handing back what it freed and taking it anew is nothing beside it."""


@dataclass(slots=True)
class Execution:
    """One run of a plan."""

    plan: Plan
    values: ValueTypes
    cache: MemoryCache
    pool: Pool
    sink: Sink
    emit: Callable[[Event], None]
    cancelled: Callable[[], bool]
    previews: bool = False
    """Whether somebody wants to see what is on its way."""
    disk: DiskCache | None = None
    """What outlives the process; None: nothing does."""
    shared: bool = False
    """Whether other runs go on beside it, which may make what it wants before it comes to it."""
    keep_all: bool = False
    """Whether what nobody reads again is kept too, to be looked at: the values in the last turn of a loop's body, and
    what a node with an effect hands on."""
    care: MemoryCare | None = None
    """Tells before the first step whether there is memory for all of them; None: nobody does."""
    finished: list[str] = field(default_factory=list)
    """Nodes that are done."""
    _warnings: list[tuple[str, str]] = field(default_factory=list)
    _contexts: dict[str, RunContext] = field(default_factory=dict)
    _next_preview: float = 0.0
    _keeping: Keeping = field(init=False)

    def __post_init__(self) -> None:
        """Look at what is kept."""
        emit = self.emit
        self._keeping = Keeping(self.plan, self.cache, self.disk, lambda message: emit(Warned("", message)))

    def run(self) -> dict[str, Any]:
        """Run what is not kept from before and return the wanted outputs.

        Raises:
            NodeFailedError: A node raised, or returned what it does not declare.
            RunCancelledError: It was cancelled between two steps.
        """
        slots: list[Any] = [None] * self.plan.slots
        try:
            kept = self.needed()
            self.foresee(kept)
            for index, step in enumerate(self.plan.steps):
                if index in kept:
                    self.settle(step, kept.pop(index), slots)
                else:
                    self.warn_again(step)
                for slot in step.frees:
                    slots[slot] = None
            return self.outputs(slots)
        finally:
            self.end()

    def end(self) -> None:
        """Let go of what only a run that is under way needs, and of what should not be kept."""
        # They know the execution, and it them: nothing that it holds would be freed before the next collection.
        self._contexts.clear()
        self.pool.listen(None)
        if self._keeping.forget_what_changed():
            self.pool.clear()  # A module may have been read from other weights than its handle says.

    def foresee(self, kept: Mapping[int, Kept | None]) -> None:
        """Warn where the steps that are to run, those that `needed` found nothing kept of, will lack memory."""
        if self.care is None:
            return
        running = {self.plan.steps[index].path for index, entry in kept.items() if entry is None}
        try:
            for sentence in self.care.foresee(self.plan, running, self.pool) if running else ():
                self.emit(Warned("", sentence))
        except Exception as error:
            # A run needs no estimate.
            self.emit(Warned("", f"there is no estimate of the memory it takes: {reason_of(error)}"))

    def outputs(self, slots: list[Any]) -> dict[str, Any]:
        """The wanted outputs out of the slots of a run that is done, saved as far as they can be."""
        outputs = {name: value_of(operand, slots) for name, operand in self.plan.outputs.items()}
        for name, value in outputs.items():
            # The outputs of a node in a sub-workflow have its path in their names.
            self.sink.save_output(value, name.replace("/", "."))
        return outputs

    def needed(self) -> dict[int, Kept | None]:
        """The steps that are needed, with what is kept of each; what only kept steps need is left out."""
        needed: dict[int, Kept | None] = {}
        wanted = {operand for operand in self.plan.outputs.values() if isinstance(operand, int)}
        for index in range(len(self.plan.steps) - 1, -1, -1):
            step = self.plan.steps[index]
            effect = step.effect
            if not effect and wanted.isdisjoint(step.outputs):
                continue
            entry = None if effect else self._keeping.find(step.key)
            needed[index] = entry
            if entry is None:
                wanted.update(step.reads)
        return needed

    def settle(self, step: Step | LoopStep, entry: Kept | None, slots: list[Any], *, keep: bool = True) -> None:
        """Get a step's outputs, from what is kept or by running it.

        Args:
            step: Of the plan.
            entry: What is kept of it.
            slots: Where its values go.
            keep: Whether what it makes is what its key says, bit for bit, and may be kept.

        Raises:
            NodeFailedError: It raised.
            RunCancelledError: The run was cancelled.
        """
        self.stop_if_cancelled()
        if entry is None and (step.twin or self.shared) and not step.effect:
            entry = self.cache.get(step.key)
        if entry is None:
            self._run_step(step, slots, keep=keep)
        else:
            self._take(step, entry, slots)
        self.finished.append(step.path)

    def _take(self, step: Step | LoopStep, entry: Kept, slots: list[Any]) -> None:
        for slot, value in zip(step.outputs, entry.values):  # noqa: B905 - counted when they were made; `strict` is slow
            slots[slot] = value
        if entry.warnings:
            self._repeat(step, entry)
        self.emit(NodeFinished(step.path, True, 0.0, self._summary(step, entry.values)))

    def warn_again(self, step: Step | LoopStep) -> None:
        """Say again what a step said that is not even needed: it is about what is reused."""
        entry = self._keeping.said(step.key)
        if entry is not None and entry.warnings:
            self._repeat(step, entry)

    def _repeat(self, step: Step | LoopStep, entry: Kept) -> None:
        for inside, message in entry.warnings:
            self.emit(Warned(step.path + inside, message))

    def compute(self, step: Step | LoopStep, slots: list[Any], resume: Resume | None = None) -> tuple[Any, ...]:
        """Run a step on what is in the slots, and return its outputs; a loop stops where the run was cancelled."""
        if isinstance(step, LoopStep):
            return self._turns(step, slots, step.key, resume)
        return self._call(step, slots)

    def _run_step(self, step: Step | LoopStep, slots: list[Any], *, keep: bool) -> None:
        self.emit(NodeStarted(step.path))
        started = time.perf_counter()
        self._warnings = []
        resume = Resume(self.disk, step.key) if self.disk is not None and keep and _resumable(step) else None
        results = self.compute(step, slots, resume)
        for slot, value in zip(step.outputs, results):  # noqa: B905 - counted by `_outputs_of`
            slots[slot] = value
        seconds = time.perf_counter() - started
        if keep and (self.keep_all or not step.effect):
            size = sum(map(self.values.size, results))
            warnings = self._warnings and [(node.removeprefix(step.path), message) for node, message in self._warnings]
            # What has an effect is never asked for again, so that it needs no file.
            kept = Kept(results, tuple(warnings), size)
            self._keeping.keep(kept_key(step), kept, None if step.effect else seconds)
        if resume is not None:
            resume.done()
        if seconds > SECONDS_TO_TIDY:
            hand_back()
        self.emit(NodeFinished(step.path, False, seconds, self._summary(step, results)))

    def _summary(self, step: Step | LoopStep, results: tuple[Any, ...]) -> dict[str, str]:
        if len(results) == 1:  # As nearly all nodes have it.
            return {step.names[0]: self.values.summary(results[0])}
        return dict(zip(step.names, map(self.values.summary, results), strict=True))

    def _call(self, step: Step, slots: list[Any]) -> tuple[Any, ...]:
        """Call one node with what its ports hold, and hold what it returns against its declaration."""
        arguments = step.constants.copy()
        for port, slot in zip(step.ports, step.reads):  # noqa: B905 - the two sides of its wires
            arguments[port] = slots[slot]
        node = step.node
        try:
            for port in step.converted:
                arguments[port] = _converted(step, port, arguments[port])
            if node.context:
                arguments[node.context] = self._context(step.path)
            result = node.function(**arguments)
        except (RunCancelledError, NodeFailedError, UnwritableError):
            raise
        except (Exception, SystemExit) as error:
            error.add_note(f"in node '{step.path}' ({node.name})")
            raise NodeFailedError(step.path, reason_of(error)) from error
        return _outputs_of(step, result)

    def _turns(self, loop: LoopStep, slots: list[Any], key: str, resume: Resume | None = None) -> tuple[Any, ...]:
        """Run a loop, turn by turn, and return its carries and collected lists.

        Args:
            loop: Planned.
            slots: Of the graph around it.
            key: Its place among loops.
            resume: Keeps how far it has come, where that outlives the process.
        """
        turns = Turns(loop, slots)
        turn = first = self._go_on(turns, resume)
        started = time.perf_counter()
        try:
            for turn in range(first, turns.total):
                self.stop_if_cancelled()
                turns.enter(turn)
                for step in loop.body:
                    self._body_step(step, turns.inside, key)
                turns.leave()
                if resume is not None and resume.due:
                    resume.keep(turns.reached(turn + 1), self._warnings)
                seconds = (time.perf_counter() - started) / (turn + 1 - first)
                self.emit(NodeProgress(loop.path, turn + 1, turns.total, seconds))
        except (RunCancelledError, NodeFailedError):
            if resume is not None and turn > first:
                resume.keep(turns.reached(turn), self._warnings)
            raise
        return turns.results()

    def _go_on(self, turns: Turns, resume: Resume | None) -> int:
        """The turn to begin with, after the loop was put where it stood when it was stopped."""
        found = resume.reached() if resume is not None else None
        if found is None:
            return 0
        reached, warnings = found
        turns.go_on(reached)
        for path, message in warnings:
            self._warn(path, message)
        return reached.turns

    def _body_step(self, step: Step | LoopStep, inside: list[Any], around: str) -> None:
        key = body_key(around, step)
        results = self._turns(step, inside, key) if isinstance(step, LoopStep) else self._call(step, inside)
        for slot, value in zip(step.outputs, results, strict=True):
            inside[slot] = value
        if self.keep_all:
            self._keeping.keep(key, Kept(results, size=sum(map(self.values.size, results))))
        for slot in step.frees:
            inside[slot] = None

    def _context(self, path: str) -> RunContext:
        if path not in self._contexts:
            self._contexts[path] = RunContext(
                self.plan.settings,
                self.pool,
                self._progress_of(path),
                lambda message: self._warn(path, message),
                lambda make: self._preview(path, make),
                lambda value, name: self._hand_over(value, name),
                self.stop_if_cancelled,
                lambda values: self.emit(Observed(path, dict(values))),
            )
        return self._contexts[path]

    def _progress_of(self, path: str) -> Callable[[int, int], None]:
        started = time.perf_counter()

        def report(done: int, total: int) -> None:
            self.emit(NodeProgress(path, done, total, (time.perf_counter() - started) / max(done, 1)))

        return report

    def _warn(self, path: str, message: str) -> None:
        # A node in a loop that says the same in every turn is heard once.
        if (path, message) not in self._warnings:
            self._warnings.append((path, message))
            self.emit(Warned(path, message))

    def _preview(self, path: str, make: Callable[[], Any]) -> None:
        started = time.monotonic()
        if not self.previews or started < self._next_preview:
            return
        try:
            value = make()
            if value is not None:
                self.emit(Preview(path, self.values.summary(value), self.values.small_file(value), value))
        except Exception as error:
            # Whoever watches is told once; the run needs no preview.
            self.previews = False
            self.emit(Warned(path, f"there is no preview: {reason_of(error)}"))
        now = time.monotonic()
        least, most = SECONDS_BETWEEN_PREVIEWS
        self._next_preview = now + min(max(9 * (now - started), least), most)

    def _hand_over(self, value: Any, name: str) -> None:
        self.sink.save(value, name)

    def stop_if_cancelled(self) -> None:
        """Raise RunCancelledError once the run was cancelled."""
        if self.cancelled():
            raise RunCancelledError("the run was cancelled")


def kept_key(step: Step | LoopStep) -> str:
    """What the values of a step are kept under; those of one with an effect under a key that no run asks for."""
    return f"{step.key}/" if step.effect else step.key


def body_key(around: str, step: Step | LoopStep) -> str:
    """What the last turn's values of a step in the body of the loop `around` are kept under."""
    return f"{around}/{step.key}"


def _resumable(step: Step | LoopStep) -> bool:
    """Whether a step may begin in its middle: what it does to the world would not be done again."""
    return isinstance(step, LoopStep) and not step.effect


def _converted(step: Step, port: str, value: Any) -> Any:
    try:
        return step.node.inputs[port].type.parse(value)
    except ValueFaultError as fault:
        raise NodeFailedError(f"{step.path}.{port}", str(fault)) from None


def _outputs_of(step: Step, result: Any) -> tuple[Any, ...]:
    """What a node returned, output by output, held against its declaration."""
    outputs, several = step.node.outputs, step.node.several
    if not outputs and result is not None:
        raise NodeFailedError(step.path, f"returned a {type(result).__name__}, but declares no output")
    if several and (not isinstance(result, tuple) or len(result) != len(outputs)):
        raise NodeFailedError(step.path, f"returned {type(result).__name__}, but declares {', '.join(outputs)}")
    results: tuple[Any, ...] = result if several else (result,) if outputs else ()
    for port, value in zip(outputs.values(), results):  # noqa: B905 - counted above
        if not port.type.holds(value):
            message = f"returned a {type(value).__name__}, but declares {port.type.name}"
            raise NodeFailedError(f"{step.path}.{port.name}", message)
    return results


def reason_of(error: BaseException) -> str:
    """A sentence that says why something failed."""
    if ran_out(error):
        return shortage(error)
    text = str(error).strip() or "no message"
    return text if isinstance(error, LatentgraphError) else f"{type(error).__name__}: {text}"
