"""What a notebook shows of a server."""

import httpx

from vlmkit.server.showing import card


def test_the_lines_shown_run(serving):
    """The address, the models, and a request that works."""
    server = serving("fake:echo")
    shown = server._repr_mimebundle_()
    assert server.url in shown["text/plain"]
    assert server.url in shown["text/html"]
    assert f"base_url='{server.url}'" in shown["text/plain"]
    body = shown["text/plain"].partition("-d '")[2].partition("'\n")[0]
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{server.url}/chat/completions", content=body, headers=headers, timeout=60).json()
    assert answer["choices"][0]["message"]["content"] == "Hello!"


def test_names_are_shown_as_text_and_keys_not_at_all():
    """A name may be anything."""
    shown = card("http://127.0.0.1:1/v1", ["<b>\x1b[2J"], has_key=True, is_running=True)
    assert "<b>\x1b" not in shown["text/html"]
    assert "\x1b" not in shown["text/plain"]
    assert "YOUR KEY" in shown["text/plain"]
    assert card("u", ["m"], has_key=False, is_running=False)["text/plain"] == "The server at u was stopped."
