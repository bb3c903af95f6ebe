"""A shared batch and one answer after another write the same tokens."""

import pytest

from tests.families.drawing import picture
from vlmkit import sources
from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.desk import desk

TOKENS = 10


def write(decoder, rows, steps=TOKENS):
    """Tokens of rows that are admitted already."""
    written = {row: [] for row in rows}
    for _ in range(steps):
        for row, token in decoder.step():
            written[row].append(token)
    return written


def agree(written, plain):
    """Whether each row writes what generation alone does, which stops at the end of a text."""
    return all(tokens[: len(expected)] == expected for tokens, expected in zip(written, plain, strict=True))


@pytest.fixture(scope="module")
def prompts(engine):
    """Five prompts of different lengths about five pictures."""
    language = engine._language
    texts = ["Hi", "What is it?", "Describe this image in detail.", "A", "How many are there, and where?"]
    images = [sources.decode(picture(seed, size=(30 + 9 * seed, 40))) for seed in range(5)]
    pairs = zip(texts, images, strict=True)
    return desk().call(lambda: [language.question(text, [image]) for text, image in pairs])


@pytest.fixture(scope="module")
def plain(engine, prompts):
    """What mlx_vlm's own generation writes for each."""

    def work():
        from vlmkit.engines.decoding import OneByOne

        decoder = OneByOne(engine._language.model, engine._language.processor)
        results = []
        for row, prompt in enumerate(prompts):
            decoder.admit(row, prompt, [], TOKENS)
            tokens = []
            while len(tokens) < TOKENS and not language_ends(tokens):
                tokens += [token for _, token in decoder.step()]
            results.append(tokens)
            assert len(decoder) == 1
            decoder.remove({row})
            assert len(decoder) == 0
        return results

    def language_ends(tokens):
        return bool(tokens) and tokens[-1] in engine._language.eos_token_ids

    return desk().call(work)


def shared(engine, work):
    """Run a story about a shared batch on the desk."""

    def run():
        from vlmkit.engines.decoding import SharedBatch

        decoder = SharedBatch(engine._language.model, 8)
        try:
            return work(decoder)
        finally:
            decoder.close()

    return desk().call(run)


def test_rows_of_a_batch_write_what_each_writes_alone(engine, prompts, plain):
    """Five rows of five lengths at once."""

    def story(decoder):
        for row, prompt in enumerate(prompts):
            decoder.admit(row, prompt, [], TOKENS)
        assert len(decoder) == 5
        return write(decoder, range(5))

    assert agree(shared(engine, story).values(), plain)
    assert len({tuple(tokens) for tokens in plain}) == 5, "pictures and prompts must make a difference here"


def test_rows_may_come_and_go_at_any_step(engine, prompts, plain):
    """A row that joins late or leaves early changes nothing for the others."""

    def story(decoder):
        decoder.admit(0, prompts[0], [], TOKENS)
        decoder.admit(1, prompts[1], [], TOKENS)
        early = write(decoder, [0, 1], steps=3)
        decoder.admit(2, prompts[2], [], TOKENS)
        middle = write(decoder, [0, 1, 2], steps=4)
        decoder.remove({1})
        late = write(decoder, [0, 2], steps=3)
        return [early[0] + middle[0] + late[0], middle[2] + late[2]]

    zero, two = shared(engine, story)
    assert agree([zero, two], [plain[0], plain[2][:7]])


def test_an_emptied_or_reset_batch_takes_rows_again(engine, prompts, plain):
    """Removing the last row, or dropping everything, leaves a decoder as new."""

    def story(decoder):
        decoder.admit(0, prompts[0], [], TOKENS)
        decoder.step()
        decoder.remove({0})
        assert len(decoder) == 0
        decoder.admit(3, prompts[3], [], TOKENS)
        decoder.step()
        decoder.reset()
        decoder.admit(4, prompts[4], [], TOKENS)
        return write(decoder, [4])[4]

    assert agree([shared(engine, story)], [plain[4]])


def test_a_row_that_cannot_be_read_leaves_the_batch_alone(engine, prompts, plain):
    """The fault comes out of admit, the rows in hand go on."""
    from dataclasses import replace

    def story(decoder):
        decoder.admit(0, prompts[0], [], TOKENS)
        before = write(decoder, [0], steps=2)[0]
        broken = replace(prompts[1], inputs={})
        with pytest.raises(KeyError, match="input_ids"):
            decoder.admit(1, broken, [], TOKENS)
        return before + write(decoder, [0], steps=TOKENS - 2)[0]

    assert agree([shared(engine, story)], [plain[0]])


def test_one_by_one_has_one_slot_and_forgets_rows_it_is_told_to(engine, prompts):
    """Removing another row changes nothing, a reset ends the one in hand."""

    def story():
        from vlmkit.engines.decoding import OneByOne

        decoder = OneByOne(engine._language.model, engine._language.processor)
        assert decoder.slots == 1
        assert decoder.step() == []
        decoder.admit(4, prompts[0], [], TOKENS)
        decoder.remove({3})
        assert len(decoder) == 1
        decoder.close()
        decoder.admit(5, prompts[0], [], 1)
        decoder.step()
        with pytest.raises(RuntimeError, match="ended before the answer did"):
            decoder.step()
        decoder.close()
        return len(decoder)

    assert desk().call(story) == 0


QUESTIONS = ("What is it?", "Hi", "How many are there, and where?", "Describe this image.")


@pytest.fixture
def looks(engine, monkeypatch):
    """How pictures were embedded: by the vision tower (False) or by what is known of them (True)."""
    seen = []
    embed = mlx_vlm_api.embed

    def watched(model, inputs, *, features=None):
        seen.append(features is not None)
        return embed(model, inputs, features=features)

    monkeypatch.setattr(mlx_vlm_api, "embed", watched)
    decoder = engine._scheduler._decoder
    desk().call(decoder._looked_at.forget)
    return seen


def texts(engine, ask, numbers, questions=QUESTIONS):
    """Answers to every question about every picture."""
    futures = [engine.submit(ask(number, question)) for number in numbers for question in questions]
    return [future.result(60).text for future in futures]


def test_further_questions_spare_the_vision_tower(engine, ask, looks):
    """Once it is proven, with the first picture asked about twice, that the model takes back what it gave."""
    together = texts(engine, ask, [0, 1])
    assert looks.count(False) <= 3
    assert looks.count(True) >= 6
    alone = []
    for number in (0, 1):
        for question in QUESTIONS:
            desk().call(engine._scheduler._decoder._looked_at.forget)
            alone += texts(engine, ask, [number], [question])
    assert together == alone


def test_what_is_remembered_is_bounded(engine, ask, looks, monkeypatch):
    """The picture that was not asked about for longest is forgotten."""
    from vlmkit.engines import decoding

    texts(engine, ask, [0], QUESTIONS[:1])
    looked_at = engine._scheduler._decoder._looked_at
    monkeypatch.setattr(decoding, "_MOST_BYTES", 3 * next(iter(looked_at._looks.values())).embeddings.nbytes)
    texts(engine, ask, range(6), QUESTIONS[:1])
    assert 1 < len(looked_at._looks) < 6
    assert looked_at._bytes == sum(look.embeddings.nbytes for look in looked_at._looks.values())
    looks.clear()
    texts(engine, ask, [0], QUESTIONS[:1])
    assert looks == [False]


def test_a_family_that_takes_nothing_back_is_looked_at_each_time(engine, ask, looks, monkeypatch):
    """A difference, or an error, the first time settles it."""
    embed = mlx_vlm_api.embed

    def deaf(model, inputs, *, features=None):
        if features is not None:
            message = "unexpected keyword argument"
            raise TypeError(message)
        return embed(model, inputs)

    looked_at = engine._scheduler._decoder._looked_at
    monkeypatch.setattr(looked_at, "_is_proven", False)
    monkeypatch.setattr(looked_at, "_is_possible", True)
    monkeypatch.setattr(mlx_vlm_api, "embed", deaf)
    assert len(texts(engine, ask, [3])) == len(QUESTIONS)
    assert not looked_at._is_possible
    assert not looked_at._looks


@pytest.mark.parametrize(
    ("rows", "token_ids", "image_token"),
    [(4, [1, 2, 2, 3], 7), (4, [1, 2, 2, 3], None), (9, [1, 2, 2, 3], 2)],
    ids=["the picture's token is absent", "the family has none", "rows are not the tokens"],
)
def test_what_cannot_be_found_in_the_embeddings_is_not_taken_from_them(
    engine, monkeypatch, rows, token_ids, image_token
):
    """Every question is embedded anew, and none fails."""
    import mlx.core as mx

    from vlmkit.engines.decoding import LookedAt

    def work():
        monkeypatch.setattr(mlx_vlm_api, "embed", lambda _model, _inputs: {"inputs_embeds": mx.zeros((1, rows, 8))})
        looked_at = LookedAt(None)
        return [looked_at.embed({}, token_ids, ("digest",), image_token)["inputs_embeds"].shape for _ in range(3)]

    assert desk().call(work) == [(1, rows, 8)] * 3
