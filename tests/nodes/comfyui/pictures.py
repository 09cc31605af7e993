"""Pictures of one pixel that carry texts, as programs write them."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(texts: Mapping[str, Any], kind: bytes = b"tEXt") -> bytes:
    """A PNG with texts; what is no text is written as JSON."""
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))]
    for name, value in texts.items():
        text = (value if isinstance(value, str) else json.dumps(value)).encode()
        body = {b"tEXt": text, b"zTXt": b"\0" + zlib.compress(text), b"iTXt": b"\0\0\0\0" + text}[kind]
        chunks.append(chunk(kind, name.encode() + b"\0" + body))
    return PNG + b"".join(chunks) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


def with_exif(form: str, tags: Mapping[int, str], comment: str = "", order: str = "be") -> bytes:
    """A JPEG or WebP with texts in its Exif block, written by Pillow."""
    from PIL import Image

    exif = Image.Exif()
    for tag, text in tags.items():
        exif[tag] = text
    if comment:
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + comment.encode(f"utf-16-{order}")
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, form, exif=exif)
    return file.getvalue()
