"""A warm engine of toys, for `tests.bench.endurance` to call."""

from __future__ import annotations

from tests.graph.toys import toy_registry

from latentgraph.graph.process.warm import WarmEngine
from latentgraph.graph.run import Engine
from latentgraph.graph.warm_socket import socket_path

if __name__ == "__main__":
    path = socket_path()
    assert path is not None
    engine = WarmEngine(Engine(toy_registry()), path, lambda *_: ({}, {}))
    engine.serve(lambda: print("ready", flush=True))
