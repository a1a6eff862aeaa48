import math
from array import array
from decimal import Decimal

import pytest
from stillroom import Column

ROUND_TRIPS = [
    ("bool", [True, None, False] * 7),
    ("int8", [-128, 127, None]),
    ("int16", [-(2**15), 2**15 - 1]),
    ("int32", [-(2**31), None, 2**31 - 1]),
    ("int64", [-(2**63), 2**63 - 1, 2**53 + 1, None]),
    ("uint8", [0, 255]),
    ("uint16", [0, 2**16 - 1]),
    ("uint32", [0, 2**32 - 1]),
    ("uint64", [0, 2**64 - 1, None]),
    ("float16", [0.5, None, -2.0]),
    ("float32", [0.5, math.inf, None]),
    ("float64", [0.1, -math.inf, None, 5e-324]),
    ("utf8", ["", "ascii", None]),
    ("utf8", ["ß", "", None, "😀é", "plain"]),
    ("large-utf8", ["é", None]),
    ("utf8-view", ["short", "longer than twelve bytes", None, "ß" * 20]),
    ("binary", [b"", b"\xff\x00", None]),
    ("large-binary", [b"a", None]),
    ("binary-view", [b"exactly 12 b", b"thirteen byte", None]),
    ("fixed-size-binary<2>", [b"ab", None]),
    ("date32", [19000, None]),
    ("timestamp<ns>", [2**62 + 1, None]),
    ("decimal128<38, 2>", [Decimal("0.01"), Decimal("-123456789012345678901234567890.12"), None]),
    ("null", [None, None]),
    ("list<int64>", [[1, None], [], None, [2**63 - 1]]),
    ("large-list<utf8>", [["a", "ß"], None, []]),
    ("fixed-size-list<int8, 2>", [[1, 2], None, [3, None]]),
    ("struct<a: int64, b: list<utf8>>", [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}]),
    ("list<struct<role: utf8>>", [[{"role": "user"}, None], None]),
    ("dictionary<int8, utf8>", ["a", "b", "a", None]),
    ("struct<>", [{}, None]),
]


@pytest.mark.parametrize(("data_type", "values"), ROUND_TRIPS)
def test_values_come_back(data_type, values):
    for rows in (values, values * 9, []):
        column = Column.of(data_type, rows)
        again = Column(column.type, column.length, column.buffers, column.children)
        assert again.values() == rows
        assert again.null_count == column.null_count == rows.count(None)


def test_nan_stays():
    assert math.isnan(Column.of("float64", [math.nan]).values()[0])


@pytest.mark.parametrize(
    ("data_type", "values", "told"),
    [
        ("int8", [1, 200], "row 1: 200 is no int8"),
        ("int64", [None, "a"], "row 1: 'a' is no int64"),
        ("int64", [1.0], "row 0: 1.0 is no int64"),
        ("uint8", [-1], "row 0: -1 is no uint8"),
        ("int64", [2**63], "row 0"),
        ("float64", [0.5, 2**53 + 1], "row 1: 9007199254740993 .*rounded"),
        ("float32", [1.5, 2**24 + 1], "row 1: 16777217 .*rounded"),
        ("float16", [2048, None, 2049], "row 2: 2049 .*rounded"),
        ("float32", [0.5, 1e300], r"row 1: 1e\+300 is no float32"),
        ("float16", [1.0, -65520.0], r"row 1: -65520.0 is no float16"),
        ("float16", [70_000], "row 0: 70000 is no float16"),
        ("float64", [None, 10**400], "row 1: 10000"),
        ("float64", [Decimal("1e400")], "row 0"),
        ("list<float32>", [[0.5], None, [1e300]], "row 2"),
        ("utf8", ["a", 3], "row 1: 3 is no utf8"),
        ("utf8", ["\ud800"], "row 0"),
        ("utf8", [b"a"], "row 0"),
        ("binary", ["a"], "row 0"),
        ("bool", [True, 1], "row 1: 1 is no bool"),
        ("null", [1], "row 0: 1 is no null"),
        ("binary", [b"a", [1, 2]], "row 1"),
        ("large-binary", [None, 3], "row 1"),
        ("binary-view", [[1, 2]], "row 0"),
        ("fixed-size-binary<2>", [b"abc"], "row 0"),
        ("fixed-size-binary<2>", [b"ab", "ab"], "row 1"),
        ("fixed-size-binary<2>", [None, [1, 2]], "row 1"),
        ("fixed-size-binary<2>", [array("i", [1, 2])], "row 0: .*not 2 bytes"),
        ("decimal128<5, 2>", [Decimal("0.001")], "rounded"),
        ("decimal128<5, 2>", [Decimal(1000)], "digits"),
        ("list<int8>", [[1], [300]], "row 1: .*300 is no int8"),
        ("list<utf8>", ["abc"], "row 0: 'abc' is no list"),
        ("struct<a: int8>", [{"b": 1}], "no member b"),
    ],
)
def test_what_does_not_fit_is_named(data_type, values, told):
    with pytest.raises((ValueError, TypeError), match=told):
        Column.of(data_type, values)


def test_whole_numbers_and_infinities_that_a_float_holds():
    assert Column.of("float32", [2**24, 2**100, True, math.inf, Decimal("0.5")]).values() == [
        2**24,
        2**100,
        1,
        math.inf,
        0.5,
    ]
    assert Column.of("float16", [2048, 65504.0, -math.inf]).values() == [2048, 65504, -math.inf]
    assert Column.of("float64", [2**53, Decimal("Infinity")]).values() == [2**53, math.inf]
    assert Column.of("float32", [0.1]).values() == array("f", [0.1]).tolist()
    assert math.isnan(Column.of("float32", [1, math.nan]).values()[1])


@pytest.mark.parametrize("word", ["binary", "large-binary", "binary-view", "fixed-size-binary<8>"])
def test_bytes_of_what_has_bytes(word):
    eight = bytes(range(8))
    items = array("i", [0x03020100, 0x07060504])
    reversed_ = memoryview(eight[::-1])[::-1]
    values = [eight, items, None, bytearray(eight), memoryview(eight), memoryview(items), reversed_]
    column = Column.of(word, values)
    assert column.values() == [eight, eight, None, eight, eight, eight, eight]


def test_buffers():
    text = Column.of("utf8", ["ab", None, "ß"])
    assert text.data == "abß".encode()
    assert text.offsets.tolist() == [0, 2, 2, 4]
    assert bytes(text.validity) == b"\5"
    assert text.valid == b"\1\0\1"
    numbers = Column.of("int64", [7, -1])
    assert numbers.numbers.tolist() == [7, -1]
    assert numbers.validity is None
    with pytest.raises(TypeError, match="no offsets"):
        numbers.offsets  # noqa: B018


def test_columns_of_buffers():
    text = Column.of("utf8", ["ab", None, "cd"])
    assert Column.text(b"xyzabc", text.offsets, like=text).values() == ["xy", None, "za"]
    assert Column.numbers_of("int32", array("i", [1, 2, 3]), like=text).values() == [1, None, 3]


@pytest.mark.parametrize("values", [["Ab", None, "C"], ["ÄB", None, "İ", "ΑΣ", "ΑΣ"]])
def test_case(values):
    column = Column.of("utf8", values)
    assert column.lower().values() == [value and value.lower() for value in values]
    assert column.upper().values() == [value and value.upper() for value in values]


def test_case_of_what_lies_under_nulls():
    """Bytes under a null are nobody's, and may be anything that is UTF-8."""
    column = Column("utf8", 2, (b"\2", array("i", [0, 1, 2]).tobytes(), b"AB"))
    assert column.values() == [None, "B"]
    assert column.lower().values() == [None, "b"]


def test_map():
    column = Column.of("utf8", ["a", None])
    assert column.map(len, "int64").values() == [1, None]
