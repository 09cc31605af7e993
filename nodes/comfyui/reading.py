"""From the bytes of a file to the normal form: which of ComfyUI's formats it is, and the reader of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.nodes.comfyui.api_file import is_api, read_api
from latentgraph.nodes.comfyui.editor_file import count_nodes, editor_file
from latentgraph.nodes.comfyui.flattening import MAX_NODES, flattened
from latentgraph.nodes.comfyui.loading import fault, load
from latentgraph.nodes.comfyui.picture_texts import is_picture, picture_texts
from latentgraph.nodes.comfyui.prompt import Prompt
from latentgraph.nodes.comfyui.settling import settled

_SIGNS = (b'"class_type"', b'"last_node_id"', b'"last_link_id"', b'"widgets_values"')


def is_comfyui(raw: bytes) -> bool:
    """Whether the bytes look like a workflow of ComfyUI, or a picture that carries one."""
    if is_picture(raw):
        return not {"prompt", "workflow"}.isdisjoint(picture_texts(raw))
    if b'"nodes"' in raw and b'"links"' in raw and b'"latentgraph"' not in raw:
        return True
    return any(sign in raw or _wide(sign) in raw for sign in _SIGNS)


def _wide(sign: bytes) -> bytes:
    return sign.decode().encode("utf-16-le")


def read_prompt(raw: bytes, name: str) -> Prompt:
    """Read a workflow in ComfyUI's API format, its editor format, or a picture that carries one of them.

    Raises:
        WorkflowError: It is none of these.
    """
    return settled(_read_picture(raw, name) if is_picture(raw) else _read(load(raw, name), name))


def _read(data: Any, name: str) -> Prompt:
    if not isinstance(data, dict):
        raise fault(name, "a workflow of ComfyUI is one JSON object, and this is none", _WHAT_TO_TAKE)
    if isinstance(data.get("nodes"), (list, dict)):
        if count_nodes(data) > MAX_NODES:
            raise fault(name, f"the workflow has more than {MAX_NODES:,} nodes", "take a smaller part of it")
        return _with_nodes(flattened(editor_file(data), name), name)
    if is_api(data):
        return _with_nodes(read_api(data, name), name)
    # What is sent to the server, and what programs keep of it.
    for key in ("prompt", "output", "workflow"):
        inner = data.get(key)
        if isinstance(inner, dict) and (isinstance(inner.get("nodes"), (list, dict)) or is_api(inner)):
            return _read(inner, name)
    raise fault(name, "this is no workflow of ComfyUI", _WHAT_TO_TAKE)


_WHAT_TO_TAKE = "save one in ComfyUI by 'Export' or 'Export (API)', or take a picture that it made"


def _with_nodes(prompt: Prompt, name: str) -> Prompt:
    if not prompt.nodes and not prompt.left_out:
        raise fault(name, "the workflow has no node that runs", "is it the right file?")
    return prompt


def _read_picture(raw: bytes, name: str) -> Prompt:
    texts = picture_texts(raw)
    problems: list[Problem] = []
    for key, told in (("prompt", "what was run"), ("workflow", "the graph that stood in the editor")):
        if key in texts:
            try:
                prompt = _read(load(texts[key], name), name)
            except WorkflowError as error:
                problems += error.problems
                continue
            note = f"read from the picture's '{key}', which is {told}"
            return replace(prompt, notes=(note, *prompt.notes), description=prompt.description or _notes(texts, name))
    if problems:
        raise WorkflowError(problems)
    hint = "pictures lose it when they are edited, sent through a chat or saved without metadata"
    raise fault(name, "the picture carries no workflow", hint)


def _notes(texts: Mapping[str, str], name: str) -> str:
    """What the notes of the editor's graph say, which is in the picture beside what was run."""
    try:
        return _read(load(texts.get("workflow", ""), name), name).description
    except WorkflowError:
        return ""
