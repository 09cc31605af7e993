"""What workers elsewhere are told and given for the runs of a sweep, gathered while every run is checked here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latentgraph.graph.check import check
from latentgraph.graph.cluster.parcel import Parcel, pack, places
from latentgraph.graph.cluster.worker import Asked, Job
from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import TypedNode, TypedWorkflow, all_nodes


class Errand:
    """Grows with each run that is asked for."""

    def __init__(
        self,
        request: RunRequest,
        document: Document,
        registry: Registry,
        node_files: Sequence[Path] = (),
        *,
        cache: bool = True,
    ) -> None:
        """Ask for nothing yet.

        Args:
            request: What all runs share.
            document: The workflow of the request.
            registry: Its nodes.
            node_files: Python files with nodes, which go along.
            cache: Whether workers take values from earlier processes, and keep them for later ones.
        """
        self._request = request
        self._document = document
        self._registry = registry
        self._node_files = tuple([Path(os.path.abspath(file)) for file in node_files])
        self._cache = cache
        self._here = Path.cwd()
        self._access = document.access(request.allow_read)
        self._files: dict[Path, None] = dict.fromkeys(self._node_files)
        self._absolute: dict[str, Path] = {}
        self._settings: set[str] = set()
        """That nodes of the runs declare."""
        self._asked = 0
        self.warnings: list[Problem] = []
        """What the check of the first run found that stops nothing."""

    def ask(self, number: int, values: Mapping[str, Any]) -> Asked:
        """Check a run, and note what it reads.

        Raises:
            WorkflowError: Something is wrong with it.
            OSError: What it reads cannot be read.
        """
        given = {**self._request.given, **values}
        checked = check(self._document, self._registry, given, access=self._access, complete=True)
        if checked.errors:
            raise WorkflowError(checked.problems)
        if not self._asked:
            self.warnings = [one for one in checked.problems if one.severity == "warning"]
        nodes = all_nodes(checked.typed.nodes)
        self._asked += 1
        self._settings.update(*[node.type.options.settings for node in nodes])
        self._gather(nodes, checked.typed)
        sources = {
            f"{node.path}.{port}": one.digest()
            for node in nodes
            for port, one in node.resources.items()
            if one.fetch is None
        }
        return Asked(number, values, sources)

    def job(self) -> Job:
        """What every worker is told."""
        return Job(self._request, self._node_files, self._cache, self._here, self._absolute)

    def parcel(self) -> Parcel:
        """What every worker is given.

        Raises:
            OSError: A file cannot be read.
        """
        return pack(self._files)

    def threads(self) -> int:
        """How many threads this process would compute the runs with."""
        asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
        if asked.isdecimal() and int(asked):
            return int(asked)
        settings = [one for name, one in self._registry.settings.items() if name in self._settings]
        return max([one.threads() for one in settings if one.threads is not None], default=1)

    def _gather(self, nodes: Sequence[TypedNode], typed: TypedWorkflow) -> None:
        folders = [file.parent for file in typed.files]
        recorded = self._document.recorded.folders if self._document.recorded else ()
        bases = [self._here, *folders, *recorded, *([self._document.folder] if self._document.folder else [])]
        self._files |= dict.fromkeys(typed.files)
        for node in nodes:
            for written, one in zip(node.read, node.resources.values(), strict=True):
                if one.fetch is not None or not os.path.isabs(one.value):
                    continue  # what goes by a name is found there by its name
                self._files |= dict.fromkeys(places(written, one.value, bases))
                expanded = Path(written).expanduser()
                if expanded.is_absolute():
                    self._absolute[written] = Path(os.path.normpath(expanded))
