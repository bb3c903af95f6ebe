"""One way of describing a folder over HTTP, as a process of its own: python http_contestants.py WHO URL FOLDER AT_ONCE.

Each is the script that a person would write with that library, and gives the number of captions on its last line.
vlmkit keeps its store, its retries and its bar meanwhile; the others keep nothing.
"""

import sys
import tempfile
from pathlib import Path

PROMPT = "Describe this image in detail."
KEY = "no key"


def vlmkit(url, folder, at_once):
    import vlmkit as vk

    with tempfile.TemporaryDirectory() as keep:
        store = Path(keep) / "store.sqlite"
        texts = vk.describe(folder, model=f"openai:m@{url}", workers=at_once, store=store, progress=True)["description"]
    return int(texts.notna().sum())


def body(path):
    import base64

    link = f"data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}"
    content = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": link}}]
    return {"model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": 256, "temperature": 0}


def aiohttp(url, folder, at_once):
    import asyncio

    import aiohttp

    paths = sorted(Path(folder).iterdir())

    async def main():
        gate = asyncio.Semaphore(at_once)
        connector = aiohttp.TCPConnector(limit=at_once)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(path):
                async with gate, session.post(f"{url}/chat/completions", json=body(path)) as response:
                    return (await response.json())["choices"][0]["message"]["content"]

            return await asyncio.gather(*map(one, paths))

    return len(asyncio.run(main()))


def openai_asyncio(url, folder, at_once):
    import asyncio

    import openai

    paths = sorted(Path(folder).iterdir())

    async def main():
        gate = asyncio.Semaphore(at_once)
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY) as client:

            async def one(path):
                async with gate:
                    response = await client.chat.completions.create(**body(path))
                return response.choices[0].message.content

            return await asyncio.gather(*map(one, paths))

    return len(asyncio.run(main()))


def openai_threads(url, folder, at_once):
    from concurrent.futures import ThreadPoolExecutor

    import openai

    client = openai.OpenAI(base_url=url, api_key=KEY)

    def one(path):
        return client.chat.completions.create(**body(path)).choices[0].message.content

    with ThreadPoolExecutor(at_once) as pool:
        return len(list(pool.map(one, sorted(Path(folder).iterdir()))))


WAYS = {each.__name__: each for each in (vlmkit, aiohttp, openai_asyncio, openai_threads)}

if __name__ == "__main__":
    who, url, folder, at_once = sys.argv[1:]
    print(WAYS[who](url, folder, int(at_once)))  # noqa: T201
