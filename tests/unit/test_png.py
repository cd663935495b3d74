"""PNGs are plain ones or none."""

import struct
import zlib

import pytest

from mltools.core.png import SIGNATURE, png_size
from tests.pictures import chunk, png


def test_a_png_says_its_size() -> None:
    assert png_size(png(3, 2)) == (3, 2)


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
DATA = chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
END = chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not begin"),
        (b"GIF89a", "does not begin"),
        (b"<svg/>", "does not begin"),
        (SIGNATURE, "cut off"),
        (png(3, 2)[:-1], "cut off"),
        (png(3, 2) + b"<script>", "something follows"),
        (png(3, 2)[:30] + b"\xff" + png(3, 2)[31:], "checksum"),
        (SIGNATURE + DATA + END, "no header"),
        (SIGNATURE + chunk(b"IHDR", b"\0" * 12) + END, "no header"),
        (SIGNATURE + HEADER + END, "pixels"),
        (png(0, 0), "pixels"),
        (png(30_000, 1), "pixels"),
        (SIGNATURE + b"\xff\xff\xff\xffIHDR" + b"\0" * 20, "cut off"),
    ],
)
def test_what_is_no_plain_png_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        png_size(content)
