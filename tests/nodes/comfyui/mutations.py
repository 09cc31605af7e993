"""Files of other programs with something done to them, by number: truncated, of wrong types, huge, cyclic, deep."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.nodes.comfyui.pictures import png
from tests.nodes.comfyui.templates import api_of, graphs_of, template_workflows

PARAMETERS = """a (red:1.3) cat, [blue:green:0.4] <lora:fluffy:0.6> on a mat
Negative prompt: blurry, bad hands
Steps: 24, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, Model: dream_8, Clip skip: 2, \
Denoising strength: 0.6, Hires upscale: 2, Hires upscaler: Latent, ControlNet 0: "Module: canny, Weight: 1" """
METADATA: dict[str, Any] = {
    "positive_prompt": "a (red)1.2 cat++", "negative_prompt": "blurry", "width": 512, "height": 640, "seed": 7,
    "cfg_scale": 6, "steps": 25, "scheduler": "dpmpp_2m_k", "clip_skip": 1, "init_image": "a.png", "strength": 0.4,
    "model": {"name": "dreamshaper-8", "base": "sd-1"}, "loras": [{"model": {"name": "fluffy"}, "weight": 0.5}],
}  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 4, 3.5, -1e300, 10**30, 2**63, "", "x", "0", "-10", "\0", "\ud800", "é" * 50,
    "x" * 100_000, [], {}, [1], ["3", 0], ["3", -1], [[]], {"__value__": [1, 2]}, {"class_type": 5}, {"name": None},
    "KSampler", "Reroute", "PrimitiveNode", "LoadImage", [0] * 5000,
]  # fmt: skip
_WORDS = ("(" * 500, "<lora:", "nan", "1e9", '"', "[a:b", "-" * 300)
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-0.0")


@cache
def originals() -> tuple[dict[str, Any], ...]:
    """The smaller workflows of the templates, in turn in the editor format and in the API format."""
    made: list[dict[str, Any]] = []
    for path in template_workflows():
        text = path.read_text("utf-8")
        if len(text) < 60_000:
            workflow = json.loads(text)
            made += [workflow, api_of(workflow)]
    return tuple(made)


def mutated(number: int) -> bytes:
    """The file of a number, always the same."""
    draw = random.Random(number)
    data = copy.deepcopy(draw.choice(originals()))
    for _ in range(draw.choice((1, 1, 2, 5))):
        draw.choice(_CHANGES)(data, draw)
    text = _written(data)
    if draw.random() < 0.1:
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(NUMBERS) + text[at:]
    if draw.random() < 0.2:
        text = text.replace(": 1,", f": {draw.choice(NUMBERS)},", draw.choice((1, 1000)))
    raw = _in_a_picture(text, draw) if draw.random() < 0.2 else text.encode("utf-8", "surrogatepass")
    if draw.random() < 0.15:
        raw = raw[: draw.randrange(len(raw) + 1)]
    if draw.random() < 0.15:
        torn = bytearray(raw or b"{")
        for _ in range(draw.choice((1, 3, 30))):
            torn[draw.randrange(len(torn))] = draw.randrange(256)
        raw = bytes(torn)
    return raw


def _written(data: Any) -> str:
    try:
        return json.dumps(data)
    except RecursionError:
        return "[" * 3000 + "]" * 3000


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except RecursionError:
        return None


def _in_a_picture(text: str, draw: random.Random) -> bytes:
    texts: dict[str, Any] = draw.choice(
        (
            {"prompt": text},
            {"workflow": text, "prompt": "{"},
            {"parameters": _words_moved(PARAMETERS, draw)},
            {"invokeai_metadata": {**METADATA, draw.choice(list(METADATA)): draw.choice(VALUES)}},
            {"sd-metadata": {"image": {"prompt": draw.choice(VALUES), "seed": draw.choice(VALUES)}}},
            {"Dream": _words_moved('"a cat [blurry]" -s 30 -S3 -W512 -H512 -C7.5 -A k_euler_a', draw)},
        )
    )
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in texts.items()}
    return png(texts, draw.choice((b"tEXt", b"zTXt", b"iTXt")))


def _words_moved(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    for _ in range(draw.choice((0, 1, 5, 40))):
        words[draw.randrange(len(words))] = draw.choice(
            (*words, "(" * 500, "<lora:", "nan", "1e9", '"', "[a:b", "-" * 300)
        )
    return " ".join(words)


def _holders(data: Any) -> list[Any]:
    """Every object and list in the data that holds something."""
    found, pending = [], [data]
    while pending:
        one = pending.pop()
        if isinstance(one, (dict, list)) and one:
            found.append(one)
            pending += one.values() if isinstance(one, dict) else one
    return found


def _spot(data: Any, draw: random.Random) -> tuple[Any, Any]:
    holder = draw.choice(_holders(data))
    return holder, draw.choice(list(holder)) if isinstance(holder, dict) else draw.randrange(len(holder))


def _replace(data: Any, draw: random.Random) -> None:
    holder, key = _spot(data, draw)
    holder[key] = copy.deepcopy(draw.choice(VALUES))


def _remove(data: Any, draw: random.Random) -> None:
    holder, key = _spot(data, draw)
    if len(holder) > 1:
        del holder[key]


def _repeat(data: Any, draw: random.Random) -> None:
    lists = [one for one in _holders(data) if isinstance(one, list)]
    if lists:
        holder = draw.choice(lists)
        holder.append(_copied(draw.choice(holder)))


def _swap(data: Any, draw: random.Random) -> None:
    (first, one), (second, other) = _spot(data, draw), _spot(data, draw)
    value = first[one]
    first[one] = _copied(second[other])
    if not isinstance(value, (dict, list)):
        second[other] = value


def _nest(data: Any, draw: random.Random) -> None:
    holder, key = _spot(data, draw)
    value: Any = draw.choice(VALUES)
    for _ in range(draw.choice((3, 90, 110, 500))):
        value = [value] if draw.random() < 0.5 else {"nodes": value}
    holder[key] = value


def _rewire(data: Any, draw: random.Random) -> None:
    """Links that go to other nodes, to themselves, or to outputs that no node has."""
    ids: list[Any] = []
    links: list[Any] = []
    for graph in graphs_of(data) if "nodes" in data else ():
        if isinstance(graph, dict) and isinstance(graph.get("nodes"), list) and isinstance(graph.get("links"), list):
            ids += [one["id"] for one in graph["nodes"] if isinstance(one, dict) and "id" in one]
            links += [one for one in graph["links"] if isinstance(one, list) and len(one) > 4]
    for node in data.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        if isinstance(inputs, dict):
            links += [one for one in inputs.values() if isinstance(one, list) and len(one) == 2]
    ids = ids or list(data)
    for link in draw.sample(links, min(len(links), draw.choice((1, 3, 50)))):
        origin = 1 if len(link) > 2 else 0
        link[origin], link[origin + 1] = draw.choice(ids), draw.choice((0, 0, 0, 1, 2, -1, 99))


def _contain(data: Any, draw: random.Random) -> None:
    """Subgraphs in subgraphs, themselves included."""
    definitions = data.get("definitions") if "nodes" in data else None
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    known = [one for one in subgraphs if isinstance(one, dict) and "id" in one] if isinstance(subgraphs, list) else []
    if not known and "nodes" in data:
        body = {key: _copied(value) for key, value in data.items() if key in ("nodes", "links")}
        known = [{**body, "id": f"sub-{index}", "name": f"sub {index}"} for index in range(draw.choice((1, 8)))]
        data["definitions"] = {"subgraphs": known}
    for graph in (data, *known):
        nodes = graph.get("nodes")
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict) and draw.random() < 0.5:
                node["type"] = draw.choice(known)["id"]


def _disable(data: Any, draw: random.Random) -> None:
    nodes = data.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and draw.random() < 0.4:
            node["mode"] = draw.choice((0, 2, 4, 4, 7, "4"))


def _grow(data: Any, draw: random.Random) -> None:
    """Many more nodes, in a chain of reroutes or each for itself."""
    count = draw.choice((50, 500, 3000))
    nodes = data.get("nodes")
    if isinstance(nodes, list) and isinstance(data.get("links"), list):
        for index in range(count):
            slot = {"name": "", "type": "*", "link": f"r{index}"}
            nodes.append({"id": f"n{index}", "type": draw.choice(("Reroute", "Reroute", "VAEDecode")), "mode": 0,
                          "inputs": [slot], "outputs": [{"name": "", "type": "*"}]})  # fmt: skip
            data["links"].append([f"r{index}", f"n{(index + 1) % count}", 0, f"n{index}", 0, "*"])
    elif "nodes" not in data:
        for index in range(count):
            kind = draw.choice(("StringConcatenate", "ComfySwitchNode", "LatentUpscaleBy", "Reroute"))
            source = [f"n{index + 1}", 0]
            inputs = {"string_a": source, "string_b": source, "samples": source, "switch": True, "on_true": source}
            data[f"n{index}"] = {"class_type": kind, "inputs": inputs}


_CHANGES: tuple[Callable[[Any, random.Random], None], ...] = (
    _replace, _replace, _replace, _remove, _remove, _repeat, _swap, _nest, _rewire, _rewire, _contain, _disable, _grow,
)  # fmt: skip
