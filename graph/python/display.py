"""How a notebook shows a workflow and a run: the graph as a chart, the run as it goes on.

IPython is no part of this program. It is asked only where it has been loaded already, by the notebook.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from latentgraph.graph.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    Preview,
    RunCancelled,
    RunFinished,
    RunStarted,
    Warned,
)
from latentgraph.graph.python.mermaid import flowchart
from latentgraph.graph.workflow import Workflow


def workflow_bundle(workflow: Workflow, text: str) -> dict[str, str]:
    """A workflow as a notebook takes it: text, and Markdown with its chart."""
    about = f"{workflow.description}\n\n" if workflow.description else ""
    return {"text/plain": text, "text/markdown": f"{about}```mermaid\n{flowchart(workflow)}```\n"}


@dataclass
class Progress:
    """What is known of a run so far."""

    nodes: tuple[str, ...] = ()
    finished: dict[str, float] = field(default_factory=dict)
    """Seconds that each node took that is done; 0 where its values were kept."""
    running: str = ""
    steps: tuple[int, int] = (0, 0)
    """Of the node that runs."""
    seconds_per_step: float = 0.0
    picture: bytes = b""
    warnings: list[str] = field(default_factory=list)
    end: RunFinished | RunCancelled | NodeFailed | None = None

    def take(self, event: Event) -> bool:
        """Take an event, and say whether there is something new to see."""
        if isinstance(event, RunStarted):
            self.nodes = event.nodes
        elif isinstance(event, NodeStarted):
            self.running, self.steps = event.node, (0, 0)
        elif isinstance(event, NodeProgress):
            self.running = event.node
            self.steps, self.seconds_per_step = (event.done, event.total), event.seconds_per_step
        elif isinstance(event, Preview):
            self.picture = event.picture
        elif isinstance(event, NodeFinished):
            self.finished[event.node] = event.seconds
        elif isinstance(event, Warned):
            self.warnings.append(f"{event.node}: {event.message}")
        elif isinstance(event, (RunFinished, RunCancelled, NodeFailed)):
            self.end = event
        else:
            return False
        return True

    @property
    def line(self) -> str:
        """Where the run is, in a line."""
        if isinstance(self.end, RunFinished):
            return f"done in {self.end.seconds:.1f} s"
        if isinstance(self.end, RunCancelled):
            return f"stopped after {self.end.seconds:.1f} s"
        if isinstance(self.end, NodeFailed):
            return f"failed: {f'{self.end.node}: ' if self.end.node else ''}{self.end.message}"
        done, total = self.steps
        steps = f", {done} of {total}, {self.seconds_per_step:.2g} s each" if total else ""
        return f"{len(self.finished)} of {len(self.nodes)} nodes{f', {self.running}{steps}' if self.running else ''}"

    def bundle(self) -> dict[str, str]:
        """The same for a notebook, as text and as HTML."""
        lines = [self.line, *(f"warning: {one}" for one in self.warnings)]
        html = [escape(self.line)]
        if self.end is None:
            done, total = self.steps
            share = (len(self.finished) + (done / total if total else 0)) / max(len(self.nodes), 1)
            html.append(f'<progress value="{min(share, 1):.3f}" max="1" style="width: 24em"></progress>')
        html += [f"<b>warning</b> {escape(one)}" for one in self.warnings]
        if isinstance(self.end, RunFinished):
            lines += [f"{name}: {summary}" for name, summary in self.end.outputs.items()]
            html += [_shown(name, summary, self.end.values) for name, summary in self.end.outputs.items()]
        elif self.picture:
            html.append(_picture(self.picture, "on its way"))
        return {"text/plain": "\n".join(lines), "text/html": "<div>" + "<br>".join(html) + "</div>"}


def watch(events: Iterable[Event]) -> Iterator[Event]:
    """The events of a run, shown in the notebook as they happen; outside of one they only go by.

    for event in watch(flow.run()): ...
    """
    display = _display_of_notebook()
    progress, shown = Progress(), None
    for event in events:
        if progress.take(event) and display is not None:
            if shown is None:
                shown = display(progress.bundle(), raw=True, display_id=True)
            else:
                shown.update(progress.bundle(), raw=True)
        yield event


def show_run(events: Iterable[Event]) -> None:
    """Show a run to its end."""
    for _ in watch(events):
        pass


def _display_of_notebook() -> Any:
    """What shows something in the notebook that this runs in; None outside of one."""
    python = sys.modules.get("IPython")
    if python is None or python.get_ipython() is None:
        return None
    from importlib import import_module

    return import_module("IPython.display").display


def _shown(name: str, summary: str, values: Mapping[str, Any]) -> str:
    """An output: its line, and its picture where its value has one."""
    line = f"<b>{escape(name)}</b> {escape(summary)}"
    draw = getattr(values.get(name), "_repr_png_", None)
    picture = draw() if callable(draw) else None
    return f"{line}<br>{_picture(picture, name)}" if picture else line


def _picture(png: bytes, name: str) -> str:
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}">'
