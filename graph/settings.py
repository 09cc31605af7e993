"""Settings of a run that nodes ask for, such as the device; a package of nodes declares them and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, by name, with what to do about it when a run begins."""

    name: str
    help: str
    default: str
    resolve: Callable[[str, Mapping[str, str]], str]
    """Given what the user asked for and the settings resolved before it: what it is here (`auto` becomes `cuda`).

    Raises ValueError with a sentence for the user where it cannot be had.
    """
    identity: Callable[[str], str] = str
    """Everything that a value of it changes in the bits of a result: the device's name, versions, the thread count."""
    threads: Callable[[], int] | None = None
    """How many threads of the processor a run computes with in this process, where its identity covers that."""
