"""A backend that writes word by word, in threads, for tests of what happens while an answer is written."""

import threading
import time

from vlmkit.backends import Abilities, BaseBackend
from vlmkit.records import Usage


class Dripping(BaseBackend):
    """Writes so many words, one every so often, until it is done or cancelled.

    `written` counts words of all answers, `open` the answers that are being written, `most_open` the most at one time.
    """

    def __init__(self, name="drip", *, words=20, every_s=0.02, slots=4):
        super().__init__(f"drip:{name}", revision="1", abilities=Abilities(parallel_asks=slots))
        self.words, self.every_s = words, every_s
        self.written = self.open = self.most_open = 0
        self.is_closed = False
        self._count = threading.Lock()

    def start(self, job):
        threading.Thread(target=self._write, args=[job], daemon=True).start()

    def stop(self):
        self.is_closed = True

    def _write(self, job):
        from vlmkit.backends import Delta

        with self._count:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        text = ""
        for number in range(self.words):
            time.sleep(self.every_s)
            if job.ended:
                break
            text += f"w{number} "
            job.deliver(Delta(text=f"w{number} "))
            with self._count:
                self.written += 1
        with self._count:
            self.open -= 1
        job.end(self.reply(job, text, usage=Usage(prompt_tokens=3, completion_tokens=self.words)))
