"""What the exporters' tests share: real pictures on disk with telling sizes, and a table of captions about them."""

from pathlib import Path

import pandas as pd
import pytest
from making_pictures import camera_exif, encoded, noise

NAMES = ("a.jpg", "sub/b.png", "sub/deeper/c.webp", "turned.jpg", "ü 猫 #1 [x]%20.jpg")


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch):
    """No run of another test is taken for the origin of a caption."""
    monkeypatch.setenv("VLMKIT_STORE", "false")


@pytest.fixture(scope="session")
def picture_files():
    """Five small pictures by name, picture i being 20+i pixels wide; the fourth is turned by its EXIF."""
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    return {
        name: encoded(
            noise((20 + i, 12), seed=i),
            formats[Path(name).suffix],
            **({"exif": camera_exif(6)} if name == "turned.jpg" else {}),
        )
        for i, name in enumerate(NAMES)
    }


@pytest.fixture
def photos(tmp_path, picture_files):
    """A folder of these pictures."""
    folder = tmp_path / "photos"
    for name, data in picture_files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def captions(photos):
    """A table of these pictures and captions, all of which worked."""
    return table_of(photos, [f"caption of {name}" for name in NAMES])


def table_of(folder, texts):
    """A table as `describe` leaves it."""
    return pd.DataFrame(
        {
            "path": pd.array([str(folder / name) for name in NAMES[: len(texts)]], dtype="string"),
            "caption": pd.array(texts, dtype="string"),
            "caption_error": pd.array([None] * len(texts), dtype="string"),
        }
    )


@pytest.fixture(scope="session", name="table_of")
def table_of_fixture():
    """Make such a table."""
    return table_of
