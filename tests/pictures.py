"""PNGs for tests, made here."""

import struct
import zlib

from mltools.core.png import SIGNATURE


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int = 2, height: int = 2, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """A picture of one colour; its header says the size whatever it is."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    line = b"\0" + bytes(colour) * width
    return SIGNATURE + header + chunk(b"IDAT", zlib.compress(line * height)) + chunk(b"IEND", b"")
