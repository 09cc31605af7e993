"""Modules that stand in their place unread: the code of one runs when somebody first has use for it.

Libraries import at their top what only some of their users need. A module that is deferred before they do costs
nothing until it is used, and is then what it would have been: the import system's own order is kept.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from threading import RLock
from types import FrameType, ModuleType
from typing import Any


@dataclass(slots=True)
class _Deferral:
    """How a deferred module is read."""

    spec: ModuleSpec
    names: Mapping[str, Any]
    askers: tuple[str, ...]
    open: bool
    after: Callable[[], None]
    lock: Any = field(default_factory=RLock)
    reading: bool = False


_deferrals: dict[str, _Deferral] = {}


class DeferredModule(ModuleType):
    """A module whose code has not run yet."""

    def __getattr__(self, name: str) -> Any:
        """What it has by this name; for a library that may do without, something that is it when it is used."""
        if name == "__path__":
            raise AttributeError(name)  # It is no package: its specification would have told.
        if not name.startswith("__") and _asked_by(_deferrals[self.__name__].askers):
            return DeferredName(self, name)
        read(self)
        return getattr(self, name)


def _asked_by(libraries: tuple[str, ...]) -> bool:
    """Whether the code that asks a module for a name is of one of these libraries."""
    asking: FrameType | None = sys._getframe(2)
    while asking is not None and asking.f_globals.get("__name__") == "importlib._bootstrap":
        asking = asking.f_back
    return asking is not None and str(asking.f_globals.get("__name__", "")).partition(".")[0] in libraries


class DeferredName:
    """A class or a function of a module that has not been read; using it reads the module.

    Nothing is an instance of a class that does not exist yet, so that asking for that reads nothing.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        """Stand for `module.name`."""
        self._module = module
        self._name = name

    def _real(self) -> Any:
        read(self._module)
        return getattr(self._module, self._name)

    def __getattr__(self, name: str) -> Any:
        """Of the real one."""
        return getattr(self._real(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the real one."""
        return self._real()(*args, **kwargs)

    def __instancecheck__(self, instance: object) -> bool:
        """Whether `instance` is one of the real class."""
        return not isinstance(self._module, DeferredModule) and isinstance(instance, self._real())

    def __subclasscheck__(self, subclass: type) -> bool:
        """Whether `subclass` is one of the real class."""
        return not isinstance(self._module, DeferredModule) and issubclass(subclass, self._real())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """The real class, for one that is derived from it."""
        return (self._real(),)

    def __or__(self, other: Any) -> Any:
        """The union of both types."""
        return self._real() | other


def defer(
    name: str,
    names: Mapping[str, Any] | None = None,
    *,
    askers: tuple[str, ...] = (),
    open: bool = False,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Put a module into its place unread; do nothing where it is read already, or not to be found.

    Its parent is imported, unless that is deferred.

    Args:
        name: Of the module, such as `scipy.stats`.
        names: What is in the place of some of its names until it is read.
        askers: Libraries whose modules import names of it that they may have no use for.
        open: Whether modules in it can be imported without it; else it is read before the first of them.
        after: Called when it has been read.
    """
    parent, _, child = name.rpartition(".")
    if name in sys.modules:
        return
    around = importlib.import_module(parent) if parent else None
    spec = PathFinder.find_spec(name, around.__path__ if around else None)
    if spec is None or spec.loader is None:
        return
    module = DeferredModule(name)
    vars(module).update(vars(module_from_spec(spec)) | dict(names or {}))
    _deferrals[name] = _Deferral(spec, names or {}, askers, open, after)
    sys.modules[name] = module
    if around:
        setattr(around, child, module)
    if not any(isinstance(finder, _Inside) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Inside())


def read(module: ModuleType) -> None:
    """Run the code of a deferred module, if it has not run yet; threads that ask meanwhile wait for it.

    Raises:
        AttributeError: Its own code asks it for a name that it does not have yet.
    """
    if not isinstance(module, DeferredModule):
        return
    name = module.__name__
    around = sys.modules.get(name.rpartition(".")[0])
    if isinstance(around, DeferredModule) and not _is_open(around):
        read(around)
    deferral = _deferrals[name]
    with deferral.lock:
        if not isinstance(module, DeferredModule):
            return  # another thread has read it, or the module around it has
        if deferral.reading:
            raise AttributeError(f"partially initialized module {name!r} does not have that name yet")
        _run(module, deferral)


def _run(module: ModuleType, deferral: _Deferral) -> None:
    assert deferral.spec.loader is not None
    deferral.reading = True
    for name in deferral.names:
        vars(module).pop(name, None)
    try:
        deferral.spec.loader.exec_module(module)
    except BaseException:
        vars(module).update(deferral.names)
        raise
    finally:
        deferral.reading = False
    module.__class__ = ModuleType
    deferral.after()


def _is_open(package: ModuleType) -> bool:
    """Whether what is in a deferred package can be had now."""
    deferral = _deferrals[package.__name__]
    return deferral.open or deferral.reading


class _Inside(MetaPathFinder):
    """Has a deferred package read before a module in it is imported, as the import system does with any package."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the module is that the package itself has imported meanwhile; None leaves it to others to find it."""
        package = sys.modules.get(fullname.rpartition(".")[0])
        if not isinstance(package, DeferredModule) or _is_open(package):
            return None
        read(package)
        there = sys.modules.get(fullname)
        if there is None:
            return None
        # The import system goes on with the specification that a module has which has come meanwhile.
        there.__spec__ = spec = ModuleSpec(fullname, _There(there))
        return spec


class _There(Loader):
    """Gives a module that has been imported already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it was."""
        module.__spec__ = self._spec
