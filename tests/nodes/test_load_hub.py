"""Models on the hub, against a small server that speaks its language.

huggingface_hub reads its environment when it is imported, so each case is a process of its own.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.nodes.hub_server import COMMIT, Hub, serve
from tests.nodes.tiny import edit_json

from latentgraph.nodes.loading.hub_errors import hub_error

FETCH = """
import json, sys
from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes.load import load_model
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.loading.model_source import ReadsModel
said = {}
try:
    for turn in ("first", "second"):
        resource = ReadsModel().resolve(sys.argv[1], FileAccess(), given=True)
        said[turn] = resource.fetch.description if resource.fetch else resource.digest()
        if resource.fetch and "--download" in sys.argv:
            told = []
            said["announcement"] = resource.fetch.announcement()
            resource.fetch.run(lambda done, total: told.append((done, total)))
            said["progress"] = [told[0][0] < told[-1][0], told == sorted(told), told[-1]]
    if "--load" in sys.argv:
        model = load_model(sys.argv[1])
        said["loaded"] = [type(loaded(model.denoiser)).__name__, loaded(model.tokenizer).model_max_length]
except AccessError as error:
    said["error"] = [error.message, error.hint]
print(json.dumps(said))
"""
Ask = Callable[..., dict[str, object]]


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one good model, and copies of it to spoil."""
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "served"))
    hub = Hub(models={"ann/tiny": folder, "ann/gated": folder}, gated={"ann/gated"}, token="right")
    with serve(hub):
        yield hub


@pytest.fixture
def ask(hub: Hub, tmp_path: Path) -> Ask:
    """Look a model up in a process of its own."""

    def ask(*arguments: str, **environment: str) -> dict[str, object]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), **environment}
        done = subprocess.run(
            [sys.executable, "-c", FETCH, *arguments], env=clean | own, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, object] = json.loads(done.stdout)
        return said

    return ask


def test_a_model_is_announced_downloaded_and_loaded(hub: Hub, ask: Ask, tmp_path: Path) -> None:
    files = [path for path in hub.models["ann/tiny"].rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    (hub.models["ann/tiny"] / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (hub.models["ann/tiny"] / "everything.safetensors").write_bytes(b"twice the same")
    (hub.models["ann/tiny"] / "code.py").write_text("open('harm', 'w')")
    assert ask("ann/tiny", "--download", "--load") == {
        "first": "the hub model 'ann/tiny'",
        "announcement": f"ann/tiny, {size / 1e6:.1f} MB in {len(files)} files",
        "progress": [True, True, [size, size]],
        "second": COMMIT,
        "loaded": ["UNet2DConditionModel", 77],
    }
    fetched = {path.name for path in (tmp_path / "hf").rglob("*")}
    assert not fetched & {"diffusion_pytorch_model.bin", "everything.safetensors", "code.py"}


def test_what_was_downloaded_is_used_without_asking_the_hub_again(hub: Hub, ask: Ask) -> None:
    ask("ann/tiny", "--download")
    hub.asked.clear()
    assert ask("ann/tiny", "--load")["first"] == COMMIT
    assert ask("ann/tiny", HF_HUB_OFFLINE="1")["first"] == COMMIT
    assert ask(f"ann/tiny@{COMMIT}")["first"] == COMMIT
    assert hub.asked == []


def test_looking_a_model_up_never_asks_the_hub(hub: Hub, ask: Ask) -> None:
    assert ask("ann/tiny") == {"first": "the hub model 'ann/tiny'", "second": "the hub model 'ann/tiny'"}
    assert hub.asked == []


def test_a_download_that_was_cut_short_goes_on(hub: Hub, ask: Ask, tmp_path: Path) -> None:
    ask("ann/tiny", "--download")
    next((tmp_path / "hf").rglob("snapshots/*/vae/*.safetensors")).unlink()
    assert ask("ann/tiny", HF_HUB_OFFLINE="1")["error"] == [
        "ann/tiny/vae holds no weights",
        "it should hold diffusion_pytorch_model.safetensors or model.safetensors; was it downloaded whole?",
    ]
    again = ask("ann/tiny", "--download")
    assert (again["first"], again["second"]) == ("the hub model 'ann/tiny'", COMMIT)


def test_a_gated_model_says_where_to_accept_its_terms(hub: Hub, ask: Ask) -> None:
    assert ask("ann/gated", "--download")["error"] == [
        "'ann/gated' is gated: its owners want you to accept their terms first",
        f"accept them at {hub.address}/ann/gated, then set HF_TOKEN to a token of that account",
    ]


def test_a_model_that_is_not_there_may_be_misspelt_local_or_private(hub: Hub, ask: Ask) -> None:
    assert ask("ann/none", "--download")["error"] == [
        f"the hub at {hub.address} knows no 'ann/none', or it is private",
        "look at the spelling; a local folder is written './ann/none'; for a private model set HF_TOKEN",
    ]


def test_a_wrong_token_is_told_and_never_shown(hub: Hub, ask: Ask) -> None:
    assert ask("ann/tiny", "--download", HF_TOKEN="wrong")["error"] == [
        f"the hub at {hub.address} refuses your token, or knows no 'ann/tiny'",
        f"make a token at {hub.address}/settings/tokens and set HF_TOKEN, or unset it; look at the spelling",
    ]
    assert ask("ann/tiny", "--download", HF_TOKEN="right")["second"] == COMMIT


def test_an_unknown_revision_is_named(hub: Hub, ask: Ask) -> None:
    assert ask("ann/tiny@v9", "--download")["error"] == [
        "'ann/tiny' has no revision 'v9'",
        f"its branches and tags are listed at {hub.address}/ann/tiny/tree/main",
    ]


def test_without_a_network_the_way_out_is_a_local_model(ask: Ask) -> None:
    assert ask("ann/tiny", "--download", HF_ENDPOINT="http://127.0.0.1:9")["error"] == [
        "the hub at http://127.0.0.1:9 cannot be reached",
        "look at the network, or take a local model: ./folder or builtin:NAME; HF_ENDPOINT names another hub",
    ]


def test_offline_a_model_that_is_not_here_is_not_asked_for(hub: Hub, ask: Ask) -> None:
    error = [
        "'ann/tiny' is not on this machine, and HF_HUB_OFFLINE forbids to download it",
        "unset HF_HUB_OFFLINE to allow the download, or take a local model: ./folder or builtin:NAME",
    ]
    assert ask("ann/tiny", "--download", HF_HUB_OFFLINE="1")["error"] == error
    assert ask("ann/tiny", HF_HUB_OFFLINE="1")["first"] == "the hub model 'ann/tiny'"
    assert hub.asked == []


def test_a_model_that_is_not_here_is_not_downloaded_by_loading_it(hub: Hub, ask: Ask) -> None:
    assert ask("ann/tiny", "--load")["error"] == [
        "'ann/tiny' is not on this machine",
        "let the run download it: --download",
    ]
    assert hub.asked == []


def test_a_hub_that_is_out_of_order_says_so(hub: Hub, ask: Ask) -> None:
    hub.broken = 503
    assert ask("ann/tiny", "--download")["error"] == [
        f"the hub at {hub.address} answers with status 503",
        "try again later",
    ]


def test_a_repository_without_safetensors_is_refused_before_it_is_downloaded(hub: Hub, ask: Ask) -> None:
    unet = hub.models["ann/tiny"] / "unet"
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / "diffusion_pytorch_model.bin")
    assert ask("ann/tiny", "--download")["error"] == [
        "'ann/tiny' offers its unet as a pickle only; latentgraph reads safetensors only",
        'if you trust where it comes from, convert it once: python -c "from diffusers import StableDiffusionPipeline '
        "as P; P.from_pretrained('ann/tiny', use_safetensors=False).save_pretrained('converted')\" "
        "and name the folder ./converted",
    ]
    assert not any("unet/" in line for line in hub.asked)


def test_a_repository_that_is_no_diffusers_model_is_told(hub: Hub, ask: Ask) -> None:
    (hub.models["ann/tiny"] / "model_index.json").unlink()
    (hub.models["ann/tiny"] / "v1.safetensors").write_bytes(b"")
    assert ask("ann/tiny", "--download")["error"] == [
        "'ann/tiny' is no model in diffusers layout: it has no model_index.json",
        "if v1.safetensors is a full checkpoint, download that file and name it: ./v1.safetensors",
    ]


def test_code_that_comes_with_a_hub_model_is_refused(hub: Hub, ask: Ask) -> None:
    edit_json(hub.models["ann/tiny"] / "model_index.json", unet=["my_unet", "MyUNet"])
    error = ask("ann/tiny", "--download")["error"]
    assert isinstance(error, list)
    assert error[0] == (
        "ann/tiny/model_index.json: 'unet' is of 'my_unet', code that comes with the model; latentgraph runs none"
    )


def test_only_one_precision_is_downloaded(hub: Hub, ask: Ask, tmp_path: Path) -> None:
    for part in ("unet", "vae"):
        plain = hub.models["ann/tiny"] / part / "diffusion_pytorch_model.safetensors"
        shutil.copy(plain, plain.with_suffix(".fp16.safetensors"))
    ask("ann/tiny", "--download")
    assert not list((tmp_path / "hf").rglob("*.fp16.safetensors"))


def test_loading_a_local_folder_asks_no_hub(hub: Hub, ask: Ask, tiny_folder: Path) -> None:
    assert ask(str(tiny_folder), "--load")["loaded"] == ["UNet2DConditionModel", 77]
    assert hub.asked == []


def test_a_full_disk_is_told() -> None:
    error = hub_error(OSError(errno.ENOSPC, "No space left on device"), "ann/tiny", "")
    assert error.message.startswith("there is no room left for 'ann/tiny' in ")
    assert error.hint == "make room, or set HF_HOME to a folder on a larger disk"
