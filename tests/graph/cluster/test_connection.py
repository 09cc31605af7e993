"""A cluster has room for a worker a GPU, or for one for as many cores as this process has threads."""

from __future__ import annotations

import pytest

from latentgraph.graph.cluster.connection import Room, client_address, room
from latentgraph.graph.cluster.crew import ClusterError


@pytest.mark.parametrize(
    ("machines", "device", "threads", "found"),
    [
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8, "GPU": 2}], "auto", 8, Room(6, True, 0, 8)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8}], "cuda", 8, Room(4, True, 0, 8)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8}], "cpu", 8, Room(2, False, 8, 8)),
        ([{"CPU": 8}, {"CPU": 3}], "auto", 2, Room(5, False, 2, 2)),
        # Smaller machines than the one that asks compute with as many threads all the same, for the bits.
        ([{"CPU": 4}, {"CPU": 4}], "auto", 16, Room(2, False, 4, 16)),
        ([{}, {"CPU": 4}], "auto", 1, Room(4, False, 1, 1)),
    ],
)
def test_workers_are_as_many_as_fit(
    monkeypatch: pytest.MonkeyPatch, machines: list[dict[str, float]], device: str, threads: int, found: Room
) -> None:
    nodes = [{"Alive": True, "Resources": one} for one in machines]
    monkeypatch.setattr("ray.nodes", lambda: [*nodes, {"Alive": False, "Resources": {"CPU": 99, "GPU": 9}}])
    assert room(device, threads) == found


def test_where_there_is_no_room_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": {"CPU": 2}}])
    with pytest.raises(ClusterError, match="the cluster has no GPU for --device cuda"):
        room("cuda", 1)
    monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": {}}])
    with pytest.raises(ClusterError, match="the cluster has neither GPUs nor processors to give"):
        room("auto", 1)


def test_addresses_of_clients() -> None:
    assert client_address("ray://head:25000") == ("head", 25000)
    assert client_address("ray://10.0.0.1") == ("10.0.0.1", 10001)
    assert client_address("ray://[::1]:10001/") == ("[::1]", 10001)
    assert [client_address(one) for one in ("ray", "head:6379", "ray://", "ray://a b")] == [None] * 4
