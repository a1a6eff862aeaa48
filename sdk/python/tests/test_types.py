import pytest
from stillroom import Column, DataType
from stillroom.types import TAKES_NONE

TYPES = [
    *sorted(TAKES_NONE),
    "list<utf8>",
    "large-list<list<int8>>",
    "fixed-size-list<float32, 768>",
    "fixed-size-binary<16>",
    "struct<role: utf8, content: utf8>",
    'struct<"two words": int8, "a \\"quote\\"": list<bool>>',
    "struct<>",
    "dictionary<int32, utf8>",
    "timestamp<ns>",
    "timestamp<us, Europe/Berlin>",
    "time32<s>",
    "time64<us>",
    "duration<ms>",
    "decimal128<38, 9>",
]


@pytest.mark.parametrize("text", TYPES)
def test_words_come_back(text):
    assert str(DataType.parse(text)) == text


@pytest.mark.parametrize("text", ["", "int65", "list", "list<utf8", "utf8>", "struct<a utf8>", "fixed-size-list<int8>"])
def test_what_is_no_type(text):
    with pytest.raises(ValueError):
        DataType.parse(text)


def test_a_type_is_its_words():
    assert DataType.parse("list<utf8>") == DataType.parse(" list< utf8 >")
    assert Column.of("utf8", []).type == DataType("utf8")
