"""Addresses: which are this machine, which can be used, which are one server."""

import pytest

from vlmkit.errors import BadSetting
from vlmkit.providers.addresses import bases_of, check_url, complete_address, is_loopback, origin_of

OLLAMA, OPENROUTER, ANY = "http://localhost:11434/v1", "https://openrouter.ai/api/v1", ""


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.3.2.1", "::1", "0.0.0.0"])
def test_this_machine_is_known_by_its_form(host):
    """Names and numbers that can be nothing else."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.5", "api.openai.com", "128.0.0.1", "", "::2"]
)
def test_others_are_not(host):
    """Also those that only begin alike."""
    assert not is_loopback(host)


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "https://[::1]:8000", "http://h"])
def test_good_addresses_are_taken_apart(url):
    """Scheme, host, port and path."""
    assert check_url(url).hostname


@pytest.mark.parametrize(
    "url",
    ["", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h:0/", "http://h/a b",
     "http://h/\r\nx: y", "file:///etc/passwd", f"http://{'a' * 70}.example/v1",
     "http://[::1/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    """Before anything is sent there, in words."""
    with pytest.raises(BadSetting, match="Give scheme, host and base path"):
        check_url(url)


def test_a_password_in_an_address_is_not_repeated():
    """The message says what to do instead."""
    with pytest.raises(BadSetting, match="api_key") as caught:
        check_url("http://me:sesame@host:8000/v1")
    assert "sesame" not in str(caught.value)
    with pytest.raises(BadSetting):
        check_url("http://host\\@evil.example/v1")


def test_one_server_has_one_origin():
    """Whatever the path, and whether the port is written."""
    assert origin_of("https://h/v1") == origin_of("https://h:443/other") == "https://h:443"
    assert origin_of("http://h/v1") != origin_of("https://h/v1")


@pytest.mark.parametrize(
    ("address", "usual", "base"),
    [
        ("http://localhost:11434", OLLAMA, "http://localhost:11434/v1"),
        ("http://localhost:11434/", OLLAMA, "http://localhost:11434/v1"),
        ("gpu-box", OLLAMA, "http://gpu-box:11434/v1"),
        ("gpu-box/v1", OLLAMA, "http://gpu-box:11434/v1"),
        ("http://gpu-box", OLLAMA, "http://gpu-box/v1"),
        ("[::1]", OLLAMA, "http://[::1]:11434/v1"),
        ("http://h:1/api/chat", OLLAMA, "http://h:1/v1"),
        ("http://h:1/api/generate/", OLLAMA, "http://h:1/v1"),
        ("http://h:1/api", OLLAMA, "http://h:1/v1"),
        ("http://h:1/v1/chat/completions", OLLAMA, "http://h:1/v1"),
        ("http://h:1/v1/models", OLLAMA, "http://h:1/v1"),
        ("http://h:1/proxy/ollama", OLLAMA, "http://h:1/proxy/ollama"),
        ("https://openrouter.ai", OPENROUTER, "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/chat/completions", OPENROUTER, "https://openrouter.ai/api/v1"),
        ("h:1/v1/chat/completions", ANY, "http://h:1/v1"),
        ("http://h:1/api/chat/completions", ANY, "http://h:1/api"),
        ("http://h:1/v1/models/llama-3", ANY, "http://h:1/v1"),
        ("http://h:1/v1/messages", ANY, "http://h:1/v1"),
        ("https://g.example/v1beta/models/gemini-2:generateContent", ANY, "https://g.example/v1beta"),
        ("http://h:1/models/org/v1", ANY, "http://h:1/models/org/v1"),
    ],
)
def test_what_people_paste_becomes_a_base_address(address, usual, base):
    """The path of a question is taken off, what is missing is the host's own; a second time changes nothing."""
    native = "/api" if usual == OLLAMA else ""
    assert complete_address(address, usual=usual, native=native) == base
    assert complete_address(base, usual=usual, native=native) == base


@pytest.mark.parametrize("address", ["gpu-box", "api.example.com/v1", "127.0.0.1"])
def test_a_server_of_which_nothing_is_known_needs_its_scheme(address):
    """Whether it speaks TLS is not a guess: a key may go there."""
    with pytest.raises(BadSetting, match=f"write its scheme too, as http://{address}"):
        complete_address(address, usual="")


@pytest.mark.parametrize(
    ("address", "bases"),
    [
        ("http://h/v1", ["http://h/v1"]),
        ("http://h/openai/v1beta", ["http://h/openai/v1beta"]),
        ("http://h", ["http://h/v1", "http://h"]),
        ("http://h/api", ["http://h/api", "http://h/api/v1"]),
    ],
)
def test_an_address_without_a_version_may_mean_two(address, bases):
    """The likeliest first."""
    assert bases_of(address) == bases
