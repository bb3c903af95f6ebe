"""The phrasings cover the same kinds in both tables and agree with what vlmkit itself sends."""

import random
import re
from string import Formatter

from vlmkit.prompts.styles import style_prompt
from vlmkit.tiny import phrasings, wordings
from vlmkit.tiny.paraphrases import PARAPHRASES


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def words(text):
    return set(re.findall(r"[a-z]+", text.lower()))


def test_trained_and_held_out_tables_have_the_same_kinds_and_placeholders():
    """Evaluation with unseen words asks for nothing that training does not."""
    assert phrasings.PHRASINGS.keys() == phrasings.HELD_OUT.keys()
    for kind, texts in phrasings.PHRASINGS.items():
        wanted = fields(texts[0])
        assert all(fields(text) == wanted for text in [*texts, *phrasings.HELD_OUT[kind]]), kind
        assert not set(texts) & set(phrasings.HELD_OUT[kind])
        assert phrasings.HELD_OUT[kind], kind


def test_no_trained_phrasing_has_words_that_are_kept_back():
    """And every phrasing that is kept back has some."""
    for table, kept_back in ((phrasings.PHRASINGS, False), (phrasings.HELD_OUT, True)):
        for texts in table.values():
            assert all(wordings.is_kept_back(text) is kept_back for text in texts)


def test_the_styles_of_vlmkit_are_the_ones_trained_on():
    """A changed default prompt must be trained again, or changed back."""
    assert {name: style_prompt(name) for name in phrasings.STYLE_PROMPTS} == phrasings.STYLE_PROMPTS


def test_sentences_that_are_kept_back_are_made_of_known_words():
    """At most one word of each was never trained: what is tested is another order, not another language."""
    rng = random.Random(0)
    known: set[str] = set()
    for kind, table in phrasings.PHRASINGS.items():
        for _ in range(600):
            known |= words(
                rng.choice([PARAPHRASES[kind].draw(rng), rng.choice(wordings.MORE[kind]), rng.choice(table)])
            )
    for kind, texts in phrasings.HELD_OUT.items():
        assert all(len(words(text) - known) <= 1 for text in texts), kind
