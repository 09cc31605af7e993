"""What is wrong with a text that is not JSON, in words that do not depend on the version of the parser."""

from __future__ import annotations

import re
from json import JSONDecodeError

_WORD = re.compile(r"[\w.+-]+|.", re.DOTALL)
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def syntax_fault(error: JSONDecodeError) -> tuple[str, str, int]:
    """Message, hint, and the offset that they are about."""
    text, offset = error.doc, min(error.pos, len(error.doc))
    comma = _comma_before(text, offset)
    if comma is not None:
        return "a comma before the closing bracket", "remove it", comma
    character = text[offset : offset + 1]
    if character.isprintable() and not text[:offset].strip() and not text.rstrip().endswith(("}", "]")):
        return "this is no JSON", "a workflow file is one object, from { to }", offset
    if error.msg.startswith("Unterminated string"):
        return "a string that is not closed", 'end it with "', offset
    if not character:
        return "the text ends before the JSON does", "close every bracket that is open", offset
    if error.msg.startswith("Extra data"):
        return "more text after the end of the JSON", "a workflow file is one object", offset
    if error.msg.startswith("Invalid control character"):
        return (*_control_character(character), offset)
    if error.msg.startswith("Invalid \\"):
        return "a backslash that starts no escape", "a backslash itself is written \\\\", _backslash(text, offset)
    return (*_unexpected(error.msg, _WORD.match(text, offset), character), offset)


def _comma_before(text: str, offset: int) -> int | None:
    """The comma that has nothing but a closing bracket behind it; some parsers point at it, others at the bracket."""
    if text[offset : offset + 1] == "," and re.match(r",\s*[]}]", text[offset:]) and _stands_after_value(text, offset):
        return offset
    before = text[:offset].rstrip()
    if text[offset : offset + 1] in ("]", "}") and before.endswith(","):
        comma = len(before) - 1
        return comma if _stands_after_value(text, comma) else None
    return None


def _stands_after_value(text: str, comma: int) -> bool:
    return not text[:comma].rstrip().endswith(("[", "{", ","))


def _control_character(character: str) -> tuple[str, str]:
    if character in "\r\n":
        return "a line break inside a string", "write \\n, or close the string"
    return f"the control character U+{ord(character):04X} inside a string", f"write \\u{ord(character):04x}"


def _backslash(text: str, offset: int) -> int:
    return offset if text[offset] == "\\" else offset - 1


def _unexpected(message: str, match: re.Match[str] | None, character: str) -> tuple[str, str]:
    word = match[0] if match else character
    shown = repr(word if len(word) <= 20 else word[:17] + "...")
    if character == "'":
        return "text in single quotes", "JSON wants double quotes"
    if character in "/#":
        return "JSON has no comments", 'write it as "description"'
    if "property name" in message:
        return f"a key in double quotes is wanted, not {shown}", ""
    if "':'" in message:
        return f"':' is wanted after the key, not {shown}", ""
    if "','" in message:
        return (
            f"',' or a closing bracket is wanted, not {shown}",
            "a comma is missing, or a quote" if word == '"' else "",
        )
    if word in _PYTHON_WORDS:
        return f"{word} is not JSON", f"write {_PYTHON_WORDS[word]}"
    return f"a value is wanted, not {shown}", ""
