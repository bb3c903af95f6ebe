"""The contract with mlx_vlm, family by family: the engine's full batch writes what plain `generate` writes."""

import pytest

from tests.families.catalog import CORE, ONE_BY_ONE, RECIPES
from tests.families.drawing import picture
from vlmkit import sources
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Sampling

PICTURES = 10
ASKS = 12
TOKENS = 12
PROMPTS = ("What is it?", "Describe this image.", "Hi", "How many things are there, and where do they stand?")


def families():
    """Every family, the few quick ones marked to run always; two of them packed as well."""
    kinds = [(family, None) for family in RECIPES]
    kinds += [(family, bits) for family in ("smolvlm", "qwen3_vl") for bits in (4, 8)]
    return [
        pytest.param(
            family,
            bits,
            marks=pytest.mark.core_model if family in CORE and bits is None else pytest.mark.slow_test,
            id=family if bits is None else f"{family}-{bits}-bit",
        )
        for family, bits in kinds
    ]


def generated(engine, ask):
    """Text that mlx_vlm's own `generate` gives, greedy, with the engine's model and nothing else of the engine's."""
    language = engine._language

    def work():
        import mlx_vlm

        image = sources.decode(ask.pictures[0])
        text = language.prompt(ask.prompt, None, [image]).text
        result = mlx_vlm.generate(
            language.model, language.processor, text, image=[image], max_tokens=TOKENS, temperature=0.0
        )
        return language.decode([token for token in result.token_ids if token not in language.eos_token_ids])

    return desk().call(work)


@pytest.mark.parametrize(("family", "bits"), families())
def test_a_full_batch_writes_what_generate_writes(checkpoint_of, family, bits):
    """Ten pictures of different sizes, two asked about again, prompts of all lengths, eight slots: token by token."""
    asks = [
        Ask(
            pictures=(picture(which, size=(24 + 11 * (which % 4), 30 + 7 * (which % 3))),),
            prompt=PROMPTS[number % len(PROMPTS)],
            sampling=Sampling(max_tokens=TOKENS),
        )
        for number, which in ((number, number % PICTURES) for number in range(ASKS))
    ]
    with open_engine(str(checkpoint_of(family, bits)), slots=8) as engine:
        serving = "one by one" if family in ONE_BY_ONE else "batched"
        assert (engine.info.architecture, engine.info.serving) == (family, serving), engine.info.why_one_by_one
        futures = [engine.submit(ask) for ask in asks]
        texts = [future.result(120).text for future in futures]
        expected = [generated(engine, ask) for ask in asks]
    assert texts == expected
    assert len(set(expected)) > PICTURES / 2, "a family whose answers do not differ proves little"
