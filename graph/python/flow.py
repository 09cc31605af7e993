"""A workflow that is written in Python: what a file says, said by calls that a type checker understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import Token
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from latentgraph.graph.access import FileAccess
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check.report import Report
from latentgraph.graph.check.scope import Scope
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.files import write_whole
from latentgraph.graph.problem import Problem
from latentgraph.graph.python.graph import UNSET, Graph, Words, failure, plain, validated, written
from latentgraph.graph.python.inputs import Inputs
from latentgraph.graph.python.loop import Loop, in_order
from latentgraph.graph.python.outputs import Outputs
from latentgraph.graph.python.placeholder import Placeholder, place_of
from latentgraph.graph.recording import RECORDER, Recorder
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import VERSION, Node, Workflow

if TYPE_CHECKING:
    from latentgraph.graph.run import Engine, Run


class Flow(Inputs):
    """A workflow. Inside its `with`, calls of nodes make nodes of it; behind, it can be saved, looked at and run."""

    def __init__(
        self,
        keys: Mapping[str, Any],
        *,
        folder: Path | str | None = None,
        registry: Registry | None = None,
        document: Document | None = None,
    ) -> None:
        """Begin a workflow; see `workflow`, and `Flow.load` for one that is there."""
        self.registry = registry or Registry.load()
        self.access = FileAccess(Path(folder or ".").resolve())
        self._document = document
        self._keys = dict(keys)
        self._outputs: dict[str, dict[str, Any]] = {}
        self._groups: dict[str, dict[str, Any]] = {}
        self._layout: dict[str, list[int]] = {}
        self._order: tuple[str, ...] = ()
        nodes: dict[str, Node] = {}
        empty = Document(Workflow(latentgraph=VERSION, nodes={}))
        scope = Scope(self.registry, Report(empty), self.access, {}, nodes)
        super().__init__(Graph(scope, nodes))
        self._token: Token[Recorder | None] | None = None

    @classmethod
    def load(cls, path: Path | str, registry: Registry | None = None) -> Flow:
        """A workflow out of a file, to be looked at, run, saved elsewhere or shown as Python.

        Raises:
            WorkflowError: It cannot be read or is not a workflow of this version.
        """
        document = read_document(Path(path))
        return cls({}, folder=document.folder, registry=registry, document=document)

    def loop(
        self,
        name: str,
        *,
        description: str = UNSET,
        disabled: Literal["mute", "bypass"] = UNSET,
        package: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Loop:
        """Begin a loop in the graph that is being written; see `latentgraph.graph.python.loop`."""
        return Loop(self._current(name), name, Words("", description, disabled, package, empty))

    def node(
        self,
        kind: str,
        name: str = "",
        inputs: Mapping[str, Any] = {},
        *,
        file: str = UNSET,
        description: str = UNSET,
        disabled: Literal["mute", "bypass"] = UNSET,
        package: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> Outputs:
        """Add a node by the name of its type, where there is no function to call, such as one that is not installed.

        Args:
            kind: Name of the type, or `workflow`.
            name: Of the node.
            inputs: Values and placeholders by the names of its ports.
            file: Of a sub-workflow.
            description: What it is for.
            disabled: Whether it is muted or bypassed.
            package: Who provides the type.
            empty: Keys that are written though they say nothing.

        Returns:
            Its outputs by name, `made["image"]` or `made.image`, typed as anything.
        """
        graph = self._current(name)
        called = graph.free(name, kind)
        words = Words("", description, disabled, package, empty)
        graph.place(called, {"type": kind, **words.data, **written(file=file)}, inputs)
        return Outputs(graph, called)

    def output(
        self,
        name: str,
        value: object,
        *,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> None:
        """Say what a caller gets.

        Args:
            name: How the caller finds it.
            value: An output of a node.
            description: What it is.
            empty: Keys that are written though they say nothing.
        """
        self._still_written("outputs", name)
        if name in self._outputs:
            raise failure("E004", f"an output is called {name!r} already", "choose another name", "outputs", name)
        text = self._graph.link(value, "outputs", name)
        with self._graph.telling():
            self._graph.scope.report.name(name, (), "outputs", name)
            self._graph.scope.follow_something(text, (), node="outputs", port=name)
        self._outputs[name] = {"from": text, **empty, **written(description=description)}

    def group(
        self,
        name: str,
        nodes: Iterable[object],
        *,
        description: str = UNSET,
        empty: Mapping[str, Any] = {},
    ) -> None:
        """Say that nodes belong together, by their results or by their paths, such as `denoise/step`."""
        members = [_path_of(one) for one in nodes]
        self._groups[name] = {"nodes": members, **empty, **written(description=description)}

    def layout(self, places: Mapping[str, Sequence[int]]) -> None:
        """Say where nodes stand on the editor's canvas, as column and row by path."""
        self._layout |= {path: list(place) for path, place in places.items()}

    def order(self, *names: str) -> None:
        """Say in which order the file has the nodes, where that is not the order of the calls."""
        self._order = names

    def __enter__(self) -> Self:
        if self._document is not None or self._graph.closed:
            raise failure("E119", "the workflow is written already", "begin another by `with workflow()`")
        self._token = RECORDER.set(self._graph)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None  # it was entered
        RECORDER.reset(self._token)
        self._graph.closed = True
        if error is None:
            self._document = Document(self._finished())

    @property
    def document(self) -> Document:
        """The workflow as the engine and the check take it.

        Raises:
            WorkflowError: It is being written, or was left by an exception.
        """
        if self._document is None:
            raise failure("E119", "the workflow is not written to its end", "do this behind its `with`")
        return self._document

    @property
    def workflow(self) -> Workflow:
        """The workflow as data."""
        return self.document.workflow

    def text(self) -> str:
        """The workflow as its file has it, written canonically."""
        return canonical_text(self.workflow)

    def save(self, path: Path | str) -> None:
        """Write its file, from where its relative paths count from then on.

        Raises:
            OSError: It cannot be written.
        """
        text, document = self.text(), self.document
        write_whole(Path(path), text)
        self._document = replace(document, path=Path(path), source=None)
        self.access = FileAccess(Path(path).resolve().parent)

    def python(self) -> str:
        """The Python that writes it."""
        from latentgraph.graph.python.source import python_source

        return python_source(self.document, self.registry)

    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart."""
        from latentgraph.graph.python.mermaid import flowchart

        return flowchart(self.workflow)

    def check(self, given: Mapping[str, Any] | None = None) -> tuple[Problem, ...]:
        """Everything that is wrong with it, and with values for its inputs, as `latentgraph check` tells."""
        from latentgraph.graph.check import check

        return check(self.document, self.registry, given, access=self.access).problems

    def run(
        self,
        given: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        until: str | None = None,
        out: Path | str | None = None,
        overwrite: bool = False,
        metadata: bool = True,
        previews: bool = False,
        engine: Engine | None = None,
    ) -> Run:
        """Start a run, an iterable of events; `run(...).result().values` has the outputs.

        Args:
            given: Values of its inputs.
            settings: Run settings by name, such as the device.
            until: Path of a node to stop at.
            out: Folder for the files that the run makes; None makes none.
            overwrite: Number files from 1 and replace what is there.
            metadata: Whether files carry the record of how they were made.
            previews: Whether nodes may show what is on its way.
            engine: What runs it; by default one that all workflows of this process share, so that models stay loaded.

        Raises:
            WorkflowError: Something is wrong with the workflow, the values or the settings.
        """
        from latentgraph.graph.python.shared_engine import engine_with

        return (engine or engine_with(self.registry)).run(
            self.document,
            given,
            settings=settings,
            access=self.access,
            until=until,
            out=Path(out) if out is not None else None,
            overwrite=overwrite,
            metadata=metadata,
            previews=previews,
        )

    def __repr__(self) -> str:
        """How large it is, for a debugger."""
        if self._document is None:
            return f"<a workflow of {len(self._graph.nodes)} nodes that is being written>"
        workflow = self.workflow
        return (
            f"<a workflow of {len(workflow.nodes)} nodes: {', '.join(workflow.inputs) or 'nothing'} "
            f"-> {', '.join(workflow.outputs) or 'nothing'}>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from latentgraph.graph.python.display import workflow_bundle

        return {"text/plain": repr(self)} if self._document is None else workflow_bundle(self.workflow, repr(self))

    def _current(self, name: str) -> Graph:
        """The graph that is being written now."""
        current = RECORDER.get()
        if not isinstance(current, Graph) or current.root is not self._graph:
            hint = "write it inside the `with` of its workflow"
            raise failure("E119", "this workflow is not the one that is being written", hint, name)
        return current

    def _still_written(self, node: str, port: str) -> None:
        if self._graph.closed or self._document is not None:
            raise failure("E119", "the workflow is written already", "say it inside its `with`", node, port)

    def _finished(self) -> Workflow:
        said = {
            "inputs": self._inputs,
            "outputs": self._outputs,
            "groups": self._groups,
            "layout": self._layout,
        }
        data = {**self._keys, "latentgraph": VERSION, "nodes": in_order(self._graph.nodes, self._order)}
        return validated(Workflow, {**data, **{key: value for key, value in said.items() if value}})


def _path_of(one: object) -> str:
    """The path of the node that gives a value."""
    if isinstance(one, str):
        return one
    if isinstance(one, tuple) and one and isinstance(one[0], Placeholder):
        one = one[0]
    if isinstance(one, Placeholder):
        return place_of(one).rpartition(".")[0]
    if isinstance(one, Outputs):
        return one.path
    raise failure("E105", f"{plain(one)!r} is no node", "give what the call of a node returned, or its path")


def workflow(
    *,
    description: str = UNSET,
    schema: str | None = UNSET,
    folder: Path | str | None = None,
    registry: Registry | None = None,
    empty: Mapping[str, Any] = {},
) -> Flow:
    """Begin a workflow: `with workflow() as flow:`.

    Args:
        description: What it shows.
        schema: What the file says under `$schema`.
        folder: From where relative paths in it count until it is saved; the working folder where None.
        registry: The nodes it may use; those of all installed packages where None. A node that is called is added.
        empty: Keys that are written though they say nothing.
    """
    keys = {**empty, **written(description=description)}
    if schema is not UNSET:
        keys["$schema"] = schema
    return Flow(keys, folder=folder, registry=registry)
