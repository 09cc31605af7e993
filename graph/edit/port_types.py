"""What the types of ports say to an editor: which one refuses a value, and how an input of a workflow declares one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from latentgraph.graph.boxes import HANDED_IN, NEXT, OUTPUTS, End, Scope
from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.node import Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import ANY_LIST, Signatures
from latentgraph.graph.types import SCALARS, PortType
from latentgraph.graph.workflow import LOOP

_BOUNDS: Mapping[str, str] = {"ge": "minimum", "le": "maximum", "multiple_of": "multiple_of"}


def is_anything(port_type: PortType) -> bool:
    """Whether nothing is known of what flows there, so that everything fits until more is known."""
    return port_type.members == (Any,)


def refused_by(signatures: Signatures, scope: Scope, target: End, given: PortType) -> PortType | None:
    """The type that does not accept what would flow into `target`; None where it fits.

    What goes into a loop has to fit those that read it inside.
    """
    box, port = target
    if is_anything(given) or box == OUTPUTS:
        return None
    if box == NEXT:
        carry = (signatures.loop(scope).carry or {}).get(port)
        start = signatures.type_of(scope[:-1], carry.source) if carry else None
        return _unless_accepting(start, given)
    node = signatures.nodes(scope)[box]
    if node.type != LOOP:
        taking = signatures.of(scope, box).inputs.get(port)
        return _unless_accepting(taking.type if taking else None, given)
    if port in (node.each or {}):
        if given.element is None:
            return ANY_LIST
        given = given.element
    inside = (*scope, box)
    for source, reader in signatures.linked(inside):
        if source == (HANDED_IN, port) and reader[0] != NEXT:
            refusing = refused_by(signatures, inside, reader, given)
            if refusing:
                return refusing
    return None


def _unless_accepting(taking: PortType | None, given: PortType) -> PortType | None:
    return None if taking is None or is_anything(taking) or taking.accepts(given) else taking


def declaration(port: Port, registry: Registry, value: Any = ABSENT) -> dict[str, Any] | None:
    """An input of a workflow for a port, as a file declares it; None where no input can have its type.

    Args:
        port: What the input is for.
        registry: Where types of values have their names.
        value: What the port is set to, which becomes the default in place of its own.
    """
    members = [member for member in port.type.members if member is not type(None)]
    declared = _declared_type(members[0], registry) if len(members) == 1 else None
    if declared is None:
        return None
    if value is ABSENT and not port.required and (port.type.literal or port.default is None):
        value = port.default
    default = {} if value is ABSENT else {"default": value}
    bounds = {} if "choices" in declared else _bounds(port.type, declared["type"])
    choices = {"choices": declared["choices"]} if "choices" in declared else {}
    help_ = {"description": port.help} if port.help else {}
    return {"type": declared["type"], **default, **bounds, **choices, **help_}


def _declared_type(member: Any, registry: Registry) -> dict[str, Any] | None:
    if member in SCALARS:
        return {"type": SCALARS[member]}
    if get_origin(member) is Literal:
        kinds = {type(choice) for choice in get_args(member)}
        kind = kinds.pop()
        return {"type": SCALARS[kind], "choices": list(get_args(member))} if not kinds and kind in SCALARS else None
    if get_origin(member) is list:
        (element,) = get_args(member)
        inner = _declared_type(element, registry)
        return {"type": f"list[{inner['type']}]"} if inner and "choices" not in inner else None
    known = registry.values.by_name(getattr(member, "__name__", ""))
    return {"type": member.__name__} if known and known.python_type is member else None


def _bounds(port_type: PortType, declared: str) -> dict[str, Any]:
    kinds = {"integer": int, "number": (int, float)}
    bounds = {}
    for constraint in _constraints(port_type.metadata):
        for theirs, ours in _BOUNDS.items():
            bound = getattr(constraint, theirs, None)
            if declared in kinds and isinstance(bound, kinds[declared]):  # type: ignore[arg-type]
                bounds[ours] = bound
    return {ours: bounds[ours] for ours in _BOUNDS.values() if ours in bounds}


def _constraints(metadata: tuple[object, ...]) -> Iterator[object]:
    """The bounds among a port's metadata; pydantic's `Field` holds several."""
    for one in metadata:
        yield from getattr(one, "metadata", None) or (one,)
