"""Image prompts: what is said of wrong ones, of wrong files and parts; and their scale costs no module."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.parity_cases import PROMPT
from tests.nodes.tiny import edit_json
from tests.nodes.tiny_ip_adapter import PROJECTED, WIDTH, build_ip_adapters

from latentgraph.graph.check import check
from latentgraph.graph.context import RunContext
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import (
    add_image_prompt,
    crop_for_encoder,
    encode_image_prompt,
    guidance,
    load_image_encoder,
    load_image_prompt,
    load_ip_adapter,
    load_model,
)
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.image import read_image
from latentgraph.nodes.image_prompt import binary_masks
from latentgraph.nodes.ip_adapter import image_embeds, image_masks
from latentgraph.nodes.value_details import guidance_rows, handle_rows, image_prompt_rows, ip_adapter_rows
from latentgraph.nodes.values import Conditioning, Guidance, ImagePrompt, IPAdapter, Mask

library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))


@pytest.fixture(scope="module")
def adapters(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ip_adapters")
    build_ip_adapters(folder, library.UNet2DConditionModel.from_pretrained(tiny_folder / "unet"))
    return folder


def values(model: Path, adapters: Path, **others: Any) -> dict[str, Any]:
    own = {
        "model": str(model),
        "ip_adapter": str(adapters / "plain.safetensors"),
        "image_encoder": str(adapters / "image_encoder"),
        "ip_adapter_image": str(adapters / "wide.png"),
        "prompt": PROMPT,
        "num_inference_steps": 2,
    }
    return own | others


def problems(given: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the check says of the shipped workflow: code, node, port, sentence."""
    found = check(read_document(FOLDER / "ip_adapter.json"), Registry.load(), given).errors
    return [(one.code, one.node, one.port, one.message) for one in found]


def ran(engine: Engine, given: dict[str, Any], **links: tuple[str, str, Any]) -> Any:
    """The shipped workflow with some inputs of its nodes written anew: node, port, what stands there."""
    content = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))
    for node, port, written in links.values():
        content["nodes"][node]["inputs"][port] = written
    return engine.run(parse_document(json.dumps(content).encode(), "w.json"), given).result().values


def text_guidance(scale: float = 7.5, rows: int = 1) -> Guidance:
    side = Conditioning(torch.randn(rows, 77, 32))
    return guidance(side, side, scale)


@pytest.mark.parametrize("kind", ["plain", "plus", "full"])
def test_the_check_finds_nothing_in_whole_files(kind: str, tiny_folder: Path, adapters: Path) -> None:
    given = values(tiny_folder, adapters, ip_adapter=str(adapters / f"{kind}.safetensors"))
    assert problems(given) == []


def test_what_is_no_ip_adapter_is_found_by_the_check(tiny_folder: Path, adapters: Path, tmp_path: Path) -> None:
    def said(path: Path) -> str:
        code, node, _, message = problems(values(tiny_folder, adapters, ip_adapter=str(path)))[0]
        assert (code, node) == ("E115", "adapted")
        return message.replace(str(path), path.name)

    def written(name: str, **tensors: tuple[int, ...]) -> Path:
        path = tmp_path / f"{name}.safetensors"
        save_file({key.replace("__", "."): torch.zeros(shape) for key, shape in tensors.items()}, path)
        return path

    pickle = tmp_path / "ip-adapter_sd15.bin"
    pickle.write_bytes(b"")
    assert "is a pickle" in said(pickle)
    assert "is no IP-Adapter" in said(tiny_folder)
    assert "there is no" in said(tmp_path / "nothing.safetensors")
    other = written("lora", unet__lora_A__weight=(4, 4))
    assert "has no tensors that begin with image_proj. or ip_adapter." in said(other)
    half = written("half", image_proj__proj__weight=(128, 24))
    assert "has no tensors that begin with ip_adapter." in said(half)
    attention = {"ip_adapter__1__to_k_ip__weight": (64, 32), "ip_adapter__1__to_v_ip__weight": (64, 32)}
    face = written("face", image_proj__proj__0__weight=(64, 512), image_proj__norm__weight=(32,), **attention)
    assert "is an IP-Adapter FaceID, which reads what a face recogniser tells" in said(face)
    strange = written("strange", image_proj__other=(3,), **attention)
    assert "is an IP-Adapter of an unknown kind" in said(strange)
    flux = written("flux", image_proj__proj__weight=(128, 24), ip_adapter__double_blocks__weight=(4, 4))
    assert "is no IP-Adapter for a UNet: it has no ip_adapter.1.to_k_ip.weight" in said(flux)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((adapters / "plain.safetensors").read_bytes()[:-100])
    assert "is cut short" in said(cut)


def test_what_is_no_image_encoder_is_found_by_the_check(tiny_folder: Path, adapters: Path, tmp_path: Path) -> None:
    def said(path: Path) -> str:
        code, node, _, message = problems(values(tiny_folder, adapters, image_encoder=str(path)))[0]
        assert (code, node) == ("E115", "image_encoder")
        return message.replace(str(path), path.name)

    assert "is no image encoder: it has no config.json" in said(tiny_folder)
    assert "is no image encoder: its class is CLIPTextModel" in said(tiny_folder / "text_encoder")
    assert "is no image encoder: its class is not told" in said(tiny_folder / "unet")
    assert "is a file, and no image encoder in a layout that is known" in said(adapters / "plain.safetensors")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    shutil.copy(adapters / "image_encoder" / "config.json", pickled)
    (pickled / "pytorch_model.bin").write_bytes(b"")
    assert "pickle" in said(pickled)


def test_an_ip_adapter_of_another_family_is_found_by_the_check(
    tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    tensors = load_file(adapters / "plain.safetensors")
    wide = {name: torch.zeros(len(one), 2048) if "to_" in name else one for name, one in tensors.items()}
    save_file(wide, tmp_path / "xl.safetensors")
    found = problems(values(tiny_folder, adapters, ip_adapter=str(tmp_path / "xl.safetensors")))
    assert [one[:3] for one in found][:1] == [("E109", "adapted", "")]
    assert found[0][3] == "what it reads is for family sdxl, what it is given is of family sd1"


def test_an_ip_adapter_of_another_width_is_told_at_the_node(
    engine: Engine, shapes_folder: Path, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    with pytest.raises(NodeFailedError, match=r"adapted.*reads embeddings of 32 numbers, and this one reads 96"):
        ran(engine, values(shapes_folder, adapters))
    tensors = load_file(adapters / "plain.safetensors")
    deep = {name: torch.zeros(99, 32) if "to_" in name else one for name, one in tensors.items()}
    save_file(deep, tmp_path / "deep.safetensors")
    with pytest.raises(NodeFailedError, match=r"states of 99 numbers, and this one has 32, 64: it was made for an"):
        ran(engine, values(tiny_folder, adapters, ip_adapter=str(tmp_path / "deep.safetensors")))
    lacking = {name: one for name, one in tensors.items() if not name.startswith("ip_adapter.5.")}
    save_file(lacking, tmp_path / "lacking.safetensors")
    with pytest.raises(NodeFailedError, match=r"adds to 5 cross-attentions, and the denoiser has 6: it was made"):
        ran(engine, values(tiny_folder, adapters, ip_adapter=str(tmp_path / "lacking.safetensors")))
    half = {name: one for name, one in tensors.items() if name != "image_proj.norm.bias"}
    save_file(half, tmp_path / "half.safetensors")
    with pytest.raises(NodeFailedError, match=r"the IP-Adapter 'half\.safetensors' does not fit the denoiser: Error"):
        ran(engine, values(tiny_folder, adapters, ip_adapter=str(tmp_path / "half.safetensors")))
    edit = tmp_path / "other_encoder"
    shutil.copytree(adapters / "image_encoder", edit)
    edit_json(edit / "config.json", projection_dim=48)
    with pytest.raises(NodeFailedError, match=r"'plain' reads 24 numbers, and the image encoder gives 48; take"):
        ran(engine, values(tiny_folder, adapters, image_encoder=str(edit)))


def test_a_denoiser_and_a_guidance_that_do_not_belong_together_are_told(
    engine: Engine, tiny_folder: Path, adapters: Path
) -> None:
    denoiser = load_model(str(tiny_folder)).denoiser
    adapted = load_ip_adapter(denoiser, str(adapters / "plain.safetensors")).denoiser
    told = add_image_prompt(text_guidance(), ImagePrompt(torch.randn(1, 24), torch.zeros(1, 24)))
    with pytest.raises(ValueError, match=r"the denoiser has no IP-Adapter; link the denoiser that `load_ip_adapter`"):
        image_embeds(loaded(denoiser), told, 2)
    with pytest.raises(ValueError, match=r"has IP-Adapters: 1, and the guidance image prompts: 0; give it one for"):
        image_embeds(loaded(adapted), text_guidance(), 2)
    with pytest.raises(NodeFailedError, match=r"the scale by blocks does not fit the denoiser: "):
        ran(engine, values(tiny_folder, adapters), blocks=("steering", "blocks", {"up": {"block_0": [0, 1]}}))


@pytest.mark.parametrize("inpainting", [False, True], ids=["latents alone", "with a mask"])
def test_the_check_finds_a_guidance_or_a_denoiser_without_the_other(
    inpainting: bool, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    model, mask = tmp_path / "model", "+mask" if inpainting else ""
    shutil.copytree(tiny_folder, model)
    edit_json(model / "unet" / "config.json", in_channels=9 if inpainting else 4)
    given = values(model, adapters)
    content = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))
    nodes, loop = content["nodes"], content["nodes"]["denoise"]["inputs"]

    def said() -> list[tuple[str, ...]]:
        found = check(parse_document(json.dumps(content).encode(), "w.json"), Registry.load(), given).errors
        assert {(one.code, one.node, one.port) for one in found} <= {("E109", "denoise/step", "guidance")}
        return [(*one.message.split("family ")[1:], one.hint) for one in found]

    if inpainting:
        white = {"type": "load_mask", "inputs": {"path": {"from": "inputs.mask"}}}
        encoded = {"vae": {"from": "model.vae"}, "image": {"from": "picture.image"}, "random": {"from": "noise.random"}}
        kept = {"guidance": {"from": "guidance.guidance"}, "mask": {"from": "white.mask"},
                "masked_latents": {"from": "masked.latents"}}  # fmt: skip
        content["inputs"]["mask"] = {"type": "string"}
        given["mask"] = str(adapters / "wide.png")
        nodes |= {"white": white, "masked": {"type": "encode_image", "inputs": encoded}}
        nodes["channels"] = {"type": "inpaint_channels", "inputs": kept}
        nodes["steering"]["inputs"]["guidance"] = {"from": "channels.guidance"}
    before = nodes["steering"]["inputs"]["guidance"]
    assert said() == []
    loop["guidance"] = before
    own = "sd1/mask" if inpainting else "sd1"
    wanted = f"sd1/image prompt{mask}"
    assert said() == [(f"{own}, but 'denoiser' is of ", wanted, "put `add_image_prompt` before")]
    loop |= {"guidance": {"from": "steering.guidance"}, "denoiser": {"from": "model.denoiser"}}
    remedy = "put `load_ip_adapter` before 'denoiser', or leave out `add_image_prompt`"
    assert said() == [(f"{wanted}, but 'denoiser' is of ", own, remedy)]


def test_prompts_in_the_wrong_order_are_told(tiny_folder: Path, adapters: Path) -> None:
    encoder = load_image_encoder(str(adapters / "image_encoder")).image_encoder
    first = load_ip_adapter(load_model(str(tiny_folder)).denoiser, str(adapters / "plain.safetensors"))
    both = load_ip_adapter(first.denoiser, str(adapters / "plus.safetensors"))
    picture = read_image(adapters / "wide.png")
    prompts = [encode_image_prompt(encoder, picture, one.ip_adapter) for one in (first, both)]
    told = add_image_prompt(add_image_prompt(text_guidance(), prompts[1]), prompts[0])
    message = (
        f"IP-Adapter 1 reads one vector of a picture, of {PROJECTED} numbers, "
        f"and image prompt 1 holds hidden states, of {WIDTH} numbers"
    )
    with pytest.raises(ValueError, match=message):
        image_embeds(loaded(both.denoiser), told, 2)


def test_another_scale_needs_no_other_module_and_changes_the_picture(
    engine: Engine, tiny_folder: Path, adapters: Path
) -> None:
    pictures, counts = [], []
    for scale in (0.0, 1.0, 0.5, 1.0):
        pictures.append(ran(engine, values(tiny_folder, adapters, scale=scale))["image"].samples)
        counts.append(len(engine.pool))
    assert counts[1:] == counts[:-1]
    assert torch.equal(pictures[1], pictures[3])
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])


def test_the_plain_denoiser_stays_as_it_is(tiny_folder: Path, adapters: Path) -> None:
    context = RunContext({"device": "cpu", "dtype": "float32"})
    plain = load_model(str(tiny_folder)).denoiser
    before = loaded(plain, context)
    state = torch.random.get_rng_state()
    adapted = load_ip_adapter(plain, str(adapters / "plus.safetensors")).denoiser
    module = loaded(adapted, context)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert module is not before
    assert before.encoder_hid_proj is None
    assert adapted.digest != plain.digest
    assert ("adapter 1", "IP-Adapter plus.safetensors") in list(handle_rows(adapted))


def test_pictures_of_several_shapes_become_one_prompt(adapters: Path) -> None:
    encoder = load_image_encoder(str(adapters / "image_encoder")).image_encoder
    wide, high = (read_image(adapters / f"{name}.png") for name in ("wide", "high"))
    cut = crop_for_encoder(encoder, high, crop_for_encoder(encoder, wide))
    assert cut.samples.shape == (2, 3, 30, 30)
    adapter = IPAdapter("plus", hidden_states=True, width=WIDTH)
    prompt = encode_image_prompt(encoder, cut, adapter)
    assert prompt.positive.shape == prompt.negative.shape == (2, 10, WIDTH)
    assert not torch.equal(prompt.positive[0], prompt.positive[1])
    assert torch.equal(encode_image_prompt(encoder, crop_for_encoder(encoder, wide), adapter).positive,
                       encode_image_prompt(encoder, wide, adapter).positive)  # fmt: skip
    with pytest.raises(ValueError, match="after holds pictures of 64 × 40 pixels; put them through a crop_for_enc"):
        crop_for_encoder(encoder, high, wide)


def test_an_image_prompt_goes_to_a_file_and_comes_back(
    engine: Engine, tiny_folder: Path, adapters: Path, tmp_path: Path
) -> None:
    content = json.loads((FOLDER / "ip_adapter.json").read_text("utf-8"))
    saved = {"prompt": {"from": "image_prompt.image_prompt"}}
    content["nodes"]["saved"] = {"type": "save_image_prompt", "inputs": saved}
    content["outputs"]["prompt"] = {"from": "saved.image_prompt"}
    document = parse_document(json.dumps(content).encode(), "w.json")
    run = engine.run(document, values(tiny_folder, adapters), out=tmp_path)
    prompt = run.result().values["prompt"]
    read = load_image_prompt(str(tmp_path / "image_prompt-1.safetensors"))
    assert torch.equal(read.positive, prompt.positive)
    assert torch.equal(read.negative, prompt.negative)
    assert read.family == prompt.family == "sd1"


def test_what_is_no_image_prompt_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    wrong: list[dict[str, torch.Tensor]] = [
        {"latents": torch.zeros(1, 4, 8, 8)},
        {"positive": torch.zeros(1, 24)},
        {"positive": torch.zeros(1, 24), "negative": torch.zeros(2, 24)},
        {"positive": torch.zeros(24), "negative": torch.zeros(24)},
    ]
    for tensors in wrong:
        save_file(tensors, path)
        with pytest.raises(ValueError, match=r"other\.safetensors holds no image prompt: float tensors \(N, D\)"):
            load_image_prompt(str(path))
    save_file({"image_embeds": torch.zeros(2, 1, 24, dtype=torch.int64)}, path)
    with pytest.raises(ValueError, match="its tensors are not of floats"):
        load_image_prompt(str(path))


def test_every_row_of_a_batch_sees_the_pictures() -> None:
    prompt = ImagePrompt(torch.randn(2, 24), torch.zeros(2, 24))
    told = add_image_prompt(text_guidance(rows=3), prompt, 0.5).image_prompts[0].embeddings
    assert told.shape == (6, 2, 24)
    assert not told[:3].any()
    assert all(torch.equal(row, prompt.positive) for row in told[3:])
    assert add_image_prompt(text_guidance(1.0, 3), prompt).image_prompts[0].embeddings.shape == (3, 2, 24)


def test_masks_are_as_the_processor_of_diffusers_makes_them_and_wrong_ones_are_told() -> None:
    samples = torch.rand(2, 1, 16, 24)
    wanted = library.image_processor.IPAdapterMaskProcessor().preprocess(samples, height=16, width=24)
    assert torch.equal(binary_masks(samples, 2), wanted.reshape(1, 2, 16, 24))
    assert torch.equal(binary_masks(samples[:1], 2)[0, 1], wanted[0, 0])
    with pytest.raises(ValueError, match="mask holds 2 masks for 3 pictures; give one, or one for each"):
        binary_masks(samples, 3)
    prompt = ImagePrompt(torch.randn(2, 24), torch.zeros(2, 24))
    told = add_image_prompt(text_guidance(), prompt, mask=Mask(samples))
    assert ("image prompt 1", "2 pictures at 1.0, in a mask") in list(guidance_rows(told))
    assert "cross_attention_kwargs" in image_masks(told, torch.zeros(2, 4, 2, 3))
    with pytest.raises(ValueError, match="image prompt 1 has 24 × 16 pixels, which is another shape than that of"):
        image_masks(told, torch.zeros(2, 4, 3, 3))


def test_there_is_something_to_see() -> None:
    prompt = ImagePrompt(torch.randn(2, 24), torch.zeros(2, 24), "sd1")
    assert ("pictures", "2") in list(image_prompt_rows(prompt))
    assert ("reads", "hidden states of 32 numbers") in list(ip_adapter_rows(IPAdapter("plus", True, 32)))
    assert ("image prompt 1", "2 pictures at 0.5") in list(
        guidance_rows(add_image_prompt(text_guidance(), prompt, 0.5))
    )
