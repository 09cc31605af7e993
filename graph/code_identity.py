"""What stands for the programs whose values are kept on disk, so that nothing is found that other programs made.

A key covers a node's version, which its author raises when it gives other results. On disk, where values outlive their
programs, that is not left to discipline: versions of libraries count, and size and time of every source file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

LIBRARIES: Final = (
    "latentgraph",
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "peft",
    "numpy",
    "pillow",
    "scipy",
    "torchsde",
    "triton",
)
"""Those that make, or shape, the numbers."""
SOURCES: Final = "sources of "
INSTRUCTIONS: Final = (
    *("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE", "MKL_CBWR"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG"),
)
"""Environment variables by which the libraries choose instructions or kernels, and so the last bits."""


def code_identity(sources: Iterable[Path]) -> str:
    """A digest of the versions of libraries and of source files.

    Args:
        sources: Folders of packages that declare nodes, or single files.
    """
    digest = blake2b(digest_size=20)
    for library in LIBRARIES:
        digest.update(f"{library} {_version(library)}\n".encode())
    for line in source_lines(sources):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def source_lines(sources: Iterable[Path]) -> list[str]:
    """A line for each source file, the engine's own among them: name, size, time of change."""
    found: list[str] = []
    for source in (Path(__file__).parent, *sources):
        found += sorted(_sources(str(source), "")) if source.is_dir() else [_line(source.name, source.stat())]
    return found


def programs(sources: Iterable[Path]) -> dict[str, str]:
    """What makes the numbers, by name, to be compared between machines: versions, and digests of sources.

    Of a version only what its project published: builds for a processor and for a GPU are one version.

    Args:
        sources: Folders of packages that declare nodes, or single files.
    """
    found = {library: _version(library).partition("+")[0] for library in LIBRARIES}
    for source in (Path(__file__).parent, *sources):
        digest = blake2b(digest_size=20)
        for file in sorted(source.rglob("[!.]*.py")) if source.is_dir() else [source]:
            digest.update(f"{file.relative_to(source).as_posix()}\n".encode() + file.read_bytes())
        found[f"{SOURCES}{source.name}"] = found.get(f"{SOURCES}{source.name}", "") + digest.hexdigest()
    return found


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """What another machine has other than this one, each in a few words."""
    told = []
    for name in sorted({*there, *here}):
        if there.get(name, "") != here.get(name, ""):
            versions = f"{name} {there.get(name) or 'missing'} (here {here.get(name) or 'missing'})"
            told.append(f"other {name}" if name.startswith(SOURCES) else versions)
    return told


def _version(library: str) -> str:
    # Imported here: a call that finds a warm engine has no need of it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _sources(folder: str, around: str) -> Iterator[str]:
    """A line for each Python file under `folder`: name, size, time of change."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue  # Such as the lock of an editor, a link that leads nowhere.
            if entry.name.endswith(".py"):
                yield _line(f"{around}{entry.name}", entry.stat())
            elif entry.is_dir() and not entry.name.startswith("__"):
                yield from _sources(entry.path, f"{around}{entry.name}/")


def _line(name: str, status: os.stat_result) -> str:
    return f"{name} {status.st_size} {status.st_mtime_ns}\n"
