"""Which files of a hub repository make up a model, so that nothing else is downloaded.

A repository often holds the same weights several times: as pickles, in half precision, for other frameworks, and as one
large file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from latentgraph.graph.access import AccessError
from latentgraph.nodes.loading.model_folder import INDEX, PARTS, SMALL_SUFFIXES, WITHOUT_WEIGHTS
from latentgraph.nodes.loading.weights import PICKLE_SUFFIXES, STEMS, VARIANTS, index_names, pickle_error


def choose_files(shown: str, index: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The files of the parts that `index` names, in safetensors.

    Args:
        shown: What messages call the model.
        index: Its model_index.json.
        names: All files of the repository.

    Raises:
        AccessError: A part has no safetensors.
    """
    chosen = [INDEX]
    for role, folders in PARTS.items():
        folder = next((one for one in folders if _is_there(index.get(one))), None)
        if folder is None:
            continue
        inside = [name for name in names if name.startswith(f"{folder}/") and name.count("/") == 1]
        chosen += [name for name in inside if name.endswith(SMALL_SUFFIXES) and ".index." not in name]
        if role not in WITHOUT_WEIGHTS:
            chosen += _weights(shown, folder, inside)
    return chosen


def _is_there(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and entry[1] is not None


def _weights(shown: str, folder: str, inside: Sequence[str]) -> list[str]:
    for variant in VARIANTS:
        for stem in STEMS:
            dotted = f".{variant}" if variant else ""
            if (whole := f"{folder}/{stem}{dotted}.safetensors") in inside:
                return [whole]
            for name in index_names(stem, variant):
                if f"{folder}/{name}" in inside:
                    shard = re.compile(re.escape(f"{folder}/{stem}{dotted}") + r"-\d+-of-\d+(\.\w+)?\.safetensors")
                    return [f"{folder}/{name}", *filter(shard.fullmatch, inside)]
    if any(name.endswith(PICKLE_SUFFIXES) for name in inside):
        raise pickle_error(f"{shown!r} offers its {folder} as a pickle only; latentgraph reads safetensors only", shown)
    raise AccessError(f"{shown!r} has no weights for its {folder}", "take another model, or another revision of it")
