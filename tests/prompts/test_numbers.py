"""The one number of an answer: figures, words, scales, fractions; and what leaves it in doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts import number_words
from vlmkit.prompts.numbers import read_decimal, read_float, read_integer, read_time


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("3.", 3),
        ("There are 3 circles.", 3),
        ("Three", 3),
        ("There are twelve of them", 12),
        ("3 circles; so the answer is 3", 3),
        ("one of them is blue: 4", 4),
        ("1,234,567 pixels", 1234567),
        ("-7", -7),
        ("−7 °C", -7),
        ("3.50", 3.5),
        ("about 2.5e-3 m", 0.0025),
        ("50%", 50),
        ("12cm", 12),
        ("**7**", 7),
        ("(7)", 7),
        ("0", 0),
        ("zero", 0),
    ],
)
def test_the_one_number_of_an_answer(text: str, number: float) -> None:
    """In digits or as a word, within a sentence or alone; digits stand above words."""
    assert read_float(text) == number
    if number == int(number):
        assert read_integer(text) == number
        assert isinstance(read_integer(text), int)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "many",
        "3 or 4",
        "3-4",
        "1/2",
        "1,5",
        "12,34",
        "1.2.3",
        "one or two",
        "no one",
        "MP3",
        "nan",
        "1e9999",
        "inf",
    ],
)
def test_no_number_or_several(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnreadableReply, match="expected a"):
        read_float(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("forty-two", 42),
        ("1 000 000", 1000000),
        ("999 999 999", 999999999),
        ("2⅔", 2 + 2 / 3),
        ("There are 2 dogs: 2 small dogs", 2),
        ("I see 3 birds. All 3 birds fly.", 3),
        ("thirty-two", 32),
        ("three hundred", 300),
        ("one thousand", 1000),
        ("two dozen", 24),
        ("a hundred and five", 105),
        ("2k", 2000),
        ("3M", 3000000),
        ("2 million", 2000000),
        ("1_000", 1000),
        ("1.5 million", 1500000),
        ("$2.5M", 2500000),
        ("2.5k", 2500),
        ("six and a half", 6.5),
        ("3½", 3.5),
        ("1 234,56", 1234.56),
        ("3 (three)", 3),
        ("half a dozen", 6),
        ("half a million", 500000),
        ("one and a half million", 1500000),
        ("twenty one", 21),
        ("one hundred twenty-three", 123),
        ("two thousand and five", 2005),
        ("one thousand two hundred and five", 1205),
        ("3 1/2", 3.5),
        ("1.234,56", 1234.56),
        ("1'234", 1234),
        ("1\u202f234", 1234),
        ("There are no more than... I count 4", 4),
        ("Count: 5", 5),
        ("count=5", 5),
        ("5 dogs, not counting the puppy", 5),
        ("No, 3 dogs", 3),
        ("approximately 40", 40),
        ("~12", 12),
        ("minus seven", -7),
        ("negative 3", -3),
        ("3 dozen", 36),
        ("£1,250.50", 1250.5),
        ("2 and a half", 2.5),
        ("two and three quarters", 2.75),
        ("½", 0.5),
        ("3万", 30000),
        ("There are 3 circles in the left half of the picture.", 3),
        ("A couple is holding 3 balloons.", 3),
        ("a two-story house with 8 windows", 8),
        ("٣", 3),
        ("３", 3),
        ("The sign shows 5 km", 5),
        ("I see 3.", 3),
        ("Answer: **12**", 12),
        ("a dozen eggs", 12),
        ("nineteen", 19),
        ("ninety-nine", 99),
        ("one hundred thousand", 100000),
        ("1.5e6", 1500000),
        ("+5", 5),
        ("-$5", -5),
        ("2 hundred", 200),
        ("two hundred and fifty thousand", 250000),
        ("#3", 3),
        ("5,000", 5000),
        ("- 3 dogs", 3),
        ("* 3 dogs", 3),
        ("12 %", 12),
        ("3 lakh", 300000),
        ("€3.5bn", 3500000000),
        ("2.5 billion", 2500000000),
        ("fifteen hundred", 1500),
        ("There's just one dog.", 1),
        ("only one", 1),
        ("There is one of them.", 1),
        ("In total, I can count 17 people in the image.", 17),
        ("100,000", 100000),
    ],
)
def test_a_number_is_understood_whole(text: str, number: float) -> None:
    """Scales, groups, fractions, hyphens, signs, currencies and units; what says nothing about how many is passed."""
    assert read_float(text) == number
    if number == int(number):
        assert read_integer(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "0x10",
        "two score",
        "1 man and 1 woman",
        "1 man, 1 woman",
        "two cats and two dogs",
        "3 3",
        "100 100",
        "2x3",
        "2 x 3",
        "3 to 5",
        "between 3 and 5",
        "at least 3",
        "more than 5",
        "3+",
        "10+",
        "over 100",
        "two dogs and 3 cats",
        "10:30",
        "2024-01-01",
        "not 3",
        "There aren't 3 dogs",
        "dozens",
        "hundreds of birds",
        "a couple of dogs",
        "3 pairs of shoes",
        "nineteen ninety-five",
        "twenty-first",
        "10^3",
        "10³",
        "1e99999",
        "4/5",
        "4 out of 5",
        "3 Hunde und zwei Katzen",
        "five and six",
        "two three",
        "2 k",
        "192.168.1.1",
        "12/05/2024",
        "3D",
        "5pm",
        "I don't know, maybe 3",
        "fewer than 10",
        "<5",
        ">3",
        "twice",
        "5 ± 1",
        "two or three",
        "3 hundred 200 thousand",
        "several hundred",
        "COVID-19",
        "3;4",
        "3, 4 and 5",
        "infinity",
        "2-3 dogs",
        "three to five",
        "up to 10",
        "3 dogs, 2 of them brown",
        "1 million and a half",
        "3 and a couple of others",
        "zwei",
        "3 deux",
        "5 times 3",
        "5 plus 2",
        "3 people: one with a hat",
    ],
)
def test_what_could_change_a_number_is_doubt(text: str) -> None:
    """Bounds, ranges, products, dates, times, second numbers, words of another language, negations, names."""
    with pytest.raises(UnreadableReply, match="expected a number, got "):
        read_float(text)


@pytest.mark.parametrize(
    "text",
    [
        *("3 Dutzend", "2 docenas", "3 douzaines", "2 dúzias", "2 dozzine", "3 dozijn", "2 lusin", "3 dussin"),
        *("3 Tausend", "3 duizend", "2 mila", "2 mil", "3 mille", "2 ribu", "2 bin", "2 nghìn", "3 tysiące", "3 tusen"),
        *("3 miljoen", "3 juta", "2 milyon", "2 triệu", "3 miliony", "3 millió", "2 milioane", "3 miljoona", "2 ล้าน"),
        *("2 тысячи", "3 дюжины", "2 мільйони", "2 χιλιάδες", "3 آلاف", "3 ملايين", "2 ہزار", "2 هزار", "2 אלף"),
        *("2 हजार", "3 लाख", "2 दर्जन", "2 হাজার", "3 ডজন", "2打", "3ダース", "2 다스", "3双", "2 쌍"),
    ],
)
def test_a_multiplier_of_another_language_is_doubt(text: str) -> None:
    """A dozen, a thousand, a million behind digits, whoever writes them; the digits alone would be wrong."""
    with pytest.raises(UnreadableReply, match="expected a whole number, got "):
        read_integer(text)


@pytest.mark.parametrize(
    "text",
    [
        "3 visible, maybe more",
        "3, possibly a few more",
        "4, but there could be others",
        "3 (there might be more)",
        "at least I see 3; more may be hidden",
        "nought point five",
        "o point five",
        "point five",
        "quarter to five",
        "quarter past five",
        "the square root of 4",
        "the cube root of 27",
        "most of 5",
        "a multiple of 3",
        "the opposite of 5",
        "5G",
        "5 G",
    ],
)
def test_what_is_said_of_a_number_may_make_it_another(text: str) -> None:
    """More that may be there, decimals without a number before them, the time, roots, mobile networks."""
    with pytest.raises(UnreadableReply, match="expected a number, got "):
        read_float(text)


@pytest.mark.parametrize(("text", "number"), [("1 bin", 1), ("2 bins", 2), ("5 g", 5), ("3 नीली कारें", 3)])
def test_what_looks_like_a_multiplier_may_be_a_thing(text: str, number: int) -> None:
    """One bin is a thing; two bin are two thousand, in Turkish."""
    assert read_integer(text) == number


@pytest.mark.parametrize("text", ["1.000", "12.000", "There are 2.000 people.", "Total: 999.000"])
def test_thousands_with_a_point_are_no_small_whole_number(text: str) -> None:
    """They are a thousand in half of the world; a float of three decimals is one."""
    with pytest.raises(UnreadableReply, match="expected a whole number, got "):
        read_integer(text)
    assert read_integer("3.0") == 3
    assert read_float("3.000") == 3


@pytest.mark.parametrize("text", ["3.5", "9223372036854775808", "-9999999999999999999", "1e300"])
def test_not_a_whole_number_or_too_large_for_a_column(text: str) -> None:
    """A column of Int64 must take every value that is read."""
    assert isinstance(read_float(text), float)
    with pytest.raises(UnreadableReply, match="expected a whole number"):
        read_integer(text)


def test_whole_numbers_are_exact() -> None:
    """No way over floating point, which would round this one."""
    assert read_integer("9007199254740993") == 9007199254740993
    assert read_integer("9,223,372,036,854,775,807") == 2**63 - 1


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """No answer of a model can end a run."""
    readers = (read_integer, read_float)
    for reader in readers:
        try:
            value = reader(text)
        except UnreadableReply:
            continue
        assert isinstance(value, bool | int | float | str)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_integer_of_a_column_can_be_read(number: int) -> None:
    """Plain, grouped, and in a sentence."""
    assert read_integer(f"{number}") == read_integer(f"{number:,}") == read_integer(f"I see {number}.") == number


UNITS = list(number_words.SMALL)
TENS = list(number_words.TENS)
SENTENCES = ["{}", "There are {} of them.", "{}!"]
BETWEEN = [" or ", ", ", " to ", " and ", "-", "/", " x ", "; "]
WEIGHTS = ["{}", "{} kg", "It weighs {} kg.", "**{}**"]


def in_words(number: int, joint: str = " and ") -> str:
    """A whole number below a billion in English words."""
    for scale, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            above, rest = divmod(number, scale)
            behind = (joint if rest < 100 else " ") + in_words(rest, joint) if rest else ""
            return f"{in_words(above, joint)} {name}{behind}"
    if number < 20:
        return UNITS[number]
    return TENS[number // 10 - 2] + (f"-{UNITS[number % 10]}" if number % 10 else "")


@pytest.mark.parametrize(
    "text",
    [
        *["two cars and a truck", "two cars, a truck", "Two cars, a truck and a bus.", "2 cars and 1 truck"],
        *[
            "two cars, one truck",
            "a truck and two cars",
            "2 cars & a truck",
            "2 cars + a truck",
            "one car and one truck",
        ],
        *[
            "There is a man and 2 dogs.",
            "I see an apple and three oranges",
            "two dogs plus a cat",
            "2 knives and forks",
        ],
        *["2 men as well as a child", "three birds along with a squirrel", "There are 2 cats and also a dog in it."],
        *["two cars and some trucks", "two cars on the road and a truck", "3 red cars and a blue one", "1 boat, 1 oar"],
        *["two women and an infant", "12 cups and a teapot", "one man and woman", "a cat, a dog and two birds"],
        *["two men and two women", "Answer: 4 chairs and a table", "5 people, a dog and a cat", "4 circles, 4 squares"],
        *[
            "2 Autos und ein Bus",
            "ein Bus und 2 Autos",
            "2 chiens et un chat",
            "3 perros y una gata",
            "2 auto's en een bus",
        ],
    ],
)
def test_two_counted_nouns_are_doubt(text):
    """Whether the one or both were to be counted, nobody knows."""
    with pytest.raises(UnreadableReply):
        read_integer(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("two cars", 2), ("2 red cars", 2), ("There are two cars with a trailer.", 2), ("3 birds in a tree", 3)],
        *[("2 black and white dogs", 2), ("I count 4 chairs around a table.", 4), ("Two: a cat and a dog.", 2)],
        *[("Two animals (a cat and a dog).", 2), ("two people, a man and a woman", 2), ("Two people sit and talk.", 2)],
        *[("three people, a man, a woman, and a child", 3), ("There are 2 dogs. A cat and a bird are there, too.", 2)],
        *[
            ("I see a car and a truck, so 2", 2),
            ("a hundred and two", 102),
            ("The street is a mess and I count 5 cars.", 5),
        ],
        *[("Two big, shiny and clean cars", 2), ("In the image, there are four people sitting and eating.", 4)],
    ],
)
def test_one_counted_noun_is_a_number(text, number):
    """With what it looks like, where it is, or what it sums up."""
    assert read_integer(text) == number


@given(st.integers(0, 10**9 - 1), st.sampled_from([" and ", " "]), st.sampled_from(SENTENCES))
def test_every_number_in_words_is_read_as_itself(number: int, joint: str, sentence: str) -> None:
    """British with "and", American without, alone or in a sentence."""
    assert read_integer(sentence.format(in_words(number, joint))) == number


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.sampled_from(BETWEEN),
)
def test_two_different_numbers_are_never_one(one: int, other: int, between: str) -> None:
    """Unless a comma makes thousands of them."""
    if one == other:
        return
    with pytest.raises(UnreadableReply):
        read_integer(f"{one}{between}{other}")


@given(
    st.decimals(-(10**9), 10**9, places=3, allow_nan=False),
    st.sampled_from(WEIGHTS),
)
def test_every_decimal_is_read_as_itself(number, sentence: str) -> None:
    """With a unit and in a sentence."""
    assert read_float(sentence.format(number)) == float(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("3.", 3),
        ("There are 3 circles.", 3),
        ("Three", 3),
        ("There are twelve of them", 12),
        ("3 circles; so the answer is 3", 3),
        ("1,234,567 pixels", 1234567),
        ("-7", -7),
        ("−7 °C", -7),
        ("3.50", 3.5),
        ("about 2.5e-3 m", 0.0025),
        ("50%", 50),
        ("12cm", 12),
        ("**7**", 7),
        ("(7)", 7),
        ("0", 0),
        ("zero", 0),
        ("forty-two", 42),
        ("thirty two", 32),
        ("three hundred", 300),
        ("one thousand", 1000),
        ("two dozen", 24),
        ("a hundred and five", 105),
        ("2k", 2000),
        ("3M", 3000000.0),
        ("2 million", 2000000.0),
        ("1_000", 1000),
        ("1.5 million", 1500000.0),
        ("$2.5M", 2500000.0),
        ("2.5k", 2500),
        ("six and a half", 6.5),
        ("3½", 3.5),
        ("1 234,56", 1234.56),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("1.234,56", 1234.56),
        ("1.234.567", 1234567),
        ("3 1/2", 3.5),
        ("½", 0.5),
        ("half", 0.5),
        ("half a dozen", 6),
        ("a dozen", 12),
        ("two and three quarters", 2.75),
        ("two thirds", 0.6666666666666666),
        ("three point one four", 3.14),
        ("minus five", -5),
        ("one hundred and twenty-three thousand four hundred and fifty-six", 123456),
        ("twelve hundred", 1200),
        ("3 (three)", 3),
        ("three (3)", 3),
        ("3. There are 3 dogs.", 3),
        ("No, there are 3.", 3),
        ("about 5", 5),
        ("~5", 5),
        ("approximately 1,200 people", 1200),
        ("There are exactly four dogs in the image.", 4),
        ("I can see 3 dogs", 3),
        ("The answer is 5.", 5),
        ("Answer: 5", 5),
        ("5 cm", 5),
        ("30 fps", 30),
        ("$4", 4),
        ("€ 5", 5),
        ("-$5", -5),
        ("12,5 %", 12.5),
        ("one million", 1000000.0),
        ("2.5 × 10^5", 250000.0),
        ("2.5 x 10⁵", 250000.0),
        ("1e3", 1000),
        (".5", 0.5),
        ("+5", 5),
        ("٣", 3),
        ("３", 3),
        ("There are 3 dogs that are not wearing collars.", 3),
        ("\\boxed{5}", 5),
        ("<answer>5</answer>", 5),
        ("There are 2 dogs and 3 cats, so the answer is 5.", 5),
        ("seventy", 70),
        ("ninety-nine", 99),
        ("12,34,567", 1234567),
        ("two and a half million", 2500000.0),
        ("five lakh", 500000.0),
        ("3只", 3),
        ("There is one dog.", 1),
        ("One", 1),
        ("- 3 dogs", 3),
        ("3 dogs.", 3),
        ("#5", 5),
        ("No. 5", 5),
        ("Number 5", 5),
        ("1080p", 1080),
        ("60 km/h", 60),
        ("60km/h", 60),
        ("5/month", 5),
        ("5 stars", 5),
        ("a 5-star hotel", 5),
        ("one third", 0.3333333333333333),
        ("one dog", 1),
        ("I count 4 people.", 4),
        ("Approximately 3 or so", 3),
        ("The number of people not wearing hats is 3", 3),
        ("zero dogs", 0),
        ("five hundred", 500),
        ("two hundred and fifty", 250),
        ("nineteen", 19),
        ("`7`", 7),
        ("_7_", 7),
        ('"7"', 7),
        ("'7'", 7),
        ("x = 5", 5),
        ("= 5", 5),
        ("Total: 5", 5),
        ("There are 3 dogs in the 2nd picture", 3),
        ("There are 3 people. The first is tall.", 3),
        ("10 000", 10000),
        ("1 000 000", 1000000),
        ("5 °C", 5),
        ("5 kg", 5),
        ("1,5 kg", 1.5),
        ("€1,50", 1.5),
        ("3 m", 3),
        ("3m", 3),
        ("5 minutes", 5),
        ("There are 12 (twelve) eggs", 12),
        ("3 dogs; there is no doubt", 3),
        ("How many dogs? 3", 3),
        ("3x", 3),
        ("I see three cats sitting on a sofa.", 3),
        ("six", 6),
        ("Sure, 3", 3),
        ("Of course! There are 3.", 3),
        ("1,234.5", 1234.5),
        ("a hundred", 100),
        ("one hundred", 100),
        ("hundred", 100),
        ("The value is 1.5.", 1.5),
    ],
)
def test_a_number_beside_units_and_politeness(text: str, number: float) -> None:
    """In digits, in words or in both; within a sentence or alone, beside units and politeness."""
    assert read_float(text) == number
    if number == int(number):
        assert read_integer(text) == number
        assert isinstance(read_integer(text), int)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "many",
        "3 or 4",
        "3-4",
        "1/2",
        "1,5",
        "12,34",
        "1.2.3",
        "one or two",
        "no one",
        "MP3",
        "nan",
        "1e9999",
        "inf",
        "0x10",
        "2x3",
        "2x2",
        "2 x 2",
        "2×2",
        "1+1",
        "1 + 1",
        "2 - 2",
        "1 dog and 1 cat",
        "one dog and one cat",
        "2 2",
        "2, 2",
        "2\n2",
        "Dogs: 2. Cats: 2.",
        "2 dogs. 2 cats.",
        "at least 3",
        "3+",
        "3 or more",
        ">3",
        "< 5",
        "more than 3",
        "up to 5",
        "not 3",
        "not three",
        "It is not 3",
        "isn't 3",
        "3 is not correct",
        "between 2 and 3",
        "2 to 3",
        "3 to 4",
        "2:30",
        "16:9",
        "5 pm",
        "2024-01-05",
        "January 5",
        "5 May",
        "192.168.0.1",
        "a couple of dogs",
        "dozens",
        "hundreds of people",
        "dozens of 3",
        "3 dogs and another",
        "3 and a few more",
        "3 dogs and several",
        "two gazillion",
        "2 zwei",
        "3 oder vier",
        "2 mille",
        "三",
        "Ⅲ",
        "3²",
        "5'10\"",
        "5 ft 10 in",
        "3 out of 5",
        "3/5",
        "thirty-first",
        "3rd",
        "third",
        "twenty-something",
        "forty-odd",
        "60s",
        "1960s",
        "three thousandths",
        "one hundredth",
        "5 squared",
        "5 grand",
        "twice 3",
        "double 3",
        "3 times as many",
        "3?",
        "maybe 3?",
        "There are no dogs and 3 cats",
        "no dogs",
        "There are no dogs.",
        "none of them; 3 cats",
        "neither 3",
        "3 ± 1",
        "±3",
        "0,123",
        "100 200",
        "a couple hundred",
        "a pair",
        "640 480",
        "10 20",
        "3,000,00",
        "~~3~~ 4",
        "~~3~~",
        "2 pairs",
        "3, not 4",
        "3 No, 4",
        "3... wait, 4",
        "5m people",
        "2T",
        "300 K",
        "the big one",
        "this one",
        "1. 2 dogs",
        "1. cat\n2. dog",
        "2 dozen or so dozen",
        "one two three",
        "twenty twenty",
        "nineteen eighty-four",
        "two fifths of 3",
        "half full",
        "left half",
        "3e",
        "12e5e",
        "3 dogs, 2 of them brown",
        "MP3 x2",
        "v2",
        "3 to the power 2",
        "0.5.5",
        "½ ½",
        "3 and a pair of cats",
        "1,2",
        "5 degrees below zero",
        "3 minus 3",
        "5 minus 3",
        "a dozen and a half",
        "two hundred and a half",
        "over 3",
        "under 3",
        "3 at least",
        "twenty first",
        "quarter past 3",
        "2만",
        "3个半",
        "3 – 4",
        "3–4",
        "3—4",
        "five or six",
        "five-six",
        "5-6",
        "six/seven",
        "3 dogs or maybe none",
    ],
)
def test_no_number_several_or_doubt(text: str) -> None:
    """Bounds, ranges, negations, dates, names, words that multiply, and whatever no rule reads: nothing is guessed."""
    with pytest.raises(UnreadableReply, match="expected a"):
        read_float(text)


@given(st.integers(0, 10**9 - 1))
def test_every_number_in_words_is_read_whole(number: int) -> None:
    """With and without hyphens, with a capital, with what is counted."""
    words = in_words(number)
    for text in (words, words.replace("-", " "), f"{words.capitalize()}.", f"There are {words} dogs in the picture."):
        assert read_integer(text) == number


@given(st.integers(0, 999), st.sampled_from(["dozen", "thousand", "million", "billion"]))
def test_digits_may_stand_before_a_word(number: int, scale: str) -> None:
    """The word multiplies, whatever the digits are."""
    factor = {"dozen": 12, "thousand": 10**3, "million": 10**6, "billion": 10**9}[scale]
    assert read_integer(f"{number} {scale}") == number * factor
    assert read_float(f"{number}.5 {scale}") == (number + 0.5) * factor


@given(st.integers(1, 99), st.integers(1, 99))
def test_two_numbers_are_none(one: int, other: int) -> None:
    """Whatever stands between them, also where they are equal: each may count something else."""
    for text in (
        f"{one} cats and {other} dogs",
        f"{in_words(one)} or {other}",
        f"{one}, {in_words(other)}",
        f"{one}x{other}",
    ):
        with pytest.raises(UnreadableReply):
            read_float(text)


def test_a_very_long_answer_is_no_number() -> None:
    """It is refused at once, and takes no time by its length."""
    with pytest.raises(UnreadableReply):
        read_float("3 " * 100_000)


@pytest.mark.parametrize(
    ("text", "number"), [("12.50", "12.50"), ("$1,250.10", "1250.1"), ("twelve", "12"), ("about 3 cm", "3")]
)
def test_a_decimal_is_read_digit_for_digit(text, number):
    """Where it stands alone; else its value."""
    assert str(read_decimal(text)) == number


@pytest.mark.parametrize("text", ["a third", "3 or 4", "none", ""])
def test_what_is_no_one_decimal(text):
    """Such as one without an end."""
    with pytest.raises(UnreadableReply, match="expected a decimal number"):
        read_decimal(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("14:30", "14:30:00"),
        ("14:30:05", "14:30:05"),
        ("08:00:00.5", "08:00:00.500000"),
        ("2:30 PM", "14:30:00"),
        ("2:30pm.", "14:30:00"),
        ("12 am", "00:00:00"),
        ("12:15 p.m.", "12:15:00"),
        ("at 9 a.m., I think", "09:00:00"),
        ("14.30", "14:30:00"),
        ("14h30", "14:30:00"),
        ("The clock shows 10:10.", "10:10:00"),
        ("10:10 (that is 10:10 AM)", "10:10:00"),
        ("The 3 hands show 7:05", "07:05:00"),
    ],
)
def test_a_time_is_read(text, time):
    """On a clock of twelve or of 24 hours, with words around it."""
    assert read_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "14",
        "25:00",
        "14:70",
        "13:30 pm",
        "0 am",
        "10:10 or 1:50",
        "9:00-17:00",
        "14:30Z",
        "14:30 UTC",
        "14:30:00+02:00",
        "31.12.2024",
        "1:2:3",
        "1" * 5000 + " 14:30",
    ],
)
def test_what_leaves_doubt_is_no_time(text):
    """None, two of them, or one of another zone."""
    with pytest.raises(UnreadableReply, match="expected a time of day, got"):
        read_time(text)
