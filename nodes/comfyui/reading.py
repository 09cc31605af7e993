"""From the bytes of a file to the normal form: which of ComfyUI's formats it is, and the reader of that."""

from __future__ import annotations

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.nodes.comfyui.prompt import Prompt


def is_comfyui(raw: bytes) -> bool:
    """Whether the bytes look like a workflow of ComfyUI, or a picture that carries one."""
    return False


def read_prompt(raw: bytes, name: str) -> Prompt:
    """Read a workflow in ComfyUI's API format, its editor format, or a picture that carries one of them.

    Raises:
        WorkflowError: It is none of these.
    """
    raise WorkflowError([Problem("E007", "this is no workflow of ComfyUI", file=name)])
