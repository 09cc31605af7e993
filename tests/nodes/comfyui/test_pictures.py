"""What pictures of ComfyUI, AUTOMATIC1111 and InvokeAI say of themselves, in ComfyUI's nodes."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from tests.nodes.comfyui.editor_files import graph, node
from tests.nodes.comfyui.pictures import PNG, chunk, png, with_exif

from latentgraph.graph.errors import WorkflowError
from latentgraph.nodes.comfyui.automatic1111 import is_automatic1111, read_automatic1111
from latentgraph.nodes.comfyui.invokeai import comfyui_weights, is_invokeai, read_invokeai
from latentgraph.nodes.comfyui.picture_texts import picture_texts
from latentgraph.nodes.comfyui.prompt import Prompt, PromptLink, PromptNode
from latentgraph.nodes.comfyui.reading import is_comfyui, read_prompt

API = {"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}
EDITOR = graph([node(8, "VAEDecode"), node(9, "Note", ["Look."])], [])


def classes(prompt: Prompt) -> list[str]:
    return [one.class_type for one in prompt.nodes.values()]


def only(prompt: Prompt, class_type: str) -> PromptNode:
    (found,) = [one for one in prompt.nodes.values() if one.class_type == class_type]
    return found


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_a_picture_of_comfyui_is_read_from_what_was_run(kind: bytes) -> None:
    picture = png({"prompt": API, "workflow": EDITOR}, kind)
    assert is_comfyui(picture)
    assert not is_automatic1111(picture)
    prompt = read_prompt(picture, "a.png")
    assert list(prompt.nodes) == ["3"]
    assert prompt.notes == ("read from the picture's 'prompt', which is what was run",)
    assert prompt.description == "Look."


def test_a_picture_whose_prompt_is_broken_is_read_from_its_graph() -> None:
    prompt = read_prompt(png({"prompt": "{", "workflow": EDITOR}), "a.png")
    assert list(prompt.nodes) == ["8"]
    assert prompt.notes == ("read from the picture's 'workflow', which is the graph that stood in the editor",)


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
def test_a_picture_of_comfyui_may_be_of_another_format(form: str) -> None:
    texts = {0x0110: 'prompt:{"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}'}
    assert list(read_prompt(with_exif(form, texts), "a").nodes) == ["3"]


def test_a_chunk_that_grows_beyond_all_bounds_is_not_read() -> None:
    bomb = zlib.compress(b"a" * 100_000_000)
    assert picture_texts(PNG + chunk(b"zTXt", b"prompt\0\0" + bomb)) == {}


def test_a_truncated_picture_gives_what_is_whole() -> None:
    picture = png({"prompt": API, "workflow": EDITOR})
    assert all(set(picture_texts(picture[:end])) <= {"prompt", "workflow"} for end in range(0, len(picture), 7))
    assert picture_texts(b"RIFF\0\0\0\0WEBPEXIF\xff\xff\xff\xffII*\0\xff\xff\xff\x7f") == {}
    assert picture_texts(b"\xff\xd8\xff\xe1\x00\x10Exif\0\0MM\0*" + struct.pack(">I", 8)) == {}


PARAMETERS = """a (red:1.3) cat, [blue] <lora:fluffy:0.6> on a mat
second line
Negative prompt: blurry, bad
hands
Steps: 24, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, Model hash: abcdef, \
Model: dream_8, VAE: fine.safetensors, Clip skip: 2, Version: v1.6.0"""


def test_a_picture_of_automatic1111_becomes_the_nodes_that_make_it() -> None:
    picture = png({"parameters": PARAMETERS})
    assert is_automatic1111(picture)
    prompt = read_automatic1111(picture, "a.png")
    assert classes(prompt) == [
        "CheckpointLoaderSimple", "LoraLoader", "CLIPSetLastLayer", "VAELoader", "CLIPTextEncode", "CLIPTextEncode",
        "EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage",
    ]  # fmt: skip
    assert only(prompt, "CheckpointLoaderSimple").inputs == {"ckpt_name": "dream_8.safetensors"}
    assert only(prompt, "LoraLoader").inputs["lora_name"] == "fluffy.safetensors"
    assert only(prompt, "LoraLoader").inputs["strength_model"] == 0.6
    assert only(prompt, "CLIPSetLastLayer").inputs["stop_at_clip_layer"] == -2
    sampler = only(prompt, "KSampler").inputs
    assert {name: value for name, value in sampler.items() if not isinstance(value, PromptLink)} == {
        "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "seed": 1234567890, "steps": 24, "denoise": 1.0,
    }  # fmt: skip
    positive, negative = sampler["positive"], sampler["negative"]
    assert isinstance(positive, PromptLink)
    assert isinstance(negative, PromptLink)
    assert prompt.nodes[positive.node].inputs["text"] == "a (red:1.3) cat, [blue] on a mat\nsecond line"
    assert prompt.nodes[positive.node].notation == "automatic1111"
    assert prompt.nodes[negative.node].inputs["text"] == "blurry, bad\nhands"
    assert only(prompt, "EmptyLatentImage").inputs == {"width": 512, "height": 768, "batch_size": 1}
    assert prompt.left_out == ()


def test_the_text_alone_is_read_too() -> None:
    assert is_automatic1111(PARAMETERS.encode())
    assert len(read_automatic1111(PARAMETERS.encode(), "a.txt").nodes) == 10


@pytest.mark.parametrize(("form", "order"), [("WEBP", "be"), ("JPEG", "be"), ("JPEG", "le")])
def test_a_comment_in_exif_is_read_as_the_text(form: str, order: str) -> None:
    prompt = read_automatic1111(with_exif(form, {}, PARAMETERS, order), "a")
    assert only(prompt, "KSampler").inputs["steps"] == 24


def read_values(values: str, positive: str = "a cat") -> Prompt:
    return read_automatic1111(f"{positive}\nSteps: 20, {values}".encode(), "a.txt")


@pytest.mark.parametrize(
    ("values", "sampler", "scheduler"),
    [
        ("Sampler: Euler a", "euler_ancestral", "normal"),
        ("Sampler: Euler, Schedule type: Automatic", "euler", "normal"),
        ("Sampler: DPM++ 2M, Schedule type: Automatic", "dpmpp_2m", "karras"),
        ("Sampler: DPM++ 2M SDE, Schedule type: Automatic", "dpmpp_2m_sde", "exponential"),
        ("Sampler: DPM++ SDE, Schedule type: SGM Uniform", "dpmpp_sde", "sgm_uniform"),
        ("Sampler: DPM++ 3M SDE Exponential", "dpmpp_3m_sde", "exponential"),
        ("Sampler: DPM++ 2M", "dpmpp_2m", "normal"),
        ("Sampler: DDIM", "ddim", "ddim_uniform"),
        ("Sampler: UniPC, Schedule type: Beta", "uni_pc", "beta"),
    ],
)
def test_its_samplers_and_schedules_have_other_names(values: str, sampler: str, scheduler: str) -> None:
    inputs = only(read_values(values), "KSampler").inputs
    assert (inputs["sampler_name"], inputs["scheduler"]) == (sampler, scheduler)


def test_a_sampler_that_comfyui_lacks_is_left_out_by_name() -> None:
    prompt = read_values("Sampler: PLMS, Schedule type: Align Your Steps")
    assert [one.node.class_type for one in prompt.left_out] == ["sampler PLMS", "schedule Align Your Steps"]
    assert only(prompt, "KSampler").inputs["sampler_name"] == "euler"


def test_a_second_pass_in_latents_is_a_second_sampler() -> None:
    prompt = read_values("Size: 512x512, Denoising strength: 0.6, Hires upscale: 1.5, Hires steps: 12, "
                         "Hires upscaler: Latent (nearest-exact), Seed: 3")  # fmt: skip
    larger = only(prompt, "LatentUpscale")
    assert (larger.inputs["width"], larger.inputs["height"], larger.inputs["upscale_method"]) == (
        768, 768, "nearest-exact",
    )  # fmt: skip
    first, second = (one for one in prompt.nodes.values() if one.class_type == "KSampler")
    assert (first.inputs["steps"], first.inputs["denoise"]) == (20, 1.0)
    assert (second.inputs["steps"], second.inputs["denoise"], second.inputs["seed"]) == (12, 0.6, 3)


def test_a_second_pass_by_a_network_goes_through_the_picture() -> None:
    prompt = read_values("Denoising strength: 0.3, Hires resize: 1000x1000, Hires upscaler: R-ESRGAN 4x+, "
                         'Hires prompt: "a dog, running"')  # fmt: skip
    assert only(prompt, "UpscaleModelLoader").inputs == {"model_name": "R-ESRGAN 4x+.pth"}
    assert only(prompt, "ImageScale").inputs["width"] == 1000
    assert [one.inputs["text"] for one in prompt.nodes.values() if one.title == "second positive"] == ["a dog, running"]
    assert len([one for one in classes(prompt) if one == "VAEDecode"]) == 2


def test_image_to_image_begins_inside_the_schedule_of_all_steps() -> None:
    prompt = read_values("Denoising strength: 0.5, Size: 512x512")
    sampler = only(prompt, "KSamplerAdvanced").inputs
    # It makes int(0.5 * 20) + 1 of the 20 steps.
    assert (sampler["steps"], sampler["start_at_step"], sampler["add_noise"]) == (20, 9, "enable")
    assert only(prompt, "LoadImage").inputs == {"image": "image.png"}


def test_what_has_no_counterpart_is_left_out_by_name() -> None:
    values = 'ControlNet 0: "Module: canny, Model: control_v11, Weight: 1", ADetailer model: face.pt, ENSD: 31337'
    prompt = read_values(values, positive="a [cat:dog:0.5] <hypernet:old:1>")
    assert [one.node.class_type for one in prompt.left_out] == [
        "hypernetwork old", "prompt editing", "controlnet 0", "adetailer model",
    ]  # fmt: skip


def test_textual_inversions_are_called_as_comfyui_calls_them() -> None:
    prompt = read_values('TI hashes: "easynegative: c74b4e810b03"', positive="EasyX, easynegative")
    texts = [one.inputs["text"] for one in prompt.nodes.values() if one.class_type == "CLIPTextEncode"]
    assert texts == ["EasyX, embedding:easynegative", ""]


METADATA: dict[str, Any] = {
    "app_version": "4.2.8", "generation_mode": "txt2img", "positive_prompt": "a (red)1.2 cat",
    "negative_prompt": "blurry++", "width": 512, "height": 640, "seed": 7, "cfg_scale": 6, "steps": 25,
    "scheduler": "dpmpp_2m_k", "clip_skip": 1,
    "model": {"key": "x", "hash": "y", "name": "dreamshaper-8", "base": "sd-1", "type": "main"},
    "loras": [{"model": {"name": "fluffy"}, "weight": 0.5}],
}  # fmt: skip


def test_a_picture_of_invokeai_becomes_the_nodes_that_make_it() -> None:
    picture = png({"invokeai_metadata": METADATA, "invokeai_graph": {}})
    assert is_invokeai(picture)
    assert not is_comfyui(picture)
    prompt = read_invokeai(picture, "a.png")
    sampler = only(prompt, "KSampler").inputs
    assert (sampler["sampler_name"], sampler["scheduler"], sampler["steps"], sampler["seed"]) == (
        "dpmpp_2m", "karras", 25, 7,
    )  # fmt: skip
    texts = [one.inputs["text"] for one in prompt.nodes.values() if one.class_type == "CLIPTextEncode"]
    assert texts == ["a (red:1.2) cat", "(blurry:1.21)"]
    assert only(prompt, "CheckpointLoaderSimple").inputs == {"ckpt_name": "dreamshaper-8.safetensors"}
    assert only(prompt, "LoraLoader").inputs["strength_model"] == 0.5
    assert only(prompt, "CLIPSetLastLayer").inputs["stop_at_clip_layer"] == -2
    assert prompt.left_out == ()


def test_image_to_image_and_what_has_no_counterpart_are_told() -> None:
    more = {"init_image": "a/b.png", "strength": 0.4, "controlnets": [{}], "generation_mode": "img2img"}
    prompt = read_invokeai(png({"invokeai_metadata": METADATA | more}), "a.png")
    assert only(prompt, "LoadImage").inputs == {"image": "b.png"}
    assert only(prompt, "KSamplerAdvanced").inputs["start_at_step"] == 15
    assert [one.node.class_type for one in prompt.left_out] == ["a ControlNet"]


def test_older_pictures_of_invokeai_are_read_too() -> None:
    image = {"prompt": [{"prompt": "a cat [blurry]", "weight": 1}], "steps": 30, "cfg_scale": 7.5, "width": 512,
             "height": 512, "seed": 3, "sampler": "k_euler_a", "type": "txt2img"}  # fmt: skip
    old = {"model": "stable diffusion", "model_weights": "stable-diffusion-1.5", "image": image}
    dream = '"a cat [blurry]" -s 30 -S3 -W512 -H512 -C7.5 -A k_euler_a'
    for prompt in (read_invokeai(png({"sd-metadata": old}), "a"), read_invokeai(png({"Dream": dream}), "a")):
        inputs = only(prompt, "KSampler").inputs
        assert (inputs["sampler_name"], inputs["steps"], inputs["seed"]) == ("euler_ancestral", 30, 3)
        texts = [one.inputs["text"] for one in prompt.nodes.values() if one.class_type == "CLIPTextEncode"]
        assert texts == ["a cat", "blurry"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a cat", "a cat"),
        ("a cat++ there", "a (cat:1.21) there"),
        ("(two words)-", "(two words:0.9)"),
        ("(one)1.5, well-known", "(one:1.5), well-known"),
        ("(no weight) here", "no weight here"),
    ],
)
def test_weights_of_invokeai_are_written_as_comfyuis(text: str, written: str) -> None:
    assert comfyui_weights(text) == written


def test_broken_metadata_is_refused_in_a_sentence() -> None:
    with pytest.raises(WorkflowError, match="its 'invokeai_metadata' is not what InvokeAI writes"):
        read_invokeai(png({"invokeai_metadata": [1]}), "a.png")
