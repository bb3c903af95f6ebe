"""How fast `vlmkit serve` answers: against mlx_vlm's own server, with the bundled model, in one run.

    python -m tests.benchmarks.server_speed --rounds 3

Both serve the same weights on this machine, and are asked by turns. Clients ask about a drawn scene in a ``data:`` URL,
some at a time, and only look for the text's beginning and the answer's end: a client library would take much of the
machine's time from the servers. Each number is the best of the rounds: what else runs meanwhile only makes one worse.
"""

import argparse
import asyncio
import base64
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = (1, 8, 32)
WAYS = ("streamed", "whole")
PICTURES = ROOT / "datasets" / "scenes"
PROMPT = "Describe this image."
# Of a stream or a whole answer: a text that is not the empty one a stream begins with.
TEXT = re.compile(rb'"content": ?"[^"]')


@contextmanager
def ours(folder):
    """Address of `vlmkit serve`, and the name of its model."""
    command = [sys.executable, "-c", "from vlmkit.cli.entry import main; main()", "serve", "-m", "tiny", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "ours.log").open("w+") as log:
        process = subprocess.Popen([*command, "--queue-size", "64"], stderr=log, env=environment, cwd=folder)
        try:
            while not (found := re.search(r"at (http://\S+)", (folder / "ours.log").read_text())):
                assert process.poll() is None, (folder / "ours.log").read_text()
                time.sleep(0.1)
            yield found[1], "tiny"
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def theirs(folder):
    """Address of `mlx_vlm.server`, and the name of its model."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    import mlx_vlm_server as server

    with server.running(folder / "theirs.log") as url:
        yield url, str(server.WEIGHTS)


SERVERS = {"vlmkit": ours, "mlx_vlm.server": theirs}


def requests(url, model, count, *, stream):
    """Different pictures, so that nothing can be remembered; as they go over the wire."""
    paths = sorted(PICTURES.glob("*.jpg"))
    parts = urlsplit(url)
    for number in range(count):
        link = base64.b64encode(paths[number % len(paths)].read_bytes()).decode()
        content = [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{link}"}},
            {"type": "text", "text": PROMPT},
        ]
        message = {"role": "user", "content": content}
        asked = {"model": model, "messages": [message], "max_tokens": 64, "temperature": 0, "stream": stream}
        body = json.dumps(asked).encode()
        head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json"
        yield f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def ask(connection, request):
    """Seconds to the first piece of the text, and to the end of the body."""
    reader, writer = connection
    start_s, first_s, received = time.perf_counter(), None, b""
    writer.write(request)
    while not is_whole(received):
        more = await reader.read(2**16)
        assert more, received
        received += more
        if first_s is None and TEXT.search(received):
            first_s = time.perf_counter() - start_s
    assert received.startswith(b"HTTP/1.1 200 "), received
    return first_s, time.perf_counter() - start_s


def is_whole(received):
    """Whether a response is there to the end of its body."""
    head, _, body = received.partition(b"\r\n\r\n")
    size = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return len(body) == int(size[1]) if size else body.endswith(b"\r\n0\r\n\r\n")


@asynccontextmanager
async def connections(url, count):
    """Connections that are kept; a server may close one that says nothing for some seconds."""
    address = urlsplit(url)
    opened = [await asyncio.open_connection(address.hostname, address.port) for _ in range(count)]
    yield opened
    for _, writer in opened:
        writer.close()


async def measure(url, model, at_once, count, *, stream):
    """Requests a second, median seconds to the first piece and to the whole answer."""
    line, found = list(requests(url, model, count, stream=stream)), []
    async with connections(url, at_once) as opened:
        await asyncio.gather(*map(ask, opened, requests(url, model, at_once, stream=stream)))  # warms up

    async def work(connection):
        while line:
            found.append(await ask(connection, line.pop()))

    async with connections(url, at_once) as opened:
        start_s = time.perf_counter()
        await asyncio.gather(*map(work, opened))
        took_s = time.perf_counter() - start_s
    first_s, answer_s = map(statistics.median, zip(*found, strict=True))
    return {"per_s": count / took_s, "first_s": first_s, "answer_s": answer_s}


def first_piece_in_process(model, count):
    """Median seconds from the ask to the first piece of the engine alone, pictures opened included."""
    paths, found = sorted(PICTURES.glob("*.jpg")), []
    for number in range(count):
        start_s = time.perf_counter()
        pieces = model.stream(model.ask(str(paths[number % len(paths)]), PROMPT, max_tokens=64))
        next(iter(pieces))
        found.append(time.perf_counter() - start_s)
        for _ in pieces:
            pass
    return statistics.median(found)


def best_of(rounds):
    """Most requests a second, fewest seconds."""
    return {name: (max if name == "per_s" else min)(one[name] for one in rounds) for name in rounds[0]}


def table(results):
    """Markdown: the best of all rounds, and how many times the other's requests a second."""
    lines = [
        "| way | at once | server | requests/s | first piece s | answer s | times theirs |",
        "|---|---|---|---|---|---|---|",
    ]
    best = {key: best_of(rounds) for key, rounds in results.items()}
    for (way, at_once, who), found in best.items():
        other = best.get((way, at_once, "mlx_vlm.server"))
        times = f"{found['per_s'] / other['per_s']:.1f}" if other and who != "mlx_vlm.server" else ""
        lines.append(
            f"| {way} | {at_once} | {who} | {found['per_s']:.1f} | {found['first_s']:.3f} | {found['answer_s']:.3f} "
            f"| {times} |"
        )
    return "\n".join(lines)


def main(arguments):
    """Measure, and print the table."""
    import vlmkit as vk

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--at-once", type=int, nargs="+", default=AT_ONCE)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    chosen, results, alone_s = parser.parse_args(arguments), {}, []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served = {who: stack.enter_context(SERVERS[who](folder)) for who in chosen.servers}
        engine = stack.enter_context(vk.load("tiny"))
        for _ in range(chosen.rounds):
            for way, at_once, who in itertools.product(WAYS, chosen.at_once, served):
                work = measure(*served[who], at_once, chosen.requests, stream=way == "streamed")
                results.setdefault((way, at_once, who), []).append(asyncio.run(work))
            alone_s.append(first_piece_in_process(engine, chosen.requests))
    sys.stdout.write(f"{table(results)}\n\nFirst piece of the engine alone: {min(alone_s):.3f} s\n")
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
