"""A model in a child answers as one in this process, and its deaths cost what they must and no more."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pandas as pd
import pytest
import scripted_child

import vlmkit as vk
from tests.families.drawing import picture
from vlmkit.backends.protocol import Backend
from vlmkit.engines.isolation import process
from vlmkit.engines.isolation.engine import IsolatedEngine
from vlmkit.engines.isolation.watch import Patience
from vlmkit.engines.locate import Specification
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import (
    BadSchema,
    BadSetting,
    Cancelled,
    ModelLoadFailed,
    ModelNotFound,
    PromptTooLong,
    Refused,
    ServerFault,
    TimedOut,
    UnreadableImage,
)
from vlmkit.records import Ask, Constraint, Picture, Sampling, one_question
from vlmkit.tiny import scenes

WAIT_S = 300  # a guard against hanging; a child of a busy machine takes long to begin


def ask(number=0, prompt="Describe the picture.", *, timeout_s=None, probabilities=False, **sampling):
    return Ask(
        messages=one_question(prompt, (picture(number),)),
        timeout_s=timeout_s,
        token_probabilities=probabilities,
        sampling=Sampling(**{"max_tokens": 12, **sampling}),
    )


@pytest.fixture(scope="module")
def plain():
    """The bundled model in this process."""
    with open_engine("tiny") as engine:
        yield engine


@pytest.fixture(scope="module")
def isolated():
    """The same in a child, where some prompts are poison; shared by all tests that leave it working."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "_PROGRAM", scripted_child.POISONED)
        patch.setattr(Patience, "__init__", _short(Patience.__init__))
        with open_engine("tiny", isolate_model=True) as engine:
            yield engine


def _short(honest):
    """A pulse may be late on a busy machine, by less than this."""
    return lambda self, **given: honest(self, **{"silence_s": 15.0, **given})


def test_it_is_the_same_backend(plain, isolated):
    """Name, revision, abilities and facts are those of the model in this process."""
    assert isinstance(isolated, Backend)
    assert (isolated.model, isolated.revision) == (plain.model, plain.revision)
    assert isolated.abilities == plain.abilities
    assert isolated.info == plain.info
    assert repr(isolated) == f"IsolatedEngine('mlx:tiny', revision='{plain.revision}')"


def words(reply):
    """Of the tokens, and of what else could have stood there."""
    return [(token.text, [text for text, _ in token.alternatives]) for token in reply.tokens or ()]


def likelihoods(reply):
    """As `words`."""
    tokens = reply.tokens or ()
    return [number for token in tokens for number in (token.probability, *dict(token.alternatives).values())]


def test_it_gives_the_same_answers(plain, isolated):
    """Greedy and sampled, with probabilities, constrained, without a picture; alone and together."""
    asks = [
        ask(0),
        ask(1, temperature=1.0, seed=4),
        ask(2, probabilities=True),
        ask(3, "How many objects are there?"),
        Ask(messages=one_question("Hello"), sampling=Sampling(max_tokens=5)),
        Ask(
            messages=one_question("What color?", (picture(1),)),
            constraint=Constraint(kind="choice", text='["red", "blue"]'),
            alternatives=2,
            token_probabilities=True,
        ),
    ]
    for one, other in zip(*([engine.submit(each) for each in asks] for engine in (plain, isolated)), strict=True):
        expected, got = one.result(WAIT_S), other.result(WAIT_S)
        assert (got.text, got.finish_reason, got.usage) == (expected.text, expected.finish_reason, expected.usage)
        assert words(got) == words(expected)
        # Who stands beside whom in the batch is chance, and moves the last digits.
        assert likelihoods(got) == pytest.approx(likelihoods(expected), abs=1e-6)
        assert (got.model, got.revision) == (expected.model, expected.revision)


def test_it_streams_and_looks_inside_as_the_same(plain, isolated):
    """Pieces, tokens, pixels."""
    answers = [[delta.text for delta in engine.stream(ask(5))] for engine in (plain, isolated)]
    assert "".join(answers[0]) == "".join(answers[1])
    assert len(answers[1]) > 5
    assert isolated.look_inside(ask(5)) == plain.look_inside(ask(5))
    assert isolated.look_inside(ask(5)).tiles
    tokens = isolated.tokenize("red circle")
    assert tokens == plain.tokenize("red circle")
    assert isolated.detokenize(tokens) == "red circle"


def test_its_faults_are_those_of_rows(plain, isolated):
    """Of the same types, from both sides of the line; the child goes on."""
    child = isolated.process_id
    damaged = Picture(data=b"\xff\xd8 no", media_type="image/jpeg", width=1, height=1, digest="d")
    wrong = [
        (Ask(messages=one_question("What?", (damaged,))), UnreadableImage),
        (Ask(messages=one_question("What?", (picture(0),) * 99)), Refused),
        (ask(0, " "), Refused),
        (ask(0, "word " * 2000), PromptTooLong),
        (ask(0, timeout_s=1e-9), TimedOut),
        (ask(0, "half a character: \ud800"), ServerFault),
    ]
    for bad, kind in wrong:
        faults = [engine.submit(bad).exception(WAIT_S) for engine in (plain, isolated)]
        assert [type(fault) for fault in faults] == [kind, kind]
    with pytest.raises(BadSetting, match="top_p"):
        isolated.submit(ask(0, top_p=5))
    with pytest.raises(BadSchema):
        isolated.submit(Ask(messages=one_question("a"), constraint=Constraint(kind="regex", text="(")))
    assert isolated.submit(ask(1)).result(WAIT_S).text
    assert isolated.process_id == child


def test_a_cancelled_answer_stops_in_the_child(isolated):
    """The slot is free long before the answer would have ended, and the child has counted it."""
    before = isolated.stats
    # So hot that the token which ends an answer is as rare as any other.
    stream = isolated.stream(ask(0, max_tokens=900, temperature=5.0))
    next(stream)
    stream.close()
    assert isolated.submit(ask(1)).result(WAIT_S).text
    after = isolated.stats
    assert (after.answered - before.answered, after.failed - before.failed) == (1, 1)
    assert after.steps - before.steps < 100


@pytest.mark.parametrize(
    "signal_name",
    [
        "SIGKILL",
        pytest.param("SIGSEGV", marks=pytest.mark.slow_test),
        pytest.param("SIGSTOP", marks=pytest.mark.slow_test),
    ],
)
def test_a_kill_in_the_middle_of_a_run_loses_no_row(plain, isolated, tmp_path, signal_name):
    """The table is that of the model in this process, row by row, and the child is another one."""
    table = pictures_in(tmp_path, 16)
    expected = vk.describe(table, model=plain, store=str(tmp_path / "plain.sqlite"))["description"]
    killed, before = [], isolated.stats.answered

    def kill(_state):
        if not killed and isolated.stats.answered - before >= 3:
            killed.append(isolated.process_id)
            os.kill(isolated.process_id, getattr(signal, signal_name))

    told = vk.describe(table, model=isolated, store=str(tmp_path / "isolated.sqlite"), progress=kill, workers=6)
    assert told["description_error"].isna().all()
    assert list(told["description"]) == list(expected)
    assert killed
    assert isolated.process_id not in killed


def pictures_in(folder, count):
    files = [str(folder / f"{number}.png") for number in range(count)]
    for number, file in enumerate(files):
        scenes.make(number).draw().save(file)
    return pd.DataFrame({"path": files})


def test_answers_of_both_are_the_same_in_the_store(plain, isolated, tmp_path):
    """What one has answered the other does not ask again."""
    image = scenes.make(3).draw()
    for first, second in ((plain, isolated), (isolated, plain)):
        path = str(tmp_path / f"{type(first).__name__}.sqlite")
        text = vk.describe([image], model=first, store=path)["description"][0]
        answered = second.stats.answered
        again = vk.describe([image], model=second, store=path)
        assert again["description"][0] == text
        assert second.stats.answered == answered


def test_poison_takes_no_other_row_with_it(plain, isolated, tmp_path):
    """One row of twelve aborts every process: it fails, the others are answered as always; the kernel lives."""
    table = pictures_in(tmp_path, 12)
    table["prompt"] = ["Describe the picture."] * 5 + ["abort"] + ["Describe the picture."] * 6
    told = vk.describe(table, prompt="{prompt}", model=isolated, store=False)
    fault = told["description_error"][5]
    assert fault.startswith("ServerFault: mlx:tiny: asked twice, as a process died that worked on this and others;")
    assert "was ended by SIGABRT" in fault
    assert "Fatal Python error: Aborted" in fault
    others = table.drop(index=5)
    expected = vk.describe(others, prompt="{prompt}", model=plain, store=False)
    assert list(told["description"].drop(index=5)) == list(expected["description"])
    assert expected["description"].notna().all()


@pytest.mark.slow_test
def test_a_stream_goes_on_after_a_death(plain, isolated):
    """What had come comes once, in order."""
    pieces = [delta.text for delta in plain.stream(ask(7, max_tokens=40))]
    got = []
    for delta in isolated.stream(ask(7, max_tokens=40)):
        got.append(delta.text)
        if len(got) == 2:
            os.kill(isolated.process_id, signal.SIGKILL)
    assert "".join(got) == "".join(pieces)


@pytest.mark.slow_test
def test_a_desk_that_never_comes_back_costs_its_ask(isolated):
    """Ended at its deadline; the process some time later, for those who wait behind it."""
    spin = isolated.submit(ask(0, "spin", timeout_s=1.0))
    time.sleep(0.5)
    behind = isolated.submit(ask(1))
    assert isinstance(spin.exception(WAIT_S), TimedOut)
    assert behind.result(WAIT_S).text


@pytest.mark.slow_test
def test_a_child_short_of_memory_loses_no_other_row(isolated):
    """Whether MLX breaks by an error or by a crash, which changes from time to time."""
    futures = [
        isolated.submit(ask(number, "starve" if number == 2 else "Describe the picture.")) for number in range(6)
    ]
    wait(futures, timeout=WAIT_S)
    faults = [future.exception(0) for future in futures]
    assert faults.pop(2) is None or isinstance(futures[2].exception(0), ServerFault)
    assert faults == [None] * 5


@pytest.mark.slow_test
def test_a_desk_that_is_given_up_ends_its_process(isolated):
    """The ask it was at work on is late; the others are asked anew in a process where nothing of it is left."""
    before = isolated.process_id
    futures = [isolated.submit(ask(number, "lose" if number == 3 else "Describe the picture.")) for number in range(6)]
    wait(futures, timeout=WAIT_S)
    faults = [future.exception(0) for future in futures]
    assert isinstance(faults.pop(3), TimedOut)
    assert faults == [None] * 5
    assert isolated.process_id != before


@pytest.mark.slow_test
def test_code_that_lets_no_thread_run_costs_its_ask(isolated):
    """Twice a process stands still; then it is the row's fault, and another is answered."""
    deaf = isolated.submit(ask(0, "deaf"))
    assert "stood still for 15 s" in str(deaf.exception(WAIT_S))
    assert isolated.submit(ask(1)).result(WAIT_S).text


SPECIFICATION = Specification(name="m", revision="r", directory=Path("/nowhere"))


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """Open engines on children of a script; `lives()` counts the children so far, and is there as `life` in each."""
    engines, lives = [], tmp_path / "lives"
    lives.write_text("")
    count = (
        f"file = open({str(lives)!r}, 'a'); file.write('x'); file.close(); life = len(open({str(lives)!r}).read())\n"
    )

    def start(body):
        monkeypatch.setattr(process, "_PROGRAM", scripted_child.program(count + body))
        engines.append(IsolatedEngine(SPECIFICATION, Patience(silence_s=60)))
        return engines[-1]

    start.lives = lambda: len(lives.read_text())
    yield start
    for engine in engines:
        engine.close()


def question(prompt="What?", **facts):
    return Ask(messages=one_question(prompt), **facts)


def test_a_child_that_dies_while_opening_gets_another_chance(scripted):
    """One; then it is an error that says what the child said."""
    with pytest.raises(ModelLoadFailed, match=r"2 times in a row .* SIGABRT.*Get its files again.*no room for it"):
        scripted("print('no room for it', flush=True); os.abort()")
    assert scripted.lives() == 2
    engine = scripted("if life == 3: os.abort()\nopened()\nanswer(hear())")
    assert engine.generate(None, "What?").text == "yes"
    assert scripted.lives() == 4


def test_what_the_child_says_of_a_model_is_an_error_of_its_type(scripted):
    """Once, as another child would say the same."""
    with pytest.raises(ModelNotFound, match="gone"):
        scripted("hear(); say(messages.Failed(error='ModelNotFound', message='gone')); hear()")
    assert scripted.lives() == 1


def test_a_model_that_always_kills_its_process_is_not_started_for_ever(scripted):
    """Every ask gets its fault, by a few processes; the next ask tries anew."""
    engine = scripted("opened()\nhear(); os.abort()")
    futures = [engine.submit(question()) for _ in range(12)]
    wait(futures, timeout=WAIT_S)
    assert {type(future.exception(0)) for future in futures} == {ServerFault}
    assert not any(future.exception(0).is_fatal for future in futures)
    assert "5 times in a row" in str(futures[-1].exception(0))
    used = scripted.lives()
    assert used < 5 + 12 / 4 + 1
    assert isinstance(engine.submit(question()).exception(WAIT_S), ServerFault)
    assert scripted.lives() <= used + 2


def test_a_fresh_child_that_cannot_open_the_model_ends_the_run(scripted):
    """Whoever waits is told that nothing more comes; who asks later tries anew."""
    engine = scripted(
        "if life == 2: hear(); say(messages.Failed(error='ModelLoadFailed', message='no memory')); hear()\n"
        "opened()\nput = hear()\nif life == 1: os.abort()\nanswer(put)\nhear()"
    )
    fault = engine.submit(question()).exception(WAIT_S)
    assert isinstance(fault, ServerFault)
    assert fault.is_fatal
    assert "no memory" in str(fault)
    assert engine.submit(question()).result(WAIT_S).text == "yes"


LIES = {
    "pieces": "say(messages.TextPiece(number=put.number, text='a'))",
    "a call": "say(messages.Called(number=put.number, insight=Insight(text='', prompt_tokens=1, tiles=_tiles)))",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_cannot_be_is_a_death(scripted, lie):
    """The child is stopped, the ask tried once more and given up."""
    tiles = "_tiles = (Tile(width=10**6, height=10**6, data=b''),)"
    engine = scripted(f"{tiles}\nopened()\nput = hear()\n{LIES[lie]}\nhear(); hear()")
    fault = engine.submit(question()).exception(WAIT_S)
    assert isinstance(fault, ServerFault)
    assert "said what cannot be" in str(fault)
    assert scripted.lives() >= 2


def test_a_child_cannot_speak_for_another_model(scripted):
    """Nor say where its pictures go: name, revision and place are known here."""
    engine = scripted("opened(destination='https://elsewhere')\nanswer(hear(), revision='another')\nhear()")
    reply = engine.generate(None, "What?")
    assert (reply.model, reply.revision) == ("mlx:m", "r")
    assert engine.abilities.destination == "this process"


def test_no_more_is_with_the_child_than_it_takes(scripted):
    """Four of twenty; the rest goes as these are done, none twice."""
    engine = scripted(
        "opened()\nseen = 0\n"
        "while True:\n"
        "    puts = [hear() for _ in range(4)]\n"
        "    assert not waiting\n"
        "    for put in puts: answer(put, put.ask.prompt)\n"
    )
    futures = [engine.submit(question(f"Number {number}?")) for number in range(20)]
    assert [future.result(WAIT_S).text for future in futures] == [f"Number {number}?" for number in range(20)]


def test_closing_ends_everything(scripted):
    """Asks in flight and waiting, calls, later use; twice is fine; the child is gone."""
    engine = scripted("opened()\nwhile True: hear()")
    futures = [engine.submit(question()) for _ in range(9)]
    calls = ThreadPoolExecutor(1)
    call = calls.submit(engine.tokenize, "a")
    time.sleep(0.2)
    child = engine.process_id
    engine.close()
    engine.close()
    for future in (*futures, call, engine.submit(question())):
        assert isinstance(future.exception(60), Cancelled)
    for use in (lambda: engine.stats, lambda: engine.tokenize("a")):
        with pytest.raises(Cancelled, match="is closed"):
            use()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_forked_process_has_no_child(scripted):
    """It is told so, and its end leaves the child to whom it belongs."""
    engine = scripted("opened()\nwhile True: answer(hear())")
    forked = os.fork()
    if not forked:
        try:
            engine.submit(question())
        except ModelLoadFailed:
            engine.close()
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 7
    assert engine.generate(None, "What?").text == "yes"
