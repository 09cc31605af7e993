"""Which of the check's problems belong under which field of a box."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from latentgraph.graph.problem import Problem
from latentgraph.tui.editor.inspector.subject import Fault

_WORST = ("error", "warning", "note")


def fault_of(problem: Problem, inside: str = "") -> Fault:
    """A problem without its place, which is where it is shown.

    Args:
        problem: As the check found it.
        inside: Where in the box it is, for a problem of a node inside a loop.
    """
    sentence = problem.message + (f"; {problem.hint}" if problem.hint else "")
    return Fault(problem.severity, f"{inside}: {sentence}" if inside else sentence)


def faults_by_port(problems: Iterable[Problem], path: str) -> dict[str, Fault]:
    """The worst problem of each port of the box that problems call `path`."""
    worst: dict[str, Problem] = {}
    for problem in problems:
        if problem.node == path and problem.port:
            known = worst.get(problem.port)
            if known is None or _WORST.index(problem.severity) < _WORST.index(known.severity):
                worst[problem.port] = problem
    return {port: fault_of(problem) for port, problem in worst.items()}


def general_faults(problems: Iterable[Problem], path: str, fields: Collection[str]) -> tuple[Fault, ...]:
    """What is wrong with the box itself, with ports that it does not show, and with nodes inside it."""
    found = []
    for problem in problems:
        if problem.node == path and problem.port not in fields:
            found.append(fault_of(problem, problem.port))
        elif path and problem.node.startswith(f"{path}/"):
            target = ".".join(part for part in (problem.node.removeprefix(f"{path}/"), problem.port) if part)
            found.append(fault_of(problem, target))
    return tuple(found)
