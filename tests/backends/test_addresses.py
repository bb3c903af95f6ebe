"""What stands behind an @ is the server that is asked, a part of the name, or an error; never another server."""

import pytest

from vlmkit.backends.addresses import read_address, read_addresses, split_address, without_secrets
from vlmkit.backends.registry import parse
from vlmkit.errors import BadSetting, UnknownModel


@pytest.mark.parametrize(
    ("model", "name", "url"),
    [
        ("ollama:m@192.168.1.5:11434", "m", "http://192.168.1.5:11434"),
        ("ollama:qwen3-vl:8b@192.168.1.5", "qwen3-vl:8b", "192.168.1.5"),
        ("ollama:m@gpu-box", "m", "gpu-box"),
        ("ollama:m@gpu-box/v1", "m", "gpu-box/v1"),
        ("ollama:m@:11434", "m", "http://localhost:11434"),
        ("vllm:m@gpu-box:8000/v1", "m", "http://gpu-box:8000/v1"),
        ("vllm:m@gpu-box:443/v1", "m", "https://gpu-box:443/v1"),
        ("vllm:m@gpu-box/v1", "m", "gpu-box/v1"),
        ("vllm:org/m@gpu.example.com", "org/m", "gpu.example.com"),
        ("openai:m@localhost:8000/v1", "m", "http://localhost:8000/v1"),
        ("openai:m@localhost", "m", "localhost"),
        ("openai:m@HTTP://GPU-Box:8000//v1/", "m", "http://gpu-box:8000/v1"),
        ("openai:m@[::1]:8000/v1", "m", "http://[::1]:8000/v1"),
        ("openai:m@::1", "m", "[::1]"),
        ("openai:m@http://0.0.0.0:8000", "m", "http://127.0.0.1:8000"),
        ("openai:m@http://[::]:8000", "m", "http://[::1]:8000"),
        ("vllm:m@a:1,b:2/v1, http://c:3", "m", "http://a:1,http://b:2/v1,http://c:3"),
        ("vllm:m@http://a:1,http://a:1/", "m", "http://a:1"),
        ("openai:me@home@http://a:1", "me@home", "http://a:1"),
        ("openai:gpt-4o@latest@http://a:1", "gpt-4o@latest", "http://a:1"),
        ("openai:@cf/meta/llama@http://a:1", "@cf/meta/llama", "http://a:1"),
        ("lmstudio:qwen2-vl-7b@q4_k_m@localhost:1234", "qwen2-vl-7b@q4_k_m", "http://localhost:1234"),
    ],
)
def test_addresses_are_understood(model, name, url):
    """With and without a scheme; the text of the result leads to the same result."""
    parsed = parse(model)
    assert (parsed.name, parsed.url) == (name, url)
    assert parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "model",
    [
        "lmstudio:qwen2-vl-7b@q4_k_m",
        "lmstudio:qwen2-vl-7b@4bit",
        "lmstudio:qwen@q8_0.gguf",
        "lmstudio:qwen@2.5",
        "lmstudio:@odd/name",
        "lmstudio:pub/model@variant/one",
        "openrouter:openai/gpt-4o@preset/pictures",
        "openai:@cf/meta/llama-3.2-11b-vision-instruct",
        "vllm:/data/me@home/model",
        f"ollama:m@sha256:{'ab' * 32}",
        "openai:ft:gpt-4o:org::id",
    ],
)
def test_names_keep_their_own_at(model):
    """Where the engine's names have one."""
    parsed = parse(model)
    assert (parsed.url, str(parsed)) == (None, model)


@pytest.mark.parametrize(
    "tail",
    ["foo:bar", "http://", "http:/x", "http//x", "http//x:8000/v1", "htp://x", "hhttp://x/v1", "ftp://x/v1", "http;//x",
     "http:x", "http:8000", "http://http://x", "http:///v1", "//x:8000", "https:/x.example/v1", "localhost:80:90",
     "localhost:99999", "localhost:0", "localhost:", "192.168.1:8000", "192.168.1.500:11434", "192.168.1.05:1",
     "3232235777:80", "0x7f.1:80", "::1:8000", "[::1", "[::zz]:80", "a b:80", "a:1,b", "a:1,htp://b", ",", "",
     "x:1?key=k", "http://x/v1?key=k", "http://x/#k", "x:1\\@y:2", "http://-x..y/v1", "\u0445:80"],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["ollama", "vllm", "openai"])
def test_what_is_no_address_is_an_error(engine, tail):
    """It never becomes a part of the name, whose usual server would be asked; engines that know no port say so."""
    from vlmkit.providers.addresses import complete_address

    def read():
        _, url = split_address(engine, f"m@{tail}")
        return [complete_address(part, usual="") for part in url.split(",")]

    with pytest.raises(BadSetting):
        read()


@pytest.mark.parametrize("engine", ["vllm", "mlx-vlm", "openai", "anthropic", "gemini"])
@pytest.mark.parametrize("tail", ["gpu-box", "latest", "20240620", "gpu-box/models"])
def test_a_word_that_may_be_either_is_asked_about(engine, tail):
    """The message has both spellings."""
    with pytest.raises(BadSetting, match="a server, or a part of the model's name") as caught:
        parse(f"{engine}:m@{tail}")
    assert f"@{tail}@http://HOST:PORT/v1" in str(caught.value)


@pytest.mark.parametrize(
    "model",
    [
        "ollama:m@http://me:sesame@h/v1",
        "ollama:m@me:sesame@192.168.1.5:11434",
        "lmstudio:m@me:sesame@192.168.1.5:1234",
        "openai:m@htp://me:sesame@h/v1",
        "openai:m@http//me:sesame@h/v1",
        "openai:m@http://h/v1?key=sesame",
        "openai:m@http://h:99999/v1?key=sesame",
        "openai:m@ftp://h/v1?a=b@sesame#sesame",
        "openai:m@http://me:p?sesame@h/v1",
        "openai:m@http://me:p/sesame@h/v1",
        "openai:m@https://sesame@h",
        "olama:m@http://me:sesame@h/v1",
        "https://me:sesame@h/v1",
        "https://h/v1?key=sesame",
    ],
)
def test_keys_in_addresses_are_refused_and_not_repeated(model):
    """Neither a user with a password nor a key in a query, whatever else is wrong with the address."""
    with pytest.raises((BadSetting, UnknownModel)) as caught:
        parse(model)
    assert "sesame" not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__}"


@pytest.mark.parametrize("model", ["fake:me@home", "mlx:org/name@main", "fake:a@b:1"])
def test_engines_of_this_process_have_no_address(model):
    """Their names stay as they are."""
    assert parse(model).url is None


def test_an_address_given_as_the_model_gets_the_right_spelling():
    """A name without an engine, from a server's page."""
    with pytest.raises(UnknownModel, match=r"openai:MODEL@http://HOST:PORT/v1"):
        parse("http://localhost:8000/v1")


def test_several_addresses_are_read_each():
    """Once each, in order."""
    assert read_addresses("b:2, a:1,b:2/") == "http://b:2,http://a:1"
    assert read_address("[fe80::1]") == "[fe80::1]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("http://u:p@h/v1?k=1", "http://h/v1"), ("u:p@h:1", "h:1"), ("h/v1?k", "h/v1"), ("http://u:p?q@h", "…")],
)
def test_an_address_is_shown_without_its_secrets(text, shown):
    """Whatever is wrong with it."""
    assert without_secrets(text) == shown
