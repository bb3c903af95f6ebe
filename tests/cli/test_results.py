"""Records are counted as they pass, and an early end keeps them."""

import signal
from threading import Event

import pytest
from PIL import ExifTags, Image

from vlmkit.cli.results import FIELDS, METADATA, Results, record_of
from vlmkit.cli.text import dump
from vlmkit.errors import ServerFault
from vlmkit.frame import describe_iter
from vlmkit.sources import fingerprint, refer


def record(**values):
    return dict.fromkeys(FIELDS) | {"path": "a.png", "description": "A star."} | values


def test_counts_and_facts():
    """Every row is ok or failed; what is known of the run as a whole is added."""
    rows = [record(from_store=True), record(error="Refused: no", retries=3, is_duplicate=False)]
    results = Results(iterate(rows), total=2, model="fake:x", facts=lambda: {"workers": 4})
    assert [row["error"] for row in results] == [None, "Refused: no"]
    summary = results.summary()
    assert summary.pop("seconds") >= 0
    assert summary == {
        "total": 2,
        "ok": 1,
        "failed": 1,
        "stand_ins": 1,
        "cancelled": 0,
        "from_store": 1,
        "duplicates": 0,
        "retries": 3,
        "stopped_early": False,
        "reason": None,
        "model": "fake:x",
        "model_revision": None,
        "workers": 4,
    }


def test_the_model_of_the_run_is_the_one_that_answered_most():
    """By its full name and revision; a fallback may have answered some."""
    answers = [("fake:b", None), ("fake:a", "1"), ("fake:a", "1"), (None, None), (None, None), (None, None)]
    rows = [record(model=model, model_revision=revision) for model, revision in answers]
    results = Results(iterate(rows), total=6, model="fake:/a/path")
    list(results)
    assert (results.summary()["model"], results.summary()["model_revision"]) == ("fake:a", "1")


def iterate(rows):
    yield from rows


def stopped_by(error):
    yield record()
    raise error


def test_an_interrupt_keeps_what_came_before():
    """Ctrl-C ends the records; those not reached are cancelled, and the sum is right."""
    results = Results(stopped_by(KeyboardInterrupt()), total=5)
    assert len(list(results)) == 1
    assert results.interrupted
    assert (results.summary()["cancelled"], results.summary()["stopped_early"]) == (4, True)


def test_a_fault_of_the_run_keeps_what_came_before():
    """An error that ends the run is kept beside the rows that worked."""
    fault = ServerFault("gone")
    results = Results(stopped_by(fault), total=5)
    assert len(list(results)) == 1
    assert results.fault is fault
    assert not results.interrupted


def test_an_interrupt_asks_the_run_to_end():
    """Nothing is broken off: rows that are finished still come, and the source ends by itself."""
    stop, closed = Event(), []

    def run():
        try:
            while not stop.is_set():
                yield record()
            yield record(description="Finished meanwhile.")
        finally:
            closed.append(True)

    results = Results(run(), total=9, stop=stop)
    taken = []
    for each in results:
        taken.append(each["description"])
        if len(taken) == 1:
            signal.raise_signal(signal.SIGINT)
    assert taken == ["A star.", "Finished meanwhile."]
    assert results.interrupted
    assert closed == [True]
    assert (results.ok, results.summary()["cancelled"]) == (2, 7)


def test_an_interrupt_after_the_last_row_is_none():
    """Nothing was missed."""
    results = Results(iterate([record()]), total=1)
    for _ in results:
        signal.raise_signal(signal.SIGINT)
    assert not results.interrupted


def test_a_second_interrupt_ends_at_once():
    """Also where the run does not listen."""

    def stubborn():
        yield record()
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        yield record()

    results = Results(stubborn(), total=9)
    assert len(list(results)) == 1
    assert results.interrupted


@pytest.fixture
def photo(tmp_path):
    """A picture that says when and where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Acme"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "S", (10.0, 30.0, 0.0)
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 48), "teal").save(path, exif=exif)
    return path


def recorded(path, *, metadata):
    (description,) = describe_iter(str(path), model="fake:A field.", store=False, metadata=metadata)
    return record_of(description, refer(str(path)), metadata=metadata)


def test_the_fields_of_a_result(photo):
    """Those that are promised, in their order."""
    found = recorded(photo, metadata=False)
    assert tuple(found) == FIELDS
    assert (found["path"], found["format"], found["width"], found["height"]) == (str(photo), "JPEG", 64, 48)
    assert (found["is_duplicate"], found["retries"]) == (False, 0)
    assert (found["error"], found["from_store"], found["size_bytes"]) == (None, False, photo.stat().st_size)


def test_metadata_when_asked(photo):
    """Everything the file says; moments as texts, so that it can be written as JSON."""
    found = recorded(photo, metadata=True)
    assert tuple(found) == (*FIELDS, *METADATA)
    assert (found["orientation"], found["frames"], found["camera_make"]) == (6, 1, "Acme")
    assert (found["taken_at"], found["gps_latitude_deg"]) == ("2024-05-06T07:08:09", -10.5)
    assert found["digest"] == fingerprint(refer(str(photo)))
    assert dump(found)


def test_a_file_that_says_nothing(tmp_path):
    """All fields are there, empty; the error is the row's."""
    path = tmp_path / "broken.jpg"
    path.write_text("no picture")
    found = recorded(path, metadata=True)
    assert {name: found[name] for name in METADATA} == dict.fromkeys(METADATA)
    assert found["error"].startswith("UnreadableImage: ")
