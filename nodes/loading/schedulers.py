"""Schedulers as class and configuration, with what the Stable Diffusion pipeline's constructor changes in one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from latentgraph.nodes.loading.importing import importing
from latentgraph.nodes.loading.sources import quiet_libraries

PIPELINE_REWRITES: Final = MappingProxyType({"steps_offset": 1, "clip_sample": False})
"""What `StableDiffusionPipeline.__init__` (diffusers 0.42) sets in a scheduler that has these entries."""


def scheduler_class(class_name: str) -> Any:
    """The diffusers scheduler called `class_name`.

    Raises:
        ValueError: There is none.
    """
    with importing():
        import diffusers

        found, base = getattr(diffusers, class_name, None), diffusers.SchedulerMixin
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{class_name!r} is no scheduler of diffusers")
    return found


def make_scheduler(class_name: str, config: Mapping[str, Any]) -> Any:
    """A new scheduler of that class with its own configuration, the pipeline's rewrites included.

    `from_config` leaves out what `_use_default_values` lists, the rewritten entries among it, so they are put back the
    way the pipeline's constructor puts them in.
    """
    from diffusers.configuration_utils import FrozenDict

    scheduler = scheduler_class(class_name).from_config(dict(config))
    made = scheduler.config
    lost = {name: config[name] for name in PIPELINE_REWRITES if name in config and made.get(name) != config[name]}
    if lost:
        scheduler._internal_dict = FrozenDict({**made, **lost})  # type: ignore[no-untyped-call]
    return scheduler


def scheduler_snapshot(scheduler: Any) -> Mapping[str, Any]:
    """The configuration of a live scheduler, read-only and the same on every run."""
    config = dict(scheduler.config)
    if "_use_default_values" in config:
        config["_use_default_values"] = sorted(config["_use_default_values"])
    return config


def rewritten_for_pipeline(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A snapshot with the pipeline constructor's rewrites applied, as `pipeline.scheduler.config` has them."""
    return {**config, **{name: value for name, value in PIPELINE_REWRITES.items() if name in config}}


def model_scheduler(class_name: str, config: Mapping[str, Any], *, rewrite: bool) -> Mapping[str, Any]:
    """The configuration that a model's own scheduler has in its pipeline.

    Args:
        class_name: In diffusers.
        config: From its file.
        rewrite: Whether the pipeline's constructor rewrites it.
    """
    snapshot = dict(_snapshot(class_name, json.dumps(config)))
    return rewritten_for_pipeline(snapshot) if rewrite else snapshot


@lru_cache(maxsize=64)
def _snapshot(class_name: str, config: str) -> Mapping[str, Any]:
    """The snapshot of a scheduler that is made of a configuration as JSON."""
    with quiet_libraries():
        return scheduler_snapshot(make_scheduler(class_name, json.loads(config)))
