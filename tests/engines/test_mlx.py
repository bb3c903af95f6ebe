"""The engine as a backend and as a library: same answers alone and together, every ask ends, nothing stays behind."""

import time
from concurrent.futures import wait
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.families.drawing import picture
from vlmkit.backends.protocol import Backend, Delta
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import Engine, open_engine
from vlmkit.errors import (
    BadSetting,
    Cancelled,
    ModelLoadFailed,
    ModelNotFound,
    PromptTooLong,
    Refused,
    RunError,
    ServerFault,
    TimedOut,
    UnreadableImage,
)
from vlmkit.records import Ask, Picture, one_question


def test_an_engine_is_a_backend_that_knows_itself(engine, checkpoint):
    """Its facts are those of the checkpoint."""
    assert isinstance(engine, Backend)
    assert engine.model == f"mlx:{checkpoint}" == engine.info.name
    assert engine.revision == engine.info.revision
    assert len(engine.revision) == 16
    info = engine.info
    assert (info.architecture, info.quantization, info.context_length) == ("smolvlm", None, 1024)
    assert (info.slots, info.serving, info.why_one_by_one) == (4, "batched", "")
    assert info.parameters > 100_000
    assert engine.abilities.token_probabilities
    assert engine.abilities.parallel_asks > info.slots
    assert repr(engine) == f"Engine('mlx:{checkpoint}', revision='{engine.revision}')"


def test_a_picture_may_be_a_path_bytes_or_an_object(engine, tmp_path):
    """All give the same answer; a picture that is not a picture is its own fault."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 50, 3), dtype=np.uint8))
    buffer = BytesIO()
    image.save(buffer, "WEBP", lossless=True)
    path = tmp_path / "picture.webp"
    path.write_bytes(buffer.getvalue())
    inputs = [path, str(path), buffer.getvalue(), image]
    texts = {engine.generate(each, "What is it?", max_tokens=8).text for each in inputs}
    assert len(texts) == 1
    assert engine.generate([image, image], "Compare.", max_tokens=4).usage.completion_tokens > 0
    with pytest.raises(UnreadableImage):
        engine.generate(b"no picture", "What is it?")


def test_the_picture_decides_the_answer(engine, ask):
    """Four pictures, four answers: what is seen reaches the words."""
    futures = [engine.submit(ask(seed)) for seed in range(4)]
    assert len({future.result(60).text for future in futures}) == 4


SETTINGS = [
    {},
    {"temperature": 1.0, "seed": 1},
    {"temperature": 0.7, "top_p": 0.8, "seed": 2},
    {"temperature": 1.3, "top_k": 5, "seed": 3},
    {"repetition_penalty": 1.5},
    {"frequency_penalty": 1.5},
    {"presence_penalty": 1.5, "temperature": 0.8},
    {"temperature": 1.0, "seed": 1, "probabilities": True},
    {"max_tokens": 3},
]


def _probabilities(reply):
    return reply.tokens and [token.probability for token in reply.tokens]


def test_every_ask_gets_the_same_answer_alone_and_in_any_batch(engine, ask):
    """Eighteen asks of all kinds, one after another, all at once, and all at once the other way round."""
    asks = [ask(number % 3, "Now. " * (number % 4 + 1), **SETTINGS[number % 9]) for number in range(18)]

    def together(many):
        futures = [engine.submit(each) for each in many]
        return [(future.result(60).text, _probabilities(future.result())) for future in futures]

    alone = [together([each])[0] for each in asks]
    assert [text for text, _ in together(asks)] == [text for text, _ in alone]
    turned = together(asks[::-1])[::-1]
    assert [text for text, _ in turned] == [text for text, _ in alone]
    for (_, got), (_, expected) in zip(turned, alone, strict=True):
        assert (got is None) == (expected is None)
        np.testing.assert_allclose(got or (), expected or (), rtol=1e-3)


def test_sampling_does_what_it_says(engine, ask):
    """Seeds differ, greedy is repeatable, penalties change the text, probabilities are probabilities."""
    texts = [engine.submit(ask(0, temperature=1.0, seed=seed, max_tokens=20)).result(60).text for seed in range(4)]
    assert len(set(texts)) == 4
    greedy = engine.submit(ask(0, max_tokens=20, probabilities=True)).result(60)
    assert greedy.text == engine.submit(ask(0, max_tokens=20)).result(60).text
    assert len(greedy.tokens) == greedy.usage.completion_tokens
    assert "".join(token.text for token in greedy.tokens) == greedy.text
    assert all(0 < token.probability <= 1 and not token.alternatives for token in greedy.tokens)
    assert engine.submit(ask(0, max_tokens=20)).result(60).tokens is None


def test_tokens_come_with_what_else_could_have_stood_there(engine, ask):
    """The same text as without; greedy choices are likelier than their alternatives, which come in order."""
    plain = ask(1, max_tokens=8, probabilities=True)
    reply = engine.submit(replace(plain, alternatives=3)).result(60)
    assert reply.text == engine.submit(plain).result(60).text
    for token in reply.tokens:
        chances = [chance for _, chance in token.alternatives]
        assert len(chances) == 3
        assert sorted(chances, reverse=True) == chances
        assert token.probability >= chances[0]
        assert token.probability + sum(chances) <= 1 + 1e-9


def test_an_answer_ends_before_a_stop_text(engine, ask):
    """Three letters from its middle, given as stop, cut it there."""
    whole = engine.submit(ask(0, max_tokens=20)).result(60)
    assert whole.finish_reason in {"stop", "length"}
    word = whole.text[5:8]
    cut = engine.submit(ask(0, max_tokens=20, stop=("never said", word))).result(60)
    assert (cut.text, cut.finish_reason) == (whole.text[: whole.text.index(word)], "stop_sequence")
    told = engine.submit(ask(0, max_tokens=20, stop=(word,), probabilities=True)).result(60)
    assert "".join(token.text for token in told.tokens) == cut.text
    assert len(told.tokens) == told.usage.completion_tokens


def test_a_stream_gives_the_reply_piece_by_piece(engine, ask):
    """The pieces make up its text; the last delta is the reply that submit gives."""
    deltas = list(engine.stream(ask(2, max_tokens=15)))
    expected = engine.submit(ask(2, max_tokens=15)).result(60)
    assert len(deltas) > 5
    assert "".join(delta.text for delta in deltas) == expected.text
    assert [delta.reply is None for delta in deltas] == [True] * (len(deltas) - 1) + [False]
    assert (deltas[-1].reply.text, deltas[-1].reply.usage) == (expected.text, expected.usage)


def test_closing_a_stream_cancels_its_answer(engine, ask):
    """The slot is free again long before the answer would have ended."""
    failed = engine.stats.failed
    stream = engine.stream(ask(0, max_tokens=900, temperature=1.0))
    assert isinstance(next(stream), Delta)
    stream.close()
    assert engine.submit(ask(1)).result(60).text
    assert engine.stats.failed == failed + 1


def test_a_fault_comes_out_of_a_stream(engine, ask):
    """As the type that the future would have carried."""
    with pytest.raises(TimedOut):
        list(engine.stream(ask(0, timeout_s=1e-6)))


def test_deadline_and_cancel_leave_the_others_alone(engine, ask):
    """One ask runs out of time, one is cancelled while it is written, two are answered as always."""
    expected = [engine.submit(ask(seed, max_tokens=30)).result(60).text for seed in (1, 2)]
    late = engine.submit(ask(3, max_tokens=900, temperature=1.0, timeout_s=0.05))
    dropped = engine.submit(ask(4, max_tokens=900, temperature=1.0))
    good = [engine.submit(ask(seed, max_tokens=30)) for seed in (1, 2)]
    dropped.cancel()
    assert [future.result(60).text for future in good] == expected
    with pytest.raises(TimedOut, match="Raise timeout_s"):
        late.result(60)
    with pytest.raises(Cancelled):
        dropped.result(60)


def test_what_was_written_until_the_deadline_is_not_lost(engine, ask):
    """It is the beginning of the very answer that more time would have given."""
    whole = engine.submit(ask(3, max_tokens=900, temperature=1.0)).result(60).text
    for timeout_s in (0.05 * 1.5**step for step in range(12)):
        fault = engine.submit(ask(3, max_tokens=900, temperature=1.0, timeout_s=timeout_s)).exception(60)
        if fault is None or fault.partial is not None:
            break
    assert isinstance(fault, TimedOut)
    assert fault.partial.finish_reason == "timeout"
    assert fault.partial.text
    assert whole.startswith(fault.partial.text)


def test_a_bad_ask_never_hurts_the_others(engine, ask):
    """Damaged bytes, too many pictures, a prompt longer than the context: each is told, the rest is answered."""
    expected = engine.submit(ask(1)).result(60).text
    damaged = Picture(data=b"\xff\xd8 no", media_type="image/jpeg", width=1, height=1, digest="d")
    bad = [
        Ask(messages=one_question("?", [damaged])),
        Ask(messages=one_question("?", [picture(0)] * 99)),
        Ask(messages=one_question("word " * 400, [picture(0)])),
    ]
    futures = [engine.submit(each) for each in (bad[0], ask(1), bad[1], ask(1), bad[2], ask(1))]
    wait(futures, timeout=60)
    kinds = [type(future.exception(0)) for future in futures[::2]]
    assert kinds == [UnreadableImage, Refused, PromptTooLong]
    assert [future.result(0).text for future in futures[1::2]] == [expected] * 3


def test_a_broken_step_is_survived(engine, ask, monkeypatch):
    """One step in the middle of a batch fails: all its asks are answered all the same, and as always."""
    expected = [engine.submit(ask(seed)).result(60).text for seed in range(3)]
    honest, broken = type(engine._scheduler._decoder).step, []

    def step(decoder):
        if len(decoder) == 3 and not broken:
            broken.append(1)
            message = "a step broke"
            raise RuntimeError(message)
        return honest(decoder)

    monkeypatch.setattr(type(engine._scheduler._decoder), "step", step)
    futures = [engine.submit(ask(seed)) for seed in range(3)]
    assert [future.result(60).text for future in futures] == expected
    assert broken


def test_an_ask_that_always_breaks_fails_alone(engine, ask, monkeypatch):
    """Its neighbors in the batch are answered."""
    expected = engine.submit(ask(1)).result(60).text
    honest = type(engine._language).prompt

    def prompt(self, ask, images):
        if ask.prompt == "break":
            message = "cannot be read"
            raise ValueError(message)
        return honest(self, ask, images)

    monkeypatch.setattr(type(engine._language), "prompt", prompt)
    good, bad = engine.submit(ask(1)), engine.submit(ask(0, "break"))
    assert good.result(60).text == expected
    with pytest.raises(ServerFault, match="cannot be read"):
        bad.result(60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"temperature": -1},
        {"top_p": 0},
        {"top_p": 2},
        {"top_k": -1},
        {"repetition_penalty": 0},
        {"warmth": 1},
    ],
)
def test_sampling_values_that_mean_nothing_are_refused(engine, wrong):
    """Before anything runs, naming the setting and what it accepts."""
    (name,) = wrong
    with pytest.raises(BadSetting, match=rf"{name}: .*(Give|It takes)"):
        engine.generate(None, "Hi", **wrong)


def test_words_and_tokens(engine):
    """Both ways, from any thread."""
    tokens = engine.tokenize("red circle")
    assert engine.detokenize(tokens).replace("Ġ", " ") == "red circle"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "BMP", "transparent"])
def test_the_processor_gets_the_pixels_that_pillow_decodes(engine, kind):
    """Turned, and of any format: nothing is compressed before it."""
    image = Image.effect_noise((180, 60), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = BytesIO()
    if kind == "transparent":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(buffer, "PNG")
        expected = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    else:
        image.save(buffer, kind, **({} if kind == "BMP" else {"exif": exif}))
        expected = ImageOps.exif_transpose(Image.open(buffer)).convert("RGB")
    plain = BytesIO()
    expected.save(plain, "PNG")
    seen, wanted = (engine.look_inside(engine.ask(data.getvalue(), "What?")) for data in (buffer, plain))
    assert seen.tiles
    difference = [np.frombuffer(tile.data, np.uint8).astype(int) for tile in (*seen.tiles, *wanted.tiles)]
    apart = max(np.abs(a - b).max() for a, b in zip(difference, difference[len(seen.tiles) :], strict=False))
    assert apart <= (1 if kind == "transparent" else 0)  # two ways to round what lies behind a transparent pixel


def test_an_engine_is_closed_for_good(checkpoint, ask):
    """Asks in flight end with Cancelled, the memory comes back, later use says so; closing twice is fine."""

    def active_bytes():
        import gc

        import mlx.core as mx

        gc.collect()
        return mx.get_active_memory()

    before = desk().call(active_bytes)
    with open_engine(str(checkpoint)) as engine:
        assert desk().call(active_bytes) > before + engine.info.memory_bytes / 2
        futures = [engine.submit(ask(seed, max_tokens=900, temperature=1.0)) for seed in range(20)]
        futures[0].add_done_callback(lambda _: None)
        time.sleep(0.05)
    engine.close()
    for future in futures:
        with pytest.raises(Cancelled, match="closed"):
            future.result(60)
    with pytest.raises(Cancelled, match="is closed"):
        engine.submit(ask()).result(60)
    for use in (lambda: engine.stats, lambda: engine.tokenize("a"), lambda: engine.detokenize([1])):
        with pytest.raises(Cancelled, match="is closed"):
            use()
    assert desk().call(active_bytes) <= before + 4096


def test_two_engines_share_the_desk(engine, checkpoint, ask):
    """Both answer at the same time, each as if alone."""
    expected = engine.submit(ask(1, max_tokens=20)).result(60).text
    with open_engine(str(checkpoint), slots=1) as other:
        futures = [each.submit(ask(1, max_tokens=20)) for each in (engine, other) * 3]
        assert {future.result(60).text for future in futures} == {expected}
        assert {future.result().model for future in futures} == {engine.model}


def test_what_cannot_be_opened_is_said(checkpoint):
    """An address, no slots, a model that is not there."""
    with pytest.raises(BadSetting, match="runs in this process and has no address"):
        open_engine("tiny", url="http://127.0.0.1")
    with pytest.raises(BadSetting, match="slots=0: give 1 or more"):
        open_engine("tiny", slots=0)
    for wrong in (0, "9", 1.5, True):
        with pytest.raises(BadSetting, match=f"kv_cache_tokens={wrong!r}: give 1 or more"):
            open_engine("tiny", kv_cache_tokens=wrong)
    with pytest.raises(ModelNotFound, match=r"adapter_config\.json"):
        open_engine(str(checkpoint), adapter=checkpoint)
    with pytest.raises(ModelNotFound):
        open_engine("nowhere/at-all")


def test_an_adapter_changes_the_answers_and_the_revision(engine, checkpoint, tmp_path, ask):
    """LoRA weights, written as mlx_vlm's training writes them, are used."""

    def train():
        from tests.families.making import adapt

        return adapt(checkpoint, tmp_path / "adapter")

    adapter = desk().call(train)
    with open_engine(str(checkpoint), adapter=adapter) as adapted:
        assert adapted.revision.startswith(f"{engine.revision}+")
        assert adapted.submit(ask(1)).result(60).text != engine.submit(ask(1)).result(60).text


def test_an_interrupted_wait_stops_the_answer(engine, monkeypatch):
    """A Ctrl-C while waiting is not swallowed, and the ask does not run on."""
    futures = []
    honest = Engine.submit

    class Interrupted:
        def __init__(self, future):
            self.future = future
            self.cancel = future.cancel

        def result(self):
            raise KeyboardInterrupt

    def submit(self, ask):
        futures.append(honest(self, ask))
        return Interrupted(futures[-1])

    monkeypatch.setattr(Engine, "submit", submit)
    with pytest.raises(KeyboardInterrupt):
        engine.generate(None, "Hi", max_tokens=900)
    assert futures[0].cancelled()


ENDINGS = {
    "closed": "engine.close()",
    "left open": "",
    "asks in flight": "futures = [engine.submit(ask) for _ in range(6)]",
    "a stream half read": "stream = engine.stream(ask); next(stream)",
    "an error": "raise SystemExit(3)",
    "an interrupt": "future = engine.submit(ask); os.kill(os.getpid(), signal.SIGINT); future.result()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_process_ends_cleanly(fresh_python, checkpoint, ending):
    """However it ends: no abort, no message from a dying thread, the exit status is the program's."""
    done = fresh_python(
        "import os, signal, sys\n"
        "from vlmkit.engines.mlx import open_engine\n"
        "from vlmkit.records import Ask, Sampling, one_question\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "engine = open_engine(sys.argv[1])\n"
        "ask = Ask(messages=one_question('Hi'), sampling=Sampling(max_tokens=900, temperature=1.0))\n"
        "try:\n"
        f"    {ENDINGS[ending] or 'pass'}\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n",
        str(checkpoint),
        check=False,
    )
    assert done.returncode == (3 if ending == "an error" else 0), done.stderr
    assert done.stderr == ""
    assert done.stdout == ("interrupted\n" if ending == "an interrupt" else "")


def test_every_fault_is_a_row_s(engine, ask):
    """A future of the engine never carries anything but a RunError."""
    futures = [engine.submit(ask(0, timeout_s=1e-9)), engine.submit(ask(0, "word " * 400))]
    wait(futures, timeout=60)
    assert all(isinstance(future.exception(0), RunError) for future in futures)


def test_a_small_cache_answers_as_a_large_one(checkpoint, ask):
    """More asks than it has room for wait; one that is too long is refused with what to do."""
    asks = [ask(seed, max_tokens=12) for seed in range(6)]
    with open_engine(str(checkpoint)) as plenty:
        expected = [future.result(60).text for future in map(plenty.submit, asks)]
        most = max(future.result(60).usage.prompt_tokens for future in map(plenty.submit, asks)) + 12
    with open_engine(str(checkpoint), kv_cache_tokens=2 * most) as tight:
        assert tight.info.kv_cache_tokens == 2 * most
        futures = [tight.submit(each) for each in asks]
        too_long = tight.submit(ask(0, max_tokens=2 * most))
        assert [future.result(60).text for future in futures] == expected
        with pytest.raises(Refused, match="Lower max_tokens"):
            too_long.result(60)


def test_a_wrong_family_is_opened_however_its_name_is_spelled(checkpoint, monkeypatch):
    """With the engine before it, or by another path; another model's name allows nothing."""
    from vlmkit.engines.families import verdicts

    monkeypatch.setitem(verdicts._table("measured.json")["families"], "smolvlm", {"verdict": "wrong", "why": "garbled"})
    monkeypatch.chdir(checkpoint.parent)
    for word in (None, "tiny", checkpoint.name + "2"):
        with pytest.raises(ModelLoadFailed, match=r"answers wrongly here: .*garbled"):
            open_engine(str(checkpoint), allow_wrong=word)
    for word in (f"mlx:{checkpoint}", f"./{checkpoint.name}"):
        with open_engine(str(checkpoint), slots=1, allow_wrong=word) as engine:
            assert engine.info.faithfulness == "wrong"
            assert "Its answers are wrong: garbled." in engine.info.remarks
