"""Kitty's protocol beside a screen that is being written."""

from __future__ import annotations

from typing import Any

from textual.app import App


def send_through(app: App[Any]) -> None:
    """Let the library send its pictures by way of the app.

    By itself it writes to standard output, past the thread that writes the screen: a picture in the middle of an
    escape sequence tears both.
    """
    from textual_image.renderable import tgp

    driver = app._driver

    def send(*, payload: str | None = None, **data: Any) -> None:
        control = ",".join(f"{name}={value}" for name, value in data.items())
        if driver is not None:
            driver.write(f"\x1b_G{control};{payload}\x1b\\" if payload else f"\x1b_G{control}\x1b\\")

    tgp._send_tgp_message = send
