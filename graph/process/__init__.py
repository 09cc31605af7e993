"""The engine in a process of its own, so that the screen never waits for it and a crash costs no edit."""

from latentgraph.graph.process.engine_process import EngineProcess
from latentgraph.graph.process.messages import (
    Downloading,
    EngineDied,
    EngineLog,
    EngineReady,
    Looked,
    LookedValue,
    Message,
    RunEvent,
    RunRefused,
)
from latentgraph.graph.process.request import RunRequest

__all__ = [
    "Downloading",
    "EngineDied",
    "EngineLog",
    "EngineProcess",
    "EngineReady",
    "Looked",
    "LookedValue",
    "Message",
    "RunEvent",
    "RunRefused",
    "RunRequest",
]
