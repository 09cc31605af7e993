"""A hub in a thread: as much of the hub's HTTP interface as huggingface_hub needs to list and download a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server has, and what it was asked."""

    models: dict[str, Path] = field(default_factory=dict)
    """Folder of each `owner/name`."""
    gated: set[str] = field(default_factory=set)
    """Models whose files are refused to all."""
    token: str = ""
    """The only token that is taken, where one is sent; empty: any."""
    broken: int = 0
    """A status that answers everything, such as 503."""
    asked: list[str] = field(default_factory=list)
    """Every request: `GET /api/models/...`."""
    address: str = ""


@contextmanager
def serve(hub: Hub) -> Iterator[str]:
    """Serve `hub` on a free port of this machine and give its address."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.hub.broken:
            return self._refuse(self.hub.broken, "", "out of order")
        if sent and self.hub.token and sent != self.hub.token:
            return self._refuse(401, "", "Invalid credentials in Authorization header")
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            return self._about("/".join(parts[2:4]), parts[4:])
        return self._file("/".join(parts[:2]), parts[2:])

    def _about(self, name: str, rest: list[str]) -> None:
        folder = self.hub.models.get(name)
        if folder is None:
            return self._refuse(401, "RepoNotFound", "Repository not found")
        if len(rest) > 1 and rest[1] not in ("main", COMMIT):
            return self._refuse(404, "RevisionNotFound", "Invalid rev id")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if rest[:1] == ["tree"]:
            return self._json(
                [
                    {"type": "file", "path": p.relative_to(folder).as_posix(), "size": p.stat().st_size, "oid": _oid(p)}
                    for p in files
                ]
            )
        siblings = [{"rfilename": p.relative_to(folder).as_posix(), "size": p.stat().st_size} for p in files]
        return self._json({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings, "tags": []})

    def _file(self, name: str, rest: list[str]) -> None:
        folder = self.hub.models.get(name)
        if folder is None:
            return self._refuse(401, "RepoNotFound", "Repository not found")
        if name in self.hub.gated:
            return self._refuse(403, "GatedRepo", f"Access to model {name} is restricted")
        path = folder.joinpath(*rest[2:])
        if rest[0] != "resolve" or not path.is_file():
            return self._refuse(404, "EntryNotFound", "Entry not found")
        return self._send(200, path.read_bytes(), {"ETag": f'"{_oid(path)}"', "X-Repo-Commit": COMMIT})

    def _json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str, message: str) -> None:
        headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        self._send(status, json.dumps({"error": message}).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _oid(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
