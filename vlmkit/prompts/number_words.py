"""English words of numbers, and words beside a number that change it."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = [
    "ADDED_BEFORE",
    "ADDED_BEHIND",
    "AMBIGUOUS",
    "BOUND_AFTER",
    "BOUND_BEFORE",
    "FRACTIONS",
    "LISTED",
    "MONTHS",
    "NEGATIONS",
    "ORDINALS",
    "SCALES",
    "SMALL",
    "SUFFIXES",
    "TENS",
    "UNITS",
    "UNSURE_TAIL",
    "VAGUE",
]


def _words(text: str) -> list[str]:
    return text.split()


_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
SMALL = {word: number for number, word in enumerate(_words(_SMALL))}
"""Words below twenty."""

TENS = {
    word: 10 * number
    for number, word in enumerate(_words("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
} | {"fourty": 40, "ninty": 90}
"""Tens, also as they are often misspelled."""

SCALES = {
    "dozen": 12,
    "thousand": 10**3,
    "lakh": 10**5,
    "million": 10**6,
    "crore": 10**7,
    "billion": 10**9,
    "trillion": 10**12,
    "万": 10**4,
    "萬": 10**4,
    "億": 10**8,
    "亿": 10**8,
}
"""What a number is multiplied by."""

_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ORDINALS = {word: number for number, word in enumerate(_words(_ORDINALS), start=1)}
"""Places in an order; no counts, but parts of "two thirds" and "thirty-first"."""

FRACTIONS = {"half": 2, "halve": 2, "quarter": 4} | {word: n for word, n in ORDINALS.items() if n >= 3}
"""Denominators."""

SUFFIXES = {
    "k": Fraction(10**3), "K": Fraction(10**3), "M": Fraction(10**6), "mn": Fraction(10**6), "mln": Fraction(10**6),
    "mio": Fraction(10**6), "Mio": Fraction(10**6), "MM": Fraction(10**6), "B": Fraction(10**9), "bn": Fraction(10**9),
    "Bn": Fraction(10**9), "BN": Fraction(10**9),
}  # fmt: skip
"""Letters behind digits that multiply."""

UNITS = frozenset(
    _words(
        "mm cm dm km um µm nm in ft yd mi kg g mg lb lbs oz ms sec secs min mins h hr hrs hz khz mhz ghz px pt em "
        "mp kb mb gb tb w kw v l ml cl c f p mph kmh kph fps rpm dpi db deg usd eur gbp chf ct"
    )
)
"""Letters behind digits that only say of what."""

MONTHS = frozenset(
    _words(
        "january february march april june july august september october november december jan feb mar apr jun jul "
        "aug sep sept oct nov dec"
    )
)

VAGUE = frozenset(
    word.casefold()
    for word in _words(
        "trio duo quartet twice thrice dozens hundreds thousands millions billions "
        "trillions lakhs crores countless innumerable infinite infinitely infinity inf nan none nobody nothing "
        "neither nor zillion zillions gazillion gazillions myriad myriads quadrillion quintillion umpteen oodles "
        # Numbers of other languages: beside digits they may change them, and no grammar here reads them.
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf hundert tausend millionen milliarde milliarden "
        "mrd oder deux trois quatre cinq huit neuf dix mille milliers milliard milliards uno dos tres cuatro cinco "
        "siete ocho nueve diez cien ciento mil millones millón due tre quattro cinque sette otto nove dieci cento "
        "mila milione milioni dois três quatro sete oito dez milhão milhões два три четыре пять шесть семь восемь "
        "девять десять сто тысяча тысячи тысяч тыс миллион миллиона миллионов млн миллиард млрд или "
        "dutzend dutzende docena docenas centena centenas centenar centenares millar millares billón billones "
        "douzaine douzaines dizaine dizaines vingtaine vingtaines centaine centaines dúzia dúzias dezena dezenas "
        "milhar milhares bilhão bilhões dozzina dozzine decina decine centinaio centinaia migliaio migliaia miliardo "
        "miliardi dozijn honderd duizend miljoen miljard tusen tusind hundra dussin dusin miljon miljoner millioner "
        "miljarder milliarder tuhat tuhatta miljoona miljoonaa tuzin tuziny tysiąc tysiące tysięcy tys milion miliony "
        "milionów miliard miliardów mld tucet tucty tisíc tisíce milionů miliarda miliardy ezer millió milliárd tucat "
        "mie mii milioane duzină düzine yüz milyon milyar lusin puluh ratus ribu juta miliar triliun nghìn ngàn triệu "
        "tỷ tỉ vạn trăm chục tá дюжина дюжины дюжин десяток десятка десятков сотня сотни сотен миллионы миллиарда "
        "миллиардов тисяча тисячі тисяч мільйон мільйони мільйонів мільярд χιλιάδα χιλιάδες εκατομμύριο εκατομμύρια "
        "ντουζίνα אלף אלפים מיליון ألف آلاف مئة مائة مليون ملايين مليار دزينة هزار میلیون میلیارد ہزار لاکھ کروڑ سو "
        "درجن ارب लाख करोड़ हजार हज़ार सौ दर्जन अरब হাজার লাখ লক্ষ কোটি শত ডজন พัน หมื่น แสน ล้าน โหล"
    )
)
"""Words that make any number beside them doubtful."""

AMBIGUOUS = re.compile(
    r"\b(?:and|plus|or|with)(?: (?:at least|maybe|perhaps|possibly|even|also|then|a|an|some|many|probably|about))*"
    r" (?:couple|few|several|pairs?|another|additional|more|extra|many|most|one more|others?)\b"
    r"|\b(?:or|and) (?:maybe|perhaps|possibly|even) |\banother\b|\bor (?:less|fewer|above|below|higher|lower"
    r"|greater|not)\b"
    r"|\b(?:couples?|pairs?) (?:of|more)\b|\b(?:do not|don't) know\b|\b(?:not|un) ?(?:sure|certain)\b"
    r"|\b(?:can't|cannot|can not|hard to|difficult to|impossible to|unable to) (?:tell|say|determine|count|know)\b"
    r"|\btoo many\b|\bmore or less than\b"
    r"|\b(?:maybe|perhaps|possibly|probably|likely|may be|might be|could be) (?:\w+ ){0,2}?(?:more|fewer|others?"
    r"|additional|less)\b|\bmore (?:may|might|could)\b"
    r"|(?:[02-9]|\d\d) bin\b"  # a thousand in Turkish; one bin may stand in an English street
)
"""Talk of more, or of fewer."""

BOUND_BEFORE = re.compile(
    r"\b(?:at (?:least|most|minimum|maximum|the very least)|(?:more|less|fewer|greater|higher|lower|bigger"
    r"|smaller|other|rather"
    r"|larger) than|up to|upwards? of|over|under|above|below|beyond|exceed\w*|(?:minimum|maximum) of|min|max"
    r"|as (?:many|few|much"
    r"|little) as|twice|double|triple|halfway|between|unlike|except|excluding|without|before|after|until|past"
    r"|several|few|couple|pair|many|some|every|times|plus|quarter (?:to|of|till|past)"
    r"|(?:roots?|squares?|cubes?|factorial|log(?:arithm)?|multiples?|powers?|percent(?:age)?|fraction|majority|most"
    r"|remainder|opposite|reciprocal|absolute value) of|(?<!that )(?<!this )(?<!some )(?<!the )point)$"
)
"""What makes the number right behind it a bound, or another number."""

BOUND_AFTER = re.compile(
    r"(?:at (?:least|most)|or (?:more|so many|many|over|up)|and (?:counting|up|over|more)|plus|minus|minimum"
    r"|maximum|max|min"
    r"|squared|cubed|grand|gross|score|pairs?|couples?|sets of|times (?:as|more|the|that|larger|bigger|less"
    r"|smaller|faster)"
    r"|[ap] ?\.? ?m\b|something|odd|ish|some|to the power|out of|of (?:the )?\d|past|to go|fold|halves|"
    r"(?:is|was|are|were|would be|seems|looks)(?: (?:\w+ly|probably))? (?:not|wrong|incorrect|impossible|too)"
    r"|(?:is|was|are|were)n't"
    r"|mill?i?ards?|tausend|mille?|thousandths?|hundredths?|millionths?|tenths|\w+(?:teen|tie)ths?)\b"
)
"""What changes the number right before it."""

_CLAUSE = r"(?:(?!\s[-–]\s)[^.;:!?\n()\[\]{}—|…\"])*?"  # what is listed behind a colon was counted
_JOINS = r"(?:\b(?:and|plus|besides|as well as|(?:along|together) with|in addition to|und|sowie|et|y|e|en)|[&+])"
_SOME = r"(?:an?|some|several|many|one|eine?[mnrs]?|einige|une?|una|des|um|uma|een)"
ADDED_BEHIND = re.compile(
    rf"{_CLAUSE}(?:{_JOINS}|,) (?:(?:also|then|maybe|perhaps|possibly|even) )?{_SOME} \w"
    rf"|,? [\w'-]+ (?:and|&|plus) [\w'-]+\W*(?:[.;:!?\n]|$)"
)
"""Something else that is counted, named without a number behind one: "two cars and a truck", "one man and woman"."""

ADDED_BEFORE = re.compile(rf"\b{_SOME} \w{_CLAUSE},? ?{_JOINS} $")
"""The same before one: "a truck and two cars"."""

LISTED = re.compile(
    r"(?: [\w'-]+){0,3}? (?:people|persons|individuals|humans|adults|children|figures|characters|animals|creatures|pets"
    r"|vehicles|objects|items|things|elements|shapes|pieces|fruits|vegetables|colou?rs)\b"
    r"(?:(?: [\w'-]+){0,6}),((?:(?:,| and|, and)? an? [\w'-]+(?: (?!and\b)[\w'-]+)*)+)\W*(?:[.;:!?\n]|$)"
)
"""What a general word behind a number sums up: "three people, a man, a woman and a child"."""

UNSURE_TAIL = frozenset({"odd", "something", "ish", "plus", "some", "fold", "ths", "th", "st", "nd", "rd"})
"""What a hyphen may tie to a number so that it is none."""

NEGATIONS = re.compile(r"\b(?:not|never|cannot|without|hardly|barely|scarcely|instead|rather|except|unlikely|\w+n't)\b")
