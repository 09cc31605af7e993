"""The order in which nodes are translated, each after what it takes, and what a node is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from latentgraph.nodes.comfyui.prompt import PromptLink, PromptNode


def links_of(node: PromptNode) -> Iterator[PromptLink]:
    """The links among the inputs of a node."""
    return (value for value in node.inputs.values() if isinstance(value, PromptLink))


def ordered(nodes: Mapping[str, PromptNode], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The nodes that `wanted` ones need, and they themselves, each after what it takes; and those in a circle."""
    order: list[str] = []
    state: dict[str, str] = {}
    cyclic: list[str] = []
    for start in wanted:
        stack: list[tuple[str, Iterator[PromptLink]]] = []
        if start not in state:
            state[start] = "open"
            stack.append((start, links_of(nodes[start])))
        while stack:
            at, links = stack[-1]
            for link in links:
                if link.node not in nodes:
                    continue
                if state.get(link.node) == "open":
                    state[at] = "cyclic"
                elif link.node not in state:
                    state[link.node] = "open"
                    stack.append((link.node, links_of(nodes[link.node])))
                    break
            else:
                stack.pop()
                (cyclic if state[at] == "cyclic" else order).append(at)
                state[at] = "cyclic" if state[at] == "cyclic" else "done"
    return order, cyclic


def roles_of(nodes: Mapping[str, PromptNode], order: Sequence[str]) -> dict[str, str]:
    """What nodes are for: by their ids, the side of the first sampler that they reach."""
    roles: dict[str, str] = {}
    for node_id in order:
        inputs = nodes[node_id].inputs
        starts = {"positive": inputs.get("positive"), "negative": inputs.get("negative")}
        if "model" in inputs and "conditioning" in inputs:  # BasicGuider
            starts["positive"] = inputs["conditioning"]
        for side, start in starts.items():
            waiting = [start.node] if isinstance(start, PromptLink) else []
            while waiting:
                at = waiting.pop()
                if at in nodes and at not in roles:
                    roles[at] = side
                    waiting += [link.node for link in links_of(nodes[at])]
    return roles
