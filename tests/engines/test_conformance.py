"""A model that batches wrongly is found out before it serves, and the verdict is remembered."""

import numpy as np
import pytest

from vlmkit.engines.desk import desk
from vlmkit.errors import ModelLoadFailed


@pytest.fixture
def conformance(engine):
    """The module, imported where MLX may be."""
    return desk().call(lambda: __import__("vlmkit.engines.conformance", fromlist=["conformance"]))


@pytest.fixture
def language(engine):
    return engine._language


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "vlmkit" / "conformance"


def test_a_model_that_batches_rightly_gets_the_shared_batch(conformance, language, cache):
    """No difference, as many slots as wanted."""
    decoder, why = desk().call(lambda: conformance.decoder_for(language, {"model_type": "smolvlm"}, 5))
    assert (type(decoder).__name__, decoder.slots, why) == ("SharedBatch", 5, "")


def test_a_batch_that_writes_other_tokens_is_found(conformance, language, cache, monkeypatch):
    """From the third step on every row is one token off: the model is served one by one, and told why."""
    honest = conformance.SharedBatch.step
    steps = []

    def step(self):
        steps.append(len(self))
        return [(row, token + (len(steps) > 2)) for row, token in honest(self)]

    monkeypatch.setattr(conformance.SharedBatch, "step", step)
    decoder, why = desk().call(lambda: conformance.decoder_for(language, {}, 5))
    assert (type(decoder).__name__, decoder.slots) == ("OneByOne", 1)
    assert why == "a batch writes another token 3 than plain generation"
    assert steps == [2] * conformance.TOKENS


def test_rows_mixed_up_are_found(conformance, language, cache, monkeypatch):
    """The two probes differ enough that swapping them shows."""
    honest = conformance.SharedBatch.step
    monkeypatch.setattr(conformance.SharedBatch, "step", lambda self: [(1 - row, token) for row, token in honest(self)])
    assert "another token 1 than" in desk().call(lambda: conformance.difference(language))


def test_a_batch_that_fails_is_found(conformance, language, cache, monkeypatch):
    """Whatever it raises."""
    monkeypatch.setattr(conformance.SharedBatch, "admit", lambda *_: int("no"))
    why = desk().call(lambda: conformance.difference(language))
    assert why.startswith("a batch fails with ValueError: invalid literal")


def test_what_the_model_holds_of_each_token_is_compared(conformance):
    """A little wrong is wrong, also where the tokens agree; rounding is not, nor are tokens nobody would choose."""
    scores = np.array([-1.0, -1.0005, -3.0, -20.0])

    def differ(*steps):
        plain = [conformance.TokenStep(token, scores) for token in (0, 1)]
        return conformance.first_difference(plain, [conformance.TokenStep(token, scores + off) for token, off in steps])

    assert differ((0, 0), (1, 1e-4)) == ""
    assert differ((0, 0), (1, 0.01)) == "in a batch log-probabilities of token 2 differ by 0.01 from plain generation"
    assert differ((0, np.array([0, 0, 0, 5.0])), (1, 0)) == ""
    assert "token 1 differ" in differ((0, np.nan), (1, 0))


def test_after_a_tie_nothing_is_compared(conformance):
    """Two tokens equally likely up to rounding: from there on the rows answer different beginnings; not before."""
    scores = np.array([-1.0, -1.0000001])
    plain = [conformance.TokenStep(0, scores), conformance.TokenStep(0, scores)]
    assert (
        conformance.first_difference(plain, [conformance.TokenStep(1, scores), conformance.TokenStep(0, scores + 9)])
        == ""
    )
    apart = np.array([-1.0, -1.1])
    why = conformance.first_difference([conformance.TokenStep(0, apart)], [conformance.TokenStep(1, apart)])
    assert why == "a batch writes another token 1 than plain generation"


def test_the_verdict_is_remembered_for_the_same_architecture(conformance, language, cache, monkeypatch):
    """Asked once; another configuration is asked anew."""
    asked = []
    monkeypatch.setattr(conformance, "difference", lambda _: asked.append(1) or "because")
    ask = conformance.remembered
    assert (
        desk().call(lambda: [ask(language, {"a": 1}), ask(language, {"a": 1}), ask(language, {"a": 2})])
        == ["because"] * 3
    )
    assert len(asked) == 2
    assert len(list(cache.iterdir())) == 2


def test_a_home_that_cannot_be_written_costs_nothing_but_time(conformance, language, tmp_path, monkeypatch):
    """The probe is asked again each time."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(conformance, "difference", lambda _: "why")
    assert desk().call(lambda: conformance.remembered(language, {})) == "why"


def test_a_model_that_cannot_answer_at_all_is_refused(conformance, language, cache, monkeypatch):
    """The caller hears it when the model is opened, not with every row."""
    monkeypatch.setattr(language, "processor", None)
    with pytest.raises(ModelLoadFailed, match="was loaded and cannot answer about a picture"):
        desk().call(lambda: conformance.decoder_for(language, {}, 5))
