"""From our workflow to ComfyUI's nodes: each of our nodes is asked, after those it reads, what stands for its outputs.

ComfyUI's sampler is one closed node where ours are several: what leads to a loop of denoising steps (schedule, noise,
guidance) is remembered as values, out of which the loop becomes a KSampler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import Exported, Untranslated
from latentgraph.graph.order import ordered
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, Workflow, link_text

V = TypeVar("V", bound="Given")


class Given:
    """What stands for an output of one of our nodes."""


@dataclass(frozen=True, slots=True)
class Wire(Given):
    """An output of a node of ComfyUI."""

    node: str
    slot: int
    type: str


@dataclass(frozen=True, slots=True)
class Plain(Given):
    """A value that is written out."""

    value: Any


@dataclass(frozen=True, slots=True)
class Nothing(Given):
    """What ComfyUI keeps to itself, such as where a stream of random numbers goes on."""


@dataclass(frozen=True, slots=True)
class Missing(Given):
    """An output of a node that has no counterpart."""

    node: str


class UnexportableError(Exception):
    """A node has no counterpart; the reason is a sentence without a full stop."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


_OURS_ALONE = frozenset(
    {"config", "family", "for_each_stream", "fused", "images_per_prompt", "offset", "overlap", "pipeline", "tile"}
)
"""Inputs that say how a node works here, or what ComfyUI does by itself."""
Rule = Callable[["Exporting", "Reader"], Mapping[str, Given]]
RULES: dict[str, Rule] = {}
"""By our node type."""


def exports(*types: str) -> Callable[[Rule], Rule]:
    """Take a function as the rule for node types: it adds ComfyUI's nodes, and gives what our outputs are."""

    def taken(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(types, function))
        return function

    return taken


OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "LoraLoader": ("MODEL", "CLIP"),
    **dict.fromkeys(("FreeU", "FreeU_V2", "LoraLoaderModelOnly", "UNETLoader"), ("MODEL",)),
    "CLIPSetLastLayer": ("CLIP",),
    "VAELoader": ("VAE",),
    "ControlNetLoader": ("CONTROL_NET",),
    "UpscaleModelLoader": ("UPSCALE_MODEL",),
    "KSamplerSelect": ("SAMPLER",),
    **dict.fromkeys(("SDTurboScheduler", "KarrasScheduler", "ExponentialScheduler"), ("SIGMAS",)),
    "SaveImage": (),
    **dict.fromkeys(("LoadImage", "ImagePadForOutpaint"), ("IMAGE", "MASK")),
    **dict.fromkeys(
        ("GrowMask", "ImageToMask", "InvertMask", "LoadImageMask", "MaskComposite", "SolidMask"), ("MASK",)
    ),
    "ControlNetApplyAdvanced": ("CONDITIONING", "CONDITIONING"),
    "SamplerCustom": ("LATENT", "LATENT"),
    "GetImageSize": ("INT", "INT", "INT"),
    "CheckpointLoaderSimple": ("MODEL", "CLIP", "VAE"),
    **dict.fromkeys(
        (
            "CLIPTextEncode", "CLIPTextEncodeSDXL", "CLIPTextEncodeSDXLRefiner", "ConditioningAverage",
            "ConditioningConcat", "ConditioningZeroOut",
        ),
        ("CONDITIONING",),
    ),
    **dict.fromkeys(
        (
            "EmptyLatentImage", "KSampler", "KSamplerAdvanced", "LatentFromBatch", "LatentUpscaleBy",
            "RepeatLatentBatch", "SetLatentNoiseMask", "VAEEncode",
        ),
        ("LATENT",),
    ),
    **dict.fromkeys(
        (
            "Canny", "EmptyImage", "ImageBatch", "ImageCompositeMasked", "ImageCrop", "ImageFromBatch", "ImageInvert",
            "ImageScale", "ImageScaleBy", "ImageScaleToTotalPixels", "ImageUpscaleWithModel", "MaskToImage",
            "RepeatImageBatch", "VAEDecode", "VAEDecodeTiled",
        ),
        ("IMAGE",),
    ),
}  # fmt: skip
"""The types of the outputs of the nodes that are written."""


@dataclass
class Reader:
    """One of our nodes, and what stands for its inputs."""

    name: str
    node: Node
    exporting: Exporting
    defaults: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)
    """Inputs that the rule has looked at."""

    def given(self, port: str) -> Given:
        """What an input is: what it is linked to, what is written out, or its default."""
        self.asked.add(port)
        value = self.node.inputs.get(port, self.defaults.get(port))
        text = link_text(value)
        return self.exporting.at(text) if text is not None else Plain(value)

    def take(self, port: str, kind: type[V]) -> V:
        """What an input is, of a kind that the rule can use.

        Raises:
            UnexportableError: It is of another.
        """
        given = self.given(port)
        if isinstance(given, Missing):
            raise UnexportableError(f"it needs {given.node}, which has no counterpart")
        if not isinstance(given, kind):
            raise UnexportableError(f"what its input '{port}' is has no counterpart in ComfyUI")
        return given

    def has(self, port: str) -> bool:
        """Whether an input is more than null."""
        given = self.given(port)
        return not (isinstance(given, Plain) and given.value is None)

    def plain(self, port: str) -> Any:
        """A value that is written out, here or as the default of an input of the workflow.

        Raises:
            UnexportableError: It is computed.
        """
        return self.take(port, Plain).value

    def scalar(self, port: str) -> Any:
        """A value that is written out, or the output of a node that computes it."""
        given = self.given(port)
        return given if isinstance(given, Wire) else self.plain(port)

    def note(self, text: str) -> None:
        """Say something of the node."""
        self.exporting.note(f"{self.name}: {text}")


@dataclass
class Exporting:
    """A workflow on its way out."""

    workflow: Workflow
    registry: Registry
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """ComfyUI's, in the API format, with wires as they are."""
    offers: dict[tuple[str, str], Given] = field(default_factory=dict)
    failed: dict[str, Untranslated] = field(default_factory=dict)
    """Why nodes have no counterpart, by name."""
    remarks: list[Untranslated] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, class_type: str, title: str = "", /, **inputs: Any) -> list[Wire]:
        """Add a node of ComfyUI, and give its outputs."""
        key = str(len(self.nodes) + 1)
        self.nodes[key] = {"class_type": class_type, "inputs": inputs, "_meta": {"title": title or class_type}}
        return [Wire(key, slot, kind) for slot, kind in enumerate(OUTPUTS[class_type])]

    def note(self, text: str) -> None:
        """Say something, once."""
        self.notes[text] = None

    def leave_out(self, name: str, node_type: str, reason: str, hint: str = "") -> None:
        """Note that something of a node is lost."""
        self.remarks.append(Untranslated(f"node '{name}'", node_type, reason, hint))

    def at(self, text: str) -> Given:
        """What a link finds."""
        link = Link.parse(text)
        if link is None:
            return Nothing()
        if link.node == "inputs":
            declared = self.workflow.inputs.get(link.port)
            return Plain(declared.default if declared else None)
        if link.node in self.failed:
            return Missing(link.node)
        return self.offers.get((link.node, link.port), Nothing())

    def run(self) -> None:
        """Ask every node, each after those that it reads."""
        nodes = self.workflow.nodes
        for name in ordered(nodes, [(link.node, name) for name, node in nodes.items() for link in _links(node)
                                    if link.node in nodes])[0]:  # fmt: skip
            node = nodes[name]
            if node.disabled:
                self.failed[name] = Untranslated(f"node '{name}'", node.type, f"it is switched off ({node.disabled})")
                continue
            try:
                self._ask(name, node)
            except UnexportableError as error:
                self.failed[name] = Untranslated(f"node '{name}'", node.type, error.reason, error.hint)

    def _ask(self, name: str, node: Node) -> None:
        rule = RULES.get(node.type)
        if node.type == SUBWORKFLOW:
            raise UnexportableError("it is a workflow of its own", f"`latentgraph inline` puts '{name}' back first")
        if rule is None:
            raise UnexportableError("ComfyUI has no node of this kind")
        declared = self.registry.get(node.type) if node.type != LOOP else None
        defaults = (
            {port.name: port.default for port in declared.inputs.values() if not port.required} if declared else {}
        )
        reader = Reader(name, node, self, defaults)
        for port, given in rule(self, reader).items():
            self.offers[name, port] = given
        for port in set(node.inputs) - reader.asked - _OURS_ALONE if node.type != LOOP else ():
            given = reader.given(port)
            if isinstance(given, Plain) and given.value != defaults.get(port):
                self.leave_out(name, node.type, f"its input '{port}' has no counterpart in ComfyUI")

    def needed(self, wanted: list[str]) -> list[Untranslated]:
        """Of the nodes that have no counterpart, those that the nodes `wanted` read, in the order of the file."""
        pending, seen = list(wanted), set(wanted)
        while pending:
            node = self.workflow.nodes.get(pending.pop())
            for link in _links(node) if node else ():
                if link.node not in seen:
                    seen.add(link.node)
                    pending.append(link.node)
        return [told for name in self.workflow.nodes if name in seen and (told := self.failed.get(name)) is not None]


def _links(node: Node) -> list[Link]:
    ends = [text for value in node.inputs.values() if (text := link_text(value))]
    ends += [one.source for one in (*(node.each or {}).values(), *(node.carry or {}).values())]
    return [link for text in ends if (link := Link.parse(text))]


def exported(document: Document, registry: Registry, form: str) -> Exported:
    """A workflow as a file of ComfyUI, in the form `api` or `editor`.

    Raises:
        WorkflowError: Nothing of it makes a picture there.
    """
    from latentgraph.nodes.comfyui import export_alike, export_rules, export_sampling  # noqa: F401 - they fill RULES
    from latentgraph.nodes.comfyui.writing import api_text, editor_text

    exporting = Exporting(document.workflow, registry)
    exporting.run()
    wanted = [name for name, node in document.workflow.nodes.items() if node.type == "save_image"]
    saved = {exporting.offers.get((name, "image")) for name in wanted}
    for name, output in document.workflow.outputs.items():
        given, link = exporting.at(output.source), Link.parse(output.source)
        if link is not None and (isinstance(given, Missing) or (isinstance(given, Wire) and given.type == "IMAGE")):
            wanted.append(link.node)
        if isinstance(given, Wire) and given.type == "IMAGE" and given not in saved:
            exporting.add("SaveImage", name, images=given, filename_prefix=name)
            saved.add(given)
    untranslated = (*exporting.needed(wanted), *exporting.remarks)
    if not any(node["class_type"] == "SaveImage" for node in exporting.nodes.values()):
        why = f": {untranslated[0].place} ({untranslated[0].node}): {untranslated[0].reason}" if untranslated else ""
        hint = "what goes over is loading, texts, samplers that are loops of denoise_step, and pictures"
        raise WorkflowError(
            [Problem("E007", f"nothing of it makes a picture in ComfyUI{why}", hint, file=document.name)]
        )
    nodes = _reached(exporting.nodes)
    text = editor_text(nodes, document.workflow.description) if form == "editor" else api_text(nodes)
    return Exported(text, untranslated, tuple(exporting.notes))


def _reached(nodes: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The nodes that lead to a saved picture."""
    pending = [key for key, node in nodes.items() if node["class_type"] == "SaveImage"]
    seen = set(pending)
    while pending:
        for value in nodes[pending.pop()]["inputs"].values():
            if isinstance(value, Wire) and value.node not in seen:
                seen.add(value.node)
                pending.append(value.node)
    return {key: node for key, node in nodes.items() if key in seen}
