"""Slots, deadlines, cancelling and faults, against a decoder that breaks when told to."""

import time

import pytest

from vlmkit.engines.desk import desk
from vlmkit.engines.request import Request
from vlmkit.errors import Cancelled, Refused, ServerFault, TimedOut
from vlmkit.records import Ask, Sampling, one_question

END = 0


class Words:
    """Knows one letter per token; the prompt "?" has as many tokens as letters."""

    name = "mlx:words"
    eos_token_ids = frozenset({END})
    context_length = 50

    def prompt(self, ask, images):
        from vlmkit.engines.decoding import Prompt

        text = ask.prompt
        if text == "unreadable":
            message = "the processor cannot read this"
            raise ValueError(message)
        return Prompt(text=text, token_ids=[1] * len(text))

    def decode(self, tokens, *, keep_special_tokens=False):
        return "".join(chr(token) for token in tokens)


class Scripted:
    """Writes the letters of each prompt backwards; breaks a step in which a row of a "bad" prompt takes part."""

    def __init__(self, slots=2):
        self.slots = slots
        self.rows = {}
        self.log = []
        self.closed = False

    def __len__(self):
        return len(self.rows)

    def admit(self, row, prompt, processors, max_tokens):
        self.log.append(f"admit {row}")
        self.rows[row] = list(prompt.text)

    def step(self):
        self.log.append(f"step {sorted(self.rows)}")
        if any("bad" in "".join(letters) for letters in self.rows.values()):
            message = "out of luck"
            raise RuntimeError(message)
        return [(row, ord(letters.pop()) if letters else END) for row, letters in self.rows.items()]

    def remove(self, rows):
        self.rows = {row: letters for row, letters in self.rows.items() if row not in rows}

    def reset(self):
        self.log.append("reset")
        self.rows = {}

    def close(self):
        self.closed = True


@pytest.fixture
def make():
    """A scheduler over a scripted decoder, which tests drive by hand."""

    def build(*prompts, slots=2, kv_cache_tokens=None, **options):
        scheduler_type = desk().call(lambda: __import__("vlmkit.engines.scheduler", fromlist=["Scheduler"]).Scheduler)
        decoder = Scripted(slots)
        scheduler = scheduler_type(Words(), decoder, kv_cache_tokens=kv_cache_tokens)
        requests = [request(number, text, **options) for number, text in enumerate(prompts)]
        for each in requests:
            scheduler.submit(each)
        return scheduler, decoder, requests

    return build


def request(number, text, *, timeout_s=None, **sampling):
    ask = Ask(messages=one_question(text), timeout_s=timeout_s, sampling=Sampling(**sampling))
    return Request(number, ask, "mlx:words", None)


def finish(scheduler, most=200):
    turns = 0
    while scheduler.turn():
        turns += 1
        assert turns < most, "it never ends"


def test_free_slots_are_filled_before_tokens_are_written(make):
    """And a slot that becomes free is taken by the next in line before the next step."""
    scheduler, decoder, requests = make("a", "bcd", "ef")
    finish(scheduler)
    assert decoder.log[:6] == ["admit 0", "admit 1", "step [0, 1]", "step [0, 1]", "admit 2", "step [1, 2]"]
    assert [each.future.result(0).text for each in requests] == ["a", "dcb", "fe"]


def test_one_turn_reads_one_prompt(make):
    """So that other engines and other asks have their turn in between."""
    scheduler, decoder, _ = make("a", "b", slots=4)
    assert scheduler.turn()
    assert decoder.log == ["admit 0"]


def test_a_prompt_that_cannot_be_read_concerns_its_own_ask(make):
    """The others do not notice."""
    scheduler, _, (good, bad, other) = make("ab", "unreadable", "cd")
    finish(scheduler)
    with pytest.raises(ServerFault, match=r"mlx:words broke.*the processor cannot read this.*Try the picture alone"):
        bad.future.result(0)
    assert isinstance(bad.future.exception(0).__cause__, ValueError)
    assert [good.future.result(0).text, other.future.result(0).text] == ["ba", "dc"]


def test_a_broken_step_asks_each_row_again_alone(make):
    """Only the row that breaks alone has failed; the rest, and whoever waited, are answered in full."""
    scheduler, decoder, (good, bad, other, late) = make("abc", "bad", "def", "ghi", slots=3)
    finish(scheduler)
    with pytest.raises(ServerFault, match="out of luck"):
        bad.future.result(0)
    assert [each.future.result(0).text for each in (good, other, late)] == ["cba", "fed", "ihg"]
    alone = decoder.log[decoder.log.index("reset") + 1 :]
    assert "admit 0" in alone
    assert not any(entry == "step [0, 2]" for entry in alone), "retried rows must not share a batch"
    assert (scheduler.counts.answered, scheduler.counts.failed) == (3, 1)


def test_cancelled_asks_leave_at_once(make):
    """One in a slot frees it for the next; one in the queue is never read."""
    scheduler, decoder, (first, second, third) = make("abcdef", "ghi", "jkl", slots=1)
    scheduler.turn()
    scheduler.turn()
    first.future.cancel()
    second.future.cancel()
    finish(scheduler)
    assert "admit 1" not in decoder.log
    assert third.future.result(0).text == "lkj"
    assert scheduler.counts.failed == 2


def test_a_deadline_counts_the_row_s_own_share_of_the_work(make):
    """Of each step as much as there are rows in it; whoever waits for a slot, or for others' prompts, has all of it."""
    scheduler, decoder, requests = make(*("abcdef" for _ in range(5)), slots=2, timeout_s=10.0)
    step = decoder.step
    decoder.step = lambda: time.sleep(0.01) or step()
    finish(scheduler)
    assert [each.future.result(0).text for each in requests] == ["fedcba"] * 5
    alone = requests[-1]._worked_s
    for each in requests[:-1]:
        assert each._worked_s < 0.8 * alone
    assert sum(each._worked_s for each in requests) > 5 * 6 * 0.005


def test_a_deadline_ends_the_row_alone(make):
    """Whoever the model worked on for too long gets TimedOut, the rest is undisturbed."""
    scheduler, _, (late,) = make("abc", timeout_s=1e-9)
    good = request(5, "xyz")
    scheduler.submit(good)
    finish(scheduler)
    with pytest.raises(TimedOut, match="0 tokens"):
        late.future.result(0)
    assert good.future.result(0).text == "zyx"


def test_an_answer_cannot_outgrow_the_context(make):
    """max_tokens shrinks to the room there is; a prompt without any room is refused."""
    scheduler, _, (long_prompt, too_long) = make("a" * 45, "a" * 50, max_tokens=99)
    finish(scheduler)
    reply = long_prompt.future.result(0)
    assert (reply.finish_reason, reply.usage.completion_tokens) == ("length", 5)
    with pytest.raises(Refused, match=r"50 tokens, and the model reads at most 50.*smaller pictures"):
        too_long.future.result(0)


def test_shutting_ends_everything(make):
    """In a slot, in the queue, just arrived: all end with Cancelled, and the decoder is let go."""
    scheduler, decoder, requests = make("abc", "def", "ghi")
    scheduler.turn()
    scheduler.shut()
    for each in requests:
        with pytest.raises(Cancelled, match="was closed"):
            each.future.result(0)
    assert decoder.closed
    assert not decoder.rows


def test_whatever_goes_wrong_inside_nobody_waits_for_ever(make, monkeypatch):
    """A mistake of the scheduler's own ends the asks in hand and leaves the desk alive."""
    scheduler, decoder, requests = make("abc", "def")
    scheduler.turn()
    monkeypatch.setattr(decoder, "remove", lambda rows: 1 / 0)
    requests[0].future.cancel()
    assert scheduler.turn() is False
    with pytest.raises(ServerFault, match="ZeroDivisionError"):
        requests[1].future.result(0)


def test_running_out_of_memory_says_what_to_do(make, monkeypatch):
    """A machine's limit is not a mystery of the model's."""
    scheduler, decoder, (one,) = make("abc")
    monkeypatch.setattr(decoder, "admit", lambda *_: (_ for _ in ()).throw(RuntimeError("[malloc] Unable to allocate")))
    finish(scheduler)
    with pytest.raises(ServerFault, match="out of memory: open the model with fewer slots"):
        one.future.result(0)


def test_counts_are_complete_when_the_reply_is_there(make):
    """Whoever waits for a reply finds it counted."""
    scheduler, _, (one,) = make("ab")
    seen = []
    one.future.add_done_callback(lambda _: seen.append(scheduler.counts))
    finish(scheduler)
    (counts,) = seen
    assert (counts.answered, counts.prompt_tokens, counts.completion_tokens, counts.steps) == (1, 2, 2, 3)
    assert counts.tokens_per_second > 0


def most_live(decoder):
    return max(entry.count(",") + 1 for entry in decoder.log if entry.startswith("step"))


def test_asks_wait_while_the_cache_is_used_up(make):
    """All are answered in their order, never more rows at once than the limit has room for."""
    for kv_cache_tokens, together in ((None, 4), (40, 4), (39, 3), (20, 2), (10, 1)):
        options = {"slots": 4, "max_tokens": 6, "kv_cache_tokens": kv_cache_tokens}
        scheduler, decoder, requests = make(*("abcd" for _ in range(6)), **options)
        finish(scheduler)
        assert [each.future.result(0).text for each in requests] == ["dcba"] * 6
        assert most_live(decoder) == together


def test_rows_of_a_batch_are_as_long_as_the_longest(make):
    """So a long one waits for the short ones, and those behind it for it."""
    scheduler, decoder, requests = make("ab", "ab", "a" * 8, "cd", slots=4, max_tokens=2, kv_cache_tokens=12)
    finish(scheduler)
    assert [each.future.result(0).usage.completion_tokens for each in requests] == [2, 2, 2, 2]
    assert decoder.log.index("admit 2") > decoder.log.index("step [0, 1]")
    assert "step [2]" in decoder.log
    assert not any("2, 3" in entry for entry in decoder.log)


def test_what_can_never_fit_is_refused_while_others_finish(make):
    """With what to do; a limit of the context is kept first."""
    scheduler, _, (good, large, other) = make("ab", "a" * 20, "cd", max_tokens=10, kv_cache_tokens=25)
    finish(scheduler)
    assert [good.future.result(0).text, other.future.result(0).text] == ["ba", "dc"]
    with pytest.raises(Refused, match=r"20 tokens, the answer may have 10, and kv_cache_tokens=25.*Lower max_tokens"):
        large.future.result(0)


def test_the_work_on_a_prompt_counts(make):
    """While an ask with a finished prompt waits for room, nothing more does."""
    scheduler, _, requests = make("abcd", "abcd", max_tokens=6, kv_cache_tokens=10, timeout_s=10.0)
    finish(scheduler)
    assert all(each._worked_s > 0 for each in requests)
    assert all(each.prompt is None for each in requests)
