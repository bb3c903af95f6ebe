"""A process that asks about pictures with a store: ``python shared_asking.py STORE LOG SECONDS WORKERS PICTURE...``.

Each answer is a line in the log, "process picture", written in one piece; the end is a line of JSON on stdout.
"""

import json
import os
import sys
from pathlib import Path

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.prompts import compose_description
from vlmkit.runner import Question, Waiting, make_plan, run, target_of
from vlmkit.sources import refer
from vlmkit.store import open_store


def main(store, log, delay_s, workers, *pictures):
    task = compose_description("?", into="text")
    log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def reply(ask):
        os.write(log, f"{os.getpid()} {ask.pictures[0].digest}\n".encode())
        return f"it is {ask.pictures[0].digest}"

    backend = FakeBackend(replies=reply, delay_s=float(delay_s), abilities=Abilities(parallel_asks=int(workers)))
    plan = make_plan([task], [target_of(backend)], workers=int(workers))
    questions = [Question(task=task, images=(refer(Path(picture)),), prompt="What?") for picture in pictures]
    waiting = []
    with open_store(store) as opened:
        outcomes = run(
            questions,
            plan,
            total=len(questions),
            store=opened,
            on_event=lambda event: waiting.append(event.rows) if isinstance(event, Waiting) else None,
        )
        texts = [outcome.values and outcome.values["text"] for outcome in outcomes]
    backend.close()
    sys.stdout.write(json.dumps({"texts": texts, "most_waiting": max(waiting, default=0)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
