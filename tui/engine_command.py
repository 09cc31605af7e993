"""`latentgraph serve-engine`: the engine's end of it; that of a call is in `warm_run`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentgraph.graph.process.warm import WarmEngine
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.warm_socket import NoEngineError, socket_path
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.find import load_registry
from latentgraph.tui.interrupt import cancelling
from latentgraph.tui.messages import CommandError
from latentgraph.tui.quiet import quiet_libraries
from latentgraph.tui.values import read_given


def serve(allow_read: tuple[Path, ...], *, debug: bool) -> None:
    """Serve until somebody stops it.

    Raises:
        CommandError: It cannot be served here.
    """
    try:
        path = socket_path()
    except ValueError as error:
        raise CommandError(str(error)) from None
    if path is None:
        raise CommandError("there is no place for a socket: LATENTGRAPH_ENGINE is off, or the system knows none")
    if not debug:
        quiet_libraries()
    registry = load_registry(())

    def read_values(
        workflow: Workflow, settings: list[str], inputs: Path | None
    ) -> tuple[Mapping[str, Any], Mapping[str, int]]:
        given = read_given(workflow, registry, settings, inputs)
        return given.values, given.drawn

    try:
        warm = WarmEngine(Engine(registry, disk=open_cache(registry)), path, read_values, allow_read=allow_read)
    except NoEngineError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    with cancelling(warm.close):
        warm.serve(lambda: _ready(registry, path))
    # Not by returning: a step that is under way would be waited for.
    os._exit(0)


def _ready(registry: Registry, path: Path) -> None:
    settings: dict[str, str] = {}
    for name, setting in registry.settings.items():
        try:
            settings[name] = setting.resolve(setting.default, settings)
        except ValueError:
            continue
    print(f"ready on {settings.get('device', 'this machine')}, at {path}; Ctrl-C ends it", flush=True)
