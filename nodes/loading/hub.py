"""Models on the hub: found in huggingface_hub's cache without the network, downloaded only when the user agrees.

HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean for huggingface_hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.graph.sizes import readable_size
from latentgraph.nodes.loading.hub_errors import hub_error, offline_error
from latentgraph.nodes.loading.hub_files import choose_files
from latentgraph.nodes.loading.model_folder import INDEX, read_model_folder

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_MAIN: Final = "main"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A version of a hub model on this machine."""

    folder: Path
    commit: str


def is_offline() -> bool:
    """Whether the user forbade the network."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def find_snapshot(name: str, revision: str) -> Snapshot | None:
    """The snapshot of a hub model in the cache, whole or in part; None where there is none."""
    from huggingface_hub import constants

    store = Path(constants.HF_HUB_CACHE).expanduser() / f"models--{name.replace('/', '--')}"
    commit = revision
    if not _COMMIT.fullmatch(revision):
        if ".." in revision:
            return None
        try:
            commit = (store / "refs" / (revision or _MAIN)).read_text("utf-8").strip()
        except (OSError, ValueError):
            return None
    folder = store / "snapshots" / commit
    if not _COMMIT.fullmatch(commit) or not (folder / INDEX).is_file():
        return None
    return Snapshot(folder, commit)


@dataclass(frozen=True)
class HubFetch:
    """The download of a hub model."""

    name: str
    revision: str
    """Branch, tag or commit; empty: the main branch."""

    @property
    def shown(self) -> str:
        """As the user wrote it."""
        return f"{self.name}@{self.revision}" if self.revision else self.name

    @property
    def description(self) -> str:
        """Said without the network, so without a size."""
        return f"the hub model {self.shown!r}"

    def announcement(self) -> str:
        """What would be downloaded and how large it is, as the hub tells: `owner/name, 3.4 GB in 12 files`."""
        sizes = self._listing.sizes
        return f"{self.shown}, {readable_size(sum(sizes.values()))} in {len(sizes)} files"

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Download the files of its parts and nothing else."""
        from huggingface_hub import snapshot_download

        sizes = self._listing.sizes
        bar = _progress_bar(progress, sum(sizes.values()))
        exactly = [re.sub(r"[\[*?]", r"[\g<0>]", name) for name in sizes]
        try:
            folder = snapshot_download(
                self.name, revision=self.revision or None, allow_patterns=exactly, tqdm_class=bar
            )
        except Exception as error:
            raise _told(error, self.name, self.revision) from error
        progress(sum(sizes.values()), sum(sizes.values()))
        read_model_folder(Path(folder), self.shown).inspect()

    @cached_property
    def _listing(self) -> _Listing:
        """What the hub has of it, asked once."""
        if is_offline():
            raise offline_error(self.shown)
        from huggingface_hub import HfApi, hf_hub_download

        try:
            told: Any = HfApi().model_info(self.name, revision=self.revision or None, files_metadata=True)
            sizes = {one.rfilename: one.size or 0 for one in told.siblings or ()}
            if INDEX not in sizes:
                raise _no_model(self.shown, sizes)
            index = json.loads(Path(hf_hub_download(self.name, INDEX, revision=told.sha)).read_text("utf-8"))
        except Exception as error:
            raise _told(error, self.name, self.revision) from error
        return _Listing({name: sizes[name] for name in choose_files(self.shown, index, list(sizes))})


@dataclass(frozen=True, slots=True)
class _Listing:
    sizes: dict[str, int]
    """Bytes of each file that is wanted."""


def _told(error: Exception, name: str, revision: str) -> Exception:
    """The sentence for what huggingface_hub raised; everything else as it is."""
    import httpx2

    if isinstance(error, AccessError):
        return error
    if isinstance(error, json.JSONDecodeError):
        return AccessError(f"{name}/{INDEX} is broken: it is no JSON", "tell its owners, or take another model")
    return hub_error(error, name, revision) if isinstance(error, (OSError, httpx2.HTTPError)) else error


def _no_model(shown: str, sizes: dict[str, int]) -> AccessError:
    single = next((name for name in sizes if name.endswith(".safetensors") and "/" not in name), "")
    hint = "take one whose files begin with model_index.json"
    if single:
        hint = f"if {single} is a full checkpoint, download that file and name it: ./{single}"
    return AccessError(f"{shown!r} is no model in diffusers layout: it has no {INDEX}", hint)


def _progress_bar(progress: Callable[[int, int], None], total: int) -> Any:
    """A bar that draws nothing and tells `progress` the bytes that were written."""
    from huggingface_hub.utils.tqdm import tqdm

    done = 0

    class Told(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.counts = options.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*arguments, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            nonlocal done
            if self.counts:
                done += int(n or 0)
                progress(min(done, total), total)

    return Told
