"""Mends a component that componentize-py 0.25.1 made: it never frees the bytes that it returns.

    python3 stillroom_mend.py COMPONENT

Each `list<u8>` of an answer is copied into memory that nobody frees, so an instance grows by all that it ever answered.
The code that asks for the copy is generated, in a small module of its own: it calls `wit_dylib_pop_list`, and right there
it has what `wit_dylib_dealloc_bytes` wants to free the copy after the host has read it. So that call becomes one of a
function that does both. All else stays as it is. A component that is built otherwise is not touched, and the exit code is 3.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

MODULE, TYPE, IMPORT, FUNCTION, CODE = 1, 1, 2, 3, 10
CALL = 0x10
I32 = 0x7F
POP, FREE = b"wit_dylib_pop_list", b"wit_dylib_dealloc_bytes"


class Unknown(Exception):
    """The component is not one that this knows."""


def mended(component: bytes) -> bytes:
    """The component, mended; `Unknown` where it is not what componentize-py 0.25.1 makes."""
    out, found = bytearray(component[:8]), 0
    for number, start, end in sections(component, 8, len(component)):
        content = component[start:end]
        if number == MODULE and content[:8] == b"\0asm\1\0\0\0":
            names = {name: index for index, (name, _) in enumerate(imports(content))}
            if POP in names and FREE in names:
                content, found = mended_module(content, names), found + 1
        out += bytes([number]) + leb(len(content)) + content
    if found != 1:
        raise Unknown(f"{found} modules ask for lists")
    return bytes(out)


def mended_module(module: bytes, names: dict[bytes, int]) -> bytes:
    """The module whose calls of `wit_dylib_pop_list` also see to it that the list is freed."""
    pop, free = names[POP], names[FREE]
    kinds = list(imports(module))
    pop_type, free_type = kinds[pop][1], kinds[free][1]
    out, helper = bytearray(module[:8]), -1
    for number, start, end in sections(module, 8, len(module)):
        content = module[start:end]
        if number == TYPE:
            types = list(signatures(content))
            if types[pop_type] != ([I32] * 3, [I32]) or types[free_type] != ([I32] * 5, []):
                raise Unknown(f"other signatures: {types[pop_type]}, {types[free_type]}")
        elif number == FUNCTION:
            count, at = unleb(content, 0)
            helper = len(kinds) + count
            content = leb(count + 1) + content[at:] + leb(pop_type)
        elif number == CODE:
            content = mended_code(content, pop, free, helper)
        out += bytes([number]) + leb(len(content)) + content
    return bytes(out)


def mended_code(code: bytes, pop: int, free: int, helper: int) -> bytes:
    """All bodies, with the calls turned to the helper, and the helper's own at the end."""
    count, at = unleb(code, 0)
    bodies, turned = [], 0
    for _ in range(count):
        size, start = unleb(code, at)
        at = start + size
        if code[start:at] == helper_body(pop, free):
            raise Unknown("it is mended already")
        body, calls = redirected(code[start:at], pop, helper)
        turned += calls
        bodies.append(body)
    if turned == 0:
        raise Unknown("no list is asked for")
    bodies.append(helper_body(pop, free))
    return leb(len(bodies)) + b"".join(leb(len(body)) + body for body in bodies)


def helper_body(pop: int, free: int) -> bytes:
    """`n = pop(cx, type, out); if (*out) free(cx, *out, n, 1, later); return n`. `*out` is null where a list is no bytes."""
    get, load, const = b"\x20", b"\x28\x02\x00", b"\x41"
    return b"".join(
        [
            b"\x01\x01\x7f",  # one local: n
            get + b"\0" + get + b"\1" + get + b"\2",
            b"\x10" + leb(pop) + b"\x21\x03",  # n =
            get + b"\2" + load + b"\x04\x40",  # if
            get + b"\0" + get + b"\2" + load + get + b"\3" + const + b"\1" + const + b"\1",
            b"\x10" + leb(free) + b"\x0b",
            get + b"\3" + b"\x0b",
        ]
    )


def redirected(body: bytes, pop: int, helper: int) -> tuple[bytes, int]:
    """A body with its calls of `pop` turned to `helper`, and how many there were."""
    out, copied, calls = bytearray(), 0, 0
    for at, opcode in instructions(body):
        if opcode == CALL:
            called, end = unleb(body, at + 1)
            if called == pop:
                out += body[copied : at + 1] + leb(helper)
                copied, calls = end, calls + 1
    return bytes(out + body[copied:]), calls


def instructions(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each instruction begins, and its opcode."""
    groups, at = unleb(body, 0)
    for _ in range(groups):
        _, at = unleb(body, at)
        at += 1
    while at < len(body):
        opcode = body[at]
        yield at, opcode
        at = after(body, at + 1, opcode)


def after(body: bytes, at: int, opcode: int) -> int:
    """Where an instruction's operands end."""
    if opcode in (0x43, 0x44):
        return at + (4 if opcode == 0x43 else 8)
    if opcode == 0x0E:
        count, at = unleb(body, at)
        return skip(body, at, count + 1)
    if opcode == 0xFC:
        which, at = unleb(body, at)
        return skip(body, at, {8: 2, 9: 1, 10: 2, 11: 1}.get(which, 0))
    one = {0x02, 0x03, 0x04, 0x0C, 0x0D, CALL, *range(0x20, 0x27), 0x3F, 0x40, 0x41, 0x42, 0xD0, 0xD2}
    if opcode in one or opcode == 0x11 or 0x28 <= opcode <= 0x3E:
        return skip(body, at, 1 if opcode in one else 2)
    if opcode in (0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1) or 0x45 <= opcode <= 0xC4:
        return at
    raise Unknown(f"opcode {opcode:#x}")


def skip(data: bytes, at: int, numbers: int) -> int:
    """Where so many numbers end."""
    for _ in range(numbers):
        _, at = unleb(data, at)
    return at


def imports(module: bytes) -> Iterator[tuple[bytes, int]]:
    """The names of the functions that a module imports, and their types."""
    for number, start, _ in sections(module, 8, len(module)):
        if number != IMPORT:
            continue
        count, at = unleb(module, start)
        for _ in range(count):
            _, at = text(module, at)
            name, at = text(module, at)
            kind, at = module[at], at + 1
            if kind == 0:
                index, at = unleb(module, at)
                yield name, index
            elif kind in (1, 2):
                at += kind == 1
                has_most = module[at] & 1
                at = skip(module, at + 1, 1 + has_most)
            else:
                at = at + 2 if kind == 3 else skip(module, at + 1, 1)


def signatures(content: bytes) -> Iterator[tuple[list[int], list[int]]]:
    """Parameters and results of a module's function types."""
    count, at = unleb(content, 0)
    for _ in range(count):
        if content[at] != 0x60:
            raise Unknown("a type that is no function's")
        parameters, at = unleb(content, at + 1)
        results, after_parameters = unleb(content, at + parameters)
        yield list(content[at : at + parameters]), list(content[after_parameters : after_parameters + results])
        at = after_parameters + results


def sections(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, beginning and end of each section."""
    while at < end:
        size, start = unleb(data, at + 1)
        yield data[at], start, start + size
        at = start + size


def text(data: bytes, at: int) -> tuple[bytes, int]:
    """A name, and where it ends."""
    size, at = unleb(data, at)
    return data[at : at + size], at + size


def unleb(data: bytes, at: int) -> tuple[int, int]:
    """A number in LEB128, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def leb(number: int) -> bytes:
    """A number in LEB128."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def main(path: str) -> int:
    """Mends a file in place."""
    with open(path, "rb") as file:
        component = file.read()
    try:
        component = mended(component)
    except (Unknown, IndexError) as error:
        print(f"not mended: {error}", file=sys.stderr)
        return 3
    with open(path, "wb") as file:
        file.write(component)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
