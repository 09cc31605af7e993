"""`latentgraph extract` and `latentgraph inline`: nodes become a workflow file, and a file becomes nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from latentgraph.graph.access import AccessError
from latentgraph.graph.boxes import Scope
from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.extract import extract
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.inline import inline
from latentgraph.graph.errors import EditError
from latentgraph.graph.files import write_new, write_whole
from latentgraph.graph.names import closest
from latentgraph.graph.signature import Signatures
from latentgraph.graph.workflow import LOOP, Workflow
from latentgraph.tui.find import find_workflow, load_registry, shipped_names, workflow_path
from latentgraph.tui.fmt_command import canonical
from latentgraph.tui.messages import CommandError, not_written
from latentgraph.tui.parts import read_part, written_path


def extract_nodes(
    argument: str, paths: Sequence[str], to: Path, name: str, output: Path | None, node_files: Iterable[Path]
) -> None:
    """Make the nodes at `paths` the file `to`, and put a node of the name `name` in their place.

    Raises:
        WorkflowError: The workflow cannot be read.
        CommandError: They cannot be one node, or a file cannot be written.
    """
    graph, target = _graph(argument, output, (), node_files)
    graph, names = _at(graph, paths)
    if not to.suffix:
        to = to.with_suffix(".json")
    file = written_path(to, target.parent)
    if file.startswith("../"):
        raise CommandError(f"{to} does not lie in the folder of {target}: a workflow reads from its own folder only")
    try:
        made = extract(graph, names, file, name)
    except EditError as error:
        raise CommandError(str(error)) from None
    text = _text(graph, made.edit, target)
    write_part(to, canonical(made.part, str(to)))
    try:
        _write(target, text)
    except CommandError:
        to.unlink()
        raise
    print(f"wrote {to}{_ports(made.part)}\nwrote {target}, where '{made.name}' runs it")


def inline_node(
    argument: str, path: str, output: Path | None, allowed: Iterable[Path], node_files: Iterable[Path]
) -> None:
    """Put the nodes of the sub-workflow at `path` in its place.

    Raises:
        WorkflowError: The workflow, or the file of the sub-workflow, cannot be read.
        CommandError: There is no such sub-workflow, it cannot be put in, or the file cannot be written.
    """
    graph, target = _graph(argument, output, tuple(allowed), node_files)
    graph, (name,) = _at(graph, [path])
    try:
        edit = inline(graph, name, read_part(graph, name))
    except (EditError, AccessError) as error:
        raise CommandError(str(error)) from None
    _write(target, _text(graph, edit, target))
    print(f"wrote {target}, with {', '.join(edit.boxes) or 'nothing'} in the place of '{path}'")


def write_part(path: Path, text: str) -> None:
    """Write the file of a part, whole and over nothing.

    Raises:
        CommandError: There is a file already, or it cannot be written.
    """
    try:
        write_new(path, text)
    except FileExistsError:
        raise CommandError(f"{path} is there already; choose another name, or move it away first") from None
    except OSError as error:
        raise not_written(path, error) from None


def _graph(
    argument: str, output: Path | None, allowed: tuple[Path, ...], node_files: Iterable[Path]
) -> tuple[Graph, Path]:
    """What is to be changed, and the file that it is to be written to."""
    path = workflow_path(argument)
    ships = argument in shipped_names()
    if path is None or ships:
        if output is None:
            raise CommandError(
                "say with -o which file to write: what ships, or comes in by a pipe, has none of its own"
            )
    elif output is not None and output.parent.resolve() != path.parent.resolve():
        raise CommandError(f"{output} lies in another folder than {argument}, from where its paths count")
    registry = load_registry(node_files)
    document = find_workflow(argument, registry).document
    if path is not None and document.path is not None and path.suffix != ".json" and output is None:
        raise CommandError(f"say with -o which file to write: {argument} is no workflow file")
    signatures = Signatures(document.workflow, registry, document.path, allowed=allowed)
    target = output or path
    assert target is not None  # one without a file of its own has been refused
    return Graph(canonical_data(document.workflow), signatures), target


def _at(graph: Graph, paths: Sequence[str]) -> tuple[Graph, list[str]]:
    """The scope where nodes are, and their names in it."""
    places = {tuple(path.split("/")[:-1]) for path in paths}
    if len(places) > 1:
        raise CommandError("the nodes stand in different places; a part is made of nodes that stand in one")
    scope: Scope = places.pop()
    for depth, loop in enumerate(scope):
        nodes = graph.at(scope[:depth]).nodes
        if nodes.get(loop, {}).get("type") != LOOP:
            raise CommandError(f"there is no loop '{'/'.join(scope[: depth + 1])}'; only loops hold nodes")
    graph = graph.at(scope)
    names = [path.split("/")[-1] for path in paths]
    for name in names:
        if name not in graph.nodes:
            hint = closest(name, graph.nodes)
            raise CommandError(f"there is no node '{'/'.join((*scope, name))}'{f'; {hint}' if hint else ''}")
    return graph, names


def _text(graph: Graph, edit: Edit, target: Path) -> str:
    workflow = Workflow.model_validate(edit.apply(graph.data), by_alias=True, by_name=False)
    return canonical(workflow, str(target))


def _write(target: Path, text: str) -> None:
    try:
        write_whole(target, text)
    except OSError as error:
        raise not_written(target, error) from None


def _ports(part: Workflow) -> str:
    takes, gives = ", ".join(part.inputs), ", ".join(part.outputs)
    words = [*([f"takes {takes}"] if takes else []), *([f"gives {gives}"] if gives else [])]
    return f": {'; '.join(words)}" if words else ""
