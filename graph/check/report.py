"""Problems as they are found, each with its place in the file that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from latentgraph.graph.document import Document
from latentgraph.graph.names import closest, name_fault
from latentgraph.graph.problem import Place, Problem


class Report:
    """Collects the problems of a document; a report for a sub-workflow adds to the same list."""

    def __init__(self, document: Document, problems: list[Problem] | None = None, prefix: str = "") -> None:
        """Start a report.

        Args:
            document: Where the places are looked up.
            problems: The list to add to.
            prefix: Path of the sub-workflow's node, with a slash at its end.
        """
        self.document = document
        self.problems = problems if problems is not None else []
        self.prefix = prefix
        self.embedded: dict[str, str] = {}
        """The text of every sub-workflow that was read, by the path of its node."""

    def inside(self, document: Document, path: str) -> Report:
        """A report on the file of the sub-workflow node at `path`."""
        inner = Report(document, self.problems, f"{path}/")
        inner.embedded = self.embedded
        return inner

    def add(
        self,
        code: str,
        message: str,
        path: Sequence[str | int] = (),
        node: str = "",
        port: str = "",
        *,
        hint: str = "",
        key: bool = True,
    ) -> None:
        """Add a problem about what stands at `path` in the file."""
        place = self.document.place(path, key=key)
        self.problems.append(Problem(code, message, hint, node, port, self.document.name, place))

    def unknown(
        self,
        code: str,
        message: str,
        name: str,
        known: Iterable[str],
        path: Sequence[str | int],
        node: str = "",
        port: str = "",
        *,
        key: bool = True,
    ) -> None:
        """Add a problem about a name that is not among `known`, with the closest as the hint."""
        self.add(code, message, path, node, port, hint=closest(name, known), key=key)

    def name(self, name: str, path: Sequence[str | int], node: str = "") -> bool:
        """Add a problem if `name` cannot be a name, and say whether it can."""
        fault = name_fault(name)
        if fault:
            self.add("E008", fault, path, node)
        return not fault

    def in_order(self) -> tuple[Problem, ...]:
        """All problems: errors first, each kind in the order of the file."""
        start = Place(0, 0)

        def rank(problem: Problem) -> tuple[str, str, int, int]:
            place = problem.place or start
            return (problem.code[0], problem.file, place.line, place.column)

        return tuple(sorted(self.problems, key=rank))
