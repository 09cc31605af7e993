"""From ComfyUI's graph to ours: what becomes of the default one, and of what cannot be translated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from latentgraph.graph.foreign import Imported, ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.nodes.comfyui.naming import name_of
from latentgraph.nodes.comfyui.reading import read_prompt
from latentgraph.nodes.comfyui.translation import translate_prompt

DEFAULT: dict[str, Any] = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned-emaonly.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (red:1.3) circle", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5, "steps": 4, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
}  # fmt: skip


def translate(nodes: dict[str, Any], registry: Registry, folder: Path = Path("/nowhere")) -> Imported:
    return translate_prompt(read_prompt(json.dumps(nodes).encode(), "w.json"), ImportOptions(folder, registry))


def changed(**inputs: dict[str, Any]) -> dict[str, Any]:
    """The default graph with other inputs, by the id of a node behind an underscore."""
    nodes: dict[str, Any] = json.loads(json.dumps(DEFAULT))
    for key, new in inputs.items():
        nodes[key[1:]]["inputs"] |= new
    return nodes


def test_the_default_graph_becomes_one_node_a_stage_with_an_open_loop(registry: Registry) -> None:
    made = translate(DEFAULT, registry)
    assert made.untranslated == ()
    workflow = made.workflow
    assert {name: node.type for name, node in workflow.nodes.items()} == {
        "model": "load_model",
        "positive": "encode_weighted",
        "negative": "encode_weighted",
        "scheduler": "configure_scheduler",
        "schedule": "schedule_sigmas",
        "random": "random_state",
        "noise": "draw_noise",
        "start": "make_latents",
        "guidance": "guidance",
        "denoise": "loop",
        "decoded": "decode",
    }
    assert {name: one.type for name, one in workflow.nodes["denoise"].body.items()} == {"step": "denoise_step"}
    assert {name: one.default for name, one in workflow.inputs.items()} == {
        "checkpoint": "./v1-5-pruned-emaonly.safetensors",
        "prompt": "a (red:1.3) circle",
        "negative_prompt": "text, watermark",
        "seed": 5,
    }
    assert {name: one.source for name, one in workflow.outputs.items()} == {"image": "decoded.image"}


def test_what_is_not_known_stays_muted_and_so_does_what_takes_from_it(registry: Registry) -> None:
    nodes = changed() | {"10": {"class_type": "Sharpen", "inputs": {"image": ["8", 0], "amount": 2}}}
    nodes["9"]["inputs"]["images"] = ["10", 0]
    made = translate(nodes, registry)
    assert [(one.place, one.node, one.reason) for one in made.untranslated] == [
        ("node 10", "Sharpen", "latentgraph has nothing for Sharpen"),
        ("node 9", "SaveImage", "it needs Sharpen (node 10), which is not translated"),
    ]
    kept = made.workflow.nodes["sharpen"]
    assert (kept.type, kept.disabled, kept.inputs) == ("comfyui.Sharpen", "mute", {"amount": 2})
    assert made.workflow.outputs == {}


def test_a_circle_is_told_and_not_followed(registry: Registry) -> None:
    nodes = {
        "1": {"class_type": "LatentUpscale", "inputs": {"samples": ["2", 0]}},
        "2": {"class_type": "LatentUpscale", "inputs": {"samples": ["1", 0]}},
        "3": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}},
    }
    made = translate(nodes, registry)
    assert "it takes something from itself, by way of others" in {one.reason for one in made.untranslated}
    assert {one.place for one in made.untranslated} == {f"node {number}" for number in (1, 2, 3, 4)}


def test_a_chain_of_thousands_is_no_matter_of_depth(registry: Registry) -> None:
    nodes = {str(n): {"class_type": "Passing", "inputs": {"x": [str(n + 1), 0]}} for n in range(5000)}
    assert len(translate(nodes, registry).untranslated) == 5000


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Positive Prompt", "positive_prompt"),
        ("VAEDecode", "vae_decode"),
        ("2nd pass", ""),
        ("inputs", ""),
        ("CLIP Text Encode (Positive Prompt), in a word: what it shows", ""),
        ("", ""),
    ],
)
def test_a_title_makes_a_name_where_it_is_short_and_a_name(title: str, name: str) -> None:
    assert name_of(title) == name


def test_what_leads_to_no_picture_is_translated_or_named_all_the_same() -> None:
    registry = Registry.load()
    unsaved = {name: node for name, node in DEFAULT.items() if name not in ("8", "9")}
    ended = translate(unsaved, registry)
    assert (ended.untranslated, "denoise" in ended.workflow.nodes) == ((), True)
    unsaved["3"] = {**unsaved["3"], "inputs": {**unsaved["3"]["inputs"], "steps": "many"}}
    assert [one.node for one in translate(unsaved, registry).untranslated] == ["KSampler"]
