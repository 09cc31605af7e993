"""Every shipped workflow as Python: it gives the file back, plans and runs the same; a type checker reads it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.nodes.test_workflows import EVERY, FOLDER, shipped

from latentgraph.graph.access import FileAccess
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.python import Flow
from latentgraph.graph.python.source import python_source
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

ROOT = Path(__file__).parents[2]
TYPED = Path(__file__).parent / "typed_workflows"
CPU = {"device": "cpu"}
MYPY = f"""[mypy]
strict = True
mypy_path = {ROOT / ".dev"}
explicit_package_bases = True
show_error_codes = True
show_column_numbers = False

[mypy-latentgraph.*]
follow_imports = silent

# Tensors are nothing that a link asks for, and reading their libraries takes a minute.
[mypy-torch.*,diffusers.*,transformers.*,networkx.*,safetensors.*,PIL.*,numpy.*,accelerate.*,huggingface_hub.*]
follow_imports = skip
"""


def written(name: str) -> Flow:
    """A shipped workflow, written by the Python that shows it."""
    scope: dict[str, Any] = {"__name__": name}
    exec(compile(python_source(shipped(name), Registry.load(), name), f"{name}.py", "exec"), scope)
    flow = scope["flow"]
    assert isinstance(flow, Flow)
    return flow


def keys(document: Document, engine: Engine) -> list[str]:
    """The keys of all steps; they stand for everything that changes a result."""
    typed = check(document, engine.registry, access=FileAccess(FOLDER)).require()
    return [step.key for step in engine.plan_checked(typed, settings=CPU).steps]


@pytest.mark.parametrize("name", EVERY)
def test_a_shipped_workflow_comes_back_from_its_python_and_plans_the_same(name: str, engine: Engine) -> None:
    flow, document = written(name), shipped(name)
    assert flow.text() == canonical_text(document.workflow) == (FOLDER / f"{name}.json").read_text("utf-8")
    assert keys(flow.document, engine) == keys(document, engine) != []


def values_of(document: Document, given: dict[str, Any]) -> dict[str, Any]:
    """The outputs, by an engine that keeps nothing of another run."""
    engine = Engine(Registry.load())
    run = engine.run(document, given, settings=CPU, access=FileAccess(FOLDER))
    return {name: engine.registry.values.digest(value) for name, value in run.result().values.items()}


@pytest.mark.parametrize("name", ["text_to_image", "mix_prompts"])
def test_a_shipped_workflow_runs_to_the_same_picture(name: str) -> None:
    given = {"num_inference_steps": 3}
    made = values_of(written(name).document, given)
    assert made == values_of(shipped(name), given)
    assert "image" in made


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
@pytest.mark.parametrize("name", EVERY)
def test_every_workflow_that_runs_as_it_is_runs_to_the_same_picture(name: str) -> None:
    if any(one.required for one in shipped(name).workflow.inputs.values()):
        pytest.skip("it asks for a model; that it plans the same stands above")
    assert values_of(written(name).document, {}) == values_of(shipped(name), {})


def test_a_type_checker_refuses_each_wrong_line_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text(MYPY)
    folder = tmp_path / "read"
    folder.mkdir()
    expected = set()
    for file in TYPED.glob("*.py"):
        text = file.read_text("utf-8")
        (folder / file.name).write_text(text, "utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if marked := re.search(r"# E: (\S+)$", line):
                expected.add((file.name, number, marked[1]))
    for name in EVERY:
        (folder / f"shipped_{name}.py").write_text(python_source(shipped(name), Registry.load(), name), "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "../mypy.ini", "--cache-dir", "../cache", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?):(\d+): error: .*\[(\S+)\]$", done.stdout, re.MULTILINE)
    assert {(file, int(line), code) for file, line, code in found} == expected, done.stdout + done.stderr
    assert len(expected) >= 25
    assert all(file.startswith("wrong_") for file, *_ in expected)


def test_the_python_of_every_shipped_workflow_is_formatted(tmp_path: Path) -> None:
    for name in EVERY:
        (tmp_path / f"{name}.py").write_text(python_source(shipped(name), Registry.load(), name), "utf-8")
    for arguments in (["format", "--diff", "--isolated", "--line-length", "120"], ["format", "--diff", "--isolated"],
                      ["check", "--isolated", "--select", "E4,E7,E9,F,I,UP"]):  # fmt: skip
        done = subprocess.run([sys.executable, "-m", "ruff", *arguments, "."], cwd=tmp_path, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_wrong_workflows_that_can_be_written_are_refused_when_they_are_written() -> None:
    scope: dict[str, Any] = {"__name__": "wrong_links"}
    file = TYPED / "wrong_links.py"
    exec(compile(file.read_text("utf-8"), str(file), "exec"), scope)
    for name, message in (
        (
            "tokens_for_conditioning",
            r"E107 guidance.positive: takes Conditioning, 'tokens.tokens' gives Tokens; put `enc",
        ),
        ("a_missing_input", r"E103 decoded.latents: the input 'latents' \(Latents\) is missing; link it"),
    ):
        with pytest.raises(WorkflowError, match=message):
            scope[name]()


def test_a_family_that_does_not_fit_is_refused_in_its_line() -> None:
    from latentgraph import nodes
    from latentgraph.graph.python import workflow

    with workflow() as flow:
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, "a star")
        with pytest.raises(WorkflowError, match="E109"):
            nodes.encode_sdxl(model.text_encoder, tokens)
        flow.output("tokens", tokens)
