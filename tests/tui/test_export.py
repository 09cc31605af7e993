from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tui.conftest import Cli


def test_a_workflow_is_written_for_comfyui_with_what_was_set(cli: Cli, tmp_path: Path) -> None:
    done = cli("export", "text_to_image", "--to", "comfyui", "--set", "seed=99", "--set", "prompt=a star")
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("wrote text_to_image_comfyui.json, for ComfyUI\nnote: ")
    assert done.out.splitlines()[-2:] == [
        "1 node is not translated:",
        "  node 'checked': safety_check: ComfyUI has no safety checker: the picture goes on unchecked",
    ]
    nodes = json.loads((tmp_path / "text_to_image_comfyui.json").read_text()).values()
    assert [one["inputs"]["seed"] for one in nodes if one["class_type"] == "KSampler"] == [99]
    assert "a star" in [one["inputs"].get("text") for one in nodes]


def test_what_was_exported_is_imported_again(cli: Cli) -> None:
    for form in ((), ("--editor",)):
        assert cli("export", "sdxl_text_to_image", "--to", "comfyui", "-o", "theirs.json", "-f", *form).code == 0
        assert cli("import", "theirs.json", "-o", "ours.json", "-f").code == 0
    assert cli("check", "ours.json").out.count("E") == 1, "only the model is not there"


def test_a_program_gets_one_object(cli: Cli) -> None:
    done = cli("export", "text_to_image", "--to", "comfyui", "--json")
    assert done.code == 3
    told = json.loads(done.out)
    assert (told["event"], told["file"], told["format"]) == ("exported", "text_to_image_comfyui.json", "comfyui")
    assert told["untranslated"][0]["node"] == "safety_check"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("text_to_image", "--to", "comfyi"), "error: --to: nothing is written for 'comfyi'; did you mean 'comfyui'?"),
        (("text_to_image", "--to", "invokeai"), "error: --to: nothing is written for 'invokeai'"),
        (("nothing.json", "--to", "comfyui"), "nothing.json: E001: there is no such file"),
        (("broken.json", "--to", "comfyui"), "broken.json:1:39: E101 a: unknown"),
        (("steer_by_loss", "--to", "comfyui"), "steer_by_loss.json: E007: nothing of it makes"),
        (("text_to_image", "--to", "comfyui", "-o", "broken.json"), "error: broken.json is there already; -f"),
    ],
)
def test_a_wrong_call_gets_a_sentence(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "broken.json").write_text(
        '{"latentgraph":1,"nodes":{"a":{"type":"nothing"}},"outputs":{"o":{"from":"a.o"}}}'
    )
    done = cli("export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0].startswith(sentence)
