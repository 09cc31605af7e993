"""The editor in a browser, by textual-serve: the same program in a process of its own for each visitor."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from secrets import token_urlsafe

from latentgraph.tui.messages import CommandError, say

HOST = "localhost"
"""Nobody but this machine is served."""
COOKIE = "latentgraph"


def serve(arguments: Sequence[str], port: int) -> None:
    """Serve the editor until Ctrl-C.

    Args:
        arguments: Of `latentgraph edit`, for each visitor's process.
        port: Where.

    Raises:
        CommandError: textual-serve is not installed, or the port is taken.
    """
    try:
        from aiohttp.web import HTTPForbidden, Request, StreamResponse, WebSocketResponse
        from textual_serve.server import Server
    except ImportError:
        raise CommandError("a browser needs textual-serve: pip install textual-serve") from None
    command = shlex.join([sys.executable, "-m", "latentgraph.tui.main", "edit", *arguments])
    # Others may have accounts on this machine: who opens the editor acts as whoever started it.
    secret = token_urlsafe(16)
    say("note", f"http://{HOST}:{port}/?key={secret} shows the editor to who knows this address; Ctrl-C ends it")

    class OwnPage(Server):
        """A server whose editors its own page alone can drive: browsers let any page open a socket to anywhere."""

        async def handle_index(self, request: Request) -> StreamResponse:
            """The page, for who knows the key; the browser shows the key again when it opens the socket."""
            if secret not in (request.query.get("key"), request.cookies.get(COOKIE)):
                raise HTTPForbidden(text="Open the address that `latentgraph edit --web` printed.")
            page: StreamResponse = await super().handle_index(request)
            page.set_cookie(COOKIE, secret, httponly=True, samesite="Strict")
            return page

        async def handle_websocket(self, request: Request) -> WebSocketResponse:
            """Refuse another page, one that calls this machine by a name of its own, and who does not know the key."""
            asked = {f"http://{request.host}", request.headers.get("Origin", self.public_url)}
            if asked != {self.public_url} or request.cookies.get(COOKIE) != secret:
                raise HTTPForbidden
            return await super().handle_websocket(request)

    try:
        OwnPage(command, host=HOST, port=port, title="latentgraph").serve()
    except OSError as error:
        raise CommandError(f"port {port} cannot be served: {error.strerror}; name another with --web", 1) from None


def in_browser() -> bool:
    """Whether this process is the editor of a browser's visitor."""
    return "web" in os.environ.get("TEXTUAL_DRIVER", "")
