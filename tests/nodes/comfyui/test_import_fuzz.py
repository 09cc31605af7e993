"""Whatever is done to a file of another program, it is imported wholly, in part, or refused in a sentence."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from tests.nodes.comfyui.mutations import mutated, originals

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.tui.fmt_command import canonical
from latentgraph.tui.foreign_files import IN_PART
from latentgraph.tui.import_command import imported_from

SAMPLE = range(0, 10_000, 67)
BOUND = 2.0
"""Seconds of processor time that a file may take."""


def code_of(raw: bytes, options: ImportOptions) -> int:
    """The exit code of `latentgraph import` for the file, all of it but for the writing."""
    try:
        _, imported = imported_from(raw, "fuzz", options)
        canonical(imported.workflow, "fuzz")
    except WorkflowError:
        return 2
    return IN_PART if imported.untranslated else 0


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> ImportOptions:
    return ImportOptions(tmp_path_factory.mktemp("fuzz"), Registry.load())


def test_there_are_enough_files_to_begin_with() -> None:
    assert len(originals()) >= 200


@pytest.mark.parametrize("number", SAMPLE)
def test_a_file_with_something_done_to_it_is_imported_or_refused(number: int, options: ImportOptions) -> None:
    assert code_of(mutated(number), options) in (0, 2, IN_PART)


@pytest.mark.exhaustive
def test_ten_thousand_files_with_something_done_to_them_are_imported_or_refused(options: ImportOptions) -> None:
    codes: Counter[int] = Counter()
    slowest = (0.0, 0)
    for number in range(10_000):
        raw = mutated(number)
        start = time.process_time()
        codes[code_of(raw, options)] += 1
        slowest = max(slowest, (time.process_time() - start, number))
    print(f"\n{dict(codes)}, the slowest {slowest[0]:.2f} s (number {slowest[1]})")
    assert set(codes) <= {0, 2, IN_PART}
    assert slowest[0] < BOUND


def test_the_result_of_a_mutation_is_the_same_each_time() -> None:
    assert [mutated(number) for number in (3, 77)] == [mutated(number) for number in (3, 77)]


def test_nothing_is_left_in_the_folder(options: ImportOptions) -> None:
    assert list(Path(options.folder).iterdir()) == []
