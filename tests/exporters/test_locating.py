"""Pictures of a data set: in its folders, in either Unicode form, never outside."""

import unicodedata

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator, Names, folder_of

COMPOSED = "Müller/Zoë 1.jpg"


@pytest.fixture
def place(tmp_path):
    """Make files below a folder."""

    def place(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        return tmp_path

    return place


@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_a_name_is_found_in_either_form(place, there, asked):
    """Folders and files; what is really there is given."""
    folder = place(unicodedata.normalize(there, COMPOSED))
    found = Names().find(folder / unicodedata.normalize(asked, COMPOSED))
    assert found is not None
    assert found.exists()
    assert Names().find(folder / "Müller" / "none ü.jpg") is None
    assert Names().find(folder / "nö" / "none.jpg") is None


@pytest.mark.parametrize(
    ("file", "picture", "name"),
    [
        ("set.json", "a.jpg", "a.jpg"),
        ("set.json", "images/a.jpg", "a.jpg"),
        ("annotations/set.json", "images/a.jpg", "a.jpg"),
        ("annotations/set.json", "images/a.jpg", "images/a.jpg"),
        ("annotations/set.json", "images/a.jpg", "../images/a.jpg"),
        ("annotations/captions_train2017.json", "train2017/a.jpg", "a.jpg"),
        ("annotations/captions_val2014.json", "images/val2014/a.jpg", "a.jpg"),
        ("annotations/instances_train.json", "images/train/a.jpg", "a.jpg"),
        ("set.json", "sub/a.jpg", "sub\\a.jpg"),
    ],
)
def test_the_usual_places(place, file, picture, name, recwarn):
    """Beside the file, and where COCO and its like have pictures."""
    folder = place(file, picture)
    reading = Reading(folder / file)
    assert Locator(folder / file, None, reading).find(name) == str(folder / picture)
    reading.finish(1)
    assert not recwarn.list


@pytest.mark.parametrize("name", ["../a.jpg", "../../a.jpg", "/etc/a.jpg", "C:\\a.jpg", "x/../../a.jpg", "..\\a.jpg"])
def test_nothing_is_found_outside(place, name):
    """Names of anybody's making; not even where the file is there."""
    folder = place("data/set.json", "a.jpg")
    with pytest.raises(SetupError, match="leads out of"):
        Locator(folder / "data" / "set.json", None, Reading("x")).find(name)


def test_annotations_do_not_lead_out_of_their_data_set(place):
    """Only one folder up, to what lies beside them."""
    folder = place("data/annotations/set.json", "a.jpg")
    with pytest.raises(SetupError, match="leads out of"):
        Locator(folder / "data" / "annotations" / "set.json", None, Reading("x")).find("../../a.jpg")


def test_a_folder_that_is_named_is_the_only_one(place):
    """Whole paths in it are right; the rest is where it would be, and told."""
    folder = place("set.json", "pics/a.jpg", "b.jpg")
    reading = Reading(folder)
    locator = Locator(folder / "set.json", folder / "pics", reading)
    assert locator.find(str(folder / "pics" / "a.jpg")) == str(folder / "pics" / "a.jpg")
    assert locator.find("b.jpg") == str(folder / "pics" / "b.jpg")
    assert locator.find("https://host/a.jpg") == "https://host/a.jpg"
    with pytest.warns(UserWarning, match=r"1 picture, not where .*root=….*b\.jpg"):
        reading.finish(3)
    assert folder_of("x/set.json", folder) == folder


def test_a_name_without_its_ending_is_found(place):
    """Whichever ending the picture has; a text of the name is none."""
    folder = place("set.json", "sub/a.txt", "sub/a.PNG", "Zo\u0308e.jpg")
    locator = Locator(folder / "set.json", None, Reading("x"))
    assert locator.with_stem("sub/a") == str(folder / "sub" / "a.PNG")
    assert locator.with_stem("Z\u00f6e") == str(folder / "Zo\u0308e.jpg")
    assert locator.with_stem(str(folder / "sub" / "a")) == str(folder / "sub" / "a.PNG")
    assert locator.with_stem("sub/b") is None
    assert locator.with_stem("../a") is None


def test_the_end_of_a_path_is_enough(place):
    """For paths of other machines; None where nothing has it."""
    folder = place("set.json", "sub/a.jpg", "b.jpg")
    locator = Locator(folder / "set.json", None, Reading("x"))
    assert locator.find_ending("/mnt/data/sub/a.jpg") == str(folder / "sub" / "a.jpg")
    assert locator.find_ending("D:\\data\\b.jpg") == str(folder / "b.jpg")
    assert locator.find_ending("/mnt/none.jpg") is None
    assert locator.present("../b.jpg") is None
