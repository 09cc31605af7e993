"""What no model is, said in a sentence that says what to do."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.tiny import edit_json, load_pipeline

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.load import load_model
from latentgraph.nodes.loading.model_source import ReadsModel

CONVERT = (
    'if you trust where it comes from, convert it once: python -c "from diffusers import StableDiffusionPipeline as P; '
    "P.{}.save_pretrained('converted')\" and name the folder ./converted"
)
WHOLE = "download or copy it again, whole"


@pytest.fixture
def home(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of the tiny model in `m`."""
    shutil.copytree(tiny_folder, tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(written: str, *, given: bool = True) -> tuple[str, str]:
    """What the check says about a model, and what it hints at."""
    with pytest.raises(AccessError) as caught:
        ReadsModel().resolve(written, FileAccess(Path.cwd()), given=given)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize("suffix", [".ckpt", ".bin", ".pt", ".pth", ".pkl", ".CKPT"])
def test_a_pickle_is_refused_by_its_name(home: Path, suffix: str) -> None:
    (home / f"model{suffix}").write_bytes(b"")
    written = f"./model{suffix}"
    assert refusal(written) == (
        f"'{written}' is a pickle, a program that runs when it is read; latentgraph reads safetensors only",
        CONVERT.format(f"from_single_file('{written}')"),
    )


def test_a_folder_with_pickled_weights_only_is_refused(home: Path) -> None:
    (home / "m/unet/diffusion_pytorch_model.safetensors").unlink()
    (home / "m/unet/diffusion_pytorch_model.bin").write_bytes(b"")
    assert refusal("./m") == (
        "./m/unet holds its weights as a pickle only; latentgraph reads safetensors only",
        CONVERT.format("from_pretrained('m', use_safetensors=False)"),
    )


def test_the_conversion_that_the_refusal_names_works(home: Path) -> None:
    pipeline = load_pipeline("m")
    pipeline.save_pretrained("p", safe_serialization=False)
    for part in ("text_encoder", "safety_checker"):  # transformers writes no pickles any more.
        weights = load_file(home / f"p/{part}/model.safetensors")
        torch.save(weights, home / f"p/{part}/pytorch_model.bin")
        (home / f"p/{part}/model.safetensors").unlink()
    _, hint = refusal("./p")
    code = hint.split('"')[1]
    exec(compile(code, "hint", "exec"), {})
    assert torch.equal(loaded(load_model("./converted").denoiser).conv_in.weight, pipeline.unet.conv_in.weight)


def test_a_loose_pickle_in_a_folder_is_refused(home: Path) -> None:
    (home / "old").mkdir()
    (home / "old/model.ckpt").write_bytes(b"")
    assert refusal("./old") == (
        "'./old' is no model: it has no model_index.json, and 'model.ckpt' is a pickle; "
        "latentgraph reads safetensors only",
        CONVERT.format("from_single_file('./old/model.ckpt')"),
    )


def test_a_pickle_by_another_name_is_found_out_by_its_first_bytes(home: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("open('harm', 'w')",)

    (home / "x.safetensors").write_bytes(pickle.dumps(Harm()))
    torch.save({"a": torch.zeros(1)}, home / "m/unet/diffusion_pytorch_model.safetensors")
    hint = "do not load it anywhere; get the model from its owners, as safetensors"
    what = "is a pickle by another name: a program that runs when it is read, and no safetensors"
    assert refusal("./x.safetensors") == (f"'./x.safetensors' {what}", hint)
    assert refusal("./m") == (f"./m/unet/diffusion_pytorch_model.safetensors {what}", hint)
    assert not (home / "harm").exists()


def test_a_file_that_is_cut_short_says_how_much_is_there(home: Path) -> None:
    file = home / "m/unet/diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    shown = "./m/unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(whole[:-1000])
    assert refusal("./m") == (
        f"{shown} is cut short: {len(whole) - 1000:,} of {len(whole):,} bytes are there",
        WHOLE,
    )
    file.write_bytes(whole[:100])
    assert refusal("./m")[0].startswith(f"{shown} is cut short: 100 of ")
    file.write_bytes(b"")
    assert refusal("./m") == (
        f"{shown} is no safetensors file: its first bytes are not the length of a header",
        WHOLE,
    )


def test_a_git_lfs_pointer_is_known_for_what_it_is(home: Path) -> None:
    (home / "m/vae/diffusion_pytorch_model.safetensors").write_text("version https://example.org/spec/v1\noid x\n")
    assert refusal("./m") == (
        "./m/vae/diffusion_pytorch_model.safetensors is a Git LFS pointer, not the weights",
        "fetch them: git lfs pull",
    )


@pytest.mark.parametrize("header", [b"{", b"[]", b'{"a": 1}', b'{"a": {"shape": [1], "data_offsets": [0]}}'])
def test_a_broken_header_is_told(home: Path, header: bytes) -> None:
    (home / "x.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert refusal("./x.safetensors") == (
        "'./x.safetensors' is no safetensors file: its header is broken",
        WHOLE,
    )


def test_a_missing_folder_is_named(home: Path) -> None:
    shutil.rmtree(home / "m/vae")
    assert refusal("./m") == (
        "./m lacks the folder 'vae', which its model_index.json names",
        "was the model downloaded or copied whole?",
    )


def test_a_part_without_weights_or_configuration_is_named(home: Path) -> None:
    (home / "m/vae/config.json").unlink()
    assert refusal("./m") == ("./m/vae/config.json is missing", "was the model downloaded or copied whole?")
    shutil.copytree(home / "m/unet", home / "m/vae", dirs_exist_ok=True)
    (home / "m/vae/diffusion_pytorch_model.safetensors").unlink()
    assert refusal("./m") == (
        "./m/vae holds no weights",
        "it should hold diffusion_pytorch_model.safetensors or model.safetensors; was it downloaded whole?",
    )


def test_broken_json_names_the_file_and_the_line(home: Path) -> None:
    (home / "m/unet/config.json").write_text('{\n "a": 1,\n}')
    message = "./m/unet/config.json is broken: it is no JSON (line 3)"
    assert refusal("./m") == (message, "download or copy the model again")
    (home / "m/model_index.json").write_text("[]")
    message = "./m/model_index.json is broken: it is no JSON object"
    assert refusal("./m") == (message, "download or copy the model again")


def test_code_that_comes_with_a_model_is_refused(home: Path) -> None:
    edit_json(home / "m/model_index.json", unet=["my_unet", "MyUNet"])
    (home / "m/unet/my_unet.py").write_text("open('harm', 'w')")
    assert refusal("./m") == (
        "./m/model_index.json: 'unet' is of 'my_unet', code that comes with the model; latentgraph runs none",
        "only classes of diffusers and transformers are loaded",
    )


def test_a_class_that_is_no_model_is_refused_when_it_is_loaded(home: Path) -> None:
    edit_json(home / "m/model_index.json", unet=["diffusers", "DiffusionPipeline"])
    with pytest.raises(AccessError) as caught:
        loaded(load_model("./m").denoiser)
    assert caught.value.message == "./m/unet: the installed diffusers has no model class 'DiffusionPipeline'"


def test_a_model_of_another_kind_is_told_by_what_it_lacks(home: Path) -> None:
    edit_json(home / "m/model_index.json", _class_name="AudioPipeline", vae=None)
    assert refusal("./m") == (
        "./m/model_index.json names no vae",
        "its pipeline is AudioPipeline; a Stable Diffusion model has one",
    )


def test_one_part_of_a_model_is_no_model(home: Path) -> None:
    assert refusal("./m/unet") == (
        "'./m/unet' is no model: it has no model_index.json; it looks like one part of a model",
        "name the folder of the whole model",
    )


def test_a_folder_around_a_single_file_points_at_it(home: Path) -> None:
    (home / "files").mkdir()
    (home / "files/v1.safetensors").write_bytes(b"")
    assert refusal("./files/") == (
        "'./files/' is no model: it has no model_index.json",
        "a single-file model is named by its file: ./files/v1.safetensors",
    )


def test_an_empty_folder_and_any_other_file_are_no_models(home: Path) -> None:
    (home / "empty").mkdir()
    (home / "notes.txt").write_text("")
    assert refusal("./empty") == (
        "'./empty' is no model: it has no model_index.json",
        "a model's folder is in the layout of diffusers: model_index.json, unet/, vae/, text_encoder/ ...",
    )
    assert refusal("./notes.txt") == (
        "'./notes.txt' is no model",
        "a model is a folder in diffusers layout or a .safetensors file",
    )


def test_a_safety_checker_without_its_feature_extractor_is_told(home: Path) -> None:
    edit_json(home / "m/model_index.json", feature_extractor=[None, None])
    assert refusal("./m") == (
        "./m has a safety_checker but no feature_extractor, which prepares its images",
        'copy the feature_extractor too, or write "safety_checker": [null, null] in model_index.json',
    )


def test_weights_that_do_not_fit_their_configuration_are_never_filled_with_noise(home: Path) -> None:
    file = home / "m/text_encoder/model.safetensors"
    weights = load_file(file)
    del weights["final_layer_norm.bias"]
    save_file(weights, file)
    with pytest.raises(AccessError) as caught:
        loaded(load_model("./m").text_encoder)
    assert caught.value.message == (
        "./m/text_encoder: weights and configuration do not fit: "
        "1 of its tensors are missing, such as 'final_layer_norm.bias'"
    )
    edit_json(home / "m/unet/config.json", cross_attention_dim=48)
    with pytest.raises(AccessError, match=r"^\./m/unet: weights and configuration do not fit: "):
        loaded(load_model("./m").denoiser)


def test_an_unknown_scheduler_is_told(home: Path) -> None:
    edit_json(home / "m/model_index.json", scheduler=["diffusers", "MyScheduler"])
    with pytest.raises(AccessError) as caught:
        load_model("./m")
    assert caught.value.message == "./m/scheduler: 'MyScheduler' is no scheduler of diffusers"


def test_shards_outside_their_folder_are_not_read(home: Path) -> None:
    (home / "m/unet/diffusion_pytorch_model.safetensors").rename(home / "m/away.safetensors")
    index = home / "m/unet/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"conv_in.weight": "../away.safetensors"}}))
    assert refusal("./m")[0] == (
        "./m/unet/diffusion_pytorch_model.safetensors.index.json names '../away.safetensors', "
        "which is no safetensors file beside it"
    )


def test_a_workflow_cannot_name_a_model_outside_its_folder(home: Path) -> None:
    assert refusal("../elsewhere", given=False) == (
        "'../elsewhere' lies outside the workflow's folder",
        "give it by --set, or open its folder with --allow-read DIR",
    )


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("m", "a local path starts with ./ : './m'"),
        ("v1.safetensors", "a local path starts with ./ : './v1.safetensors'"),
        ("https://example.org/ann/tiny", "a model on the hub goes by owner/name, not by its address: ann/tiny"),
        ("", "a model is builtin:NAME, a local path that starts with ./, ../ or /, or owner/name on the hub"),
        ("a/b/c", "a model is builtin:NAME, a local path that starts with ./, ../ or /, or owner/name on the hub"),
    ],
)
def test_a_name_of_no_known_form_is_told_what_was_probably_meant(home: Path, written: str, hint: str) -> None:
    assert refusal(written) == (f"{written!r} names no model", hint)


def test_an_unknown_built_in_model_is_told_the_known_ones(home: Path) -> None:
    assert refusal("builtin:shape") == ("there is no built-in model 'shape'", "did you mean 'shapes'?")
    assert refusal("builtin:../training")[0] == "there is no built-in model '../training'"


@pytest.mark.parametrize(
    "written", ["x" * 5000, "x" * 5000 + "/y", "./" + "x" * 5000, "./a\0b", "./\ud800", "\ud800", "\0"]
)
def test_a_name_that_no_file_can_have_is_refused_like_any_other(home: Path, written: str) -> None:
    assert refusal(written)[0]


def test_a_pipe_in_a_models_place_is_not_waited_for(home: Path) -> None:
    (home / "m/unet/config.json").unlink()
    os.mkfifo(home / "m/unet/config.json")
    assert refusal("./m")[0] == "./m/unet/config.json is missing"


def test_a_path_that_is_not_there_is_told(home: Path) -> None:
    assert refusal("./nowhere")[0] == "there is no './nowhere'"


def test_a_local_folder_that_reads_like_a_hub_model_is_told_apart(home: Path) -> None:
    assert refusal("m/unet") == ("the hub model 'm/unet' is not on this machine", "if you mean the folder: './m/unet'")


def test_a_refusal_during_a_run_says_what_to_do_too(home: Path) -> None:
    with pytest.raises(AccessError) as caught:
        load_model("./m/unet")
    assert str(caught.value) == (
        "'./m/unet' is no model: it has no model_index.json; it looks like one part of a model; "
        "name the folder of the whole model"
    )


def test_a_link_inside_a_model_folder_does_not_lead_out_of_what_a_workflow_may_read(
    tiny_folder: Path, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "workflows", tmp_path / "outside"
    shutil.copytree(tiny_folder, inside / "model")
    shutil.move(inside / "model" / "unet", outside / "unet")
    (inside / "model" / "unet").symlink_to(outside / "unet")
    with pytest.raises(AccessError) as caught:
        ReadsModel().resolve("./model", FileAccess(inside), given=False)
    assert caught.value.message == "in './model' 'unet' is a link that leads outside the workflow's folder"
    assert ReadsModel().resolve("./model", FileAccess(inside, (outside,)), given=False).digest()
    assert ReadsModel().resolve(str(inside / "model"), FileAccess(inside), given=True).digest()
