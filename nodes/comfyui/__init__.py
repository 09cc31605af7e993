"""Workflows of ComfyUI, and of programs whose pictures say how they were made, to and from ours.

A file is read into the normal form (`prompt`), which is translated node by node (`translation`, `rules`). What another
program wrote is put in ComfyUI's nodes first, so that one translation serves all. Nothing here imports more than it has
to: a format is a light object whose functions import the rest when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from latentgraph.graph.foreign import Exported, ForeignFormat, Imported, ImportOptions

if TYPE_CHECKING:
    from latentgraph.graph.document import Document
    from latentgraph.graph.registry import Registry
    from latentgraph.nodes.comfyui.prompt import Prompt


def _reads_comfyui(raw: bytes, name: str) -> bool:
    from latentgraph.nodes.comfyui.reading import is_comfyui

    return is_comfyui(raw)


def _translate_comfyui(raw: bytes, name: str, options: ImportOptions) -> Imported:
    from latentgraph.nodes.comfyui.reading import read_prompt

    return _translated(read_prompt(raw, name), options)


def _reads_automatic1111(raw: bytes, name: str) -> bool:
    from latentgraph.nodes.comfyui.automatic1111 import is_automatic1111

    return is_automatic1111(raw)


def _translate_automatic1111(raw: bytes, name: str, options: ImportOptions) -> Imported:
    from latentgraph.nodes.comfyui.automatic1111 import read_automatic1111

    return _translated(read_automatic1111(raw, name), options)


def _reads_invokeai(raw: bytes, name: str) -> bool:
    from latentgraph.nodes.comfyui.invokeai import is_invokeai

    return is_invokeai(raw)


def _translate_invokeai(raw: bytes, name: str, options: ImportOptions) -> Imported:
    from latentgraph.nodes.comfyui.invokeai import read_invokeai

    return _translated(read_invokeai(raw, name), options)


def _translated(prompt: Prompt, options: ImportOptions) -> Imported:
    from latentgraph.nodes.comfyui.translation import translate_prompt

    return translate_prompt(prompt, options)


def _write_comfyui(document: Document, registry: Registry, form: str) -> Exported:
    from latentgraph.nodes.comfyui.exporting import exported

    return exported(document, registry, form)


COMFYUI: Final = ForeignFormat(
    "comfyui", "ComfyUI", _reads_comfyui, _translate_comfyui, _write_comfyui, ("api", "editor")
)
AUTOMATIC1111: Final = ForeignFormat("automatic1111", "AUTOMATIC1111", _reads_automatic1111, _translate_automatic1111)
INVOKEAI: Final = ForeignFormat("invokeai", "InvokeAI", _reads_invokeai, _translate_invokeai)
