"""What a notebook shows of a server: its address, and the lines by which clients reach it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from vlmkit.untrusted import for_terminal

__all__ = ["card", "titled_blocks"]

_OPENAI = """from openai import OpenAI

client = OpenAI(base_url={url!r}, api_key={key!r})
answer = client.chat.completions.create(model={model!r}, messages=[{{"role": "user", "content": "Hello!"}}])
print(answer.choices[0].message.content)"""
_CURL = """curl {url}/chat/completions -H 'Content-Type: application/json'{key} \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""
_STYLE = "margin:0 0 .6em;padding:.5em .8em;border-left:3px solid var(--jp-border-color2,#8886);white-space:pre-wrap"


def card(url: str, models: Sequence[str], *, has_key: bool, is_running: bool) -> dict[str, str]:
    """A server as HTML and as text.

    Parameters
    ----------
    url : str
        With its ``/v1``.
    models : sequence of str
    has_key : bool
        Whether clients need one; the key itself is never shown.
    is_running : bool
    """
    names = [for_terminal(model) for model in models]
    if not is_running:
        return titled_blocks({}, f"The server at {url} was stopped.")
    blocks = {
        "Address": url,
        "Models": ", ".join(names),
        "openai (Python)": _OPENAI.format(url=url, model=names[0], key="YOUR KEY" if has_key else "none"),
        "curl": _CURL.format(url=url, model=names[0], key=" -H 'Authorization: Bearer YOUR KEY'" if has_key else ""),
        "Other clients": f"OpenAI-compatible server, base URL {url}, API key {'yours' if has_key else 'any word'}",
    }
    return titled_blocks(blocks)


def titled_blocks(blocks: Mapping[str, str], line: str = "") -> dict[str, str]:
    """Texts to copy, each under its title, as HTML and as text.

    Parameters
    ----------
    blocks : mapping of str to str
        Texts by their titles.
    line : str, default ""
        Before them.
    """
    titled = [f"{title}\n{block}" for title, block in blocks.items()]
    parts = [
        f"<b>{html.escape(title)}</b><pre style='{_STYLE}'>{html.escape(block)}</pre>"
        for title, block in blocks.items()
    ]
    said = [f"<p>{html.escape(line)}</p>"] if line else []
    return {"text/plain": "\n\n".join([line, *titled] if line else titled), "text/html": "".join([*said, *parts])}
