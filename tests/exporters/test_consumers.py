"""The programs that files are for open them: datasets, webdataset, pycocotools, exiftool and Label Studio."""

import gc
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkit.exporters import (
    read_dataset,
    to_coco,
    to_imagefolder,
    to_kohya,
    to_label_studio,
    to_llava,
    to_messages,
    to_parquet,
    to_sidecars,
    to_webdataset,
    to_xmp,
)

# Several of them leave files open; that ours are closed is seen by the other tests.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

NASTY = ['two\nlines, {a|b} and "quotes"', "🐕‍🦺 猫 = +1", "None", "{}", "long " * 5000]
# Control characters are not what a CSV or XML reader is judged by here; the contract has them.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80).filter(str.strip)
FIVE = st.lists(TEXTS, min_size=5, max_size=5)
SLOW = settings(max_examples=3)
FAST = settings(max_examples=15)


@pytest.fixture(autouse=True)
def left_open():
    """What a consumer left open is closed here, not in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def datasets():
    """The library, without a way out and without bars."""
    os.environ |= {
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    return pytest.importorskip("datasets")


@pytest.fixture
def load(datasets, tmp_path):
    """Load a data set of these files, uncached."""
    numbers = iter(range(1000))

    def load(builder, **options):
        place = tmp_path / f"cache{next(numbers)}"
        return datasets.load_dataset(builder, split="train", cache_dir=str(place), **options)

    return load


@pytest.fixture
def form_of():
    """A format by its name."""
    from export_formats import FORMATS

    return {each.name: each for each in FORMATS}.__getitem__


def sizes(data):
    return [picture.size for picture in data["image"]]


UPRIGHT = [(20, 12), (21, 12), (22, 12), (12, 23), (24, 12)]  # `datasets` turns the fourth as its EXIF says


@pytest.mark.parametrize("metadata", ["jsonl", "csv", "parquet"])
def test_datasets_opens_an_imagefolder(load, photos, tmp_path, table_of, metadata):
    """Pictures and texts, row by row, from each kind of metadata; the card and what is not data do not disturb."""
    frame = table_of(photos, NASTY).assign(number=range(5))
    to_imagefolder(frame, tmp_path / "set", metadata=metadata, text_name="text")
    data = load("imagefolder", data_dir=str(tmp_path / "set"))
    found = dict(zip(sizes(data), zip(data["text"], data["number"], strict=True), strict=True))
    texts = [*NASTY[:2], None, *NASTY[3:]] if metadata == "csv" else NASTY  # its reader takes "None" for nothing
    assert found == dict(zip(UPRIGHT, zip(texts, range(5), strict=True), strict=True))


def test_datasets_opens_it_after_replacing(load, captions, tmp_path):
    """Backups are not a second data set."""
    to_imagefolder(captions, tmp_path / "set", pictures="upright")
    to_imagefolder(captions.assign(caption="new"), tmp_path / "set", pictures="upright", if_exists="overwrite")
    data = load("imagefolder", data_dir=str(tmp_path / "set"))
    assert data["caption"][:] == ["new"] * 5
    assert sorted(sizes(data)) == sorted(UPRIGHT)


@SLOW
@given(texts=FIVE)
def test_datasets_reads_any_text(load, photos, tmp_path, table_of, texts):
    """What went into an imagefolder and into Parquet is what `datasets` has, and what we read back."""
    frame = table_of(photos, texts)
    to_imagefolder(frame, tmp_path / "set", columns=["caption"], if_exists="overwrite", backup=False)
    to_parquet(frame, tmp_path / "set.parquet", columns=["caption"], if_exists="overwrite", backup=False)
    for data in (
        load("imagefolder", data_dir=str(tmp_path / "set")),
        load("parquet", data_files=str(tmp_path / "set.parquet")),
    ):
        assert sorted(data["caption"]) == sorted(texts)
    assert read_dataset(tmp_path / "set")["caption"].tolist() == texts
    assert read_dataset(tmp_path / "set.parquet")["caption"].tolist() == texts


def test_datasets_opens_pictures_in_parquet(datasets, load, photos, tmp_path, table_of):
    """The column is a picture without a cast, other types are kept, and a row group is small."""
    frame = table_of(photos, NASTY).assign(tags=[["a", "b"]] * 5, sure=[0.5, None, 1.0, 0.25, 0.0])
    to_parquet(frame, tmp_path / "set.parquet")
    data = load("parquet", data_files=str(tmp_path / "set.parquet"))
    assert isinstance(data.features["image"], datasets.Image)
    assert sizes(data) == UPRIGHT
    assert data["caption"][:] == NASTY
    assert data["tags"][0] == ["a", "b"]
    assert data["sure"][:] == [0.5, None, 1.0, 0.25, 0.0]


def test_datasets_opens_shards(load, captions, tmp_path):
    """All samples have the same endings, whatever formats the pictures were in."""
    to_webdataset(captions, tmp_path / "set", shard_rows=2)
    data = load("webdataset", data_files=str(tmp_path / "set" / "*.tar"))
    assert [picture.size for picture in data["jpg"]] == UPRIGHT
    assert data["txt"][:] == captions["caption"].tolist()
    assert [facts["caption"] for facts in data["json"]] == captions["caption"].tolist()


def test_datasets_opens_conversations(load, photos, tmp_path, table_of):
    """Both JSON forms have one type throughout, as Arrow wants it."""
    frame = table_of(photos, NASTY)
    to_llava(frame, tmp_path / "llava.json")
    to_messages(frame, tmp_path / "chat.jsonl", system="Be brief.")
    turns = load("json", data_files=str(tmp_path / "llava.json"))["conversations"]
    assert [answer["value"] for _, answer in turns] == NASTY
    assert all(question["value"].count("<image>") == 1 for question, _ in turns)
    messages = load("json", data_files=str(tmp_path / "chat.jsonl"))["messages"]
    assert [turn["content"][0]["text"] for _, _, turn in messages] == NASTY


@FAST
@given(texts=FIVE)
def test_webdataset_reads_any_text(photos, tmp_path, table_of, texts):
    """Its own reader gives key, picture, text and facts of every sample, over several shards."""
    webdataset = pytest.importorskip("webdataset")
    to_webdataset(table_of(photos, texts), tmp_path / "set", shard_rows=3, if_exists="overwrite", backup=False)
    shards = [str(path) for path in sorted((tmp_path / "set").glob("*.tar"))]
    assert len(shards) == 2
    samples = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("pil"))
    assert [sample["txt"] for sample in samples] == texts
    assert [sample["json"]["caption"] for sample in samples] == texts
    assert [sample["jpg"].size[0] for sample in samples] == [20, 21, 22, 23, 24]
    assert len({sample["__key__"] for sample in samples}) == 5
    assert read_dataset(tmp_path / "set")["caption"].tolist() == texts


@FAST
@given(texts=FIVE)
def test_pycocotools_reads_any_text(photos, tmp_path, table_of, texts, capsys):
    """Its index finds each picture's captions, also those added to a file that was there."""
    coco = pytest.importorskip("pycocotools.coco")
    target = tmp_path / "set.json"
    to_coco(table_of(photos, texts).head(2), target, if_exists="overwrite", backup=False)
    to_coco(table_of(photos, texts), target, if_exists="append", backup=False)
    index = coco.COCO(str(target))
    pictures = index.loadImgs(index.getImgIds())
    assert [picture["width"] for picture in pictures] == [20, 21, 22, 23, 24]
    found = [index.loadAnns(index.getAnnIds(imgIds=picture["id"])) for picture in pictures]
    assert [[each["caption"] for each in captions] for captions in found] == [[text] for text in texts]
    assert all((photos.parent / picture["file_name"]).is_file() for picture in pictures)


def test_pycocotools_scores_results(captions, tmp_path, capsys):
    """A file of captions takes results, which refer to its ids."""
    coco = pytest.importorskip("pycocotools.coco")
    to_coco(captions, tmp_path / "set.json")
    index = coco.COCO(str(tmp_path / "set.json"))
    results = index.loadRes([{"image_id": image, "caption": "a guess"} for image in index.getImgIds()])
    assert [each["caption"] for each in results.loadAnns(results.getAnnIds())] == ["a guess"] * 5


@pytest.fixture
def exiftool():
    """Ask ExifTool for the tags of a file."""
    if shutil.which("exiftool") is None:
        assert "VLMKIT_REQUIRE_EXIFTOOL" not in os.environ, "here it may not be missing"
        pytest.skip("exiftool is not installed (apt install libimage-exiftool-perl)")

    def ask(path):
        done = subprocess.run(
            ["exiftool", "-j", "-struct", "-charset", "utf8", str(path)], capture_output=True, check=True, timeout=120
        )
        assert b"Warning" not in done.stdout
        return json.loads(done.stdout)[0]

    return ask


def test_exiftool_reads_and_extends_xmp(exiftool, photos, tmp_path, table_of):
    """Description, keywords and alternative text are where photo programs look; theirs in the same file stay."""
    texts = ['two\nlines & <tags> "quoted"', "🐕‍🦺 猫", "c", "d", "e"]
    frame = table_of(photos, texts).assign(tags=[["a dog", "猫 & co", "x"]] * 5)
    to_xmp(frame, column="caption", tags="tags", alt_text=True)
    for i, name in enumerate(["a.jpg", "sub/b.png"]):
        told = exiftool(photos / f"{name}.xmp")
        assert told["Description"] == texts[i]
        assert told["AltTextAccessibility"] == texts[i]
        assert told["Subject"] == ["a dog", "猫 & co", "x"]
    sidecar = photos / "a.jpg.xmp"
    theirs = ["-XMP:Rating=4", "-XMP-dc:Creator=Ann", "-XMP-dc:Description-de=Ein Hund", "-overwrite_original"]
    subprocess.run(["exiftool", *theirs, str(sidecar)], check=True, capture_output=True, timeout=120)
    to_xmp(frame.assign(caption="new words"), column="caption", tags="tags", if_exists="overwrite")
    told = exiftool(sidecar)
    assert (told["Rating"], told["Creator"]) == (4, ["Ann"])
    assert (told["Description"], told["Description-de"]) == ("new words", "Ein Hund")
    assert read_dataset(photos, "xmp")["caption"].tolist()[0] == "new words"


LABEL_STUDIO = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
interface = LabelInterface(sys.argv[2])
tasks = json.load(open(sys.argv[1], encoding="utf-8"))
for task in tasks:
    assert interface.validate_task({"data": task["data"]}), task
    for prediction in task["predictions"]:
        assert interface.validate_prediction(prediction), prediction
print(len(tasks))
"""


def test_label_studio_accepts_the_tasks(captions, tmp_path):
    """Its own code finds config, tasks and predictions valid; their shape is checked in any case."""
    to_label_studio(captions.assign(caption_confidence=0.5), tmp_path / "tasks.json")
    config = (tmp_path / "tasks.config.xml").read_text()
    assert '<TextArea name="caption" toName="image"' in config
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    (result,) = tasks[0]["predictions"][0]["result"]
    assert result == {
        "from_name": "caption",
        "to_name": "image",
        "type": "textarea",
        "value": {"text": [captions["caption"][0]]},
    }
    assert tasks[0]["predictions"][0]["score"] == 0.5
    assert (
        tasks[4]["data"]["image"]
        == f"/data/local-files/?d={tmp_path.name}/photos/%C3%BC%20%E7%8C%AB%20%231%20%5Bx%5D%2520.jpg"
    )
    python = os.environ.get("LABEL_STUDIO_PYTHON", sys.executable)
    if python == sys.executable and importlib.util.find_spec("label_studio_sdk") is None:
        return  # it wants another numpy than we do: it cannot be installed beside us, only named
    code = [python, "-c", LABEL_STUDIO, str(tmp_path / "tasks.json"), config]
    done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "5\n", done.stderr


def kohya_caption(text, *, enable_wildcard):
    """What kohya's trainer makes of a caption file, by its documentation: one line of it, braces drawn lots from."""
    import random
    import re

    if not enable_wildcard:
        return text.split("\n")[0]
    line = random.choice(text.split("\n")).replace("{{", "⦅").replace("}}", "⦆")
    drawn = re.sub(r"\{([^}]+)\}", lambda match: random.choice(match[1].split("|")), line)
    return drawn.replace("⦅", "{").replace("⦆", "}")


@pytest.mark.parametrize("wildcards", [False, True])
def test_a_trainer_sees_the_whole_caption(photos, table_of, wildcards):
    """One line holds everything, and braces mean themselves, whichever way the trainer is set."""
    texts = ["first\n\nsecond {a|b}", "{x} {{y}} }{", "c, d", "猫", "e"]
    to_sidecars(table_of(photos, texts), wildcards=wildcards)
    seen = [
        kohya_caption((photos / name).read_bytes().decode("utf-8"), enable_wildcard=wildcards)
        for name in ("a.txt", "sub/b.txt")
    ]
    assert seen == ["first second {a|b}", "{x} {{y}} }{"]
    back = read_dataset(photos, "sidecars", wildcards=wildcards)
    assert back["caption"][0] == "first second {a|b}"


def test_kohya_finds_each_picture(photos, tmp_path, captions):
    """Each name, joined to the picture folder as its scripts do, is a file; so is a whole path."""
    to_kohya(captions, tmp_path / "names.json", root=photos)
    to_kohya(captions, tmp_path / "paths.json", full_path=True)
    for key, entry in json.loads((tmp_path / "names.json").read_text()).items():
        assert (photos / key).is_file()
        assert entry["caption"].startswith("caption of")
    for key in json.loads((tmp_path / "paths.json").read_text()):
        assert Path(key).is_file()


@pytest.mark.parametrize("name", ["imagefolder", "parquet", "webdataset", "jsonl", "csv", "llava", "messages", "coco"])
def test_datasets_opens_the_folder_with_its_card(load, form_of, captions, tmp_path, name):
    """As a user opens or pushes it: the card is none of the data, in the first export of a folder and in a second."""
    form = form_of(name)
    folder = tmp_path / "set" if "." not in form.target else tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    form.write(captions, folder.parent if folder.name == "set" else folder)
    assert (folder / "README.md").is_file()
    data = load(str(folder))
    assert len(data) == (1 if name == "coco" else 5)  # COCO is one object


def test_a_second_card_is_none_of_the_data_either(load, captions, tmp_path):
    """Of several files in a folder the first has README.md, and the others' cards are hidden."""
    for name in ("one.jsonl", "two.jsonl"):
        to_messages(captions, tmp_path / "set" / name, style="text", root=tmp_path / "photos")
    assert len(load(str(tmp_path / "set"))) == 10
    to_label_studio(captions, tmp_path / "tasks" / "set.json", root=tmp_path / "photos")
    assert len(load(str(tmp_path / "tasks"))) == 5


STRINGS = ["NaN", "123", '{"json": ["in", "here"]}', "None", "true"]


@pytest.mark.parametrize("options", [{}, {"style": "text"}, {"embed": True}], ids=["parts", "text", "embedded"])
def test_datasets_keeps_strings_as_strings(load, photos, tmp_path, table_of, options):
    """Texts that look like numbers, nothing or JSON, in every form of messages."""
    to_messages(table_of(photos, STRINGS), tmp_path / "set.jsonl", **options)
    turns = load("json", data_files=str(tmp_path / "set.jsonl"))["messages"]
    said = [turn[-1]["content"] for turn in turns]
    assert [text if isinstance(text, str) else text[0]["text"] for text in said] == STRINGS


def test_datasets_opens_the_pictures_of_messages(datasets, load, photos, tmp_path, captions):
    """By the lines of the card for TRL: whole paths open from anywhere."""
    to_messages(captions, tmp_path / "set.jsonl", full_path=True)
    data = load("json", data_files=str(tmp_path / "set.jsonl"))
    opened = data.cast_column("images", datasets.List(datasets.Image()))
    assert [picture.size for (picture,) in opened["images"]] == UPRIGHT
    assert "cast_column" in (tmp_path / "README.md").read_text(encoding="utf-8")
