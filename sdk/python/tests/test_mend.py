import pytest
from stillroom_mend import FREE, POP, Unknown, imports, instructions, leb, mended, sections, unleb


def section(number, *parts):
    content = b"".join(parts)
    return bytes([number]) + leb(len(content)) + content


def name(text):
    return leb(len(text)) + text


def component(pop=POP, free=FREE, pop_type=0):
    """A component of one module: two imports, and a function that calls the first one."""
    types = section(1, leb(2), b"\x60\x03\x7f\x7f\x7f\x01\x7f", b"\x60\x05\x7f\x7f\x7f\x7f\x7f\x00")
    imported = section(
        2,
        leb(3),
        name(b"env") + name(b"memory") + b"\x02\x00\x01",
        name(b"env") + name(pop) + b"\x00" + leb(pop_type),
        name(b"env") + name(free) + b"\x00\x01",
    )
    # A constant whose bytes look like a call, then the call itself.
    body = b"\x00" + b"\x41\x10\x1a" + b"\x20\x00\x20\x01\x20\x02\x10\x00\x0b"
    module = b"\0asm\1\0\0\0" + types + imported + section(3, leb(1), b"\0") + section(10, leb(1), name(body))
    return b"\0asm\r\0\1\0" + section(0, name(b"custom")) + section(1, module)


def bodies(whole):
    (_, start, end) = next(found for found in sections(whole, 8, len(whole)) if found[0] == 1)
    module = whole[start:end]
    (_, start, _) = next(found for found in sections(module, 8, len(module)) if found[0] == 10)
    count, at = unleb(module, start)
    for _ in range(count):
        size, at = unleb(module, at)
        yield module[at : at + size]
        at += size


def test_the_call_goes_to_the_helper_and_the_rest_stays():
    before, after = list(bodies(component())), list(bodies(mended(component())))
    assert len(after) == len(before) + 1
    assert after[0] == before[0].replace(b"\x10\x00\x0b", b"\x10\x03\x0b")
    calls = [unleb(after[1], at + 1)[0] for at, opcode in instructions(after[1]) if opcode == 0x10]
    assert calls == [0, 1]


def test_imports_are_counted_without_memories():
    whole = component()
    (_, start, end) = next(found for found in sections(whole, 8, len(whole)) if found[0] == 1)
    assert [found for found, _ in imports(whole[start:end])] == [POP, FREE]


@pytest.mark.parametrize("other", [{"pop": b"x"}, {"free": b"x"}, {"pop_type": 1}])
def test_what_is_not_known_is_left_alone(other):
    with pytest.raises(Unknown):
        mended(component(**other))


def test_nothing_is_mended_twice():
    with pytest.raises(Unknown, match="already"):
        mended(mended(component()))
