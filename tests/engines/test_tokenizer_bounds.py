"""How many characters a tokenizer's rules can make of one."""

import base64
import json
import struct

import pytest

from vlmkit.engines.tokenizer_bounds import MOST_GROWTH, check, growth
from vlmkit.errors import ModelLoadFailed

SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
TENFOLD = {"type": "Replace", "pattern": {"String": "ab"}, "content": "x" * 20}


def table_of(*texts):
    tree = b"\1\2\3\4"
    coded = b"".join(text.encode() + b"\0" for text in texts)
    return base64.b64encode(struct.pack("<I", len(tree)) + tree + coded).decode()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, 1),
        ({"type": "NFC"}, 1),
        (SPACES, 1),
        (TENFOLD, 10),
        ({"type": "Replace", "pattern": {"Regex": " +"}, "content": "▁▁"}, 3),
        ({"type": "Replace", "pattern": {"String": ""}, "content": "abc"}, 4),
        ({"type": "Prepend", "prepend": "▁"}, 2),
        ({"type": "ByteLevel"}, 2),
        ({"type": "Precompiled", "precompiled_charsmap": table_of("a", "ﷺ" * 18)}, 18),
        ({"type": "Precompiled", "precompiled_charsmap": None}, 1),
        ({"type": "Sequence", "normalizers": [TENFOLD, {"type": "Sequence", "normalizers": [TENFOLD, SPACES]}]}, 100),
        ({"type": "Sequence", "decoders": [TENFOLD] * 3}, 1000),
        ({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}] * 3, "special_tokens": {}}, 3),
    ],
)
def test_rules_in_a_row_multiply(rule, expected):
    """Each by the most that it can do."""
    assert growth(rule) == expected


@pytest.mark.parametrize("way", [{"normalizer": "x"}, {"decoder": "x"}, {"pre_tokenizer": "x", "post_processor": "x"}])
def test_text_grows_no_more_than_it_may(tmp_path, way):
    """On the way to tokens, and on the way back; each is judged by itself."""
    file = tmp_path / "tokenizer.json"
    ten = {"type": "Sequence", "normalizers": [TENFOLD]}
    file.write_text(
        json.dumps({"normalizer": ten, "decoder": ten, "model": {"vocab": {"normalizer": 3}}}), encoding="utf-8"
    )
    check(file, "m")
    much = {"type": "Sequence", "normalizers": [TENFOLD] * 3}
    file.write_text(json.dumps(dict.fromkeys(way, much)), encoding="utf-8")
    with pytest.raises(ModelLoadFailed, match=rf"^m: .*characters or more of one, and {MOST_GROWTH} is the most"):
        check(file, "m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"normalizer": {"type": "Replace"}}', "'pattern'"),
        ('{"normalizer": {"type": "Replace", "pattern": 1, "content": 1}}', "is not iterable"),
        ('{"normalizer": {', "Expecting"),
        (
            '{"decoder": {"type": "Sequence", "decoders": [' + '{"type": "NFC"},' * 99 + '{"type": "NFC"}]}}',
            "101 rules",
        ),
        ('{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "YWFhY"}}', "base64|padding|data characters"),
        ('{"n\\u006frmalizer": {}}', "plain letters as escapes"),
        ('{"x": "\\\\\\u0061"}', "plain letters as escapes"),
        ('{"padding": {"strategy": {"Fixed": 70000}}}', "fills every text up to 70000"),
        ('{"padding": {"strategy": {"Fixed": "x"}}}', "fills every text"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path, text, message):
    """Broken rules, too many, and what hides."""
    file = tmp_path / "tokenizer.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelLoadFailed, match=message):
        check(file, "m")


def test_honest_spellings_are_no_hiding(tmp_path):
    """Escapes of other characters, a backslash before a u, a file that is not there."""
    file = tmp_path / "tokenizer.json"
    file.write_text('{"a": "\\u0120 \\u00e9 \\\\u0061 \\u007f", "normalizer": null}', encoding="utf-8")
    check(file, "m")
    check(tmp_path / "none.json", "m")
