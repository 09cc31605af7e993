"""What goes along lies elsewhere under the paths that it has here."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentgraph.graph.cluster import parcel
from latentgraph.graph.cluster.parcel import NotThereError, Parcel, moved, pack, places, rewritten


def test_files_and_folders_lie_under_their_own_paths(tmp_path: Path) -> None:
    (tmp_path / "pictures/more").mkdir(parents=True)
    (tmp_path / "pictures/a.txt").write_text("a")
    (tmp_path / "pictures/more/b.txt").write_text("b")
    (tmp_path / "c.txt").write_text("c")
    packed = pack([tmp_path / "pictures", tmp_path / "c.txt", tmp_path / "c.txt"])
    there = tmp_path / "there"
    assert packed.unpack(there) == []
    for name in ("pictures/a.txt", "pictures/more/b.txt", "c.txt"):
        assert moved(tmp_path / name, there).read_text() == Path(name).stem


def test_what_is_too_large_has_to_be_there_under_the_same_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "MOST", 3)
    (tmp_path / "small.txt").write_text("abc")
    (tmp_path / "large.txt").write_text("abcd")
    packed = pack([tmp_path / "large.txt", tmp_path / "small.txt"])
    assert list(packed.contents) == [str(tmp_path / "small.txt")]
    there = tmp_path / "there"
    assert packed.unpack(there) == [tmp_path / "large.txt"]
    assert moved(tmp_path / "large.txt", there).read_text() == "abcd"
    (tmp_path / "large.txt").unlink()
    with pytest.raises(NotThereError) as caught:
        packed.unpack(tmp_path / "elsewhere")
    assert str(caught.value) == (
        f"there is no '{tmp_path}/large.txt', and it is too large to be sent along; put it there under the same path, "
        "or on a disk that all machines share"
    )


def test_a_file_behind_a_link_lies_where_the_link_leads_too(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.txt").write_text("a")
    (tmp_path / "link").symlink_to("real")
    value = str(tmp_path / "real/a.txt")
    assert places("./link/a.txt", value, [tmp_path, tmp_path / "real"]) == [
        tmp_path / "real/a.txt",
        tmp_path / "link/a.txt",
    ]


def test_texts_are_rewritten_wherever_they_stand() -> None:
    data = {"node": {"files": ["/a.txt", "b"], "number": 1}}
    assert rewritten(data, {"/a.txt": "/x/a.txt"}) == {"node": {"files": ["/x/a.txt", "b"], "number": 1}}


def test_an_empty_parcel_is_no_trouble(tmp_path: Path) -> None:
    assert pack([]) == Parcel({}, frozenset())
