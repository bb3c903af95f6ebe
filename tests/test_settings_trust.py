"""Files of settings that come with somebody's pictures: what they may say, and after which consent."""

import os
import stat
import warnings
from pathlib import Path

import pytest

from vlmkit import settings, settings_trust
from vlmkit.errors import BadSetting
from vlmkit.settings_file import files

HARMLESS = """\
[vision]
model = "ollama:qwen3-vl:8b"
isolate_model = true
keep_loaded = 5
list_ttl_s = 9
load_timeout_s = 900
[processing]
workers = 3
timeout_s = 7
silence_s = 8
on_timeout = "continue"
max_retries = 1
first_wait_s = 0.1
longest_wait_s = 2
"""
NEEDS_CONSENT = [
    ("vision", "auto_download = true"),
    ("vision", "isolate_model = false"),
    ("images", "largest_image_bytes = 10"),
    ("images", "largest_image_pixels = 999_999_999"),
    ("images", 'image_formats = ["tiff"]'),
    ("images", "isolate_images = true"),
    ("images", 'image_timeout_s = "none"'),
    ("remote", "largest_download_bytes = 999_999_999"),
    ("remote", 'download_timeout_s = "none"'),
    ("remote", "allow_private_hosts = true"),
    ("privacy", "allow_remote = true"),
    ("plugins", 'allow_plugins = ["acme-vlm"]'),
    ("processing", "store = '/anywhere/written.sqlite'"),
    ("hosts.ollama", "url = 'http://192.0.2.2/v1'"),
    ("hosts.ollama", "key_variable = 'AWS_SECRET_ACCESS_KEY'"),
    ("hosts.openai", "verify = false"),
    ("hosts.openai", "ca_file = 'theirs.pem'"),
    ("hosts.vllm", "parallel_asks = 1000"),
    ("hosts.vllm", "requests_per_minute = 1"),
    ("hosts.vllm", "tokens_per_minute = 1"),
    ("server", "host = '0.0.0.0'"),
    ("server", "port = 1"),
    ("server", "queue_size = 1000"),
    ("server", "max_loaded = 9"),
    ("server", "request_timeout_s = 9000"),
    ("server", "switch_wait_s = 9000"),
    ("server", "idle_unload_s = 1"),
    ("server", "shutdown_timeout_s = 9000"),
    ("server", "answer_timeout_s = 'none'"),
    ("server", "max_answer_tokens = 1_000_000"),
    ("server", "largest_request_bytes = 999_999_999"),
    ("server", "image_hosts = ['theirs.example']"),
    ("server", "allowed_hosts = ['theirs.example']"),
    ("server", "allowed_origins = ['https://theirs.example']"),
    ("mcp", "mcp_config = 'theirs.json'"),
    ("models.small", "model = 'tiny'"),
    ("models.small", "call_style = 'hermes'\nmodel = 'tiny'"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory, a folder of the user's own settings, and nothing warned about yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(settings_trust, "_told", set())
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def write(folder, text):
    file = folder / "vlmkit.toml"
    file.write_text(text, encoding="utf-8")
    return file


def values():
    """Every setting, and what is said about every host and about models to be served."""
    names = ("ollama", "openai", "vllm", "lmstudio", "anthropic")
    found = {name: settings.get(name) for name in settings.SETTINGS} | {name: settings.host(name) for name in names}
    return found | {"served": settings.served_models()}


def quietly(work):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return work()


def test_what_is_harmless_needs_no_consent(folder):
    """Also in a folder above."""
    write(folder, HARMLESS)
    found = quietly(values)
    assert (found["model"], found["workers"], found["on_timeout"]) == ("ollama:qwen3-vl:8b", 3, "continue")
    inner = folder / "photos"
    inner.mkdir()
    os.chdir(inner)
    assert quietly(values) == found


def test_the_lists_of_this_test_are_whole():
    """Every setting and every entry of a host and of a served model is in one of the two."""
    known = {f"[{setting.table}] {setting.name}" for setting in settings.SETTINGS.values()}
    known |= {f"[{table}] {entry}" for table, named in settings.NAMED_TABLES.items() for entry in named}
    table, listed = "", {f"[{table.partition('.')[0]}] {line.partition(' ')[0]}" for table, line in NEEDS_CONSENT}
    for line in HARMLESS.splitlines():
        table = line if line.startswith("[") else table
        listed |= set() if line.startswith("[") else {f"{table} {line.partition(' ')[0]}"}
    assert listed == known


@pytest.mark.parametrize(("table", "line"), NEEDS_CONSENT)
def test_the_rest_does(folder, table, line):
    """Nothing changes, and the warning names file, line, entry and the way out; then consent, and it counts."""
    before = values()
    file = write(folder, f"# from somebody\n\n[{table}]\n{line}\n")
    with pytest.warns(UserWarning, match="not heeded") as caught:
        assert values() == before
    (warning,) = caught
    entry = line.partition(" ")[0]
    for part in (str(file), f"line 4: [{table}] {entry}", f"vlmkit trust {file}"):
        assert part in str(warning.message)
    settings_trust.consent(file)
    after = quietly(values)
    if not line.startswith(("auto_download", "isolate")):  # which are so by themselves
        assert after != before
    file.write_text(file.read_text() + "\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="not heeded"):
        assert values() == before, "a consent is to the content it was given to"


@pytest.mark.parametrize(
    "text",
    [
        'hosts.ollama.url = "http://192.0.2.2/v1"\n',
        'hosts = {ollama = {url = "http://192.0.2.2/v1", key_variable = "K"}}\n',
        '[hosts]\nollama.url = "http://192.0.2.2/v1"\n',
        '["hosts"."ollama"]\n"url" = "http://192.0.2.2/v1"\n',
        "privacy.allow_remote = true\n",
        '[hosts.ollama]\r\nurl = "http://192.0.2.2/v1"\r\n',
    ],
)
def test_no_spelling_goes_around_it(folder, text):
    """TOML writes one thing in many ways."""
    before = values()
    write(folder, text)
    with pytest.warns(UserWarning, match=r"allow_remote|\[hosts.ollama\] url"):
        assert values() == before


@pytest.mark.parametrize(
    "model",
    [
        "ollama:m@http://192.0.2.2/v1",
        "vllm:m@gpu-box",
        "openai:m@127.0.0.1:9",
        "./weights",
        "/srv/weights",
        "~/weights",
        "mlx:./weights",
        "weights",
        "mlx:weights",
        "photos/weights",
        "mlx:photos/../weights",
        "..\\weights",
    ],
)
def test_a_model_with_an_address_or_in_a_folder_does(folder, model):
    """A folder of that name is there, as in an unpacked archive."""
    for name in ("weights", "photos/weights"):
        (folder / name).mkdir(parents=True)
    write(folder, f"[vision]\nmodel = '{model}'\n[processing]\nworkers = 2\n")
    with pytest.warns(UserWarning, match=r"line 2: \[vision\] model"):
        assert (settings.get("model"), settings.get("workers")) == (None, 2)


@pytest.mark.parametrize("model", ["tiny", "ollama:m", "mlx:org/name-4bit", "org/name", "openai:gpt-5"])
def test_another_model_does_not(folder, model):
    """Where pictures may go is decided elsewhere."""
    write(folder, f"[vision]\nmodel = '{model}'\n")
    assert quietly(lambda: settings.get("model")) == model


def test_it_is_said_once(folder):
    """Not by the picture; a changed file is said anew."""
    file = write(folder, "[privacy]\nallow_remote = true\n")
    with pytest.warns(UserWarning, match="not heeded"):
        settings.get("allow_remote")
    assert quietly(lambda: [settings.get(name) for name in settings.SETTINGS])
    file.write_text("[privacy]\nallow_remote = true\n# changed\n")
    with pytest.warns(UserWarning, match="not heeded"):
        settings.get("workers")


def test_the_users_own_file_and_a_named_one_need_none(folder, tmp_path, monkeypatch):
    """The user put them there."""
    own = tmp_path / "config" / "vlmkit"
    own.mkdir(parents=True)
    write(own, "[privacy]\nallow_remote = true\n")
    assert quietly(lambda: settings.get("allow_remote"))
    assert [(file.path, file.found) for file in files()] == [(own / "vlmkit.toml", False)]
    monkeypatch.setenv("VLMKIT_CONFIG", str(write(folder, "[images]\nlargest_image_bytes = 5\n")))
    assert quietly(lambda: settings.get("largest_image_bytes")) == 5


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("link", [False, True])
def test_of_a_strangers_file_nothing_counts(folder, tmp_path, link):
    """Not even the number of workers, nor through a link; until it is consented to."""
    file = write(tmp_path if link else folder, "[processing]\nworkers = 3\n")
    if link:
        (folder / "vlmkit.toml").symlink_to(file)
        os.lchown(folder / "vlmkit.toml", 12345, 12345)
        file = folder / "vlmkit.toml"
    else:
        os.chown(file, 12345, 12345)
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert settings.get("workers") == "auto"
    settings_trust.consent(file)
    assert quietly(lambda: settings.get("workers")) == 3


def test_consents_are_kept_and_taken_back(folder, tmp_path):
    """File by file, by its path; nobody else writes the record."""
    file = write(folder, "[privacy]\nallow_remote = true\n")
    other = tmp_path / "other.toml"
    other.write_text("")
    settings_trust.consent(file)
    settings_trust.consent(other)
    assert set(settings_trust.consents()) == {file, other}
    record = tmp_path / "config" / "vlmkit" / "trusted.json"
    assert not record.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    assert settings_trust.withdraw(file)
    assert not settings_trust.withdraw(file)
    with pytest.warns(UserWarning, match="not heeded"):
        assert settings.get("allow_remote") is False
    assert set(settings_trust.consents()) == {other}


def test_a_copy_elsewhere_is_not_consented_to(folder, tmp_path, monkeypatch):
    """The consent is to a path and a content."""
    settings_trust.consent(write(folder, "[privacy]\nallow_remote = true\n"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere, "[privacy]\nallow_remote = true\n")
    monkeypatch.chdir(elsewhere)
    with pytest.warns(UserWarning, match="not heeded"):
        assert settings.get("allow_remote") is False


@pytest.mark.parametrize("text", ["{", "[1, 2]", "\xff"])
def test_a_broken_record_is_said(folder, tmp_path, text):
    """And trusts nothing."""
    record = tmp_path / "config" / "vlmkit" / "trusted.json"
    record.parent.mkdir(parents=True)
    record.write_bytes(text.encode("latin-1"))
    write(folder, "[privacy]\nallow_remote = true\n")
    with pytest.raises(BadSetting, match=r"trusted\.json"):
        settings.get("allow_remote")


def test_a_file_that_is_not_there_cannot_be_consented_to(folder):
    """With its path."""
    with pytest.raises(BadSetting, match="nowhere"):
        settings_trust.consent(Path("nowhere.toml"))
