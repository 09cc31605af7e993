"""The line above the canvas and the one below it: what is open, whether it is right, and how far the run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from latentgraph.graph.names import printable
from latentgraph.graph.settings import Setting
from latentgraph.tui.durations import duration

Part = str | tuple[str, str]
"""Text, or text and its style."""
BAR_CELLS = 20
SAY_THEMSELVES = ("device", "dtype")
"""Settings whose values need no name beside them, and are worth knowing whatever they are."""


@dataclass(frozen=True, slots=True)
class TopView:
    """What the upper line says."""

    crumbs: tuple[str, ...]
    """The file, and the bodies and sub-workflows one is inside of."""
    modified: bool
    nodes: int
    errors: int
    warnings: int
    checked: bool
    """Whether the last check is of what is shown."""
    queue: int
    """Runs that wait."""
    device: str


@dataclass(frozen=True, slots=True)
class RunView:
    """What the lower line says of the run that goes on."""

    title: str
    node: str
    done: int = 0
    total: int = 0
    pace: float = 0.0
    """Seconds a step; the median of the last ones."""
    finished: int = 0
    """Nodes."""
    nodes: int = 0
    left: float | None = None
    """Seconds; None while nobody knows."""
    stopping: bool = False


class _Bar(Static):
    """A line of the screen's own height and width, whatever it says."""

    _said: Content | None = None

    def say(self, text: Content) -> None:
        """Draw it, if it is other than what stands there; the screen is never laid out anew for it."""
        if text != self._said:
            self._said = text
            self.update(text, layout=False)


class TopBar(_Bar):
    """The upper line."""

    def show(self, view: TopView) -> None:
        """Say it."""
        self.say(top_text(view, self.app.size.width))


class RunBar(_Bar):
    """The lower line; it is there while something runs."""

    def show(self, view: RunView | None) -> None:
        """Say it, or be gone."""
        self.display = view is not None
        if view is not None:
            self.say(run_text(view, self.app.size.width))


def top_text(view: TopView, width: int) -> Content:
    """The upper line as text; in a narrow terminal what matters less is left out."""
    parts: list[Part] = [("◆ ", "$accent")]
    for depth, crumb in enumerate(map(printable, view.crumbs)):
        around = depth < len(view.crumbs) - 1
        parts += [(crumb, f"bold @click=screen.leave_to({depth})"), " › "] if around else [(crumb, "bold")]
    if view.modified:
        parts.append((" ● unsaved" if width >= 100 else " ●", "$warning"))
    facts: list[Part] = [_verdict(view)]
    if width >= 60:
        facts.insert(0, f"{view.nodes} node{'' if view.nodes == 1 else 's'}")
    if view.queue:
        facts.append(f"{view.queue} waiting")
    if width >= 100 and view.device:
        facts.append(view.device)
    for fact in facts:
        parts += [("  │  ", "dim"), fact]
    return Content.assemble(*parts)


def settings_text(used: Mapping[str, str], usual: Mapping[str, Setting]) -> str:
    """What is computed on, and what else is not as it is when nobody says so, such as `cuda float16 memory offload`.

    Args:
        used: The settings of a run, as they came out here.
        usual: All there are.
    """
    plain = [used[name] for name in SAY_THEMSELVES if used.get(name)]
    unusual = [
        f"{name} {value}"
        for name, value in used.items()
        if value and name not in SAY_THEMSELVES and not (name in usual and usual[name].default == value)
    ]
    return " ".join([*plain, *unusual])


def _verdict(view: TopView) -> Part:
    if not view.checked:
        return ("checking", "dim")
    if view.errors:
        return (f"✗ {view.errors} problem{'' if view.errors == 1 else 's'}", "bold $text-error")
    if view.warnings:
        return (f"✓ valid, {view.warnings} to look at", "$text-warning")
    return ("✓ valid", "$text-success")


def run_text(view: RunView, width: int) -> Content:
    """The lower line as text."""
    parts: list[Part] = [("▶ ", "$accent"), (printable(view.node or view.title), "bold")]
    if view.total:
        parts.append(f"  step {view.done}/{view.total}")
        if view.pace and width >= 80:
            parts.append((f"  {duration(view.pace)} a step", "dim"))
    share = _share(view)
    filled = round(share * BAR_CELLS)
    parts += [("  " + "━" * filled, "$accent"), ("─" * (BAR_CELLS - filled), "dim"), f" {share:4.0%}"]
    if view.stopping:
        parts.append(("  stopping after this step", "$text-warning"))
    elif view.left is not None:
        parts.append(f"  ≈ {_about(view.left)} left")
    if width >= 100 and not view.stopping:
        parts.append(("  ctrl+k stops", "dim"))
    return Content.assemble(*parts)


def _about(seconds: float) -> str:
    """A guess, no more exact than it can be."""
    return f"{round(seconds)} s" if seconds < 60 else duration(seconds)


def _share(view: RunView) -> float:
    """How much of the run is done: the loop's steps where there is one, else its nodes."""
    if view.total:
        return min(1.0, view.done / view.total)
    return view.finished / view.nodes if view.nodes else 0.0
