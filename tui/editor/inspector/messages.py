"""What the inspector asks for; it changes nothing itself."""

from __future__ import annotations

from typing import Any

from textual.message import Message

from latentgraph.graph.boxes import End, Scope


class InspectorMessage(Message):
    """About a box, which is told by where it is: what was shown when it happened may not be shown any more.

    Attributes:
        scope: Of the box.
        key: Of the box.
        taken: Whether it was acted upon: a message takes its time from widget to widget, and an edit of something else
            may not overtake what was typed before it.
    """

    def __init__(self, scope: Scope, key: str) -> None:
        super().__init__()
        self.scope = scope
        self.key = key
        self.taken = False


class PortMessage(InspectorMessage):
    """About a port of a box, or an item of one: a declared input, an output of the workflow."""

    def __init__(self, scope: Scope, key: str, port: str) -> None:
        super().__init__(scope, key)
        self.port = port


class ValueEdited(PortMessage):
    """A value that the port takes was written.

    Attributes:
        value: Plain JSON, as a file writes it.
        final: False while someone is still typing: it belongs to the same step of undo as what follows.
    """

    def __init__(self, scope: Scope, key: str, port: str, value: Any, final: bool) -> None:
        super().__init__(scope, key, port)
        self.value = value
        self.final = final


class ValueUnset(PortMessage):
    """The port is to have its default again; `final` as in ValueEdited."""

    def __init__(self, scope: Scope, key: str, port: str, final: bool) -> None:
        super().__init__(scope, key, port)
        self.final = final


class DraftChanged(PortMessage):
    """A draft became wrong, or another wrong, or right again: only what is right is told by ValueEdited.

    Attributes:
        sentence: What is wrong with it; empty where nothing is.
    """

    def __init__(self, scope: Scope, key: str, port: str, sentence: str) -> None:
        super().__init__(scope, key, port)
        self.sentence = sentence


class FileEdited(InspectorMessage):
    """Another file is written for a sub-workflow; `final` as in ValueEdited."""

    def __init__(self, scope: Scope, key: str, file: str, final: bool) -> None:
        super().__init__(scope, key)
        self.file = file
        self.final = final


class DescriptionEdited(InspectorMessage):
    """Another description is written for a node or (of the box `inputs`) the workflow; `final` as in ValueEdited."""

    def __init__(self, scope: Scope, key: str, text: str, final: bool) -> None:
        super().__init__(scope, key)
        self.text = text
        self.final = final


class DisconnectWanted(PortMessage):
    """The link into a port is to go."""


class ExposeWanted(PortMessage):
    """The value of a port is to become an input of the workflow."""


class LinkFollowed(InspectorMessage):
    """Somebody wants to see what is at the other end of a link.

    Attributes:
        end: Box and port, in the same scope.
    """

    def __init__(self, scope: Scope, key: str, end: End) -> None:
        super().__init__(scope, key)
        self.end = end


class RenameWanted(InspectorMessage):
    """The node is to have another name."""


class ItemRenameWanted(PortMessage):
    """A declared input, an output, or what a loop takes, carries or collects is to have another name."""


class ItemRemoveWanted(PortMessage):
    """A declared input, an output, or what a loop takes, carries or collects is to go."""


class FieldFocused(PortMessage):
    """A field has the focus now."""
