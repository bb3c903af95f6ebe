"""Words and letters that say how many, and what they are worth; and those that are known to say something else."""

from __future__ import annotations

from decimal import Decimal

__all__ = [
    "COUNTING",
    "FRACTIONS",
    "HALVED",
    "HUNDRED",
    "NO_UNITS",
    "ORDINALS",
    "SCALES",
    "SCALE_CHARACTERS",
    "TENS",
    "TOUCHING_SCALES",
    "UNITS",
]


def _words(text: str) -> list[str]:
    return text.split()


_SMALL = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
UNITS = {word: Decimal(value) for value, word in enumerate(_SMALL)}
TENS = {
    word: Decimal(10 * value)
    for value, word in enumerate(_words("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
} | {"fourty": Decimal(40)}
HUNDRED = ("hundred", "百")
SCALES = {
    word: Decimal(scale)
    for scale, words in {
        12: "dozen",
        10**3: "thousand tausend 千",
        10**4: "万 萬",
        10**5: "lakh lakhs lac",
        10**6: "million millions millionen millones milioni milhões mio mln mn",
        10**7: "crore crores",
        10**8: "亿 億",
        10**9: "billion billions bn milliarde milliarden milliards miliardi mrd",
        10**12: "trillion trillions tn",
    }.items()
    for word in _words(words)
}
SCALE_CHARACTERS = frozenset("百千万萬亿億")
"""Those that follow figures without a space."""
TOUCHING_SCALES = {"k": Decimal(1000), "K": Decimal(1000), "M": Decimal(10**6), "B": Decimal(10**9)}
"""Only where they touch the figure: "5 M" may be metres, an "M" may be anything."""
NO_UNITS = frozenset(_words("x X D d am pm AM PM G p i e E"))
"""Letters behind a figure that make it something else than a quantity: 2x, 3D, 7pm, 5G, 1080p."""
FRACTIONS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "quarters": Decimal("0.25")}
HALVED = frozenset(
    _words("left right upper lower top bottom other first second third the each this that front back rear")
)
"""Before "half" they make a place of it: the left half of a picture."""
ORDINALS = frozenset(
    _words("first second third fourth fifth sixth seventh eighth ninth tenth hundredth thousandth millionth")
)
COUNTING = frozenset(
    _words(
        """dozens hundreds thousands thirds fourths fifths sixths eighths tenths twice thrice nan infinity infinite
        zwei drei vier fünf sechs sieben acht neun zehn zwölf hundert
        deux trois quatre cinq huit neuf onze douze
        tres cuatro cinco seis siete ocho nueve doce
        tre quattro cinque sette otto nove dieci
        dois duas três quatro sete oito dez
        twee drie vijf zes zeven negen tien"""
    )
)
"""They say how many and are not understood; none of them is an English word for something else."""
