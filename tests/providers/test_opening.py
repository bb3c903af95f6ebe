"""What is checked before a first picture is sent: address, permission, key, server, model."""

import consented
import pytest
import trustme
from scripted_server import chat, http
from tls_server import answer_over_tls

from vlmkit.backends import load
from vlmkit.errors import BadSetting, MissingKey, ModelLoadFailed, ModelNotFound
from vlmkit.providers.access import addresses_of, host_of
from vlmkit.providers.hosts import ANY_SERVER, HOSTS
from vlmkit.settings import use

LIST = {"data": [{"id": "qwen3-vl:8b"}, {"id": "gemma3:latest"}]}
TAGS = {"models": [{"name": "qwen3-vl:8b", "digest": "ab12"}, {"name": "gemma3:latest", "digest": "cd34"}]}
OLLAMA = {"/api/tags": http(body=TAGS), "/api/ps": http(body={}), "/api/show": http(body={})}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Settings only from here, no keys."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "VLLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "model",
    ["vllm:m@http://10.0.0.5:8000/v1", "openai:gpt-4o", "ollama:m@http://127.0.0.1:9/v1,http://models.example/v1"],
)
def test_pictures_leave_this_machine_only_when_allowed(model, monkeypatch):
    """The error names the host and three ways; nothing was sent, not even a name was looked up."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(BadSetting, match="is not this machine") as caught:
        load(model)
    for way in ("allow_remote=True", "VLMKIT_ALLOW_REMOTE=true", "[privacy]  allow_remote = true"):
        assert way in str(caught.value)


@pytest.mark.parametrize("way", ["argument", "session", "environment", "file"])
def test_each_way_allows_it(way, monkeypatch, folder, serve):
    """A proxy on this machine shows that the request is made then."""
    proxy = serve(lambda request: http(body=LIST) if request.method == "GET" else chat())
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    options = {}
    if way == "argument":
        options = {"allow_remote": True}
    elif way == "session":
        use(allow_remote=True)
    elif way == "environment":
        monkeypatch.setenv("VLMKIT_ALLOW_REMOTE", "true")
    else:
        consented.write(folder, "[privacy]\nallow_remote = true\n")
    backend = load("vllm:qwen3-vl:8b@http://models.example/v1", **options)
    assert backend.abilities.destination == "http://models.example/v1"
    backend.close()
    assert proxy.requests[0].path == "http://models.example/v1/models"


def test_a_missing_key_names_its_variable():
    """And the model that needs none."""
    with pytest.raises(MissingKey, match=r'OPENROUTER_API_KEY.*model="tiny"'):
        load("openrouter:qwen/qwen3-vl", allow_remote=True)


def test_a_key_of_a_service_goes_nowhere_else(serve, opened, ask, monkeypatch):
    """OPENAI_API_KEY is not for whoever speaks OpenAI's dialect; a variable of one's own servers is for those."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("VLLM_API_KEY", "sk-mine")
    server = serve(chat())
    opened(server).submit(ask()).result(20)
    opened(server, engine="vllm", name="qwen").submit(ask()).result(20)
    assert "authorization" not in server.requests[0].headers
    assert server.requests[1].headers["authorization"] == "Bearer sk-mine"


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\nb", "schlüssel"])
def test_a_key_that_cannot_be_one_is_not_sent_and_not_shown(serve, opened, key):
    """A line end in it would become a header of its own."""
    server = serve(chat())
    with pytest.raises(BadSetting, match="api_key") as caught:
        opened(server, api_key=key)
    assert key not in str(caught.value)
    assert server.connections == 0


def test_a_server_that_is_not_there_is_found_before_the_run(serve, opened):
    """With how to start it."""
    server = serve(chat())
    server.close()
    with pytest.raises(ModelLoadFailed, match=r"Start it \(ollama serve\)"):
        opened(server, engine="ollama")
    with pytest.raises(ModelLoadFailed, match="cannot be asked"):
        opened(server)


def test_a_refused_key_is_found_before_the_run(serve, opened):
    """With the server's words."""
    server = serve(chat(), routes={"/v1/models": http(401, {"error": {"message": "who are you"}})})
    with pytest.raises(ModelLoadFailed, match="who are you"):
        opened(server, api_key="k")


def test_one_living_server_of_several_is_enough(serve, opened):
    """The others may come back."""
    living, dead = serve(chat()), serve(chat())
    dead.close()
    assert opened(dead, living).abilities.destination == f"{dead.url}, {living.url}"


def test_a_model_that_is_not_there_is_found_before_the_run(serve, opened):
    """With those that are alike."""
    server = serve(chat(), routes=OLLAMA)
    with pytest.raises(ModelNotFound, match="for example: qwen3-vl:8b"):
        opened(server, engine="ollama", name="qwen3-vl:4b")
    assert server.requests == []


@pytest.mark.parametrize(("name", "digest"), [("qwen3-vl:8b", "ab12"), ("gemma3", "cd34"), ("gemma3:latest:x", "cd34")])
def test_the_digest_is_the_revision(serve, opened, name, digest):
    """Of the tag that is meant where none is written."""
    backend = opened(serve(chat(), routes=OLLAMA), engine="ollama", name=name)
    assert backend.revision == digest


def test_a_server_without_a_list_is_asked_all_the_same(serve, opened, ask):
    """Small servers have none, and some list only what is loaded."""
    for answer in (http(404), http(500), http(body="no list"), http(body={"data": [{"id": "other"}]})):
        backend = opened(serve(chat(), routes={"/v1/models": answer}))
        assert backend.submit(ask()).result(20).text


def test_options_that_change_answers_are_in_the_revision(serve, opened):
    """So that stored answers of other options are not taken for these."""
    server = serve(chat(), routes=OLLAMA)
    options = [{}, {"detail": "low"}, {"detail": "high"}, {"extra_body": {"think": False}}]
    found = [opened(server, engine="ollama", name="gemma3", **each).revision for each in options]
    assert len(set(found)) == 4
    assert found[0] == "cd34"
    assert opened(server, engine="ollama", name="gemma3", detail="low").revision == found[1]


def test_where_no_digest_is_told_the_address_decides(serve, opened):
    """Another server may mean another model by the same name; the order of several is nothing."""
    here, there = serve(chat()), serve(chat())
    found = [opened(*servers).revision for servers in ((here,), (there,), (here, there), (there, here), (here,))]
    assert len(set(found)) == 3
    assert (found[0], found[2]) == (found[4], found[3])


def test_extra_entries_are_sent(serve, opened, ask):
    """As they are."""
    server = serve(chat())
    opened(server, extra_body={"chat_template_kwargs": {"enable_thinking": False}}).submit(ask()).result(20)
    assert server.requests[0].json["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    "options",
    [{"detail": "most"}, {"parallel_asks": 0}, {"parallel_asks": True}, {"longest_side_px": 1.5},
     {"requests_per_minute": -1}, {"tokens_per_minute": "many"}],
)  # fmt: skip
def test_options_are_checked_before_anything_is_sent(serve, opened, options):
    """Each says what it takes."""
    server = serve(chat())
    with pytest.raises(BadSetting, match=rf"{next(iter(options))}.*[Gg]ive"):
        opened(server, **options)
    assert server.connections == 0


def test_an_unknown_option_names_those_there_are(serve, opened):
    """Without the ones that are not the user's."""
    with pytest.raises(BadSetting, match=r"take no such option\. They take: api_key, allow_remote, detail") as caught:
        opened(serve(chat()), speed=3)
    assert "engine," not in str(caught.value).partition("They take")[2]


def test_the_file_knows_hosts(folder, serve, monkeypatch, ask):
    """Address, key variable and limits of an engine."""
    server = serve(chat(), routes={"/v1/models": http(body={"data": [{"id": "m"}]})})
    consented.write(
        folder,
        f'[hosts.vllm]\nurl = "{server.url}"\nkey_variable = "LAB_KEY"\nparallel_asks = 3\nrequests_per_minute = 600\n',
    )
    monkeypatch.setenv("LAB_KEY", "lab-1")
    backend = load("vllm:m")
    assert backend.model == "vllm:m"
    assert backend.abilities.parallel_asks == 3
    assert backend._asking._limiter.limits.requests_per_minute == 600
    backend.submit(ask()).result(20)
    assert server.requests[0].headers["authorization"] == "Bearer lab-1"
    backend.close()


@pytest.mark.parametrize("line", ["parallel_asks = 0", "url = 3", 'requests_per_minute = "many"', "speed = 1"])
def test_a_wrong_entry_of_the_file_is_said(folder, line):
    """With its place."""
    consented.write(folder, f"[hosts.vllm]\n{line}\n")
    with pytest.raises(BadSetting, match=r"vlmkit\.toml.*hosts"):
        load("vllm:m")


OLLAMA_HOSTS = [
    "127.0.0.1:{0}",
    "http://127.0.0.1:{0}",
    "0.0.0.0:{0}",
    ":{0}",
    "'127.0.0.1:{0}'",
    "http://localhost:{0}/",
]


@pytest.mark.parametrize("said", OLLAMA_HOSTS)
def test_ollama_is_where_its_own_variable_says(said, serve, monkeypatch, folder):
    """In every form that Ollama takes; above the file, below the address in the name."""
    server = serve(lambda _: chat(), routes=OLLAMA)
    monkeypatch.setenv("OLLAMA_HOST", said.format(server.port))
    consented.write(folder, '[hosts.ollama]\nurl = "http://127.0.0.1:9"\n')
    with load("ollama:gemma3") as backend:
        assert backend.abilities.destination.endswith(f":{server.port}/v1")
    with pytest.raises(ModelLoadFailed, match=r"127.0.0.1:10/v1: no connection"):
        load("ollama:gemma3@127.0.0.1:10")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("gpu-box", "http://gpu-box:11434/v1"),
        ("https://gpu-box", "https://gpu-box/v1"),
        ("[fe80::1]", "http://[fe80::1]:11434/v1"),
        ("fe80::1", "http://[fe80::1]:11434/v1"),
        ("gpu-box:1/ollama/", "http://gpu-box:1/ollama"),
        ("ollama.com", "https://ollama.com/v1"),
        (" ", "http://localhost:11434/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
    ],
)
def test_ollamas_variable_is_completed(said, address, monkeypatch):
    """By the port and the path that Ollama has."""
    monkeypatch.setenv("OLLAMA_HOST", said)
    assert addresses_of(HOSTS["ollama"], None, {}) == [address]


def test_a_wrong_address_says_where_it_stands(monkeypatch, folder):
    """The variable, or the file's entry; nobody else is asked."""
    consented.write(folder, '[hosts.vllm]\nurl = "htp://127.0.0.1:9"\n')
    with pytest.raises(BadSetting, match=r"\[hosts.vllm\] url: 'htp://127.0.0.1:9' is not an address"):
        load("vllm:m")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:port")
    with pytest.raises(BadSetting, match=r"OLLAMA_HOST: '127.0.0.1:port' is not an address"):
        load("ollama:m")


@pytest.mark.parametrize("given", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
@pytest.mark.parametrize("engine", ["openai", "vllm"])
def test_a_missing_or_pasted_path_is_mended(given, engine, serve, opened, ask):
    """The question goes to the one place that answers."""
    server = serve(lambda request: chat() if request.path == "/v1/chat/completions" else http(404),
                   routes={"/v1/models": http(body={"data": [{"id": "m"}]})})  # fmt: skip
    backend = opened(f"http://127.0.0.1:{server.port}{given}", engine=engine)
    assert backend.submit(ask()).result(10).text == "a red circle"
    assert backend.model == f"{engine}:m@{server.url}"


@pytest.mark.parametrize(("given", "base"), [("", ""), ("", "/v1"), ("/api", "/api"), ("/openai", "/openai/v1")])
def test_where_a_server_has_its_interface_is_found_out(given, base, serve, opened, ask):
    """Below the address as given, or with the version that was left out."""
    server = serve(lambda request: chat() if request.path == f"{base}/chat/completions" else http(404),
                   routes={f"{base}/models": http(body={"data": [{"id": "m"}]})})  # fmt: skip
    backend = opened(f"http://127.0.0.1:{server.port}{given}")
    assert backend.submit(ask()).result(10).text == "a red circle"


def test_a_server_without_a_list_is_asked_where_most_are(serve, opened, ask):
    """An address without a path gets /v1."""
    server = serve(lambda request: chat() if request.path == "/v1/chat/completions" else http(404))
    backend = opened(f"http://127.0.0.1:{server.port}")
    assert backend.submit(ask()).result(10).text == "a red circle"


def test_the_hosts_own_address_keeps_its_key(monkeypatch):
    """The address of openai itself, pasted, is that host and no stranger."""
    url = "https://api.openai.com/v1/chat/completions"
    assert host_of("openai", url) is HOSTS["openai"]
    assert addresses_of(HOSTS["openai"], url, {}) == [HOSTS["openai"].url]
    assert host_of("openai", "http://localhost:1/v1") is ANY_SERVER


def test_certificates_of_one_host(folder):
    """As its table in vlmkit.toml has them, or as given; another server's are not used for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "lab.pem")
    port, requests, thread = answer_over_tls(authority, "127.0.0.1", times=3)
    table = f'[hosts.vllm]\nurl = "https://127.0.0.1:{port}/v1"\n'
    consented.write(folder, table)
    with pytest.raises(ModelLoadFailed, match="certificate"):
        load("vllm:m")
    consented.write(folder, table + 'ca_file = "lab.pem"\n')
    load("vllm:m").close()
    consented.write(folder, table + 'ca_file = "nowhere.pem"\n')
    with pytest.raises(BadSetting, match=r"ca_file='nowhere\.pem': no certificates"):
        load("vllm:m")
    consented.write(folder, table + "verify = false\n")
    load("vllm:m").close()
    thread.join(20)
    assert [request.split(b" ")[1] for request in requests] == [b"/v1/models"] * 2


@pytest.mark.parametrize("options", [{"verify": "no"}, {"verify": 0}, {"ca_file": True}, {"ca_file": "nowhere.pem"}])
def test_certificates_that_cannot_be_used_are_told_first(options):
    """Before a connection is made."""
    with pytest.raises(BadSetting, match=f"{next(iter(options))}="):
        load("vllm:m@https://127.0.0.1:9/v1", **options)
