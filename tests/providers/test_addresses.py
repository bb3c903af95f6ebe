"""Addresses: which are this machine, which can be used, which are one server."""

import pytest

from vlmkit.errors import BadSetting
from vlmkit.providers.addresses import check_url, is_loopback, origin_of


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
    ["", "localhost:8000", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h:0/", "http://h/v1?key=1", "http://h/#x",
     "http://h/a b", "http://h/\r\nx: y", "file:///etc/passwd", f"http://{'a' * 70}.example/v1",
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
