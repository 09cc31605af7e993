"""What becomes of ComfyUI's conditionings, ControlNets, masks, pictures and LoRAs, node by node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.comfyui.test_translation import changed, translate

from latentgraph.graph.foreign import Imported
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Link, Node
from latentgraph.nodes.comfyui.regions import paired
from latentgraph.nodes.comfyui.values import AreaValue, ConditioningEntry, ConditioningValue


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def of_type(made: Imported, type_name: str) -> list[Node]:
    """The nodes of a type, in their order."""
    assert made.untranslated == ()
    return [one for one in made.workflow.nodes.values() if one.type == type_name]


def inputs_of(made: Imported, type_name: str) -> list[dict[str, Any]]:
    """What the nodes of a type are told, links as the text that a file has."""
    return [
        {
            name: value["from"] if isinstance(value, dict) and "from" in value else value
            for name, value in one.inputs.items()
        }
        for one in of_type(made, type_name)
    ]


def entry(name: str, area: tuple[float, ...] | None = None, strength: float = 1.0) -> ConditioningEntry:
    box = None if area is None else AreaValue(area[0], area[1], area[2], area[3])
    return ConditioningEntry(Link(name, "conditioning"), area=box, strength=strength)


def sides(positive: list[ConditioningEntry], negative: list[ConditioningEntry]) -> tuple[list[Any], list[Any]]:
    """Names and areas of the entries that a sampler is left with."""
    values = [ConditioningValue(tuple(one), "sd1") for one in (positive, negative)]
    one, other = paired(*values)
    return tuple([(e.conditioning.node, e.area and e.area.width, e.strength) for e in side] for side in (one, other))  # type: ignore[return-value]


def test_an_area_of_one_side_gets_a_counterpart_on_the_other() -> None:
    positive, negative = sides([entry("a", (64, 64, 0, 0), 1.5), entry("b")], [entry("n")])
    assert positive == [("a", 64, 1.5), ("b", None, 1.0)]
    assert negative == [("n", None, 1.0), ("n", 64, 1.5)]


def test_the_counterpart_is_of_the_smallest_entry_that_holds_the_area() -> None:
    large, small = entry("large", (256, 256, 0, 0)), entry("small", (128, 128, 0, 0))
    _, negative = sides([entry("a", (64, 64, 32, 32))], [entry("n"), large, small])
    assert negative[3] == ("small", 64, 1.0)
    # What lies in no area of the other side is answered by the text that counts everywhere.
    _, outside = sides([entry("a", (64, 64, 200, 200))], [entry("n"), small])
    assert outside[2] == ("n", 64, 1.0)


def test_an_area_that_both_sides_have_is_left_alone() -> None:
    both = [entry("a", (64, 64, 0, 0))], [entry("n"), entry("m", (64, 64, 0, 0))]
    assert [len(one) for one in sides(*both)] == [1, 2]


def combined(**more: Any) -> dict[str, Any]:
    """The default graph with a second text that counts in an area."""
    return changed(_3={"positive": ["12", 0]}) | {
        "10": node("CLIPTextEncode", text="a blue square", clip=["4", 1]),
        "11": node("ConditioningSetArea", conditioning=["10", 0], width=32, height=64, x=0, y=0, strength=1.5),
        "12": node("ConditioningCombine", conditioning_1=["11", 0], conditioning_2=["6", 0]),
        **more,
    }


def test_texts_in_areas_become_prompts_in_boxes(registry: Registry) -> None:
    made = translate(combined(), registry)
    boxes = [(one.get("box"), one.get("strength")) for one in inputs_of(made, "regional_prompt")]
    assert boxes == [([0, 0, 32, 64], 1.5), (None, None), (None, None), ([0, 0, 32, 64], 1.5)]
    (steered,) = inputs_of(made, "regional_guidance")
    assert steered == {
        "positive": "region_2.regional_prompts",
        "negative": "region_4.regional_prompts",
        "scale": 7.0,
    }


def test_an_area_in_shares_a_mask_and_a_range_of_time_are_told_to_the_prompt(registry: Registry) -> None:
    nodes = combined() | {
        "11": node(
            "ConditioningSetAreaPercentage", conditioning=["13", 0], width=0.5, height=1.0, x=0.5, y=0.0, strength=1.0
        ),
        "13": node("ConditioningSetTimestepRange", conditioning=["14", 0], start=0.25, end=0.75),
        "14": node(
            "ConditioningSetMask", conditioning=["10", 0], mask=["15", 0], strength=0.5, set_cond_area="default"
        ),
        "15": node("LoadImageMask", image="mask.png", channel="red"),
    }
    told = inputs_of(translate(nodes, registry), "regional_prompt")[0]
    assert (told["box"], told["unit"], told["start"], told["end"]) == ([0.5, 0, 0.5, 1], "share", 0.25, 0.75)
    assert told["mask"] == "mask.mask"


def test_texts_are_averaged_joined_and_zeroed(registry: Registry) -> None:
    for class_type, type_name, inputs in (
        ("ConditioningAverage", "mix_conditioning", {"conditioning_to_strength": 0.25}),
        ("ConditioningConcat", "join_conditioning", {}),
    ):
        nodes = combined() | {
            "12": node(class_type, conditioning_to=["6", 0], conditioning_from=["10", 0], **inputs),
        }
        (told,) = inputs_of(translate(nodes, registry), type_name)
        assert {one.rpartition(".")[0] for one in (told["first"], told["second"])} == {"positive", "positive_2"}
    zeroed = translate(
        changed(_3={"negative": ["12", 0]}) | {"12": node("ConditioningZeroOut", conditioning=["7", 0])}, registry
    )
    assert inputs_of(zeroed, "guidance")[0]["negative"] == "nothing.conditioning"


def controlled(class_type: str, **inputs: Any) -> dict[str, Any]:
    """The default graph with a ControlNet."""
    advanced = class_type == "ControlNetApplyAdvanced"
    taken = {"positive": ["6", 0], "negative": ["7", 0]} if advanced else {"conditioning": ["6", 0]}
    sides = {"positive": ["12", 0]} | ({"negative": ["12", 1]} if advanced else {})
    return changed(_3=sides) | {
        "10": node("ControlNetLoader", control_net_name="control_v11p_sd15_scribble.safetensors"),
        "11": node("LoadImage", image="pasted/lines (2).png [input]"),
        "12": node(class_type, control_net=["10", 0], image=["11", 0], **taken, **inputs),
    }


def test_a_controlnet_for_both_sides_is_one_node_and_its_picture_gets_the_size(registry: Registry) -> None:
    made = translate(controlled("ControlNetApplyAdvanced", strength=0.8, start_percent=0.0, end_percent=0.5), registry)
    (told,) = inputs_of(made, "control")
    assert (told["scale"], told["end"], told["image"]) == (0.8, 0.5, "fitted.image")
    assert inputs_of(made, "resize_image") == [
        {"image": "picture.image", "fit": "crop", "method": "nearest-exact", "like": "start.latents"}
    ]
    assert made.workflow.inputs["image"].default == "./pasted/lines (2).png"
    assert made.workflow.inputs["controlnet"].default == "./control_v11p_sd15_scribble.safetensors"


def test_a_controlnet_for_the_prompt_alone_makes_each_side_a_prompt_of_its_own(registry: Registry) -> None:
    made = translate(controlled("ControlNetApply", strength=1.0), registry)
    assert len(of_type(made, "control")) == 1
    assert len(of_type(made, "regional_prompt")) == 2


def test_a_strength_of_nothing_is_no_controlnet(registry: Registry) -> None:
    assert of_type(translate(controlled("ControlNetApplyAdvanced", strength=0.0), registry), "control") == []


@pytest.mark.parametrize(
    ("name", "names", "kind"),
    [
        ("t2iadapter_depth.safetensors", None, "t2i_adapter"),
        ("controlnetT2IAdapter_t2iAdapterDepth.safetensors", None, "t2i_adapter"),
        ("depth.safetensors", None, "controlnet"),
        ("depth.safetensors", ("conv_in.weight", "body.0.block1.weight"), "t2i_adapter"),
        ("t2iadapter.safetensors", ("control_model.input_hint_block.0.weight",), "controlnet"),
    ],
)
def test_an_adapter_is_known_by_its_file_or_else_by_its_name(
    name: str, names: tuple[str, ...] | None, kind: str, registry: Registry, tmp_path: Path
) -> None:
    if names:
        save_file({one: torch.zeros(1) for one in names}, tmp_path / name)
    nodes = controlled("ControlNetApplyAdvanced")
    nodes["10"]["inputs"]["control_net_name"] = name
    made = translate(nodes, registry, tmp_path)
    assert of_type(made, f"load_{kind}")


def test_a_mask_of_a_picture_is_read_where_somebody_takes_it(registry: Registry) -> None:
    nodes = changed(_3={"latent_image": ["11", 0], "denoise": 0.5}) | {
        "10": node("LoadImage", image="photo.png"),
        "11": node("VAEEncode", pixels=["10", 0], vae=["4", 2]),
    }
    assert of_type(translate(nodes, registry), "load_mask") == []
    masked = nodes | {"11": node("VAEEncodeForInpaint", pixels=["10", 0], vae=["4", 2], mask=["10", 1], grow_mask_by=8)}
    made = translate(masked, registry)
    assert inputs_of(made, "load_mask") == [{"path": "inputs.image", "channel": "alpha"}]
    assert inputs_of(made, "grow_mask") == [{"mask": "mask.mask", "pixels": 8}]
    (loop,) = of_type(made, "loop")
    assert {"restore_unmasked", "keep_prediction"} <= {one.type for one in loop.body.values()}
    assert of_type(made, "inpaint_channels") == []


def test_a_model_for_inpainting_sees_what_is_masked(registry: Registry) -> None:
    nodes = changed(_3={"latent_image": ["11", 0]}, _4={"ckpt_name": "sd-v1-5-inpainting.safetensors"}) | {
        "10": node("LoadImage", image="photo.png"),
        "11": node("VAEEncodeForInpaint", pixels=["10", 0], vae=["4", 2], mask=["10", 1], grow_mask_by=6),
    }
    (told,) = inputs_of(translate(nodes, registry), "inpaint_channels")
    assert (told["mask"], told["masked_latents"], told["bilinear"]) == ("grown.mask", "encoded.latents", True)
    conditioned = nodes | {
        "11": node(
            "InpaintModelConditioning", positive=["6", 0], negative=["7", 0], pixels=["10", 0], vae=["4", 2],
            mask=["10", 1], noise_mask=False,
        )
    }  # fmt: skip
    conditioned["3"]["inputs"] |= {"positive": ["11", 0], "negative": ["11", 1], "latent_image": ["11", 2]}
    made = translate(conditioned, registry)
    (told,) = inputs_of(made, "inpaint_channels")
    assert told["masked_latents"] == "masked_latents.latents"
    (loop,) = of_type(made, "loop")
    assert set(loop.body) == {"step"}
    nothing = translate(changed(_4={"ckpt_name": "sd-v1-5-inpainting.safetensors"}), registry)
    assert "nothing is masked" in nothing.untranslated[0].reason


def test_loras_are_put_one_behind_the_other_with_the_strength_of_each(registry: Registry) -> None:
    nodes = changed(_3={"model": ["12", 0]}, _6={"clip": ["11", 1]}, _7={"clip": ["11", 1]}) | {
        "10": node("LoraLoader", model=["4", 0], clip=["4", 1], lora_name="a.safetensors", strength_model=0.9,
                   strength_clip=0.9),
        "11": node("LoraLoader", model=["10", 0], clip=["10", 1], lora_name="b.safetensors", strength_model=0.5,
                   strength_clip=1.0),
        "12": node("LoraLoaderModelOnly", model=["11", 0], lora_name="c.safetensors", strength_model=0.25),
    }  # fmt: skip
    told = inputs_of(translate(nodes, registry), "load_lora")
    assert [(one["scale"], one.get("text_encoder_scale"), one["lora"]) for one in told] == [
        (0.9, None, "inputs.lora"),
        (0.5, 1.0, "inputs.lora_2"),
        (0.25, None, "inputs.lora_3"),
    ]
    assert told[1]["denoiser"] == "with_lora.denoiser"
    assert told[2]["text_encoder"] == "model.text_encoder"


def test_pictures_and_latents_of_other_sizes(registry: Registry) -> None:
    nodes = changed(_9={"images": ["15", 0]}) | {
        "10": node("UpscaleModelLoader", model_name="RealESRGAN_x4.pth"),
        "11": node("ImageUpscaleWithModel", upscale_model=["10", 0], image=["8", 0]),
        "12": node("ImageScale", image=["11", 0], upscale_method="bilinear", width=64, height=32, crop="center"),
        "13": node("ImageScaleBy", image=["12", 0], upscale_method="lanczos", scale_by=0.5),
        "14": node("ImageScaleToTotalPixels", image=["13", 0], upscale_method="area", megapixels=0.25),
        "15": node("ImageInvert", image=["14", 0]),
    }
    made = translate(nodes, registry)
    assert [{k: v for k, v in one.items() if k != "image"} for one in inputs_of(made, "resize_image")] == [
        {"method": "bilinear", "fit": "crop", "height": 32, "width": 64},
        {"method": "lanczos", "factor": 0.5},
        {"method": "area", "megapixels": 0.25},
    ]
    assert made.workflow.inputs["upscale_model"].default == "./RealESRGAN_x4.safetensors"
    assert any("is a pickle" in note for note in made.notes)


def test_pictures_stand_in_the_place_of_a_text_with_the_seed_of_the_sampler(registry: Registry) -> None:
    nodes = changed(_3={"positive": ["13", 0]}, _4={"ckpt_name": "sd_xl_base_1.0.safetensors"}) | {
        "10": node("LoadImage", image="photo.png"),
        "11": node("CLIPVisionLoader", clip_name="clip_vision_g.safetensors"),
        "12": node("CLIPVisionEncode", clip_vision=["11", 0], image=["10", 0], crop="center"),
        "13": node("unCLIPConditioning", conditioning=["6", 0], clip_vision_output=["12", 0], strength=0.75,
                   noise_augmentation=0.1),
    }  # fmt: skip
    made = translate(nodes, registry)
    assert inputs_of(made, "augment_image_prompt") == [
        {
            "prompt": "seen.image_prompt",
            "strength": 0.75,
            "noise_augmentation": 0.1,
            "seed": "inputs.seed",
            "offset": -10,
        }
    ]
    assert inputs_of(made, "guidance")[0]["positive"] == "pictured.conditioning"
    plain = nodes | {"4": node("CheckpointLoaderSimple", ckpt_name="v1-5-pruned.safetensors")}
    assert "are told no picture" in translate(plain, registry).untranslated[0].reason


def test_latents_are_made_larger_laid_over_one_another_and_masked(registry: Registry) -> None:
    nodes = changed(_8={"samples": ["12", 0]}) | {
        "10": node("LatentUpscale", samples=["3", 0], upscale_method="bislerp", width=128, height=64, crop="disabled"),
        "11": node("LatentUpscaleBy", samples=["3", 0], upscale_method="nearest-exact", scale_by=0.5),
        "12": node("LatentComposite", samples_to=["10", 0], samples_from=["11", 0], x=16, y=8, feather=8),
    }
    made = translate(nodes, registry)
    assert [{k: v for k, v in one.items() if k != "latents"} for one in inputs_of(made, "upscale_latents")] == [
        {"method": "bislerp", "height": 64, "width": 128},
        {"method": "nearest-exact", "factor": 0.5},
    ]
    (told,) = inputs_of(made, "composite_latents")
    assert told == {
        "onto": "larger.latents", "latents": "larger_2.latents", "left": 16, "top": 8, "feather": 8,
    }  # fmt: skip


def test_masks_become_pictures_and_pictures_masks_and_room_is_made(registry: Registry) -> None:
    nodes = changed(_9={"images": ["13", 0]}) | {
        "10": node("ImagePadForOutpaint", image=["8", 0], left=8, top=0, right=16, bottom=0, feathering=4),
        "11": node("ImageToMask", image=["14", 0], channel="blue"),
        "12": node("InvertMask", mask=["11", 0]),
        "13": node("MaskToImage", mask=["12", 0]),
        "14": node("Canny", image=["10", 0], low_threshold=0.2, high_threshold=0.7),
    }
    made = translate(nodes, registry)
    assert inputs_of(made, "pad_image") == [
        {"image": "decoded.image", "left": 8, "top": 0, "right": 16, "bottom": 0, "feathering": 4}
    ]
    assert inputs_of(made, "canny_edges") == [{"image": "padded.image", "low_threshold": 0.2, "high_threshold": 0.7}]
    assert inputs_of(made, "image_to_mask") == [{"image": "edges.image", "channel": "blue"}]
    assert inputs_of(made, "mask_to_image") == [{"mask": "inverted.mask"}]
    nodes["11"]["inputs"]["channel"] = "alpha"
    assert "three channels" in translate(nodes, registry).untranslated[0].reason


def test_an_edge_of_nothing_is_told(registry: Registry) -> None:
    nodes = changed(_8={"samples": ["10", 0]}) | {
        "10": node("LatentUpscale", samples=["3", 0], upscale_method="bilinear", width=0, height=64, crop="disabled"),
    }
    assert "keeps the picture's shape" in translate(nodes, registry).untranslated[0].reason
    nodes["10"]["inputs"]["height"] = 0
    assert of_type(translate(nodes, registry), "upscale_latents") == []
