"""Options are checked before anything is read or written."""

import pytest

from vlmkit.errors import BadSetting
from vlmkit.exporters.options import Options, parse_options


def test_defaults_destroy_nothing():
    """Without a word, texts that are there stay, and what is replaced is kept."""
    assert parse_options({}) == Options(if_exists="fail", backup=True, dry_run=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"if_exist": "skip"}, "Did you mean 'if_exists'"),
        ({"zzz": 1}, "Options are: image, root"),
        ({"if_exists": "replace"}, "'overwrite'"),
        ({"dry_run": "yes"}, "True, False"),
        ({"backup": 0}, "True, False"),
        ({"progress": "log"}, "'auto'"),
        ({"root": "no/such/folder"}, "no such folder"),
    ],
)
def test_wrong_ones_say_what_is_right(given, message):
    """Unknown names and values raise, with what there is."""
    with pytest.raises(BadSetting, match=message):
        parse_options(given)
