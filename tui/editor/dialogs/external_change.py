"""What to do about a file that somebody else changed since it was opened."""

from __future__ import annotations

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm


class ExternalChange(Confirm):
    """Asks what is to become of the two versions; gives `save_as`, `reload`, `overwrite`, or None."""

    def __init__(self, name: str, *, modified: bool, gone: bool = False) -> None:
        """Ask about a file.

        Args:
            name: Of the file, as the user knows it.
            modified: Whether there are edits here that are not saved.
            gone: Whether the file is not there any more.
        """
        shown = printable(name)
        if gone:
            super().__init__(
                f"{shown} is not there any more.",
                [Choice("save_as", "Save as…"), Choice("overwrite", "Write it again", "primary")],
                "It was moved or deleted since you opened it.",
                "The file is gone",
            )
            return
        mine = "You have edits here that are not saved." if modified else "You have no edits here that are not saved."
        super().__init__(
            f"{shown} was changed by another program since you opened it.",
            [
                Choice("save_as", "Save as…", "primary"),
                Choice("reload", "Reload", "error" if modified else "default"),
                Choice("overwrite", "Overwrite", "error"),
            ],
            f"{mine} Reload takes the version on disk; overwrite puts yours in its place.",
            "The file changed on disk",
        )
