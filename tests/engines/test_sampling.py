"""The next token depends on the row's logits, its settings, its seed and its position, and on nothing else."""

import numpy as np
import pytest

from vlmkit.engines.desk import desk
from vlmkit.records import Sampling

LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.07, 0.03], np.float32))


def chosen(**sampling):
    from vlmkit.engines.sampling import choose

    before = sampling.pop("before", [])
    return desk().call(lambda: choose(LOGITS, Sampling(**sampling), before))


def frequencies(**sampling):
    from vlmkit.engines.sampling import choose

    draws = desk().call(lambda: [choose(LOGITS, Sampling(seed=seed, **sampling), []) for seed in range(4000)])
    return np.bincount(draws, minlength=5) / len(draws)


@pytest.fixture(autouse=True)
def mlx_on_the_desk():
    """Sampling imports mlx, which the desk has to do."""
    desk().call(lambda: __import__("vlmkit.engines.sampling"))


def test_temperature_zero_takes_the_likeliest():
    """Greedy is what 0 means, whatever the seed and filters."""
    assert {chosen(seed=seed, top_p=0.1, top_k=1) for seed in range(5)} == {0}


def test_draws_follow_the_models_distribution():
    """4000 seeds give the softmax up to chance (four standard deviations)."""
    expected = np.exp(LOGITS)
    deviation = 4 * np.sqrt(expected * (1 - expected) / 4000)
    assert (abs(frequencies(temperature=1.0) - expected) < deviation).all()


def test_temperature_sharpens_and_flattens():
    """Half the temperature squares the odds."""
    squared = np.exp(2 * LOGITS) / np.exp(2 * LOGITS).sum()
    assert abs(frequencies(temperature=0.5) - squared).max() < 0.03


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"top_k": 2}, 2),
        ({"top_k": 99}, 5),
        ({"top_p": 0.5}, 1),
        ({"top_p": 0.51}, 2),
        ({"top_p": 0.9}, 3),
        ({"top_k": 3, "top_p": 0.8}, 2),
    ],
)
def test_filters_keep_the_smallest_set_of_likeliest_tokens(filters, allowed):
    """What a filter keeps stays in its proportions, the rest never comes up."""
    found = frequencies(temperature=1.0, **filters)
    assert (found[:allowed] > 0).all()
    assert not found[allowed:].any()
    expected = np.exp(LOGITS[:allowed]) / np.exp(LOGITS[:allowed]).sum()
    assert abs(found[:allowed] - expected).max() < 0.03


def test_the_same_seed_and_place_give_the_same_token_and_others_do_not():
    """The draw is a function of seed and place."""
    draws = {
        (seed, place): chosen(temperature=1.0, seed=seed, before=[9] * place) for seed in (3, 4) for place in range(40)
    }
    assert draws == {
        (seed, place): chosen(temperature=1.0, seed=seed, before=[9] * place) for seed in (3, 4) for place in range(40)
    }
    by_seed = [[draws[seed, place] for place in range(40)] for seed in (3, 4)]
    assert by_seed[0] != by_seed[1]
    assert len(set(by_seed[0])) > 1


def test_any_whole_number_is_a_seed():
    """Negative and very large seeds are taken, too."""
    assert chosen(temperature=1.0, seed=-1) == chosen(temperature=1.0, seed=2**64 - 1)


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits():
    """As CTRL has it: what was said becomes less likely on either side of zero."""
    from vlmkit.engines.sampling import choose

    logits = np.array([2.0, 1.5, -1.0], np.float32)
    sampling = Sampling(repetition_penalty=1.5)
    assert desk().call(lambda: choose(logits, sampling, [])) == 0
    assert desk().call(lambda: choose(logits, sampling, [0])) == 1
    negative = np.array([-1.0, -1.2], np.float32)
    assert desk().call(lambda: choose(negative, sampling, [0])) == 1


def test_a_row_sampler_leaves_only_its_choice_and_knows_its_probability():
    """After it, argmax over the row is the choice; probabilities are the model's own, before any filter."""

    def work():
        import mlx.core as mx

        from vlmkit.engines.sampling import RowSampler

        sampler = RowSampler(Sampling(temperature=1.0, top_k=2, seed=5), probabilities=True)
        rows = [
            sampler(mx.array([1, 2]), mx.array(LOGITS[None])),
            sampler.process_last_token(0, mx.array(LOGITS[None])),
        ]
        return [np.array(row) for row in rows], sampler.probabilities

    rows, probabilities = desk().call(work)
    for row, probability in zip(rows, probabilities, strict=True):
        assert row.shape == (1, 5)
        assert np.isfinite(row).sum() == 1
        assert probability == pytest.approx(float(np.exp(LOGITS[row.argmax()])), rel=1e-5)


@pytest.mark.parametrize(("chosen", "expected"), [(0, [1, 2]), (1, [0, 2]), (3, [0, 1])])
def test_alternatives_are_the_likeliest_others(chosen, expected):
    """Likeliest first, with their probabilities, without what was chosen and what may not follow."""

    def work():
        import mlx.core as mx

        from vlmkit.engines.sampling import RowSampler

        class Only:
            def allowed(self, size):
                return np.arange(size) == chosen

            def take(self, token):
                assert token == chosen

        free = RowSampler(Sampling(), probabilities=True, alternatives=2)
        free(None, mx.array(LOGITS[None] + 20 * (np.arange(5) == chosen)))
        bound = RowSampler(Sampling(), probabilities=True, alternatives=2, matcher=Only())
        bound(None, mx.array(LOGITS[None]))
        return free.alternatives, bound.alternatives

    (free,), (bound,) = desk().call(work)
    assert [token for token, _ in free] == expected
    assert free[0][1] > free[1][1] > 0
    assert bound == []


def test_only_plain_greedy_needs_no_sampler():
    """The batch's argmax is enough for it; everything else chooses for itself."""
    from vlmkit.engines.sampling import needs_sampler

    assert not needs_sampler(Sampling(), probabilities=False)
    assert needs_sampler(Sampling(), probabilities=True)
    assert needs_sampler(Sampling(temperature=0.1), probabilities=False)
    assert needs_sampler(Sampling(repetition_penalty=1.1), probabilities=False)


@pytest.mark.parametrize("extreme", [5e-324, 1e-300, 1e300])
def test_extreme_values_are_no_faults(extreme):
    """As clients may send them: no infinity, and no token without a probability."""
    assert chosen(temperature=min(extreme, 2.0), before=[4, 4, 3], repetition_penalty=extreme, seed=1) in range(5)
    assert chosen(temperature=1.0, before=[4, 4, 3], repetition_penalty=extreme, top_p=1e-9) in range(5)


def test_penalties_are_openai_s():
    """Each time a token stands in the answer costs it the one, that it stands there at all the other."""
    from vlmkit.engines.sampling import choose

    logits = np.array([5.0, 4.5, 4.0, 3.0], np.float32)
    chosen = [0, 0, 1]
    assert choose(logits, Sampling(), chosen) == 0
    assert choose(logits, Sampling(frequency_penalty=0.3), chosen) == 0
    assert choose(logits, Sampling(frequency_penalty=0.9), chosen) == 2
    assert choose(logits, Sampling(presence_penalty=0.4), chosen) == 0
    assert choose(logits, Sampling(presence_penalty=1.1), chosen) == 2
    assert choose(logits, Sampling(presence_penalty=-2.0), [3, 3]) == 0
    assert choose(logits, Sampling(frequency_penalty=-1.5), [3, 3]) == 3
    assert choose(logits, Sampling(frequency_penalty=2.0, presence_penalty=2.0), []) == 0


@pytest.mark.parametrize("option", ["frequency_penalty", "presence_penalty"])
def test_a_penalty_needs_a_sampler(option):
    """Greedy or not."""
    from vlmkit.engines.sampling import needs_sampler

    assert needs_sampler(Sampling(**{option: 0.1}), probabilities=False)
    assert not needs_sampler(Sampling(**{option: 0.0}), probabilities=False)
