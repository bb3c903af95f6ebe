"""A table over HTTP: a server that fails now and then loses no row, mixes up none, and is paid once for each."""

import base64
import json
import random
import re
import threading

import pandas as pd
import pytest
from PIL import Image
from scripted_server import RESET, ScriptedServer, chat, deltas, http, sse

import vlmkit as vk
from vlmkit.backends import shared
from vlmkit.errors import Unauthorized

ROWS = 2000


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A photo whose camera wrote down where it was taken."""
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (47.0, 22.0, 11.0)
    exif[0x010E] = "SECRET-DESCRIPTION"
    Image.new("RGB", (40, 30), "red").save(tmp_path / "photo.jpg", exif=exif)
    assert b"SECRET-DESCRIPTION" in (tmp_path / "photo.jpg").read_bytes()
    return str(tmp_path / "photo.jpg")


@pytest.fixture(autouse=True)
def nothing_shared():
    """Models that a run leaves open end with its test."""
    yield
    shared.close_shared()


class Moody:
    """5 % too many requests, 2 % broken, 1 % resets, and an answer that says which row it is for."""

    def __init__(self):
        self.lock = threading.Lock()
        self.chance = random.Random(7)
        self.answered, self.faults = {}, 0

    def __call__(self, request):
        if request.method == "GET":
            return http(404)
        number = int(re.search(r"row (\d+)", json.dumps(request.json["messages"]))[1])
        with self.lock:
            luck = self.chance.random()
            if luck >= 0.08:
                self.answered[number] = self.answered.get(number, 0) + 1
                return chat(f"answer {number}")
            self.faults += 1
        if luck < 0.05:
            return http(429, "slow down", retry_after=0.01)
        return http(500, "broken") if luck < 0.07 else [RESET]


def test_a_moody_server_loses_no_row(picture, tmp_path):
    """2,000 rows: all there, none wrong, none that was answered asked again; a second run asks nothing."""
    moody = Moody()
    with ScriptedServer(moody) as server:
        df = pd.DataFrame({"path": picture, "n": range(ROWS)})
        options = {"model": f"openai:m@{server.url}", "store": tmp_path / "store.sqlite", "progress": False}
        table = vk.describe(df, prompt="This is row {n}.", workers=32, max_retries=9, **options)
        assert table["description"].tolist() == [f"answer {number}" for number in range(ROWS)]
        assert table["description_error"].isna().all()
        assert moody.faults > 100
        assert moody.answered == dict.fromkeys(range(ROWS), 1)
        again = vk.describe(df, prompt="This is row {n}.", workers=32, max_retries=9, **options)
        assert again["description"].equals(table["description"])
        assert moody.answered == dict.fromkeys(range(ROWS), 1)


def test_what_a_camera_wrote_does_not_leave(picture, tmp_path):
    """The pixels do; position and text do not."""
    with ScriptedServer(lambda request: chat() if request.method == "POST" else http(404)) as server:
        vk.describe([picture], model=f"openai:m@{server.url}", store=False, progress=False)
    (request,) = [request for request in server.requests if request.method == "POST"]
    link = request.json["messages"][-1]["content"][0]["image_url"]["url"]
    sent = base64.b64decode(link.partition(",")[2])
    assert b"SECRET" not in sent
    assert b"Exif" not in sent


def test_a_key_is_not_in_the_store(picture, tmp_path, monkeypatch):
    """Which keeps everything else about a run."""
    monkeypatch.setenv("VLLM_API_KEY", "sk-secret-0123456789")
    with ScriptedServer(lambda request: chat() if request.method == "POST" else http(404)) as server:
        vk.describe([picture], model=f"vllm:m@{server.url}", store=tmp_path / "store.sqlite", progress=False)
    assert server.requests[-1].headers["authorization"] == "Bearer sk-secret-0123456789"
    for path in tmp_path.glob("store.sqlite*"):
        assert b"sk-secret" not in path.read_bytes()


def test_a_wrong_key_ends_the_run_at_once(picture):
    """Not row by row."""
    with ScriptedServer(lambda request: http(401, "who are you") if request.method == "POST" else http(404)) as server:
        df = pd.DataFrame({"path": picture, "n": range(200)})
        with pytest.raises(Unauthorized, match="who are you"):
            vk.describe(df, prompt="{n}", model=f"openai:m@{server.url}", store=False, progress=False, workers=4)
        assert len(server.requests) < 20


def test_late_answers_keep_what_was_written(picture):
    """With on_timeout="continue" the text so far stands in the column, and the error says what it is."""
    half = [*sse(*deltas("half ", "an answer"))[:3], 30.0]
    with ScriptedServer(lambda request: half if request.method == "POST" else http(404)) as server:
        df = pd.DataFrame({"path": [picture]})
        options = {"timeout_s": 0.5, "on_timeout": "continue", "max_retries": 0, "store": False, "progress": False}
        table = vk.describe(df, model=f"openai:m@{server.url}", **options)
    assert table["description"].tolist() == ["half an answer"]
    assert table["description_error"].iloc[0].startswith("TimedOut: ")
