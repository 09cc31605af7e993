"""Another scheduler for a model, configured from the model's own, and options checked before diffusers sees them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

from pydantic import AfterValidator, ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from latentgraph.graph.names import closest, meant, nearest
from latentgraph.nodes.loading.schedulers import scheduler_class

_CLASS: Final = re.compile(r"^class (\w+Scheduler)\(", re.MULTILINE)
_ENDING: Final = re.compile(r"(Discrete|Multistep)?Scheduler$")
"""What people leave out when they name a scheduler: `Euler`, `dpm-solver`."""


@cache
def known_schedulers() -> tuple[str, ...]:
    """The names of the scheduler classes of the installed diffusers, read off its sources without importing it."""
    found = find_spec("diffusers")
    folders = [Path(root) / "schedulers" for root in (found.submodule_search_locations or ())] if found else []
    sources = [path.read_text("utf-8") for folder in folders for path in sorted(folder.rglob("scheduling_*.py"))]
    return tuple(sorted({name for source in sources for name in _CLASS.findall(source)}))


def scheduler_name(name: str) -> str:
    """`name`, if the installed diffusers has a scheduler class of that name; empty is the model's own.

    Raises:
        ValueError: It has none.
    """
    if name and name not in known_schedulers():
        raise ValueError("diffusers has no scheduler of this name" + _meant(name))
    return name


def _meant(name: str) -> str:
    """The end of a message that says which scheduler was probably meant, whatever the case and the ending."""
    short = {_ENDING.sub("", known).lower(): known for known in reversed(known_schedulers())}
    near = nearest(name, known_schedulers())
    wanted = re.sub(r"[^a-z0-9]", "", _ENDING.sub("", name).lower())
    near = near or short.get(nearest(wanted, [one for one in short if one[:1] == wanted[:1]]), "")
    return f"; {meant(near)}" if near else ""


SchedulerName = Annotated[str, AfterValidator(scheduler_name)]
"""The name of a scheduler class of diffusers; a wrong one is found by the check."""


def named_scheduler(class_name: str) -> Any:
    """The diffusers class called `class_name`.

    Raises:
        ValueError: There is none, or a package that it needs is missing.
    """
    import diffusers

    if class_name not in known_schedulers():
        raise ValueError(f"{class_name!r} is no scheduler of diffusers" + _meant(class_name))
    needed = getattr(getattr(diffusers, class_name), "_backends", None)
    if needed:
        # diffusers puts a dummy with the names of what it would need in the place of a class it cannot import.
        missing = [name for name in needed if name != "torch"]
        raise ValueError(f"{class_name} needs a package that is not installed: pip install {' '.join(missing)}")
    return scheduler_class(class_name)


def configured(class_name: str, config: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """A live scheduler as `Class.from_config(config, **options)` makes it.

    Args:
        class_name: In diffusers.
        config: Of any scheduler; what `class_name` does not know of it is left out.
        options: By the names of the class's own `__init__`.

    Raises:
        ValueError: An option is unknown, of another type, or refused by the class.
    """
    wanted = named_scheduler(class_name)
    check_options(wanted, options)
    try:
        return wanted.from_config(dict(config), **options)
    except (TypeError, ValueError, NotImplementedError, ImportError) as error:
        raise ValueError(f"{class_name} cannot be configured so: {error}") from error


def check_options(wanted: type, options: Mapping[str, Any]) -> None:
    """Hold options against the parameters of the class's `__init__`.

    Raises:
        ValueError: One is unknown, or not of its parameter's type.
    """
    known = [name for name in inspect.signature(wanted).parameters if name != "kwargs"]
    hints = get_type_hints(wanted.__init__)  # type: ignore[misc]
    for name, value in options.items():
        if name not in known:
            hint = closest(name, known)
            raise ValueError(f"{wanted.__name__} has no option {name!r}" + (f"; {hint}" if hint else ""))
        _check_type(f"option {name!r} of {wanted.__name__}", hints.get(name, Any), value)


def _check_type(what: str, annotation: Any, value: Any) -> None:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(
            annotation, config=ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
        )
    except PydanticUserError:
        return  # Not every annotation of diffusers is one that pydantic can check.
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{what} is {value!r}: {error.errors()[0]['msg'].lower()}") from None
