"""Consumers in environments of their own: a real Label Studio server, trainers; see install_consumers.sh."""

import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import vlmkit as vk
from vlmkit.exporters import (
    merge_edits,
    read_dataset,
    to_csv,
    to_label_studio,
    to_llava,
    to_messages,
    to_webdataset,
)

pytestmark = pytest.mark.live

TOKEN = "0123456789abcdef0123456789abcdef01234567"
START_S = 600  # hundreds of migrations of an empty database, on a busy machine


def environment(name):
    """Python of a consumer's environment; skips where there is none."""
    folder = os.environ.get("VLMKIT_CONSUMERS")
    python = None if folder is None else Path(folder) / name / "bin" / "python"
    if python is None or not python.exists():
        pytest.skip(f"no environment for {name}: run tests/exporters/install_consumers.sh, name it in VLMKIT_CONSUMERS")
    return python


class LabelStudio:
    """A running server."""

    def __init__(self, address):
        self.address = address

    def __call__(self, path, given=None, *, raw=False):
        """Call its interface; bytes, or what its JSON says."""
        request = urllib.request.Request(
            self.address + path,
            data=None if given is None else json.dumps(given).encode(),
            headers={"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.read() if raw else json.load(reply)
        except urllib.error.HTTPError as error:
            error.add_note(error.read(1000).decode(errors="replace"))
            raise


@pytest.fixture
def label_studio(tmp_path, photos):
    """A server whose local files are as the card of an export says."""
    python = environment("label-studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(photos.parent),
        "LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path / "server"),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
    }
    user = ["--username", "a@example.org", "--password", "secret-word-1", "--user-token", TOKEN]
    command = [python.with_name("label-studio"), "start", "--no-browser", "--port", str(port), *user]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **variables}, stdout=log, stderr=log)
        try:
            studio = LabelStudio(f"http://127.0.0.1:{port}")
            wait_for(studio, server, tmp_path / "server.log")
            yield studio
        finally:
            server.terminate()
            server.wait(30)


def wait_for(studio, server, log):
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            studio("/api/projects")
        except (urllib.error.URLError, OSError):
            time.sleep(1)
        else:
            return
    pytest.fail(f"Label Studio did not start: {log.read_text(errors='replace')[-2000:]}")


def test_label_studio_shows_pictures_and_gives_back_what_people_did(label_studio, captions, photos):
    """Import with the config, pictures served, annotate, export in both forms, merge."""
    to_label_studio(captions, photos / "tasks.json")
    config = (photos / "tasks.config.xml").read_text(encoding="utf-8")
    project = label_studio("/api/projects", {"title": "pictures", "label_config": config})["id"]
    storage = {"project": project, "path": str(photos), "title": "pictures", "use_blob_urls": True}
    label_studio("/api/storages/localfiles", storage)
    label_studio(f"/api/projects/{project}/import", json.loads((photos / "tasks.json").read_text(encoding="utf-8")))
    tasks = label_studio(f"/api/tasks?project={project}&fields=all&page_size=100")["tasks"]
    for task in tasks:
        assert label_studio(task["data"]["image"], raw=True) == (photos / task["data"]["row_id"]).read_bytes()
    people = {"a.jpg": None, "sub/b.png": "by hand", "turned.jpg": ""}
    for task in tasks:
        if (name := task["data"]["row_id"]) in people:
            result = label_studio(f"/api/tasks/{task['id']}")["predictions"][0]["result"]
            if people[name]:
                result[0]["value"]["text"] = [people[name]]
            given = {"result": result, "was_cancelled": people[name] == ""}
            label_studio(f"/api/tasks/{task['id']}/annotations/", given)
    for form, statuses in (
        ("JSON", ["accepted", "edited", "auto", "flagged", "auto"]),
        ("JSON_MIN", ["accepted", "edited", "auto", "auto", "auto"]),
    ):
        path = f"/api/projects/{project}/export?exportType={form}&download_all_tasks=true"
        (photos / f"{form}.json").write_bytes(label_studio(path, raw=True))
        merged = merge_edits(captions, read_dataset(photos / f"{form}.json"))
        assert merged["caption_status"].tolist() == statuses
        assert merged["caption"].tolist() == [captions["caption"][0], "by hand", *captions["caption"][2:]]


@pytest.fixture
def on_the_web(photos):
    """Address of a server that has these pictures."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=photos)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_img2dataset_fetches_what_a_table_of_addresses_names(captions, photos, on_the_web, tmp_path):
    """Each picture beside its caption; its shards are read back as they are."""
    python = environment("img2dataset")
    addresses = [on_the_web + urllib.parse.quote(str(Path(path).relative_to(photos))) for path in captions["path"]]
    to_csv(captions.assign(path=addresses), tmp_path / "set.csv")
    names = {"url_list": tmp_path / "set.csv", "output_folder": tmp_path / "out"}
    forms = {"input_format": "csv", "output_format": "webdataset", "url_col": "path", "caption_col": "caption"}
    work = {"processes_count": 1, "thread_count": 2, "disable_all_reencoding": True, "enable_wandb": False}
    flags = [f"--{name}={value}" for name, value in (names | forms | work).items()]
    code = [python.with_name("img2dataset"), *flags]
    done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    back = vk.read_images(read_dataset(tmp_path / "out").sort_values("caption"))
    expected = vk.read_images(captions.sort_values("caption"))
    assert back["caption"].tolist() == expected["caption"].tolist()
    for column in ("format", "width", "height", "size_bytes"):
        assert back[column].tolist() == expected[column].tolist()


TRL = """
import json, sys
from datasets import Image, List, load_dataset
from trl.data_utils import prepare_multimodal_messages

data = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
data = data.cast_column("images", List(Image()))
said = []
for row in data:
    question, answer = prepare_multimodal_messages(row["messages"], images=row["images"])
    (picture,) = [part["image"] for part in question["content"] if part["type"] == "image"]
    said.append([picture.size, answer["content"][0]["text"]])
print(json.dumps(said))
"""


def test_trl_sees_each_picture_with_its_answer(captions, tmp_path):
    """Parts and whole paths, cast as the card says."""
    python = environment("trl")
    to_messages(captions, tmp_path / "set.jsonl", full_path=True)
    code = [python, "-c", TRL, str(tmp_path / "set.jsonl"), str(tmp_path / "cache")]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **offline})
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert [size for size, _ in said] == [[20, 12], [21, 12], [22, 12], [12, 23], [24, 12]]
    assert [text for _, text in said] == captions["caption"].tolist()


def answer_of(name, code, *arguments, folder=None):
    """What a program in a consumer's environment prints last, as JSON."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}
    done = subprocess.run(
        [environment(name), "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=600, cwd=folder, env={**os.environ, **offline},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


SIZES = [[20, 12], [21, 12], [22, 12], [23, 12], [24, 12]]  # as stored: these readers heed no EXIF

OPENCLIP = """
import argparse, json, sys
import torch

real = torch.library.register_fake  # torchvision's operators may be of another build; to read data takes none of them
torch.library.register_fake = lambda name, *more, **options: (
    (lambda function: function) if str(name).startswith("torchvision::") else real(name, *more, **options)
)
from open_clip_train.data import CsvDataset, get_wds_dataset

table = CsvDataset(
    sys.argv[1], transforms=lambda image: image.size, img_key="path", caption_key="caption", sep=",",
    tokenizer=lambda texts: texts,
)
options = argparse.Namespace(
    train_data=sys.argv[2], val_data=None, train_num_samples=5, val_num_samples=0, dataset_resampled=False, seed=0,
    workers=1, world_size=1, batch_size=5, train_data_upsampling_factors=None, distributed=False,
)
shards = get_wds_dataset(options, lambda image: torch.tensor(image.size), True, tokenizer=lambda text: [text])
sizes, texts = next(iter(shards.dataloader))
print(json.dumps([[table[i] for i in range(len(table))], sorted(zip(sizes.tolist(), texts))]))
"""


def test_openclip_sees_each_picture_with_its_caption(captions, photos, tmp_path):
    """A table with the keys of its card, from the pictures' folder, and shards."""
    to_csv(captions, tmp_path / "set.csv")
    to_webdataset(captions, tmp_path / "set")
    (shard,) = (tmp_path / "set").glob("*.tar")
    table, shards = answer_of("openclip", OPENCLIP, tmp_path / "set.csv", shard, folder=photos)
    expected = [[size, text] for size, text in zip(SIZES, captions["caption"], strict=True)]
    assert table == expected
    assert [text for _, text in shards] == sorted(captions["caption"], key=captions["caption"].tolist().index)


LLAMA_FACTORY = """
import json, os, sys
from importlib.machinery import ModuleSpec
from types import ModuleType

for name in ("torchaudio",):  # not asked for anything, and its build must fit torch's
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__spec__ = ModuleSpec(name, None)
from datasets import load_dataset
from llamafactory.data.converter import align_dataset
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments
from PIL import Image
from transformers import Seq2SeqTrainingArguments

folder, pictures = sys.argv[1:]
tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
entries = {
    "llava": {"file_name": "llava.json", "columns": {"messages": "conversations", "images": "image"}},
    "text": {"file_name": "text.jsonl", "columns": {"messages": "messages", "images": "images"}, "tags": tags},
}
with open(os.path.join(folder, "dataset_info.json"), "w") as file:
    json.dump({name: {"formatting": "sharegpt", **entry} for name, entry in entries.items()}, file)
said = []
for name, entry in entries.items():
    (attributes,) = get_dataset_list([name], folder)
    path = os.path.join(folder, entry["file_name"])
    data = load_dataset("json", data_files=path, split="train", cache_dir=os.path.join(folder, "cache"))
    options = DataArguments(dataset=name, dataset_dir=folder, media_dir=pictures)
    training = Seq2SeqTrainingArguments(output_dir=os.path.join(folder, "out"), use_cpu=True, report_to=[])
    for row in align_dataset(data, attributes, options, training):
        (question,), (answer,), (picture,) = row["_prompt"], row["_response"], row["_images"]
        said.append([question["content"].count("<image>"), Image.open(picture).size, answer["content"]])
print(json.dumps(said))
"""


def test_llama_factory_sees_each_picture_with_its_answer(captions, photos, tmp_path):
    """LLaVA's form and messages as text, by an entry of `dataset_info.json` as the card has it."""
    captions = captions.assign(caption=["an <image>, a <video>", *captions["caption"][1:]])
    to_llava(captions, tmp_path / "llava.json", root=photos)
    to_messages(captions, tmp_path / "text.jsonl", style="text", root=photos)
    said = answer_of("llamafactory", LLAMA_FACTORY, tmp_path, photos)
    texts = ["an (image), a (video)", *captions["caption"][1:]]
    assert said == [[1, size, text] for size, text in zip(SIZES, texts, strict=True)] * 2
