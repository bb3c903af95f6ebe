"""The contract with mlx_vlm, family by family: the engine's full batch writes what it writes one after another."""

import pytest

from tests.families import differences, playing, recording
from tests.families.catalog import CORE
from tests.families.drawing import picture
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Sampling, one_question

PICTURES = 10
ASKS = 12
TOKENS = 12
PROMPTS = ("What is it?", "Describe this image.", "Hi", "How many things are there, and where do they stand?")


def families():
    """Every family, the few quick ones marked to run always; two of them packed as well."""
    made = []
    kinds = [(family, None) for family in recording.families()]
    kinds += [(family, bits) for family in ("smolvlm", "qwen3_vl") for bits in (4, 8)]
    for family, bits in kinds:
        marks = [pytest.mark.core_model if family in CORE and bits is None else pytest.mark.slow_test]
        if family in differences.UNREADABLE:
            marks.append(pytest.mark.xfail(reason="cannot be opened", strict=True))
        made.append(pytest.param(family, bits, marks=marks, id=family if bits is None else f"{family}-{bits}-bit"))
    return made


def alone(engine, ask):
    """Text that mlx_vlm's own generation gives, greedy, for the engine's prompt and nothing else of its."""
    from vlmkit.engines.decoding import OneByOne

    tokens = playing.play(engine, ask, OneByOne).tokens[:TOKENS]
    return engine._language.decode([token for token in tokens if token not in engine._language.eos_token_ids])


@pytest.mark.parametrize(("family", "bits"), families())
def test_a_full_batch_writes_what_generate_writes(checkpoint_of, family, bits):
    """Ten pictures of different sizes, two asked about again, prompts of all lengths, eight slots: token by token."""
    asks = [
        Ask(
            messages=one_question(
                PROMPTS[number % len(PROMPTS)], (picture(which, size=(24 + 11 * (which % 4), 30 + 7 * (which % 3))),)
            ),
            sampling=Sampling(max_tokens=TOKENS),
        )
        for number, which in ((number, number % PICTURES) for number in range(ASKS))
    ]
    with open_engine(str(checkpoint_of(family, bits=bits, legible=True)), slots=8) as engine:
        serving = "one by one" if family in differences.ONE_BY_ONE else "batched"
        assert engine.info.serving == serving, engine.info.why_one_by_one
        futures = [engine.submit(ask) for ask in asks]
        texts = [future.result(120).text for future in futures]
        expected = [alone(engine, ask) for ask in asks]
    assert texts == expected
    assert len(set(expected)) > PICTURES / 2, "a family whose answers do not differ proves little"
