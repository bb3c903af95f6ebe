"""Who may ask: keys, names, pages; over real HTTP and by themselves."""

import logging

import pytest
from chat_clients import asking

import vlmkit as vk
from vlmkit.errors import BadSetting
from vlmkit.server.access import Access, is_own_address, keys_of

PAGE = "https://page.example"


def test_names_of_this_machine_are_known():
    """Whatever else stands there is reached from elsewhere, or may be."""
    assert all(map(is_own_address, ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(
        map(is_own_address, ("0.0.0.0", "::", "192.168.1.2", "localhost.evil.example", "", "127.0.0.1.nip.io"))
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:2000", "127.0.0.1.nip.io", "", "localhost@evil.example"]
)
def test_another_name_than_the_servers_is_refused(serving, client, host):
    """A page that lets its own name lead to this machine gets nothing."""
    server = serving()
    response = client.get(f"{server.url}/models", headers={"host": host})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "host_not_allowed")


def test_names_of_this_machine_and_allowed_ones_are_answered(serving, client):
    """With or without a port."""
    server = serving(allowed_hosts=["lab.example"])
    for host in ("localhost", "localhost:1", "127.0.0.1:2000", "[::1]:2000", "[::1]", "lab.example", "LAB.example:80"):
        assert client.get(f"{server.url}/models", headers={"host": host}).status_code == 200


def test_pages_are_answered_only_where_they_are_allowed(serving, client):
    """Also where a browser would not ask before, as for a text by POST."""
    server = serving(allowed_origins=[PAGE])
    for origin in ("https://evil.example", "null", PAGE + ".evil.example"):
        response = client.post(f"{server.url}/chat/completions", json=asking("fake:echo"), headers={"origin": origin})
        assert (response.status_code, response.json()["error"]["code"]) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in response.headers
    response = client.post(f"{server.url}/chat/completions", json=asking("fake:echo"), headers={"origin": PAGE})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, PAGE)
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    assert client.options(f"{server.url}/chat/completions", headers=asked).status_code == 204
    asked["origin"] = "https://evil.example"
    assert client.options(f"{server.url}/chat/completions", headers=asked).status_code == 403


def test_a_key_opens_everything_but_health_which_is_open(serving, client):
    """Either header does; a wrong one is told nothing."""
    server = serving(key="open-sesame, second")
    root = server.url.removesuffix("/v1")
    for path in ("/v1/models", "/metrics", "/v1/models/status"):
        assert client.get(root + path).status_code == 401
        for headers in (
            {"authorization": "Bearer open-sesame"},
            {"authorization": "bearer second"},
            {"x-api-key": "second"},
        ):
            assert client.get(root + path, headers=headers).status_code == 200
    for headers in ({"authorization": "Bearer open-sesam"}, {"authorization": "open-sesame"}, {"x-api-key": "é"}):
        response = client.get(f"{root}/v1/models", headers={k: v.encode() for k, v in headers.items()})
        assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
        assert response.headers["www-authenticate"] == "Bearer"
        assert "sesam" not in response.text
    assert client.get(f"{root}/health").status_code == client.get(f"{root}/ready").status_code == 200
    assert "sesame" not in repr(server) + str(server._repr_mimebundle_())


def test_other_machines_need_a_key(monkeypatch):
    """Unless it is said that they do not."""
    with pytest.raises(BadSetting, match="there is no key"):
        vk.serve("fake:echo", host="0.0.0.0")
    monkeypatch.setenv("VLMKIT_API_KEY", "k")
    vk.serve("fake:echo", host="0.0.0.0").stop()
    monkeypatch.delenv("VLMKIT_API_KEY")
    vk.serve("fake:echo", host="0.0.0.0", no_auth=True).stop()
    with pytest.raises(BadSetting, match="every web page"):
        vk.serve("fake:echo", allowed_origins=["*"])


def test_the_log_has_no_prompt_and_no_key(serving, client, caplog):
    """But who asked, what for, how long it took, and a number to find it by."""
    caplog.set_level(logging.DEBUG)
    server = serving(key="open-sesame")
    headers = {"authorization": "Bearer open-sesame", "x-request-id": "mine-1"}
    body = asking("fake:echo", "a very private question")
    response = client.post(f"{server.url}/chat/completions", json=body, headers=headers)
    assert response.headers["x-request-id"] == "mine-1"
    client.get(f"{server.url}/%0Aforged", headers=headers)
    server.stop()
    lines = [record.getMessage() for record in caplog.records if record.name == "vlmkit.access"]
    assert lines[0].startswith("POST /v1/chat/completions 200 ")
    assert lines[0].endswith(" mine-1")
    assert "?forged" in lines[1]
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("vlmkit"))
    assert "private" not in ours
    assert "sesame" not in ours


def test_what_is_said_of_access_has_no_key():
    """It may be printed."""
    assert "sesame" not in repr(Access(host="localhost", keys=("open-sesame",)))


def test_keys_come_from_a_variable_and_a_file(tmp_path, monkeypatch):
    """Each once; an empty file is a mistake."""
    file = tmp_path / "keys"
    file.write_text("two\n\n three \n")
    assert keys_of("one, two", file) == ("one", "two", "three")
    assert keys_of(None, None) == keys_of(" , ", None) == ()
    file.write_text("\n")
    with pytest.raises(BadSetting, match="there is no key in it"):
        keys_of(None, file)
    monkeypatch.setenv("VLMKIT_API_KEY", "four")
    assert (keys_of(None, None), keys_of("one", None)) == (("four",), ("one",))
    with pytest.raises(BadSetting, match="cannot be read"):
        keys_of(None, tmp_path / "none")
