"""Making a picture again: what it says of the run that made it, held against what is here today."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from latentgraph.graph.plan import Plan
from latentgraph.graph.provenance import run_of_file, texts, versions
from latentgraph.graph.registry import Registry
from latentgraph.graph.sidecar import belongs_to, is_sidecar

COMMIT = re.compile(r"[0-9a-f]{40}")


def settings_of(picture: Path, registry: Registry) -> dict[str, str]:
    """The settings of the run that made a picture; without those that cannot be had here."""
    recorded = texts(run_of_file(picture, registry).get("settings"))
    available: dict[str, str] = {}
    for name, setting in registry.settings.items():
        if name in recorded:
            try:
                setting.resolve(recorded[name], available)
            except ValueError:
                continue  # `differences` says that today's is another
            available[name] = recorded[name]
    return available


def differences(picture: Path, planned: Plan, registry: Registry) -> Iterator[str]:
    """A sentence for each thing that is not as it was, so that the picture may come out another."""
    recorded = run_of_file(picture, registry)
    then = texts(recorded.get("versions"))
    now = versions(then)
    changed = [f"{name} {then[name]} (here: {now.get(name, 'none')})" for name in then if now.get(name) != then[name]]
    if changed:
        yield f"the picture was made with {', '.join(changed)}; it may come out slightly different"
    if isinstance(batch := recorded.get("batch"), int) and batch > 1:
        yield f"the picture was computed with {batch - 1} others at once; alone it may come out slightly different"
    if is_sidecar(raw := picture.read_bytes()):
        name, same = belongs_to(raw, picture.parent)
        if name and not same:
            yield f"{name} beside it is not the file that {picture.name} tells of"
    yield from _other_settings(texts(recorded.get("settings")), texts(recorded.get("identities")), planned, registry)
    sources = texts(recorded.get("sources"))
    for port, digest in planned.sources.items():
        if sources.get(port, digest) != digest:
            # A hub model is told by its commit, by which it can be asked for.
            by_commit = f": that was OWNER/NAME@{sources[port]}" if COMMIT.fullmatch(sources[port]) else ""
            yield f"what {port} reads is not what the picture was made from{by_commit}; it will come out different"


def _other_settings(
    settings: Mapping[str, str], identities: Mapping[str, str], planned: Plan, registry: Registry
) -> Iterator[str]:
    for name, value in planned.settings.items():
        identity = registry.settings[name].identity(value)
        if name in settings and settings[name] != value:
            yield f"the picture was made with {name} {settings[name]}, this run has {value}; it may come out different"
        elif identities.get(name, identity) != identity:
            yield f"the {name} was '{identities[name]}' and is '{identity}'; it may come out slightly different"
