"""Which package a node type comes from, and what to do where a file needs one that is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.names import normalized_package
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Workflow

OWN: Final = "latentgraph"
PACKAGE_NAME: Final = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]")
"""What a package may be called (PEP 508)."""


def package_of(type: str, registry: Registry) -> str:
    """The package that those need who do not have a type; empty for our own, for one from a file and an unknown one."""
    if type in (LOOP, SUBWORKFLOW) or registry.get(type) is None:
        return ""
    origin = registry.origin(type)
    return "" if origin == OWN or origin.endswith(".py") else origin


def with_packages(workflow: Workflow, registry: Registry) -> Workflow:
    """The workflow, each node of another package saying which that is; what a file says already is left as it is."""
    data = canonical_data(workflow)
    if not _write_packages(data["nodes"], registry):
        return workflow
    return Workflow.model_validate(data, by_alias=True, by_name=False)


def remedy(package: str, registry: Registry) -> str:
    """What to do to have the nodes of the package that a file names."""
    says = f"the file says that the package '{package}' provides it"
    if not PACKAGE_NAME.fullmatch(package):
        return f"{says}, which is no name of a package"
    if fault := registry.broken.get(normalized_package(package)):
        return f"{says}, which is installed and cannot be used: {fault}"
    try:
        return f"{says}, of which version {version(package)} is installed, without it: look for another version"
    except PackageNotFoundError:
        return f"{says}; if you trust it: pip install {package}"


def _write_packages(nodes: Mapping[str, dict[str, Any]], registry: Registry) -> bool:
    """Whether one was written."""
    written = False
    for node in nodes.values():
        if "package" not in node and (package := package_of(node["type"], registry)):
            node["package"] = package
            written = True
        written = _write_packages(node.get("nodes") or {}, registry) or written
    return written
