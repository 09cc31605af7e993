"""A monkey at the real editor: seeded random keys and mouse events, sent the way a terminal's driver sends them."""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from textual import events
from textual.app import App
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.keys import KEYS
from latentgraph.tui.editor.main_screen import MainScreen

SIZES = ((160, 45), (80, 24), (40, 10))
KEY_NAMES = tuple(dict.fromkeys(name for key in KEYS for name in key.keys.split(",") if name != "ctrl+q"))
MOVES: tuple[str, ...] = (
    *(
        "tab",
        "shift+tab",
        "enter",
        "enter",
        "escape",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
    ),
    *("space", "backspace", "delete", "ctrl+u", "ctrl+a", "ctrl+g", "ctrl+d", "ctrl+e", "f6", "f10"),
)
CANVAS = tuple(dict.fromkeys(name for key in KEYS if key.where == "canvas" for name in key.keys.split(",")))
TEXTS: tuple[str, ...] = (
    *("mix", "bake", "loop", "text_encode", "12", "-3", "0.5", "1e999", "true", "null", "[1, 2]", "[", "Ω ß 🍞", "\\"),
    *("workflow", "new.json", "../x", "/", "a.b", "inputs", "  ", "NaN", "9" * 400, "undo", "theme", "run"),
)
LAST = 60
"""Events that are told when something goes wrong."""


class WatchedApp(EditorApp):
    """The editor, kept from what would reach beyond the test."""

    left = False
    """Whether somebody quitted."""

    def exit(self, *args: Any, **options: Any) -> None:
        """Take note."""
        self.left = True

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """There is no terminal to give to another program."""
        yield

    def deliver_screenshot(self, *args: Any, **options: Any) -> str | None:
        """Write nothing into the user's folders."""
        return None

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Open nothing."""

    def end(self) -> None:
        """Leave for good."""
        App.exit(self)


class Monkey:
    """Sends events, and remembers the last ones."""

    def __init__(self, app: WatchedApp, pilot: Pilot[Any], random: Random) -> None:
        self.app = app
        self.pilot = pilot
        self.random = random
        self.sent = 0
        self.last: deque[str] = deque(maxlen=LAST)

    @property
    def screen(self) -> MainScreen:
        """The main screen, whatever lies over it."""
        return self.app.main_screen

    async def play(self, count: int) -> None:
        """Send about so many events, or fewer where the editor was left."""
        end = self.sent + count
        while self.sent < end and not self.app.left:
            await self._act()
            self.check_alive()
            await self._pause()

    def check_alive(self) -> None:
        """Fail where the editor has crashed."""
        if self.app._exception is not None:
            raise self.app._exception

    # --- waiting

    async def settle(self) -> None:
        """Wait until all that was sent is dealt with."""
        await self._quiet()
        await asyncio.sleep(0.02)
        await self._quiet()
        self.check_alive()

    async def until(self, true: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Wait for something that comes by itself."""
        assert await self._until(true, seconds), f"waited for {what}; the last events: {self.story}"
        self.check_alive()

    async def _until(self, true: Callable[[], object], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not true() and self.app._exception is None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.005)
        return True

    async def _quiet(self) -> None:
        quiet = await self._until(lambda: not self._busy(), 20)
        assert quiet, f"these hang: {self._busy()}; {self.story}"
        self.check_alive()

    def _busy(self) -> list[object]:
        """Whoever has messages that are not dealt with."""
        pumps = [self.app, *self.app.screen.walk_children(with_self=True)]
        return [(pump, pump._message_queue.qsize(), pump._task) for pump in pumps if not pump._message_queue.empty()]

    async def _pause(self) -> None:
        """Mostly until the event is dealt with; now and then not at all, or for a timer's time."""
        chance = self.random.random()
        if chance < 0.25:
            await asyncio.sleep(0)
        elif chance < 0.9:
            await self._quiet()
        else:
            await asyncio.sleep(self.random.choice([0.03, 0.1, 0.2]))

    @property
    def story(self) -> str:
        """The last events."""
        return " · ".join(self.last)

    # --- what it does

    async def _act(self) -> None:
        acts: list[tuple[int, Callable[[], object]]] = [
            (30, self._canvas_key),
            (14, self._any_key),
            (16, self._move),
            (8, self._type),
            (14, self._click),
            (6, self._drag),
            (4, self._wheel),
            (3, self._storm),
            (2, self._paste),
            (2, self._resize),
            (2, self._leave_dialog),
        ]
        (act,) = self.random.choices([act for _, act in acts], [weight for weight, _ in acts])
        act()

    def _canvas_key(self) -> None:
        if self.random.random() < 0.1 and self.app.screen is self.screen:
            self._note("focus canvas")
            self.screen.action_focus_canvas()
        self.key(self.random.choice(CANVAS))

    def _any_key(self) -> None:
        self.key(self.random.choice(KEY_NAMES))

    def _move(self) -> None:
        self.key(self.random.choice(MOVES))

    def _leave_dialog(self) -> None:
        self.key("escape")

    def _type(self) -> None:
        text = self.random.choice(TEXTS) if self.random.random() < 0.6 else str(self.random.randrange(2000))
        in_field = isinstance(self.app.focused, (Input, TextArea))
        for character in text[: 40 if in_field else 3]:
            self.key(character)

    def _storm(self) -> None:
        """Undo and redo, many times."""
        for _ in range(self.random.randrange(3, 25)):
            self.key(self.random.choice(["ctrl+z", "ctrl+z", "ctrl+y"]))

    def _paste(self) -> None:
        text = self.random.choice([*TEXTS, self.app.clipboard, "a\nb\x1b[31m\tc"])
        self._note(f"paste {text[:20]!r}")
        self._send(events.Paste(text))

    def _resize(self) -> None:
        width, height = self.random.choice(SIZES)
        self._note(f"resize {width}x{height}")
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        from textual.drivers.headless_driver import HeadlessDriver
        from textual.geometry import Size

        assert isinstance(self.app._driver, HeadlessDriver)
        self.app._driver._size = Size(width, height)
        self._send(events.Resize(Size(width, height), Size(width, height)))

    # --- keys and the mouse

    def key(self, name: str) -> None:
        """Press a key, by Textual's name or by its character."""
        self._note(name)
        key = _character_to_key(name) if len(name) == 1 and not name.isalnum() else name
        try:
            character: str | None = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(key, key)))
        except KeyError:
            character = name if len(name) == 1 else None
        self._send(events.Key(key, character))

    def _place(self) -> tuple[int, int]:
        """Anywhere, but more often on a box."""
        width, height = self.app.size
        canvas = self.screen.canvas
        areas = list(canvas.sheet.areas.values()) if canvas.sheet is not None else []
        if areas and self.random.random() < 0.6:
            area = self.random.choice(areas)
            x = self.random.randint(area.x1 - 1, area.x2 + 1) - canvas.left + canvas.region.x
            y = self.random.randint(area.y1, area.y2) - canvas.top + canvas.region.y
            return max(0, min(width - 1, x)), max(0, min(height - 1, y))
        return self.random.randrange(width), self.random.randrange(height)

    def _modifiers(self) -> dict[str, bool]:
        chance = self.random.random()
        return {"shift": chance < 0.1, "ctrl": 0.1 <= chance < 0.2}

    def _click(self) -> None:
        place, button, held = self._place(), self.random.choice([1, 1, 1, 1, 2, 3]), self._modifiers()
        for _ in range(self.random.choice([1, 1, 1, 2])):
            self._mouse(events.MouseMove, place, 0, **held)
            self._mouse(events.MouseDown, place, button, **held)
            self._mouse(events.MouseUp, place, button, **held)

    def _drag(self) -> None:
        start, end = self._place(), self._place()
        button, held = self.random.choice([1, 1, 1, 1, 2]), self._modifiers()
        self._mouse(events.MouseDown, start, button, **held)
        steps = self.random.randrange(1, 5)
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step // steps for a, b in zip(start, end, strict=True))
            self._mouse(events.MouseMove, (x, y), button, **held)
        if self.random.random() < 0.1:
            self.key(self.random.choice(["escape", "ctrl+z", "x", "a"]))
        self._mouse(events.MouseUp, end, button, **held)

    def _wheel(self) -> None:
        kinds = (events.MouseScrollDown, events.MouseScrollUp, events.MouseScrollLeft, events.MouseScrollRight)
        kind, place, held = self.random.choice(kinds), self._place(), self._modifiers()
        for _ in range(self.random.randrange(1, 4)):
            self._mouse(kind, place, 0, **held)

    def _mouse(self, kind: type[events.MouseEvent], place: tuple[int, int], button: int, **held: bool) -> None:
        x, y = place
        self._note(f"{kind.__name__}({x}, {y}, {button}{''.join(f', {name}' for name, on in held.items() if on)})")
        self._send(kind(None, x, y, 0, 0, button, held["shift"], False, held["ctrl"], screen_x=x, screen_y=y))

    def _note(self, what: str) -> None:
        self.last.append(what)

    def _send(self, event: events.Event) -> None:
        assert self.app._driver is not None
        self.app._driver.process_message(event)
        self.sent += 1


def keep_within(folder: Path, write: Callable[[Path, str], None]) -> Callable[[Path, str], None]:
    """A function that writes files, kept to a folder."""

    def guarded(path: Path, text: str) -> None:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PermissionError(13, "Permission denied", str(path))
        write(path, text)

    return guarded
