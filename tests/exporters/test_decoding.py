"""Texts in whatever encoding: what is certain is decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting
from vlmkit.exporters.decoding import decode_text, fault_of, fault_of_file, known_encoding, marked_encoding

WORDS = ["café", "naïve Straße", "猫が座る", "кот", "a cat", "قطة"]


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_certain(text, encoding):
    """By its mark or by being valid; no encoding need be named, and one that is named changes nothing."""
    for named in (None, "cp1252"):
        assert decode_text(text.encode(encoding), named)[0] == text
    assert fault_of_file(text) is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("café", "latin-1"), ("Straße", "cp1252"), ("кот", "cp1251"), ("猫が座る", "shift_jis"), ("猫坐着", "gbk"),
     ("고양이", "euc-kr"), ("貓", "big5"), ("猫が座る", "iso2022_jp")],
)  # fmt: skip
def test_old_encodings_are_never_guessed(text, encoding):
    """Named, they are read; else the text is not a text, which is found."""
    data = text.encode(encoding)
    assert decode_text(data, encoding) == (text, encoding)
    unread, found = decode_text(data)
    assert found is None
    assert unread != text
    assert encoding == "iso2022_jp" or fault_of_file(unread) is not None


@given(st.binary(max_size=60))
def test_any_bytes_become_a_text_or_a_fault(data):
    """Nothing raises; what is not a text is known as such, and valid UTF-8 comes back as it was."""
    text, found = decode_text(data)
    if fault_of(text) is None and found is None and marked_encoding(data) is None and data.strip(b"\0"):
        assert text.encode() == data


def test_wide_texts_without_a_mark():
    """Of Latin letters they are certain; of others they are a fault, not letters with zeros between."""
    assert decode_text("a cat".encode("utf-16-le")) == ("a cat", "utf-16-le")
    assert decode_text("a cat".encode("utf-16-be")) == ("a cat", "utf-16-be")
    assert fault_of_file(decode_text("кот a".encode("utf-16-le"))[0]) is not None
    assert decode_text("кот a".encode("utf-16-le"), "utf-16-le")[0] == "кот a"


def test_faults_are_found_in_lists_and_objects():
    """Wherever a text is."""
    bad = b"\xe9".decode("utf-8", "surrogateescape")
    assert fault_of([{"a": ["x", bad]}]) is not None
    assert fault_of({bad: 1}) is not None
    assert fault_of(["x", 1, None, {"a": "ü"}]) is None


def test_an_unknown_encoding_is_refused():
    """By the name that the caller gave."""
    with pytest.raises(BadSetting, match="latin-99"):
        known_encoding("latin-99")
