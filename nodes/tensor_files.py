"""Latents, conditioning, image prompts and learned tokens as safetensors files, which say how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

from latentgraph.graph.values import FileForm
from latentgraph.nodes.png import PREFIX
from latentgraph.nodes.values import Conditioning, ImagePrompt, Latents, LearnedToken

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
SUFFIX: Final = ".safetensors"
EXTRA: Final = "extras."
"""Before the names of what conditioning carries beside its own tensors."""


def read_record(path: Path) -> Mapping[str, str]:
    """The record that a file carries; empty where it carries none, or is no safetensors file."""
    from safetensors import SafetensorError

    try:
        _, notes = _read(path)
    except (SafetensorError, OSError):
        return {}
    return {name.removeprefix(PREFIX): text for name, text in notes.items() if name.startswith(PREFIX)}


def read_latents(path: Path) -> Latents:
    """The latents in a file: the tensor `latents`, float (B, C, h, w), or the only one.

    Without a note of their size, a cell is taken for 8 x 8 pixels.

    Raises:
        ValueError: It holds no latents.
    """
    tensors, notes = _read_or_tell(path)
    only = next(iter(tensors.values())) if len(tensors) == 1 else None
    samples = tensors.get("latents", only)
    if samples is None or samples.ndim != 4 or not samples.is_floating_point():
        raise ValueError(f"{path.name} holds no latents: a float tensor (B, C, h, w) of the name latents is wanted")
    height, width = (
        _size(notes, name, cells) for name, cells in zip(("height", "width"), samples.shape[2:], strict=True)
    )
    return Latents(samples, height, width, notes.get("scaled", "true") != "false", notes.get("family", ""))


def read_comfyui_latents(path: Path) -> tuple[Tensor, bool]:
    """What SaveLatent of ComfyUI wrote, float32 (B, C, h, w), and whether it is as the VAE has it.

    Its first version wrote latents as the denoiser of Stable Diffusion 1.x has them, which no version is noted of.

    Raises:
        ValueError: ComfyUI did not write it.
    """
    tensors, _ = _read_or_tell(path)
    samples = tensors.get("latent_tensor")
    if samples is None or samples.ndim != 4 or not samples.is_floating_point():
        raise ValueError(
            f"{path.name} holds no latents of ComfyUI: a float tensor (B, C, h, w) of the name latent_tensor is "
            "wanted; what save_latents wrote is read by load_latents"
        )
    return samples.float(), "latent_format_version_0" in tensors


def read_conditioning(path: Path) -> Conditioning:
    """The conditioning in a file: the tensor `embeddings`, float (B, T, D), or the only one, and what is beside it.

    Raises:
        ValueError: It holds no conditioning.
    """
    tensors, notes = _read_or_tell(path)
    only = next(iter(tensors.values())) if len(tensors) == 1 else None
    embeddings = tensors.get("embeddings", only)
    if embeddings is None or embeddings.ndim != 3 or not embeddings.is_floating_point():
        raise ValueError(
            f"{path.name} holds no conditioning: a float tensor (B, T, D) of the name embeddings is wanted"
        )
    extras = {name.removeprefix(EXTRA): one for name, one in tensors.items() if name.startswith(EXTRA)}
    return Conditioning(embeddings, tensors.get("mask"), tensors.get("pooled"), extras, notes.get("family", ""))


def read_image_prompt(path: Path) -> ImagePrompt:
    """The image prompt in a file: `positive` and `negative`, or one tensor [negative; positive] as diffusers has it.

    Raises:
        ValueError: It holds no image prompt.
    """
    tensors, notes = _read_or_tell(path)
    only = next(iter(tensors.values())) if len(tensors) == 1 else None
    if only is not None and only.ndim in (3, 4) and len(only) == 2:
        tensors = {"negative": only[0], "positive": only[1]}
    positive, negative = tensors.get("positive"), tensors.get("negative")
    if positive is None or negative is None or positive.shape != negative.shape or positive.ndim not in (2, 3):
        raise ValueError(
            f"{path.name} holds no image prompt: float tensors (N, D) or (N, T, D) of the names positive and negative "
            "are wanted, or both in one"
        )
    if not (positive.is_floating_point() and negative.is_floating_point()):
        raise ValueError(f"{path.name} holds no image prompt: its tensors are not of floats")
    return ImagePrompt(positive, negative, notes.get("family", ""))


def _write_image_prompt(value: ImagePrompt, file: BinaryIO, record: Mapping[str, str]) -> None:
    _write({"positive": value.positive, "negative": value.negative}, {"family": value.family}, file, record)


def _write_latents(value: Latents, file: BinaryIO, record: Mapping[str, str]) -> None:
    notes = {"height": str(value.height), "width": str(value.width), "scaled": str(value.scaled).lower()}
    _write({"latents": value.samples}, notes | {"family": value.family}, file, record)


def _write_conditioning(value: Conditioning, file: BinaryIO, record: Mapping[str, str]) -> None:
    named: dict[str, Tensor | None] = {"embeddings": value.embeddings, "mask": value.mask, "pooled": value.pooled}
    named |= {EXTRA + name: one for name, one in value.extras.items()}
    present = {name: one for name, one in named.items() if one is not None}
    _write(present, {"family": value.family}, file, record)


def _write_token(value: LearnedToken, file: BinaryIO, record: Mapping[str, str]) -> None:
    # One tensor that bears the token's name: so diffusers' training script writes it, and so everybody reads it.
    _write({value.token: value.vectors}, {"family": value.family}, file, record)


def _write(tensors: Mapping[str, Tensor], notes: dict[str, str], file: BinaryIO, record: Mapping[str, str]) -> None:
    from safetensors.torch import save

    # A clone each: safetensors refuses tensors that share memory or are not laid out row by row.
    apart = {name: one.detach().contiguous().clone() for name, one in tensors.items()}
    file.write(save(apart, notes | {PREFIX + name: text for name, text in record.items()}))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import safe_open

    opener: Any = safe_open  # Untyped.
    with opener(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - no mapping


def _read_or_tell(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import SafetensorError

    try:
        return _read(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path.name} is no safetensors file that can be read: {error}") from error


def _size(notes: Mapping[str, str], name: str, cells: int) -> int:
    text = notes.get(name, "")
    return int(text) if text.isdecimal() else cells * 8


def _on_host(value: T) -> Iterable[T]:
    """The value alone, its tensors in main memory."""
    named: Any = value  # A dataclass, as all values are.
    return (replace(named, **{one.name: _moved(getattr(value, one.name)) for one in fields(named)}),)


def _moved(one: Any) -> Any:
    from torch import Tensor

    if isinstance(one, Mapping):
        return {name: _moved(inner) for name, inner in one.items()}
    return one.cpu() if isinstance(one, Tensor) else one


LATENTS_FILE: Final[FileForm[Latents]] = FileForm(SUFFIX, _on_host, _write_latents, read_record, of_outputs=False)
CONDITIONING_FILE: Final[FileForm[Conditioning]] = FileForm(
    SUFFIX, _on_host, _write_conditioning, read_record, of_outputs=False
)
TOKEN_FILE: Final[FileForm[LearnedToken]] = FileForm(SUFFIX, _on_host, _write_token, read_record, of_outputs=False)
IMAGE_PROMPT_FILE: Final[FileForm[ImagePrompt]] = FileForm(
    SUFFIX, _on_host, _write_image_prompt, read_record, of_outputs=False
)
