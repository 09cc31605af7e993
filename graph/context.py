"""What a node is told of the run it is part of, as one keyword-only parameter that the engine fills in.

@node(category="latents", settings=("device", "dtype"))
def decode(vae: VAE, latents: Latents, *, context: RunContext = ALONE) -> Image: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from latentgraph.graph.pool import Pool


def _nothing(*_: Any) -> None:
    """Take any report and do nothing: nobody listens to a node that is called alone."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The run, as far as a node may know it."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the run, such as `device` and `dtype`, resolved; empty when a node is called alone."""
    pool: Pool = field(default_factory=Pool)
    """Where loaded modules live as long as the process."""
    report_progress: Callable[[int, int], None] = _nothing
    report_warning: Callable[[str], None] = _nothing
    offer_preview: Callable[[Callable[[], Any]], None] = _nothing
    hand_over: Callable[[Any, str], None] = _nothing
    stop_if_cancelled: Callable[[], None] = _nothing
    report_observation: Callable[[Mapping[str, int | float]], None] = _nothing

    def progress(self, done: int, total: int) -> None:
        """Say that `done` of `total` turns are done, and stop here if the run was cancelled."""
        self.stop_if_cancelled()
        self.report_progress(done, total)

    def warn(self, message: str) -> None:
        """Tell the user something that does not stop the run; kept with the result, and told again on reuse."""
        self.report_warning(message)

    def observe(self, values: Mapping[str, int | float]) -> None:
        """Tell the user numbers that were looked at on the way, by name; not kept with the result."""
        self.report_observation(values)

    def preview(self, make: Callable[[], Any]) -> None:
        """Offer whoever watches the run a look at what is on its way.

        Args:
            make: Gives the value to show. Called if somebody watches, and not at every turn; what it raises does not
                stop the run, and it must not change anything that the run goes on with.
        """
        self.offer_preview(make)

    def save(self, value: Any, name: str) -> None:
        """Hand `value` to the run, which alone writes files; they are called `<name>-<n>` with the type's suffix."""
        self.hand_over(value, name)


ALONE = RunContext()
"""The context of a node that is called as a plain function: no settings, no listener, a pool of its own."""
