"""The check of a node's ports: each gets its value, or the output that it is wired to."""

from __future__ import annotations

from latentgraph.graph.access import AccessError, reads_of, resolved
from latentgraph.graph.check.families import Families
from latentgraph.graph.check.report import value_suggestion
from latentgraph.graph.check.scope import GONE, JsonPath, Scope
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.node import Port
from latentgraph.graph.typed import Absent, Constant, Offer, TypedNode, Wire
from latentgraph.graph.types import PortType, ValueFaultError, takes_object
from latentgraph.graph.words import kind_of, listed
from latentgraph.graph.workflow import Node, link_text


def settle_ports(typed: TypedNode, node: Node, scope: Scope, json_path: JsonPath) -> Families:
    """Give every port its value or wire; returns the families of what the wires bring."""
    ports = typed.type.inputs
    families = Families(typed, scope)
    for name, value in node.inputs.items():
        port = ports.get(name)
        place = (*json_path, "inputs", name)
        if port is None:
            message = f"'{node.type}' has no input '{name}'"
            scope.report.unknown("E102", message, name, ports, place, typed.path, name)
            continue
        text = link_text(value)
        if text is None:
            if not _is_faulty_link(value, port.type, scope, place, typed.path, name):
                _take_constant(typed, port, Constant(value, written=value), scope, place)
            continue
        offer = scope.follow(text, (*place, "from"), node=typed.path, port=name)
        _take_offer(typed, port, offer, text, scope, (*place, "from"), disabled=bool(node.disabled))
        families.meet(port, offer, text, (*place, "from"))
    families.match()
    for name, port in ports.items():
        # A disabled node may be one that its author has not finished.
        if name not in node.inputs and port.required and not node.disabled:
            message = f"the input '{name}' ({port.type.name}) is missing"
            scope.report.add("E103", message, json_path, typed.path, name, hint=port.type.way)
        elif name not in node.inputs and reads_of(port.type.metadata) and port.default is not None:
            _take_constant(typed, port, Constant(port.default, written=port.default), scope, json_path)
    return families


def _is_faulty_link(value: object, takes: PortType, scope: Scope, place: JsonPath, node: str, port: str) -> bool:
    """Whether an object was meant for a link, which is then told; a port that takes objects takes it as a value."""
    if not isinstance(value, dict) or "from" not in value or any(takes_object(member) for member in takes.members):
        return False
    extra = [key for key in value if key != "from"]
    message = f"a link holds 'from' and nothing else, not {listed(extra)}"
    place = (*place, extra[0]) if extra else (*place, "from")
    if not extra:
        message = f"'from' is {kind_of(value['from'])}; text such as 'node.port' is wanted"
    scope.report.add("E105", message, place, node, port, key=bool(extra))
    return True


def _take_offer(
    typed: TypedNode, port: Port, offer: Offer, text: str, scope: Scope, place: JsonPath, *, disabled: bool
) -> None:
    """Settle a port that is linked to `offer`."""
    supply = offer.supply
    if isinstance(supply, Absent):
        if supply.why in GONE and port.required and not disabled:
            scope.gone(text, supply.why, place, typed.path, port.name)
        if supply.why != "unset":
            return
    if isinstance(supply, Constant) and offer.type.literal:
        if not port.type.literal and not (supply.value is None and port.type.optional):
            _mismatch(typed, port, offer, text, scope, place)
        else:
            _take_constant(typed, port, supply, scope, place, text)
        return
    if offer.type is not ANYTHING and not port.type.accepts(offer.type):
        _mismatch(typed, port, offer, text, scope, place)
        return
    if isinstance(supply, Constant):
        typed.constants[port.name] = supply.value
    elif isinstance(supply, Wire):
        if reads_of(port.type.metadata):
            message = "names something to read, so it is written out or an input of the workflow, never computed"
            scope.report.add("E115", message, place, typed.path, port.name, key=False)
        typed.wires[port.name] = supply
        if port.name == typed.type.options.draws:
            scope.draw(supply, place, typed.path, port.name)
        if port.type.constrained:
            typed.converted += (port.name,)


def _take_constant(
    typed: TypedNode, port: Port, constant: Constant, scope: Scope, place: JsonPath, text: str = ""
) -> None:
    origin = f" (from {text})" if text else ""
    try:
        value = port.type.parse(constant.value)
    except ValueFaultError as fault:
        place = place if text else (*place, *fault.path)
        suggestion = None if text else value_suggestion(fault)
        scope.report.add(
            "E104", f"{fault}{origin}", place, typed.path, port.name,
            hint=fault.hint, suggestion=suggestion, key=False,
        )  # fmt: skip
        return
    reads = reads_of(port.type.metadata)
    if reads is not None and value is not None:
        access = constant.access or scope.access
        try:
            resource = resolved(reads, value, access, given=constant.given)
        except AccessError as error:
            hint = error.hint
            if access.recorded and not constant.given and not scope.path and text.startswith("inputs."):
                hint = f"say where it is now: --set {text.removeprefix('inputs.')}=PATH"
            scope.report.add("E115", error.message + origin, place, typed.path, port.name, hint=hint, key=False)
            return
        typed.resources[port.name] = resource
        typed.read.append(value)
        value = resource.value
    typed.constants[port.name] = value


def _mismatch(typed: TypedNode, port: Port, offer: Offer, text: str, scope: Scope, place: JsonPath) -> None:
    hint, suggestion = scope.report.bridge(scope.registry, offer.type, port.type)
    message = f"takes {port.type.name}, '{text}' gives {offer.type.name}"
    scope.report.add("E107", message, place, typed.path, port.name, hint=hint, suggestion=suggestion, key=False)
