"""Bitmaps, a bit a row, least significant first: all rows at once, because a loop over bits is slow in Python."""

from __future__ import annotations

_EIGHT = [bytes(byte >> bit & 1 for bit in range(8)) for byte in range(256)]
_DIGITS = bytes(b"01"[min(byte, 1)] for byte in range(256))


def unpack(bitmap: bytes | memoryview, length: int) -> bytes:
    """A byte for each bit: 0 or 1."""
    return b"".join(map(_EIGHT.__getitem__, bitmap))[:length]


def pack(flags: bytes) -> bytes:
    """A bit for each byte: whether it is not 0."""
    if not flags:
        return b""
    return int(flags.translate(_DIGITS)[::-1], 2).to_bytes((len(flags) + 7) // 8, "little")
