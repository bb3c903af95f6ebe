"""What a server model depends on: a change of address, key, option or permission takes effect at the next call."""

import consented
import pytest
from scripted_server import chat, http

import vlmkit as vk
from vlmkit.backends import borrow, registry, shared
from vlmkit.errors import BadSetting
from vlmkit.providers.access import server_identity

QUIET = {"store": False, "progress": False}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Settings only from here; every shared model is closed with the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("LMSTUDIO_API_KEY", "VLLM_API_KEY", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    shared.close_shared()


def identity(model):
    return server_identity(registry.parse(model))


@pytest.fixture
def picture(folder):
    """One picture file."""
    from PIL import Image

    Image.new("RGB", (32, 24), "red").save(folder / "red.png")
    return [str(folder / "red.png")]


def answers(request):
    return http(body={"data": [{"id": "m"}]}) if request.method == "GET" else chat()


def asked(server):
    return sum(request.method == "POST" for request in server.requests)


def test_a_new_address_in_the_file_is_asked_at_the_next_call(serve, folder, picture):
    """The old server gets nothing more."""
    old, new = serve(answers), serve(answers)
    for server in (old, new, old):
        consented.write(folder, f'[hosts.vllm]\nurl = "{server.url}"\n')
        vk.describe(picture, model="vllm:m", **QUIET)
    assert (asked(old), asked(new)) == (2, 1)


@pytest.mark.parametrize("where", ["the host's variable", "a variable of the user's"])
def test_a_new_key_is_sent_at_the_next_call(where, serve, folder, picture, monkeypatch):
    """Wherever the key comes from."""
    server = serve(answers)
    table = f'[hosts.vllm]\nurl = "{server.url}"\n'
    variable = "VLLM_API_KEY"
    if where != "the host's variable":
        variable, table = "MY_KEY", table + 'key_variable = "MY_KEY"\n'
    consented.write(folder, table)
    for key in ("old", "new"):
        monkeypatch.setenv(variable, key)
        vk.describe(picture, model="vllm:m", **QUIET)
    sent = [request.headers["authorization"] for request in server.requests if request.method == "POST"]
    assert sent == ["Bearer old", "Bearer new"]


def test_a_limit_in_the_file_holds_from_the_next_call_on(serve, folder):
    """Not only when the model is opened for the first time."""
    server = serve(answers)
    with borrow(f"vllm:m@{server.url}") as backend:
        assert backend.abilities.parallel_asks > 3
    consented.write(folder, "[hosts.vllm]\nparallel_asks = 3\n")
    with borrow(f"vllm:m@{server.url}") as backend:
        assert backend.abilities.parallel_asks == 3


@pytest.mark.parametrize("back", [None, False])
def test_a_permission_that_is_taken_back_stops_every_run(back, serve, picture, monkeypatch, ask):
    """By name, with a backend that is open already, and in the middle of its use; an argument of `load` stays."""
    proxy = serve(answers)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    name = "vllm:m@http://models.example/v1"
    vk.use(allow_remote=True)
    vk.describe(picture, model=name, **QUIET)
    with vk.load(name) as opened, vk.load(name, allow_remote=True) as allowed:
        vk.describe(picture, model=opened, **QUIET)
        assert asked(proxy) == 2
        vk.use(allow_remote=back)
        for model in (name, opened):
            with pytest.raises(BadSetting, match="is not this machine"):
                vk.describe(picture, model=model, **QUIET)
        with pytest.raises(BadSetting, match="is not this machine"):
            opened.submit(ask())
        with pytest.raises(BadSetting, match="is not this machine"):
            next(opened.stream(ask()))
        assert asked(proxy) == 2
        vk.describe(picture, model=allowed, **QUIET)
        assert asked(proxy) == 3
    assert allowed


def test_whatever_changes_the_way_to_a_server_is_part_of_it(folder, monkeypatch):
    """Proxy and certificates, also when their file is replaced; nothing of the key can be read."""
    name = "vllm:m@http://127.0.0.1:9/v1"
    certificates = folder / "ca.pem"
    found = [identity(name)]
    for variable, value in {"https_proxy": "http://p:1", "NO_PROXY": "x", "SSL_CERT_FILE": str(certificates)}.items():
        monkeypatch.setenv(variable, value)
        found.append(identity(name))
    certificates.write_text("one")
    found.append(identity(name))
    monkeypatch.setenv("VLLM_API_KEY", "sk-secret-0123456789")
    found.append(identity(name))
    assert len(set(found)) == len(found)
    assert found[-1] == identity(name)
    assert "secret" not in repr(found[-1])
