"""A picture that was looked at is not looked at again, and nothing in the answers tells."""

import pytest

from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.desk import desk

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
    from vlmkit.engines import features

    texts(engine, ask, [0], QUESTIONS[:1])
    looked_at = engine._scheduler._decoder._looked_at
    monkeypatch.setattr(features, "_MOST_BYTES", 3 * next(iter(looked_at._looks.values())).embeddings.nbytes)
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

    from vlmkit.engines.features import LookedAt

    def work():
        monkeypatch.setattr(mlx_vlm_api, "embed", lambda _model, _inputs: {"inputs_embeds": mx.zeros((1, rows, 8))})
        looked_at = LookedAt(None)
        return [looked_at.embed({}, token_ids, ("digest",), image_token)["inputs_embeds"].shape for _ in range(3)]

    assert desk().call(work) == [(1, rows, 8)] * 3
