"""The texts that a picture carries beside its pixels, by name: PNG chunks, and Exif in JPEG and WebP.

The chunks are walked by hand, so that a broken or hostile picture costs no more than its own size and decodes no pixel.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from latentgraph.nodes.comfyui.loading import MAX_CHARACTERS

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
_EXIF = b"Exif\x00\x00"
_IN_EXIF = re.compile(r"(workflow|prompt)\s*:\s*(?=\{)", re.IGNORECASE)
_TAGS = {0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x9286: "UserComment"}
"""Of Exif, those that programs write texts of theirs into."""
_SUBFOLDER = 0x8769


def is_picture(raw: bytes) -> bool:
    """Whether the bytes are a PNG, JPEG or WebP picture, by how they begin."""
    return raw.startswith((PNG, JPEG)) or _is_webp(raw)


def _is_webp(raw: bytes) -> bool:
    return raw.startswith(b"RIFF") and raw[8:12] == b"WEBP"


def picture_texts(raw: bytes) -> dict[str, str]:
    """The texts of a picture by name; of two with one name the first. Never raises: what is broken is not there.

    A comment in Exif stands under `parameters`, and what ComfyUI writes there under `prompt` and `workflow`.
    """
    texts: dict[str, str] = {}
    if raw.startswith(PNG):
        for name, text in _png_texts(raw):
            texts.setdefault(name, text)
        return texts
    try:
        tags = _exif_texts(_exif_of(raw))
    except (struct.error, IndexError, ValueError):
        return {}
    for tag, text in tags.items():
        if match := _IN_EXIF.match(text):
            texts.setdefault(match[1].lower(), text[match.end() :])
        elif tag == "UserComment":
            texts.setdefault("parameters", text)
    return texts


def _png_texts(raw: bytes) -> Iterator[tuple[str, str]]:
    at = len(PNG)
    while at + 8 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        body = raw[at + 8 : at + 8 + length]
        at += 12 + length
        if kind in (b"tEXt", b"zTXt", b"iTXt") and b"\0" in body and len(body) == length:
            key, _, rest = body.partition(b"\0")
            text = _png_text(kind, rest)
            if text is not None:
                yield key.decode("latin-1"), text


def _png_text(kind: bytes, rest: bytes) -> str | None:
    if kind == b"tEXt":
        return _latin_or_utf8(rest)
    if kind == b"zTXt":
        unpacked = _inflated(rest[1:])
        return None if unpacked is None else _latin_or_utf8(unpacked)
    compressed = rest[:1] == b"\1"
    parts = rest[2:].split(b"\0", 2)
    if len(parts) < 3:
        return None
    body = _inflated(parts[2]) if compressed else parts[2]
    return None if body is None else body.decode("utf-8", "replace")


def _latin_or_utf8(text: bytes) -> str:
    # The standard says Latin-1; programs write UTF-8 into it all the same.
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _inflated(packed: bytes) -> bytes | None:
    """The text of a compressed chunk; None where it is broken or grows beyond what is read of any file."""
    inflater = zlib.decompressobj()
    try:
        unpacked = inflater.decompress(packed, MAX_CHARACTERS)
    except zlib.error:
        return None
    return None if inflater.unconsumed_tail else unpacked


def _exif_of(raw: bytes) -> bytes:
    """The Exif block of a WebP or JPEG; empty without one."""
    if _is_webp(raw):
        at = 12
        while at + 8 <= len(raw):
            kind, length = struct.unpack_from("<4sI", raw, at)
            if kind == b"EXIF":
                return raw[at + 8 : at + 8 + length].removeprefix(_EXIF)
            at += 8 + length + length % 2
        return b""
    at = 2
    while at + 4 <= len(raw) and raw[at] == 0xFF and raw[at + 1] != 0xDA:
        length = struct.unpack_from(">H", raw, at + 2)[0]
        body = raw[at + 4 : at + 2 + length]
        if raw[at + 1] == 0xE1 and body.startswith(_EXIF):
            return body.removeprefix(_EXIF)
        at += 2 + max(length, 2)
    return b""


def _exif_texts(block: bytes) -> dict[str, str]:
    """The texts of a TIFF structure, by the name of their tag."""
    if len(block) < 8:
        return {}
    order = {b"II": "<", b"MM": ">"}[block[:2]] if block[:2] in (b"II", b"MM") else ""
    if not order:
        return {}
    texts: dict[str, str] = {}
    folders = [struct.unpack_from(order + "I", block, 4)[0]]
    for folder in folders:
        if folder + 2 > len(block):
            continue
        count = struct.unpack_from(order + "H", block, folder)[0]
        for index in range(min(count, 200)):
            tag, kind, length, value = struct.unpack_from(order + "HHII", block, folder + 2 + 12 * index)
            if tag == _SUBFOLDER and len(folders) == 1:
                folders.append(value)
            elif tag in _TAGS and kind in (1, 2, 7) and length > 4:
                texts[_TAGS[tag]] = _exif_text(block[value : value + length])
    return texts


def _exif_text(value: bytes) -> str:
    if value.startswith(b"UNICODE\0"):
        text = value[8:]
        # Programs do not keep to the order of bytes of the block: that of the text is seen by where its zeros stand.
        order = "be" if text[::2].count(0) > text[1::2].count(0) else "le"
        return text.decode(f"utf-16-{order}", "replace").strip("\0")
    return _latin_or_utf8(value.removeprefix(b"ASCII\0\0\0")).strip("\0")
