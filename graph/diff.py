"""What differs between two workflows, or two runs of them: by node and value, and not by line.

The order in which a file writes things is no difference, nor are positions unless they are asked for. A link follows
the node that it leads to, so that a node under another name is one difference, and those who read it are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar

from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.matching import LoopMatching, Matching, Scope, match
from latentgraph.graph.workflow import End, Node, Workflow, WorkflowInput, link_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. Values are as a file writes them: a link is `{"from": "node.port"}`."""

    kind: Literal["added", "removed", "renamed", "changed"]
    what: str
    """`description`, `input`, `node`, `port`, `each`, `carry`, `collect`, `output` or `group`; of runs `value`,
    `setting`, `version` or `source`; where they are asked for, `layout`, `order` and `schema`."""
    path: str = ""
    """Of the node, such as `denoise/step`; empty: the workflow itself."""
    name: str = ""
    """Of the port, the input, the output, the setting..."""
    part: str = ""
    """What of it: `default` of an input, `next` of a carry, `type` of a node; empty: all of it."""
    before: Any = ABSENT
    after: Any = ABSENT
    was: str = ""
    """The path in the first workflow; the same unless the node or one around it has another name there."""
    old_name: str = ""
    """The name in the first workflow, where it is another."""

    def inverse(self) -> Change:
        """The difference the other way round."""
        turned = replace(self, before=self.after, after=self.before)
        if self.kind in ("added", "removed"):
            return replace(turned, kind="removed" if self.kind == "added" else "added")
        turned = replace(turned, path=self.was, was=self.path)
        return replace(turned, name=self.old_name, old_name=self.name) if self.old_name else turned


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a record says of a run, beside the workflow."""

    values: Mapping[str, Any]
    """Of the workflow's inputs."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Such as the device."""
    versions: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Digests of the files and models that were read, by `node.port`."""
    identities: Mapping[str, str] = field(default_factory=dict)
    """What each setting was exactly: the name of the GPU, the number of threads."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two that are compared."""

    workflow: Workflow
    inside: Mapping[str, Workflow] = field(default_factory=dict)
    """Its sub-workflows, by the path of their node."""
    run: RunRecord | None = None
    """Set where it comes out of a record."""


def diff(before: Compared, after: Compared, *, layout: bool = False) -> tuple[Change, ...]:
    """Everything that differs, from the description to the outputs, then what differs between the runs.

    Args:
        before: The first.
        after: The second.
        layout: Whether positions, the order of names and the named schema are compared, too.
    """
    comparison = _Comparison(before.inside, after.inside, layout=layout)
    changes = list(comparison.workflows(before.workflow, after.workflow))
    if before.run and after.run:
        # Both had values, so that what a default would have been is nothing.
        changes = [one for one in changes if (one.what, one.part, one.path) != ("input", "default", "")]
    if before.run or after.run:
        changes += _values(before, after, comparison.inputs or {})
    if before.run and after.run:
        changes += comparison.runs(before.run, after.run)
    return tuple(changes)


def same(one: Any, other: Any) -> bool:
    """Whether two values of files are equal: 5 and 5.0 are, 1 and true are not, the order of keys is nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


_NO_LOOP: Final = LoopMatching(Matching({}, {}), {})


class _Comparison:
    """The comparison of two workflows with all that is in them."""

    def __init__(self, first: Mapping[str, Workflow], second: Mapping[str, Workflow], *, layout: bool) -> None:
        self.first, self.second, self.layout = first, second, layout
        self.paths: dict[str, str] = {}
        """Of nodes that are in both."""
        self.inputs: Mapping[str, str] | None = None
        """Of the outermost workflow, those that are in both."""

    def workflows(self, one: Workflow, other: Workflow, path: str = "", was: str = "") -> Iterator[Change]:
        """The differences of two workflows; `path` and `was` lead to the node that they are inside of."""
        matching = match(_scope_of(one), _scope_of(other))
        self.inputs = matching.inputs if self.inputs is None else self.inputs
        yield from _at(_parts("description", "", {"": one.description or ABSENT}, {"": other.description or ABSENT}),
                       path, was)  # fmt: skip
        yield from _at(_inputs(one, other, matching), path, was)
        yield from self.nodes(one.nodes, other.nodes, matching, path, was)
        yield from _at(_outputs(one, other, matching), path, was)
        yield from _at(self.groups(one, other, path, was), path, was)
        if self.layout:
            yield from _at(self.arrangement(one, other, matching, path, was), path, was)

    def nodes(
        self, first: Mapping[str, Node], second: Mapping[str, Node], matching: Matching, path: str, was: str
    ) -> Iterator[Change]:
        """The differences of the nodes of a scope, those inside them included."""
        around, before = (f"{one}/" if one else "" for one in (path, was))
        for name, node in first.items():
            if name not in matching.nodes:
                yield Change("removed", "node", f"{before}{name}", before=_data(node), was=f"{before}{name}")
                continue
            new = matching.nodes[name]
            self.paths[f"{before}{name}"] = f"{around}{new}"
            place = {"path": f"{around}{new}", "was": f"{before}{name}"}
            if new != name:
                yield Change("renamed", "node", before=name, after=new, **place)
            yield from self.node(node, second[new], matching, **place)
        for name in second:
            if name not in matching.seconds:
                yield Change("added", "node", f"{around}{name}", after=_data(second[name]), was=f"{around}{name}")
        if self.layout:
            yield from _at(_order("nodes", first, second, matching.nodes), path, was)

    def node(self, one: Node, other: Node, matching: Matching, path: str, was: str) -> Iterator[Change]:
        """The differences of a node that is in both."""
        keys = ("type", "file", "package", "disabled", "description")
        texts = [{key: getattr(each, key) or ABSENT for key in keys} for each in (one, other)]
        yield from _at(_parts("node", "", *texts), path, was)
        loop = matching.loops.get(was.rpartition("/")[2], _NO_LOOP)
        names = loop.entries.get("inputs", {})
        ports = _under(names, {key: _renamed(value, matching) for key, value in one.inputs.items()})
        changes = _entries("port", ports, other.inputs, _under(names, one.inputs))
        yield from _at(_with_names("port", names, changes), path, was)
        for kind in ("each", "carry", "collect"):
            names = loop.entries.get(kind, {})
            first, second = (getattr(each, kind) or {} for each in (one, other))
            changes = _ends(kind, _under(names, first), second, matching, loop.body)
            yield from _at(_with_names(kind, names, changes), path, was)
        yield from self.nodes(one.body, other.body, loop.body, path, was)
        if was in self.first and path in self.second:
            yield from self.workflows(self.first[was], self.second[path], path, was)

    def groups(self, one: Workflow, other: Workflow, path: str, was: str) -> Iterator[Change]:
        """The differences of the groups, whose members follow their names."""
        first, second = ({name: _data(group) for name, group in each.groups.items()} for each in (one, other))
        renamed = {name: {**data, "nodes": sorted(self._moved(member, path, was) for member in data["nodes"])}
                   for name, data in first.items()}  # fmt: skip
        ordered = {name: {**data, "nodes": sorted(data["nodes"])} for name, data in second.items()}
        for name in _names(first, second):
            if name in first and name in second:
                parts = [{key: data[name].get(key) or ABSENT for key in ("nodes", "description")}
                         for data in (renamed, ordered)]  # fmt: skip
                yield from _parts("group", name, *parts)
            else:
                yield from _entries("group", {k: v for k, v in first.items() if k == name},
                                    {k: v for k, v in second.items() if k == name})  # fmt: skip

    def arrangement(self, one: Workflow, other: Workflow, matching: Matching, path: str, was: str) -> Iterator[Change]:
        """What is no difference unless it is asked for: positions, order, the schema that the file names."""
        yield from _order("inputs", one.inputs, other.inputs, matching.inputs)
        yield from _order("outputs", one.outputs, other.outputs, {name: name for name in one.outputs})
        yield from _entries("layout", {self._moved(key, path, was): at for key, at in one.layout.items()}, other.layout)
        yield from _parts("schema", "", {"": one.schema_ or ABSENT}, {"": other.schema_ or ABSENT})

    def runs(self, one: RunRecord, other: RunRecord) -> Iterator[Change]:
        """What differs between two runs beside the values of the inputs."""
        yield from _entries("setting", one.settings, other.settings)
        if one.settings == other.settings and one.versions == other.versions:
            yield from _entries("setting", one.identities, other.identities)
        yield from _entries("version", one.versions, other.versions)
        sources = {}
        for place, digest in one.sources.items():
            node, _, port = place.rpartition(".")
            sources[f"{self.paths.get(node, node)}.{port}"] = digest
        yield from _entries("source", sources, other.sources)

    def _moved(self, member: str, path: str, was: str) -> str:
        """The path that a node of a workflow, seen from that workflow, has in the other one."""
        found = self.paths.get(f"{was}/{member}" if was else member)
        return member if found is None else found.removeprefix(f"{path}/" if path else "")


def _scope_of(workflow: Workflow) -> Scope:
    ends = {f"output.{name}": output.source for name, output in workflow.outputs.items()}
    return Scope(workflow.nodes, workflow.inputs, ends)


def _at(changes: Iterator[Change], path: str, was: str) -> Iterator[Change]:
    """Changes of something, put at the place where it stands."""
    for change in changes:
        place = was if change.kind == "removed" else path
        yield replace(change, path=place, was=path if change.kind == "added" else was)


def _named(old: str, changes: Iterator[Change]) -> Iterator[Change]:
    """Changes of something that was called `old`."""
    for change in changes:
        yield change if change.name == old else replace(change, old_name=old)


def _under(names: Mapping[str, str], entries: Mapping[str, T]) -> dict[str, T]:
    """Entries under the names that they have in the second workflow."""
    return {names.get(name, name): entry for name, entry in entries.items()}


def _with_names(what: str, names: Mapping[str, str], changes: Iterator[Change]) -> Iterator[Change]:
    """Changes of entries of which some have another name, and these names."""
    old = {new: name for name, new in names.items()}
    for name, new in names.items():
        yield Change("renamed", what, name=new, before=name, after=new, old_name=name)
    for change in changes:
        yield replace(change, old_name=old[change.name]) if change.name in old else change


def _inputs(one: Workflow, other: Workflow, matching: Matching) -> Iterator[Change]:
    for name, declared in one.inputs.items():
        new = matching.inputs.get(name)
        if new is None:
            yield Change("removed", "input", name=name, before=_data(declared))
            continue
        if new != name:
            yield Change("renamed", "input", name=new, before=name, after=new, old_name=name)
        yield from _named(name, _parts("input", new, _declared(declared), _declared(other.inputs[new])))
    for name in other.inputs:
        if name not in matching.second_inputs:
            yield Change("added", "input", name=name, after=_data(other.inputs[name]))


def _declared(declared: WorkflowInput) -> dict[str, Any]:
    """The parts of a declaration; `null` says the same as nothing, but for a default."""
    return {key: value for key, value in _data(declared).items() if key == "default" or value not in (None, "")}


def _outputs(one: Workflow, other: Workflow, matching: Matching) -> Iterator[Change]:
    renamed = _renamed_outputs(one, other, matching)
    for name, output in one.outputs.items():
        new = renamed.get(name)
        if new is None:
            yield Change("removed", "output", name=name, before=_data(output))
            continue
        if new != name:
            yield Change("renamed", "output", name=new, before=name, after=new, old_name=name)
        one_end, other_end = {"from": output.source}, {"from": other.outputs[new].source}
        yield from _named(name, _links("output", new, one_end, other_end, {"from": matching}))
        texts = [{"description": each.description or ABSENT} for each in (output, other.outputs[new])]
        yield from _named(name, _parts("output", new, *texts))
    for name in other.outputs:
        if name not in renamed.values():
            yield Change("added", "output", name=name, after=_data(other.outputs[name]))


def _renamed_outputs(one: Workflow, other: Workflow, matching: Matching) -> dict[str, str]:
    """The outputs that are in both, each first name with its second: those that give the same are one."""
    found = {name: name for name in one.outputs if name in other.outputs}
    waiting: dict[str, list[str]] = {}
    for name, output in other.outputs.items():
        if name not in found:
            waiting.setdefault(output.source, []).append(name)
    for name, output in one.outputs.items():
        if name not in found and waiting.get(source := matching.renamed(output.source)):
            found[name] = waiting[source].pop(0)
    return found


def _ends(
    kind: str, first: Mapping[str, End], second: Mapping[str, End], outside: Matching, inside: Matching
) -> Iterator[Change]:
    """The differences of the entries of a loop; a carry is taken up inside, and so is what is collected."""
    ways = {"from": inside if kind == "collect" else outside, "next": inside}
    for name in _names(first, second):
        if name in first and name in second:
            one, other = _data(first[name]), _data(second[name])
            yield from _links(kind, name, one, other, ways)
        elif name in first:
            yield Change("removed", kind, name=name, before=_data(first[name]))
        else:
            yield Change("added", kind, name=name, after=_data(second[name]))


def _links(
    what: str, name: str, one: Mapping[str, str], other: Mapping[str, str], ways: Mapping[str, Matching]
) -> Iterator[Change]:
    for part, text in one.items():
        if ways[part].renamed(text) != other[part]:
            yield Change("changed", what, name=name, part=part, before={"from": text}, after={"from": other[part]})


def _renamed(value: Any, matching: Matching) -> Any:
    text = link_text(value)
    return value if text is None else {"from": matching.renamed(text)}


def _entries(
    what: str, first: Mapping[str, Any], second: Mapping[str, Any], written: Mapping[str, Any] | None = None
) -> Iterator[Change]:
    """Entries that were added, removed or changed; `written` holds the first ones as their file writes them."""
    written = first if written is None else written
    for name in _names(first, second):
        if name not in second:
            yield Change("removed", what, name=name, before=written[name])
        elif name not in first:
            yield Change("added", what, name=name, after=second[name])
        elif not same(first[name], second[name]):
            yield Change("changed", what, name=name, before=written[name], after=second[name])


def _parts(what: str, name: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Change]:
    """Parts of one thing that differ: a part that comes or goes is a change of the thing."""
    for part in _names(first, second):
        before, after = first.get(part, ABSENT), second.get(part, ABSENT)
        if not same(before, after):
            yield Change("changed", what, name=name, part=part, before=before, after=after)


def _order(
    part: str, first: Mapping[str, Any], second: Mapping[str, Any], common: Mapping[str, str]
) -> Iterator[Change]:
    before = [name for name in first if common.get(name) in second]
    kept = {common[name] for name in before}
    after = [name for name in second if name in kept]
    if [common[name] for name in before] != after:
        yield Change("changed", "order", part=part, before=before, after=after)


def _values(before: Compared, after: Compared, common: Mapping[str, str]) -> Iterator[Change]:
    """Values of inputs, a workflow's defaults where there was no run; what the defaults tell already is left out."""
    for name, new in common.items():
        sides = ((before, name), (after, new))
        values = [_value(side, key) for side, key in sides]
        defaults = [_default(side.workflow.inputs[key]) for side, key in sides]
        told = not (before.run and after.run) and all(map(same, values, defaults))
        if not same(*values) and not told:
            old = name if name != new else ""
            yield Change("changed", "value", name=new, before=values[0], after=values[1], old_name=old)


def _value(side: Compared, name: str) -> Any:
    default = _default(side.workflow.inputs[name])
    return side.run.values.get(name, default) if side.run else default


def _default(declared: WorkflowInput) -> Any:
    return ABSENT if declared.required else declared.default


def _names(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _data(model: Node | End | WorkflowInput | Any) -> dict[str, Any]:
    data: dict[str, Any] = model.model_dump(by_alias=True, exclude_unset=True)
    return data
