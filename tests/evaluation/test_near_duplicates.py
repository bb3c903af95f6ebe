"""Near duplicates among drawn scenes, which resemble each other more than photos do."""

from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from tests.evaluation.conftest import SCENES
from vlmkit.errors import SetupError
from vlmkit.evaluation.near_duplicates import duplicates


def saved(image, **options):
    buffer = BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def pictures(truth):
    """Forty scenes, the first five also saved again, each in another way."""
    originals = [Image.open(SCENES / name).convert("RGB") for name in truth["file_name"][:40]]
    first, second, third, fourth, fifth = originals[:5]
    again = [
        saved(first, format="JPEG", quality=30),
        saved(second.resize((second.width // 2, second.height // 2)), format="PNG"),
        saved(third.point(lambda level: min(255, int(level * 1.06))), format="WEBP", quality=80),
        saved(fourth.crop((1, 1, fourth.width - 1, fourth.height - 1)), format="PNG"),
        saved(fifth, format="GIF"),
    ]
    labels = [f"scene {number}" for number in range(40)] + [f"again {number}" for number in range(5)]
    return pd.Series([*(saved(image, format="PNG") for image in originals), *again], index=labels)


def test_copies_are_found_and_nothing_else(pictures):
    """Five groups of two; 780 pairs of like drawings are none."""
    found = duplicates(pictures)
    copies = found[found["like"].notna()]
    assert copies["like"].to_dict() == {f"again {number}": f"scene {number}" for number in range(5)}
    assert found["group"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (found["similarity"] >= 0.985).all()


def test_what_is_connected_is_one_group(pictures):
    """Three of the same, and the first of them by position stands for it."""
    frame = pd.DataFrame({"image": [*pictures[:3], pictures.iloc[0], pictures.iloc[0]]})
    found = duplicates(frame)
    assert found.index.tolist() == [0, 3, 4]
    assert found["like"].isna().tolist() == [True, False, False]
    assert set(found["group"]) == {0}


def test_plain_pictures_are_told_apart_by_their_color():
    """Without any content there is only the color, and the noise of a JPEG is not content."""
    plain = [Image.new("RGB", (50, 50), color) for color in ("white", "gray", "red", "blue")]
    series = pd.Series([*plain, saved(plain[0], format="JPEG", quality=40), saved(plain[2], format="JPEG", quality=40)])
    assert duplicates(series)["like"].dropna().to_dict() == {4: 0, 5: 2}


def test_nothing_to_find():
    """Pictures that cannot be read, one alone, none at all."""
    for series in (pd.Series([b"no picture", b"no picture", None]), pd.Series([], dtype=object)):
        assert duplicates(series).empty
    with pytest.raises(SetupError, match="above 0"):
        duplicates(pd.Series([b"x"]), similarity=2)
    with pytest.raises(SetupError, match="no column 'path' or 'image'"):
        duplicates(pd.DataFrame({"a": [1]}))
