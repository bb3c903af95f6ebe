"""The Hub: downloads with progress, and every refusal with what to do."""

import errno
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from vlmkit import settings
from vlmkit.engines import hub
from vlmkit.errors import ModelLoadFailed, ModelNotFound

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b'{"model_type": "smolvlm"}', "model.safetensors": b"\x02\0\0\0\0\0\0\0{}", "evil.py": b"1/0"}


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub's API as a download needs, over one public, one gated and no other repository."""

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def log_message(self, *_):
        """Keep stderr for the progress bar."""

    def answer(self, *, body):
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if "/org/gated" in path:
            return self.send(403, b"{}", body=body, headers={"X-Error-Code": "GatedRepo"})
        if "/org/public" not in path:
            return self.send(404, b"{}", body=body, headers={"X-Error-Code": "RepoNotFound"})
        if "/revision/nowhere" in path:
            return self.send(404, b"{}", body=body, headers={"X-Error-Code": "RevisionNotFound"})
        if path.startswith("/api/models/org/public/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": f"{number:040x}"}
                for number, (name, data) in enumerate(FILES.items())
            ]
            return self.send(200, json.dumps(tree).encode(), body=body)
        if path.startswith("/api/models/org/public"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            weights = {"parameters": {"BF16": 7}, "total": 7}
            listed = {"id": "org/public", "sha": COMMIT, "siblings": siblings, "safetensors": weights}
            return self.send(200, json.dumps(listed).encode(), body=body)
        data = FILES[path.rpartition("/")[2]]
        return self.send(
            200, data, body=body, headers={"X-Repo-Commit": COMMIT, "ETag": f'"{len(data)}{data[:1].hex()}"'}
        )

    def send(self, status, data, *, body, headers=()):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **dict(headers)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def server():
    """A Hub on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as opened:
        opened.asked = []
        opened.url = f"http://127.0.0.1:{opened.server_port}"
        thread = threading.Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


FETCH = (
    "import sys, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "from vlmkit.engines import hub\n"
    "for name, revision in [word.split('@') for word in sys.argv[1:]]:\n"
    "    try:\n"
    "        print(hub.download(name, revision=revision or None))\n"
    "    except Exception as error:\n"
    "        print(type(error).__name__, error)\n"
)


def fetch(fresh_python, server, *names, **environment):
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    return fresh_python(FETCH, *names, **hub_settings | environment)


def test_a_model_is_downloaded_once_with_progress_and_without_its_code(fresh_python, server):
    """The directory is named after the commit; the second time nothing is transferred."""
    done = fetch(fresh_python, server, "org/public@", "org/public@")
    first, second = done.stdout.splitlines()
    assert first == second
    directory = fresh_python.home.joinpath(first)
    assert directory.name == COMMIT
    assert sorted(file.name for file in directory.iterdir()) == ["config.json", "model.safetensors"]
    assert "%" in done.stderr
    assert not any("evil.py" in path for path in server.asked)
    assert sum(path.startswith("GET") and "model.safetensors" in path for path in server.asked) == 1


def test_every_refusal_of_the_hub_says_what_to_do(fresh_python, server):
    """Gated, unknown or private, no such revision."""
    gated, missing, revision = fetch(
        fresh_python, server, "org/gated@", "org/none@", "org/public@nowhere"
    ).stdout.splitlines()
    assert gated.startswith("ModelNotFound org/gated is gated")
    assert "hf auth login" in gated
    assert missing.startswith("ModelNotFound org/none is not on the Hub, or private")
    assert revision.startswith("ModelNotFound org/public has no revision 'nowhere'")


def test_no_network_is_said(fresh_python, server):
    """A Hub that does not answer: what to check, and what works without."""
    done = fetch(fresh_python, server, "org/public@", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout.startswith("ModelNotFound org/public is not wholly on this machine and the Hub could not be")
    assert "'tiny'" in done.stdout


def test_downloading_can_be_forbidden(fresh_python, server):
    """Then nothing is asked at all, and the message says who forbade it; what is here already still opens."""
    done = fetch(fresh_python, server, "org/public@", VLM_AUTO_DOWNLOAD="false")
    assert done.stdout.startswith("ModelNotFound org/public is not on this machine")
    assert "environment variable VLM_AUTO_DOWNLOAD" in done.stdout
    assert server.asked == []
    fetch(fresh_python, server, "org/public@")
    assert COMMIT in fetch(fresh_python, server, "org/public@", VLM_AUTO_DOWNLOAD="false").stdout


LOOK_UP = (
    "import sys\n"
    "from vlmkit.engines import hub\n"
    "for name in sys.argv[1:]:\n"
    "    try:\n"
    "        print(hub.look_up(name, ['config.json', 'model.safetensors.index.json']))\n"
    "    except Exception as error:\n"
    "        print(type(error).__name__, error)\n"
    "print(list(hub.hub_cache().glob('*')))\n"
)


def test_a_model_is_looked_up_without_its_weights(fresh_python, server):
    """Settings and sizes; nothing stays, and what there is not is said as for a download."""
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = fresh_python(LOOK_UP, "org/public", "org/none", "org/gated", **hub_settings)
    found, missing, gated, kept = done.stdout.splitlines()
    sizes = {name: len(data) for name, data in FILES.items()}
    settings_there = {"config.json": {"model_type": "smolvlm"}}
    assert found == f"Listing(settings={settings_there}, sizes={sizes}, elements={{'BF16': 7}})"
    assert missing.startswith("ModelNotFound org/none is not on the Hub, or private")
    assert gated.startswith("ModelNotFound org/gated is gated")
    assert kept == "[]"
    assert not any("model.safetensors" in path or "evil.py" in path for path in server.asked)


def test_looking_up_is_forbidden_with_downloads(fresh_python, server):
    """It asks the Hub, too."""
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "VLM_AUTO_DOWNLOAD": "false"}
    done = fresh_python(LOOK_UP, "org/public", **hub_settings)
    assert done.stdout.startswith("ModelNotFound org/public is not wholly on this machine and downloading is forbidden")
    assert server.asked == []


def test_settings_that_are_none_are_said(fresh_python, server, monkeypatch):
    """A file of another kind under the name of settings."""
    monkeypatch.setitem(FILES, "config.json", b"<html>")
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = fresh_python(LOOK_UP, "org/public", **hub_settings)
    assert done.stdout.startswith("ModelNotFound org/public: one of its settings files is not JSON")


def test_a_slip_of_the_pen_is_shown_what_is_here(fresh_python, server):
    """The repository on this machine whose name is most like the one given."""
    fetch(fresh_python, server, "org/public@")
    done = fetch(fresh_python, server, "org/pubilc@", "nobody/else@")
    first, second = done.stdout.splitlines()
    assert first.startswith("ModelNotFound org/pubilc is not on the Hub")
    assert first.endswith("On this machine: org/public.")
    assert second.endswith("On this machine: org/public.")


def test_the_likest_downloads_are_named_first(tmp_path, monkeypatch):
    """Five of them, in any case of letters; none where there are none."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert hub.nearby("org/model") == ""
    for name in ("org/Qwen-VL-8B", "org/qwen-vl-2b", "x/llava", "x/smolvlm", "y/gemma", "y/pixtral", "z/florence"):
        (tmp_path / f"models--{name.replace('/', '--')}").mkdir()
    names = hub.nearby("org/qwen-vl-8b").removeprefix(" On this machine: ").removesuffix(".").split(", ")
    assert names[:2] == ["org/Qwen-VL-8B", "org/qwen-vl-2b"]
    assert len(names) == 5


@pytest.mark.parametrize("allowed", [True, False])
def test_what_is_here_is_found_without_asking(tmp_path, monkeypatch, allowed):
    """And what is not, says whether it would be downloaded."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    settings.use(auto_download=allowed)
    with pytest.raises(ModelNotFound, match="when it is first used" if allowed else "Downloads are off"):
        hub.find_here("org/model")
    snapshot = tmp_path / "models--org--model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "models--org--model" / "refs").mkdir()
    (tmp_path / "models--org--model" / "refs" / "main").write_text("abc")
    assert hub.find_here("org/model") == snapshot


def test_another_cache_is_used_from_the_next_call_on(fresh_python, server, tmp_path):
    """Also where the Hub's library was imported before."""
    code = (
        "import os, sys\nfrom huggingface_hub import constants\nfrom vlmkit.engines import hub\n"
        "os.environ['HF_HUB_CACHE'] = sys.argv[1]\nprint(hub.download('org/public', revision=None))"
    )
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = fresh_python(code, str(tmp_path / "other"), **hub_settings)
    assert done.stdout.startswith(str(tmp_path / "other"))


def test_a_download_that_cannot_fit_is_not_begun(fresh_python, server):
    """The sizes are asked first."""
    code = "import shutil\nshutil.disk_usage = lambda _: (9, 9, 9)\nshutil.disk_usage = lambda _: U\n"
    usage = "import collections\nU = collections.namedtuple('U', 'total used free')(9, 0, 9)\n"
    hub_settings = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = fresh_python(usage + code + FETCH, "org/public@", **hub_settings)
    assert done.stdout.startswith("ModelLoadFailed org/public does not fit into")
    assert "HF_HOME" in done.stdout
    assert not any(path.startswith("GET") and "resolve" in path for path in server.asked)


class Case(NamedTuple):
    """An error of the library's, and how it is told."""

    error: Exception
    kind: type
    words: str


def cases():
    """Errors that the library raises, with how they are told."""
    from huggingface_hub import errors

    def http(kind):
        return kind.__new__(kind)

    return [
        Case(OSError(errno.ENOSPC, "No space left"), ModelLoadFailed, "the disk is full"),
        Case(http(errors.GatedRepoError), ModelNotFound, "is gated"),
        Case(http(errors.RevisionNotFoundError), ModelNotFound, "has no revision 'v9'"),
        Case(http(errors.RepositoryNotFoundError), ModelNotFound, "not on the Hub, or private"),
        Case(errors.HFValidationError("bad"), ModelNotFound, "is not a name on the Hub"),
        Case(errors.LocalEntryNotFoundError("offline"), ModelNotFound, "could not be reached"),
        Case(errors.OfflineModeIsEnabled("offline"), ModelNotFound, "could not be reached"),
        Case(TimeoutError(), ModelNotFound, r"could not be reached \(TimeoutError: no details\)"),
    ]


@pytest.mark.parametrize("number", range(8))
def test_errors_are_translated(monkeypatch, number):
    """None of the library's own gets through, and the cause is kept."""
    error, kind, words = cases()[number]
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda **_: (_ for _ in ()).throw(error))
    with pytest.raises(kind, match=words) as caught:
        hub.download("org/name", revision="v9")
    assert caught.value.__cause__ is error
    assert "org/name" in str(caught.value)


def test_there_is_a_case_for_every_error_that_is_told_apart():
    """The parametrized numbers above cover the list."""
    assert len(cases()) == 8


def test_python_files_come_only_where_code_is_allowed(monkeypatch, tmp_path):
    """The patterns that are asked for."""
    asked = []
    monkeypatch.setattr(hub, "_check_space", lambda *_: None)
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda **options: asked.append(options["allow_patterns"]) or tmp_path
    )
    settings.use(auto_download=True)
    hub.download("org/name", revision=None)
    hub.download("org/name", revision=None, code_allowed=True)
    assert ["*.py" in patterns for patterns in asked] == [False, True]
