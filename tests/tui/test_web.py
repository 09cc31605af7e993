"""The editor in a browser: the server answers, the editor draws into the socket, and nothing outlives the server."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

ARRIVES_SECONDS = 60


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        port: int = one.getsockname()[1]
        return port


async def _wait_for_page(session: aiohttp.ClientSession, url: str) -> str:
    for _ in range(ARRIVES_SECONDS * 10):
        try:
            async with session.get(url) as answer:
                assert answer.status == 200
                return await answer.text()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)
    raise AssertionError("the server does not answer")


async def _drawn(session: aiohttp.ClientSession, url: str, wanted: str) -> str:
    """What the editor draws into the socket, until `wanted` is in it."""
    drawn = ""
    async with session.ws_connect(url) as channel:
        async for message in channel:
            if message.type is aiohttp.WSMsgType.BINARY:
                drawn += message.data.decode("utf-8", "replace")
            if wanted in drawn:
                break
    return drawn


async def _knock(session: aiohttp.ClientSession, port: int) -> None:
    """Open the socket without having seen the page, as soon as somebody answers."""
    for _ in range(ARRIVES_SECONDS * 10):
        try:
            await session.ws_connect(f"ws://localhost:{port}/ws")
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)


def _processes_of(group: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
async def test_a_browser_sees_the_editor_and_nothing_outlives_the_server(tmp_path: Path) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "latentgraph.tui.main", "edit", "text_to_image", "--web", str(port)]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    server = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env=environment, start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(ARRIVES_SECONDS):
            assert server.stderr is not None
            address = re.search(r"http://\S+", (await server.stderr.readline()).decode())
            assert address is not None
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await _knock(session, port)
            assert "latentgraph" in await _wait_for_page(session, address[0])
            async with session.get(f"http://localhost:{port}", cookies={"latentgraph": "guessed"}) as answer:
                assert answer.status == 403
            drawn = await _drawn(session, f"ws://localhost:{port}/ws?width=120&height=40", "load_model")
            for foreign in ({"Origin": "http://elsewhere.example"}, {"Host": f"elsewhere.example:{port}"}):
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await session.ws_connect(f"ws://localhost:{port}/ws", headers=foreign)
            own = {"Origin": f"http://localhost:{port}"}
            async with session.ws_connect(f"ws://localhost:{port}/ws", headers=own):
                pass
        assert "negative_prompt" in drawn
        server.send_signal(signal.SIGINT)
        async with asyncio.timeout(ARRIVES_SECONDS):
            await server.wait()
            while _processes_of(server.pid):
                await asyncio.sleep(0.1)
    finally:
        for process in _processes_of(server.pid):
            os.kill(process, signal.SIGKILL)
