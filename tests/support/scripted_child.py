"""Children of a script: they speak the protocol, or break it, without a model and without its seconds of imports."""

_PRELUDE = """
import json, os, signal, socket, sys, time
from vlmkit.backends.facts import Counts, ModelInfo
from vlmkit.backends.protocol import Abilities, Insight, Tile
from vlmkit.engines.isolation import messages
from vlmkit.framing import FrameReader
from vlmkit.records import Reply
line = socket.socket(fileno=int(sys.argv[1]))
reader = FrameReader(2**40)
waiting = []

def say(message, blocks=()):
    line.sendall(b"".join(messages.packed(message, blocks)))

def hear():
    while not waiting:
        data = line.recv(2**20)
        if not data:
            os._exit(0)
        waiting.extend(messages.read_from_parent(frame) for frame in reader.feed(data))
    return waiting.pop(0)

def opened(**facts):
    hear()
    say(messages.Opened(abilities=Abilities(parallel_asks=4, **facts), info=ModelInfo(name="mlx:m", device="cpu")))

def answer(put, text="yes", **facts):
    reply = Reply(text=text, finish_reason="stop", model="m", **facts)
    say(messages.Answered(number=put.number, reply=reply, counts=Counts(answered=1)))
"""


def program(body):
    """Python program of a child.

    `opened()` takes the first message and opens a model, `hear()` waits for the next one, `say` and `answer` answer.
    """
    return _PRELUDE + body


POISONED = """
import itertools, os, re, signal
from vlmkit.engines.isolation import child
from vlmkit.engines import mlx

def lose():
    from vlmkit.engines.desk import desk
    desk().lose("It was given up.")
    while True:
        pass

def starve():
    import resource
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**20, resource.RLIM_INFINITY))

honest_opening = mlx.open_specified
deeds = {
    "abort": os.abort,
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "spin": lambda: [None for number in itertools.count() if number < 0],
    "deaf": lambda: re.match("(a+)+$", "a" * 60 + "b"),
    "starve": starve,
    "lose": lose,
}

def opening(specification):
    engine = honest_opening(specification)
    kind = type(engine._language)
    honest = kind.prompt

    def prompt(self, ask, images):
        deeds.get(ask.prompt, lambda: None)()
        return honest(self, ask, images)

    kind.prompt = prompt
    return engine

mlx.open_specified = opening
child.main()
"""
"""Program of a child with a real model, in which some prompts abort it, stop it, or let none of its threads run."""
