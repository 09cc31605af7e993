"""Files of weights, known by their names and headers without reading a single weight.

Only safetensors is read (https://github.com/huggingface/safetensors#format): eight bytes with the length of a JSON
header, the header, then plain numbers. A pickle is a program that runs when it is read, so it is never opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from latentgraph.graph.access import AccessError

PICKLE_SUFFIXES: Final = (".ckpt", ".bin", ".pt", ".pth", ".pkl", ".pickle")
"""Endings of files that hold pickles."""
LONGEST_HEADER: Final = 100_000_000
"""Bytes; the format's own limit."""
AGAIN: Final = "download or copy it again, whole"
_PICKLE_STARTS: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
STEMS: Final = ("diffusion_pytorch_model", "model")
VARIANTS: Final = ("", "fp16", "bf16")


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The safetensors files of one part of a model."""

    files: tuple[Path, ...]
    variant: str
    """`fp16` where only that variant is there; empty for the plain files."""
    index: Path | None = None
    """What tells which of several files holds a tensor."""


def refuse_pickle(path: Path, shown: str) -> None:
    """Raise for a file whose name says that it is a pickle."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        message = f"{shown!r} is a pickle, a program that runs when it is read; latentgraph reads safetensors only"
        raise pickle_error(message, shown, single_file=True)


def pickle_error(message: str, source: str, *, single_file: bool = False) -> AccessError:
    """The refusal of a pickle, with the line that converts one where its origin is trusted."""
    load = f"from_single_file('{source}')" if single_file else f"from_pretrained('{source}', use_safetensors=False)"
    return AccessError(
        message,
        "if you trust where it comes from, convert it once: "
        f"python -c \"from diffusers import StableDiffusionPipeline as P; P.{load}.save_pretrained('converted')\" "
        "and name the folder ./converted",
    )


def find_weights(folder: Path, shown: str) -> WeightFiles:
    """The safetensors files of the part of a model in `folder`.

    Args:
        folder: Such as `unet`.
        shown: What messages call it.

    Raises:
        AccessError: There are none, or only pickles.
    """
    for variant in VARIANTS:
        for stem in STEMS:
            if found := _weights_called(folder, shown, stem, variant):
                return found
    names = sorted(path.name for path in folder.iterdir())
    if any(name.lower().endswith(PICKLE_SUFFIXES) for name in names):
        message = f"{shown} holds its weights as a pickle only; latentgraph reads safetensors only"
        raise pickle_error(message, str(Path(shown).parent))
    raise AccessError(
        f"{shown} holds no weights",
        f"it should hold {' or '.join(f'{stem}.safetensors' for stem in STEMS)}; was it downloaded whole?",
    )


def _weights_called(folder: Path, shown: str, stem: str, variant: str) -> WeightFiles | None:
    dotted = f".{variant}" if variant else ""
    whole = folder / f"{stem}{dotted}.safetensors"
    if whole.is_file():
        return WeightFiles((whole,), variant)
    for name in index_names(stem, variant):
        index = folder / name
        if index.is_file():
            return WeightFiles(_shards(index, shown), variant, index)
    return None


def index_names(stem: str, variant: str) -> tuple[str, ...]:
    """How the index of sharded weights may be called: today's diffusers put the variant last, older ones before."""
    if not variant:
        return (f"{stem}.safetensors.index.json",)
    return f"{stem}.safetensors.index.{variant}.json", f"{stem}.{variant}.safetensors.index.json"


def _shards(index: Path, shown: str) -> tuple[Path, ...]:
    weight_map = read_json(index, f"{shown}/{index.name}").get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise AccessError(f"{shown}/{index.name} has no 'weight_map'", "download the model again")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise AccessError(f"{shown}/{index.name} names {name!r}, which is no safetensors file beside it")
        if not (index.parent / name).is_file():
            raise AccessError(f"{shown} lacks {name!r}, which {index.name} names", "download the model again")
    return tuple(index.parent / name for name in names)


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        AccessError: It is not there, cannot be read, or is no JSON object.
    """
    if not path.is_file():  # A pipe by that name would never end.
        raise AccessError(f"{shown} is missing", "was the model downloaded or copied whole?")
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AccessError(f"{shown} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise AccessError(f"{shown} is broken: it is no JSON{place}", "download or copy the model again") from None
    if not isinstance(content, dict):
        raise AccessError(f"{shown} is broken: it is no JSON object", "download or copy the model again")
    return content


def read_header(path: Path, shown: str) -> Mapping[str, Any]:
    """The header of a safetensors file: dtype, shape and place of each tensor, by name.

    Raises:
        AccessError: It is no safetensors file, or is cut short.
    """
    stat = path.stat()
    return _header(path, shown, stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))


@lru_cache(maxsize=16)
def _header(path: Path, shown: str, size: int, state: object) -> Mapping[str, Any]:
    """The header of a file in that state: every run asks anew."""
    with path.open("rb") as file:
        start = file.read(8)
        if start[:4].startswith(_PICKLE_STARTS):
            raise AccessError(
                f"{shown} is a pickle by another name: a program that runs when it is read, and no safetensors",
                "do not load it anywhere; get the model from its owners, as safetensors",
            )
        if start.startswith(b"version "):
            raise AccessError(f"{shown} is a Git LFS pointer, not the weights", "fetch them: git lfs pull")
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > LONGEST_HEADER:
            raise AccessError(f"{shown} is no safetensors file: its first bytes are not the length of a header", AGAIN)
        if size < 8 + length:
            raise _cut_short(shown, size, 8 + length)
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            header = None
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"} if _is_header(header) else None
    if tensors is None:
        raise AccessError(f"{shown} is no safetensors file: its header is broken", AGAIN)
    end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
    if size < 8 + length + end:
        raise _cut_short(shown, size, 8 + length + end)
    return MappingProxyType(tensors)


def _cut_short(shown: str, size: int, wanted: int) -> AccessError:
    return AccessError(f"{shown} is cut short: {size:,} of {wanted:,} bytes are there", AGAIN)


def _is_header(header: Any) -> bool:
    return isinstance(header, dict) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("shape"), list)
        and all(isinstance(n, int) for n in entry["shape"])
        and isinstance(entry.get("data_offsets"), list)
        and len(entry["data_offsets"]) == 2
        and all(isinstance(n, int) for n in entry["data_offsets"])
        for name, entry in header.items()
        if name != "__metadata__"
    )


def count_parameters(header: Mapping[str, Any]) -> int:
    """How many numbers a file's tensors hold; indices such as position ids are not counted."""
    return sum(math.prod(e["shape"]) for e in header.values() if str(e.get("dtype", "")).startswith(("F", "BF")))
