"""What a PNG is, checked before one is passed on: its chunks, their checksums, and nothing behind its end."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 20_000  # in each direction
_HEADER, _END = b"IHDR", b"IEND"


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ValueError with the reason for whatever is no plain PNG."""
    if not content.startswith(SIGNATURE):
        raise ValueError("it does not begin as a PNG")
    at, first, size, data = len(SIGNATURE), True, (0, 0), False
    while True:
        name, body, at = _chunk(content, at)
        if first and (name != _HEADER or len(body) != 13):  # noqa: PLR2004 - the header's length by the standard
            raise ValueError("its first part is no header")
        if first:
            width, height = struct.unpack(">II", body[:8])
            size, first = (width, height), False
        data = data or name == b"IDAT"
        if name == _END:
            break
    if at != len(content):
        raise ValueError("something follows its end")
    if not data or not all(0 < side <= MOST_PIXELS for side in size):
        raise ValueError(f"it has {size[0]:,} by {size[1]:,} pixels")
    return size


def _chunk(content: bytes, at: int) -> tuple[bytes, bytes, int]:
    """A chunk's name and body, and where the next one begins."""
    if at + 12 > len(content):
        raise ValueError("it is cut off")
    (length,) = struct.unpack_from(">I", content, at)
    end = at + 12 + length
    if end > len(content):
        raise ValueError("it is cut off")
    name, body = content[at + 4 : at + 8], content[at + 8 : end - 4]
    (checksum,) = struct.unpack_from(">I", content, end - 4)
    if zlib.crc32(name + body) != checksum:
        raise ValueError("a checksum is wrong")
    return name, body, end
