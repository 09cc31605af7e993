"""Latents in files of ComfyUI: the picture that the VAE makes of the tensor as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.parity_families import LIBRARY
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.nodes import decode, load_comfyui_latents, load_model, load_sdxl
from latentgraph.nodes.handles import VAE

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
TENSOR = torch.randn((2, 4, 6, 5), generator=torch.Generator().manual_seed(0)) * 4
VERSION = {"latent_format_version_0": torch.tensor([])}


@pytest.fixture(scope="module")
def folders(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models of two families, whose latents are scaled by 0.18215 and by 0.13025."""
    folder = tmp_path_factory.mktemp("models") / "sdxl"
    build_tiny_sdxl(folder)
    return {"sd1": tiny_folder, "sdxl": folder}


def vae_of(family: str, folders: dict[str, Path]) -> VAE:
    load = load_model if family == "sd1" else load_sdxl
    return load(str(folders[family])).vae


def saved(path: Path, **tensors: torch.Tensor) -> str:
    save_file(tensors, path)
    return str(path)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_the_tensor_is_what_the_vae_decodes(family: str, folders: dict[str, Path], tmp_path: Path) -> None:
    vae = vae_of(family, folders)
    made = load_comfyui_latents(vae, saved(tmp_path / "a.latent", latent_tensor=TENSOR, **VERSION))
    assert (made.height, made.width, made.family) == (12, 10, family)  # The tiny VAE halves a picture once.
    module = LIBRARY.AutoencoderKL.from_pretrained(folders[family] / "vae")
    with torch.no_grad():
        wanted = (module.decode(TENSOR).sample / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(decode(vae, made).samples, wanted, rtol=0, atol=1e-5)  # Scaled there and back.


def test_the_first_version_wrote_what_the_denoiser_of_stable_diffusion_1_takes(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    path = saved(tmp_path / "old.latent", latent_tensor=TENSOR.half())
    made = load_comfyui_latents(vae_of("sd1", folders), path)
    assert made.samples.dtype == torch.float32
    torch.testing.assert_close(made.samples, TENSOR.half().float(), rtol=1e-6, atol=0)
    larger = load_comfyui_latents(vae_of("sdxl", folders), path).samples
    torch.testing.assert_close(larger, TENSOR.half().float() / 0.18215 * 0.13025, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"latents": TENSOR}, "holds no latents of ComfyUI: a float tensor .* what save_latents wrote is read by"),
        ({"latent_tensor": TENSOR[0]}, "holds no latents of ComfyUI"),
        ({"latent_tensor": TENSOR.int()}, "holds no latents of ComfyUI"),
        ({"latent_tensor": torch.zeros(1, 16, 4, 4)}, "of 16 channels, and those of the VAE have 4"),
    ],
)
def test_what_is_no_such_file_is_told(
    folders: dict[str, Path], tmp_path: Path, tensors: dict[str, torch.Tensor], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        load_comfyui_latents(vae_of("sd1", folders), saved(tmp_path / "wrong.latent", **tensors))


def test_a_damaged_file_is_told(folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "broken.latent").write_bytes(b"\x05\x00\x00")
    with pytest.raises(ValueError, match=r"broken\.latent is no safetensors file that can be read"):
        load_comfyui_latents(vae_of("sd1", folders), str(tmp_path / "broken.latent"))
