"""The way to a Ray cluster: connecting to it, and workers as large as its machines have room for."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.cluster.crew import ClusterError, last_line
from latentgraph.graph.cluster.parcel import Parcel
from latentgraph.graph.cluster.worker import Job, Worker

PORT: Final = 10001
"""Where a head of Ray listens for clients, unless it was told otherwise."""
SECONDS_TO_ANSWER: Final = 5.0
_ADDRESS: Final = re.compile(r"ray://(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]+)(:(?P<port>\d{1,5}))?/?")


@contextmanager
def connected(where: str, *, logs: bool = False) -> Iterator[None]:
    """Within this, this process can call the cluster.

    Args:
        where: `ray`, which is the cluster that this machine belongs to, or else one of this machine alone, for as long
            as it is needed; or `ray://HOST:PORT`.
        logs: Whether what Ray and the workers print is shown.

    Raises:
        ClusterError: Ray is not installed, or cannot be reached.
        ValueError: `where` is neither.
    """
    address = client_address(where if where != "ray" else os.environ.get("RAY_ADDRESS", ""))
    if address is None and where != "ray":
        raise ValueError(f"{where!r} is no cluster; take ray, or ray://HOST:PORT")
    # A Ray that is started here tells nobody about it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Without a GPU a worker is as the machine is; otherwise Ray announces that this will be so.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise ClusterError(
            'Ray is not installed: pip install -c constraints.txt ".[ray]", in the clone of latentgraph'
        ) from None
    if ray.is_initialized():
        yield
        return
    if address is not None:
        _knock(*address)
    quiet: dict[str, Any] = {} if logs else {"log_to_driver": False, "logging_level": "ERROR"}
    # Without this, which Ray's own debugger does too, its errors come among what the command prints for programs.
    ray._private.worker._worker_logs_enabled = logs
    try:
        # Workers import from the folder in which Ray is called before all others: not from where somebody works.
        with chdir(Path.cwd().anchor):
            ray.init(f"ray://{address[0]}:{address[1]}" if address else None, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError, ImportError) as error:
        token = "; where the cluster asks for a token, set RAY_AUTH_MODE=token" if address else ""
        raise ClusterError(f"Ray cannot be used: {last_line(error)}{token}") from error
    try:
        yield
    finally:
        ray.shutdown()


def client_address(where: str) -> tuple[str, int] | None:
    """Host and port of `ray://HOST:PORT`; None where it is something else."""
    found = _ADDRESS.fullmatch(where)
    return (found["host"], int(found["port"] or PORT)) if found else None


def _knock(host: str, port: int) -> None:
    """Find out in seconds what Ray would try for half a minute."""
    try:
        socket.create_connection((host.strip("[]"), port), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise ClusterError(
            f"no Ray cluster answers at ray://{host}:{port}: {why}; its head is started by `ray start --head`"
        ) from None


@dataclass(frozen=True, slots=True)
class Room:
    """Workers of a size that fits into a cluster."""

    workers: int
    gpu: bool
    """Whether each has a GPU of its own."""
    processors: float
    """Of the processor, for each."""
    threads: int
    """That each computes with."""


def room(device: str, threads: int) -> Room:
    """How many workers the cluster has room for: one a GPU, or one for as many cores as it has threads.

    Args:
        device: What was asked for, such as `auto`.
        threads: That this process would compute with, and so each worker: their number changes the bits.

    Raises:
        ClusterError: There is no room.
    """
    import ray

    listed: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    nodes = [node["Resources"] for node in listed if node["Alive"]]
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    if gpus and device != "cpu":
        return Room(gpus, True, 0, threads)
    if device not in ("auto", "cpu"):
        raise ClusterError(f"the cluster has no GPU for --device {device}")
    share = min(float(threads), max((node.get("CPU", 0.0) for node in nodes), default=0.0))
    if not share:
        raise ClusterError("the cluster has neither GPUs nor processors to give")
    return Room(sum(int(node.get("CPU", 0.0) // share) for node in nodes), False, share, threads)


def hiring(job: Job, parcel: Parcel, where: Room, environment: Mapping[str, str]) -> Callable[[], Any]:
    """What starts a worker in the cluster and returns its handle.

    Args:
        job: What it is told.
        parcel: What it is given.
        where: How large it is.
        environment: Variables that it starts with, beside those that hold its threads to their number.
    """
    import ray

    threads = str(where.threads)
    actor = ray.remote(Worker).options(
        num_cpus=where.processors,
        num_gpus=1 if where.gpu else 0,
        scheduling_strategy="SPREAD",
        # A call that computes, and one that cancels it.
        max_concurrency=2,
        # Who is lost is replaced by whoever has room, and not on the machine that may be lost with it.
        max_restarts=0,
        runtime_env={"env_vars": {**environment, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}},
    )
    shared = ray.put(parcel)
    return lambda: actor.remote(job, shared)
