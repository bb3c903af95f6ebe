"""A table over HTTP: a server that fails now and then loses no row, mixes up none, and is paid once for each."""

import base64
import itertools
import json
import random
import re
import threading
import time

import pandas as pd
import pytest
from PIL import Image
from scripted_server import RESET, ScriptedServer, chat, deltas, http, sse

import vlmkit as vk
from vlmkit import settings
from vlmkit.backends import shared
from vlmkit.errors import Cancelled, RunError, ServerFault, Unauthorized

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
        options = {"timeout_s": 2, "on_timeout": "continue", "max_retries": 0, "store": False, "progress": False}
        table = vk.describe(df, model=f"openai:m@{server.url}", **options)
    assert table["description"].tolist() == ["half an answer"]
    assert table["description_error"].iloc[0].startswith("TimedOut: ")


def until(row, answer, good=chat):
    """A server that is well up to a number of asks and then answers this."""
    asked = itertools.count()

    def reply(request):
        if request.method == "GET":
            return http(404)
        return good() if next(asked) < row else answer

    return reply


GONE = {
    "key revoked": http(401, {"error": {"message": "key revoked"}}),
    "no credit": http(402, {"error": {"message": "Insufficient credits"}}),
    "no credit at 200": http(200, {"error": {"code": 402, "message": "Insufficient credits"}}),
    "quota": http(429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    "quota of a day": http(429, {"error": {"message": "Limit reached on requests per day (RPD). Try again in 8s."}}),
    "model gone": http(404, {"error": {"message": "model 'm' not found"}}),
}


@pytest.mark.parametrize("answer", GONE.values(), ids=GONE)
@pytest.mark.parametrize("workers", [3, "auto"])
def test_a_model_that_is_gone_in_the_middle_ends_the_run(picture, answer, workers, monkeypatch):
    """What was answered is in `partial`, in its rows; nothing more is uploaded than what was on its way."""
    monkeypatch.setattr("vlmkit.runner.loop._FINISHING_S", 30.0)  # for what is on its way, on a busy machine
    df = pd.DataFrame({"path": picture, "n": range(300)})
    with ScriptedServer(until(40, answer)) as server:
        options = {"model": f"openai:m@{server.url}", "workers": workers, "store": False, "progress": False}
        with pytest.raises(RunError) as caught:
            vk.describe(df, prompt="{n}", **options)
        posts = [request for request in server.requests if request.method == "POST"]
    partial = caught.value.partial
    assert len(partial) == 300
    assert partial["description"].notna().sum() == 40
    assert partial["description_error"].iloc[-1].startswith("Cancelled: not asked, as the run ended: ")
    assert len(posts) <= 40 + 2 * 32


def test_a_model_that_is_gone_in_the_middle_is_given_up_where_another_is_named(picture):
    """For all rows that are left; the run ends as any other."""
    df = pd.DataFrame({"path": picture, "n": range(100)})
    with ScriptedServer(until(10, GONE["key revoked"])) as server:
        model = f"openai:m@{server.url}"
        options = {"workers": 2, "store": False, "progress": False, "details": True}
        table = vk.describe(df, prompt="{n}", model=model, fallback="fake:echo", **options)
        posts = [request for request in server.requests if request.method == "POST"]
    assert table["description_model"].value_counts().to_dict() == {model: 10, "fake:echo": 90}
    assert len(posts) <= 14


def test_a_server_that_stays_broken_ends_the_run(picture):
    """After a few rows in a row, of which only the first ones are tried to the end."""
    settings.use(first_wait_s=0.01)
    df = pd.DataFrame({"path": picture, "n": range(300)})
    with ScriptedServer(until(20, http(500, {"error": "cudaMalloc failed: out of memory"}))) as server:
        with pytest.raises(ServerFault, match="Its memory is too small") as caught:
            vk.describe(df, prompt="{n}", model=f"openai:m@{server.url}", workers=4, store=False, progress=False)
        posts = [request for request in server.requests if request.method == "POST"]
    assert caught.value.partial["description"].notna().sum() == 20
    assert len(posts) <= 20 + 4 * 4 + 4 * 2


def test_pictures_that_break_a_server_end_no_run(picture):
    """As long as others work between."""
    settings.use(first_wait_s=0.01)
    df = pd.DataFrame({"path": picture, "n": range(60)})

    def moody(request):
        if request.method == "GET":
            return http(404)
        number = int(re.search(r"row (\d+)", json.dumps(request.json["messages"]))[1])
        return http(500, "cannot look at this") if number % 3 == 0 else chat(f"answer {number}")

    with ScriptedServer(moody) as server:
        model = f"openai:m@{server.url}"
        table = vk.describe(df, prompt="row {n}", model=model, workers=3, max_retries=1, store=False, progress=False)
    assert table["description"].isna().tolist() == [number % 3 == 0 for number in range(60)]


def test_a_wait_in_the_body_is_kept(picture):
    """A server that takes so many asks in a while, and says only in words how long that is: no row is lost."""
    begun, taken, lock = [time.monotonic()], [0], threading.Lock()

    def limited(request):
        if request.method == "GET":
            return http(404)
        with lock:
            left_s = begun[0] + 1.0 - time.monotonic()
            if left_s <= 0:
                begun[0], taken[0], left_s = time.monotonic(), 0, 1.0
            taken[0] += 1
            if taken[0] <= 5:
                return chat("fine")
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{left_s:.3f}s"}
        return http(429, {"error": {"code": 429, "message": "Quota exceeded.", "details": [info]}})

    settings.use(first_wait_s=0.05)
    df = pd.DataFrame({"path": picture, "n": range(15)})
    with ScriptedServer(limited) as server:
        options = {"model": f"openai:m@{server.url}", "workers": 5, "store": False, "progress": False}
        table = vk.describe(df, prompt="{n}", **options)
    assert table["description"].tolist() == ["fine"] * 15


def test_a_server_that_falls_silent_ends_the_run(picture):
    """Without anybody having set a deadline; what it said before is kept."""
    settings.use(first_wait_s=0.01)
    df = pd.DataFrame({"path": picture, "n": range(50)})
    with ScriptedServer(until(10, [600.0])) as server:
        options = {"model": f"openai:m@{server.url}", "workers": 6, "store": False, "progress": False}
        with pytest.raises(RunError, match="has said nothing for 1 s") as caught:
            vk.describe(df, prompt="{n}", silence_s=1, **options)
    assert caught.value.partial["description"].notna().sum() == 10


def test_a_run_in_the_background_ends_by_itself_too(picture):
    """Its error has the table, and its frame too."""
    df = pd.DataFrame({"path": picture, "n": range(50)})
    with ScriptedServer(until(10, GONE["key revoked"])) as server:
        options = {"model": f"openai:m@{server.url}", "workers": 1, "store": False, "progress": False}
        running = vk.describe(df, prompt="{n}", background=True, **options)
        with pytest.raises(Unauthorized, match="key revoked"):
            running.wait(60)
    assert running.state == "failed"
    assert running.progress.reason.startswith("Unauthorized: ")
    assert running.frame["description"].notna().sum() == running.error.partial["description"].notna().sum() == 10
    assert running.frame["description_error"].str.startswith(Cancelled.__name__).sum() == 39


def test_a_server_of_ones_own_gets_as_many_asks_as_it_takes(picture):
    """Also more than its kind usually takes, and although all answers come in bursts."""
    df = pd.DataFrame({"path": picture, "n": range(400)})
    events = []
    with ScriptedServer(lambda request: [0.1, chat("fine")] if request.method == "POST" else http(404)) as server:
        options = {"model": f"openai:m@{server.url}", "store": False, "progress": events.append}
        assert vk.describe(df, prompt="{n}", **options)["description"].notna().all()
    assert events[0].workers == 8
    assert events[-1].workers > 16
