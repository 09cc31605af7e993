"""Whatever is done to a workflow file, it is read and checked or told what is wrong: nothing else comes out."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import toy_registry

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.registry import Registry

SUB = {"latentgraph": 1, "inputs": {"flour": {"type": "integer", "minimum": 5, "default": 5}},
       "nodes": {"m": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}}},
       "outputs": {"d": {"from": "m.dough"}}}  # fmt: skip
SEED: dict[str, Any] = {
    "$schema": "./workflow.schema.json",
    "latentgraph": 1,
    "description": "Everything once: ü.",
    "inputs": {
        "n": {"type": "integer", "default": 3, "minimum": 0},
        "crust": {"type": "string", "choices": ["soft", "dark"]},
    },
    "nodes": {
        "c": {"type": "count", "inputs": {"to": {"from": "inputs.n"}}},
        "s": {"type": "workflow", "file": "sub.json", "inputs": {"flour": 10}},
        "l": {
            "type": "loop",
            "each": {"i": {"from": "c.value"}},
            "carry": {"d": {"from": "s.d", "next": "k.dough"}},
            "inputs": {"minutes": 1.5},
            "nodes": {
                "k": {"type": "knead", "inputs": {"dough": {"from": "loop.d"}, "minutes": {"from": "loop.minutes"}}},
                "q": {"type": "square", "inputs": {"number": {"from": "loop.i"}}, "description": "inside"},
            },
            "collect": {"all": {"from": "q.value"}},
        },
        "b": {"type": "bake", "inputs": {"dough": {"from": "l.d"}, "crust": {"from": "inputs.crust"}}},
        "v": {"type": "sell", "inputs": {"bread": {"from": "b.bread"}}, "disabled": "bypass"},
    },
    "outputs": {"bread": {"from": "v.bread"}, "squares": {"from": "l.all"}},
    "groups": {"g": {"nodes": ["c", "l/k"]}},
    "layout": {"l/q": [1, -2]},
}
VALUES: list[Any] = [None, True, 0, -1, 3.5, 10**400, "", "x", "m.dough", "loop.i", "inputs.n", "l.d", [], [1, "a"], {},
                     {"from": "c.value"}, {"from": 3}, {"type": "loop"}, "mute", "\0", "\u2028", "../sub.json",
                     "w.json", [[[[]]]], "x" * 5000]  # fmt: skip
BYTES = [
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b",",
    b":",
    b"\\",
    b"1e999",
    b"NaN",
    b"\\ud800",
    b"\n",
    b"//",
    b"9" * 5000,
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return toy_registry()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "sub.json").write_text(json.dumps(SUB))
    (folder / "w.json").write_text(json.dumps(SEED))
    return folder / "w.json"


def containers(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] * bool(inner) + [one for item in inner for one in containers(item)]


def mutated_data(random_: random.Random) -> bytes:
    data = copy.deepcopy(SEED)
    everything = [key for one in containers(SEED) if isinstance(one, dict) for key in one]
    for _ in range(random_.randint(1, 3)):
        target = random_.choice(containers(data) or [data])
        key = random_.choice(list(target) if isinstance(target, dict) else range(len(target))) if target else "x"
        action = random_.choice(["delete", "value", "move", "rename"])
        if action == "delete" and target:
            del target[key]
        elif action == "rename" and isinstance(target, dict) and target:
            target[random_.choice(everything)] = target.pop(key)
        elif isinstance(target, dict):
            source = VALUES if action == "value" else containers(SEED)
            target[key] = copy.deepcopy(random_.choice(source))
        elif target:
            target[key] = copy.deepcopy(random_.choice(VALUES))
    return json.dumps(data, indent=random_.choice([None, 1]), ensure_ascii=random_.random() < 0.5).encode()


def mutated_bytes(random_: random.Random) -> bytes:
    raw = bytearray(json.dumps(SEED).encode())
    for _ in range(random_.randint(1, 3)):
        start = random_.randrange(len(raw))
        end = min(len(raw), start + random_.choice([0, 1, 2, 30]))
        piece = random_.choice([*BYTES, bytes(raw[random_.randrange(len(raw)) :][:40])])
        raw[start:end] = piece
    return bytes(raw)


def outcome(raw: bytes, path: Path, registry: Registry) -> str:
    started = time.process_time()
    try:
        document = parse_document(raw, "w.json", path)
        text = canonical_text(document.workflow)
        again = parse_document(text.encode(), "w.json", path).workflow
        assert again == document.workflow
        assert canonical_text(again) == text
        problems = check(document, registry).errors
    except WorkflowError as error:
        problems = list(error.problems)
        assert problems
    assert time.process_time() - started < 5
    assert all(problem.message and str(problem).isprintable() for problem in problems)
    text = " ".join(map(str, problems))
    assert "Input should" not in text
    assert "valid dictionary" not in text
    return problems[0].code if problems else "clean"


def outcomes(seeds: range, path: Path, registry: Registry) -> set[str]:
    seen = set()
    for seed in seeds:
        random_ = random.Random(seed)
        raw = mutated_bytes(random_) if seed % 3 == 0 else mutated_data(random_)
        try:
            seen.add(outcome(raw, path, registry))
        except Exception as error:
            error.add_note(f"seed {seed}: {raw!r}")
            raise
    return seen


def test_the_seed_is_clean(path: Path, registry: Registry) -> None:
    assert outcome(path.read_bytes(), path, registry) == "clean"


def test_a_mutated_file_is_clean_or_told(path: Path, registry: Registry) -> None:
    assert {"clean", "E003", "E007", "E104", "E106"} <= outcomes(range(600), path, registry)


@pytest.mark.exhaustive
def test_ten_thousand_mutated_files_are_clean_or_told(path: Path, registry: Registry) -> None:
    assert len(outcomes(range(10_000), path, registry)) > 15
