"""Wordings by composition: verbs × nouns × details × pictures, with openers, courtesy, and slips of the pen.

Sentences are either trained or kept back. What is kept back is listed in `KEPT_BACK`, and no trained prompt has it; its
words are mostly known from other sentences. A model that answers it has learned what words mean, not which sentences it
was shown.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable

__all__ = ["CLOSERS", "KEPT_BACK", "MORE", "MORE_HELD_OUT", "OPENERS", "PICTURES", "compose", "is_kept_back", "wear"]

PICTURES = ("this image", "the image", "this picture", "the picture", "this scene", "the photo", "this drawing")

KEPT_BACK = (
    "sum up what is visible", "one short line about", "seen here, in a nutshell", "picture into one sentence",
    "in-depth, detailed account", "the details you notice", "everything that the image shows", "spell out every detail",
    "technical report on", "technical notes on", "technical datasheet for",
    "can you find here", "what's the total number of", "me a tally of", "be found here", "any sign of", "do you spot a",
    "can you find any", "looking at the", "would you call the background", "is the backdrop",
    "color was used for the", "has what color", "what hue is", "has what shape", "what geometric form",
    "is it large or small", "what are the dimensions", "tell me where the", "in what part of the image is",
    "what are the whereabouts", "tell me what is at", "the color behind the objects",
    "suggest some tags", "would you attach", "pick the matching tags", "produce a json object",
    "populate a json object",
    "fill in this form about", "populate these fields from the picture", "tell me who you", r"introduce yourself\.",
    "transcribe the text", "find a word here", "enclose the [a-z{} ]+ in a box", "enclose all [a-z{} ]+ in boxes",
    "with one point", "pinpoint all [a-z{} ]+, as a json list",
    "kindly answer", "quick question", "good evening", "as an expert", "much obliged", "cheers", "asap",
)  # fmt: skip
"""Patterns of the sentences, openers and closers that training never shows; in lower case."""
_KEPT_BACK = re.compile("|".join(KEPT_BACK))

OPENERS: dict[str, tuple[str, ...]] = {
    "trained": (
        "Please ", "Hi! ", "Hello, ", "Look at the picture. ", "Given this image: ", "Can you help? ",
        "I have a question. ",
        "Look closely. ", "Hey, ", "Question: ", "Task: ", "Look at this. ", "Dear model, ", "Here is a picture. ",
        "Now, ",
        "You are a helpful assistant. ", "You see a drawing. ", "For my class: ", "I am curious. ", "OK. ", "Q: ",
        "First, ",
    ),
    "held_out": ("Kindly answer. ", "A quick question: ", "Good evening. ", "As an expert, answer this. "),
}  # fmt: skip
CLOSERS: dict[str, tuple[str, ...]] = {
    "trained": (
        " Please.", " Thanks!", " Thank you.", "\n", " ", " Be precise.", " Be brief.", " No explanation.",
        " Think first.",
        " Look carefully.", " Answer in English.", " This is important.", " Only the answer.", " Answer:",
        " Be accurate.",
    ),
    "held_out": (" Much obliged!", " Cheers.", " I need it asap."),
}  # fmt: skip

_VERBS = ("Write", "Give", "Give me", "Make", "Create", "Compose", "I want", "I would like", "Could you write",
          "Can you give me", "Please write", "Draft", "Return", "Output")  # fmt: skip


def _all(*patterns: str, **parts: Iterable[str]) -> list[str]:
    """Fill each pattern's ``<name>`` with every part of that name; parts may hold ``<pic>``."""
    texts = list(patterns)
    for name, words in sorted(parts.items(), key=lambda part: part[0] == "pic"):
        texts = [text.replace(f"<{name}>", word) for text in texts for word in (words if f"<{name}>" in text else [""])]
    return list(dict.fromkeys(texts))


_pic = PICTURES
MORE: dict[str, list[str]] = {
    "brief": _all(
        "<verb> a <short> <text> of <pic>.", "<verb> a <text> for <pic>, <briefly>.", "What is in <pic>, <briefly>?",
        "<tell> what <pic> shows, <briefly>.", "<tell> what you see in <pic>.", "<say> <pic> <briefly>.",
        "What can you see in <pic>?", "What is <pic> of?", "What is drawn here?", "What is visible in <pic>?",
        verb=_VERBS, short=("short", "brief", "concise", "simple", "one-sentence"), text=("caption", "description",
        "summary"),
        briefly=("briefly", "in short", "in one sentence", "in a few words", "keep it short", "in brief"),
        tell=("Tell me", "Say", "Explain"), say=("Describe", "Summarize", "Caption", "Characterize"), pic=_pic,
    ),
    "detailed": _all(
        "<verb> a <long> <text> of <pic>.", "<say> <pic> <fully>.", "<say> all objects in <pic> <fully>.",
        "What is in <pic>? <more>", "Describe <pic>. <more>",
        "<say> every object in <pic>, with size, color and place.",
        verb=_VERBS, long=("long", "detailed", "thorough", "full", "complete", "comprehensive", "exhaustive",
        "precise"),
        text=("caption", "description", "summary"), fully=("in detail", "in full detail", "completely", "exhaustively"),
        say=("Describe", "Explain", "Go through"), pic=_pic,
        more=("Include all details.", "Leave nothing out.", "Be thorough.", "Say where everything is.",
        "Mention sizes and places.",
              "Use as many details as you can."),
    ),
    "technical": _all(
        "<verb> a technical <text> of <pic>.", "<say> <pic> in technical terms.", "<say> <pic> like an engineer.",
        "Technical <text> of <pic>.", "<verb> the technical facts of <pic>.",
        "<verb> a <text> of <pic> in technical style.",
        verb=_VERBS, text=("description", "caption", "summary", "overview", "specification"), say=("Describe",
        "Explain", "Caption"),
        pic=_pic,
    ),
    "count": _all(
        "<how> <noun> <where>?", "Count <all> <noun> in <pic>.", "<tell> how many <noun> there are.",
        "<noun> in total?",
        "<tell> the number of <noun> in <pic>.", "Please count the <noun>.", "What number of <noun> does <pic> have?",
        how=("How many", "What number of"), noun=("objects", "shapes", "things", "items", "figures"),
        where=("are drawn in <pic>", "are visible", "does <pic> contain", "can you see", "are shown here",
        "do you count"),
        all=("all", "the", "all the"), tell=("Tell me", "Say", "Give me"), pic=_pic,
    ),
    "count some": _all(
        "<how> {what} <where>?", "Count <all> {what} in <pic>.", "<tell> how many {what} there are.",
        "{what} in total?",
        "<tell> the number of {what} in <pic>.", "Please count the {what}.",
        "<tell> how many of the objects are {what}.",
        how=("How many", "What number of"), all=("all", "all the"), tell=("Tell me", "Say", "Give me"), pic=_pic,
        where=("are drawn in <pic>", "are visible", "does <pic> contain", "can you see", "are shown here",
        "do you count"),
    ),
    "is there": _all(
        "Is a {what} <seen>?", "<does> a {what}?", "Is there some {what} in <pic>?", "Is one of the objects a {what}?",
        "<tell> whether there is a {what}.", "A {what} in <pic>, yes or no?", "Is it true that there is a {what}?",
        "I think there is a {what}. Right?", "There is a {what} in <pic>. True?", "Was a {what} drawn?",
        seen=("visible in <pic>", "drawn in <pic>", "in <pic>", "shown", "there"), tell=("Tell me", "Say"),
        does=("Does <pic> include", "Does <pic> have", "Can you see", "Do we see", "Is <pic> showing"), pic=_pic,
    ),
    "are there": _all(
        "Are any {what} <seen>?", "Does <pic> include any {what}?", "Can you see any {what} in <pic>?", "Any {what}?",
        "<tell> whether there are any {what}.", "Are some of the objects {what}?", "Do any {what} appear in <pic>?",
        seen=("visible in <pic>", "drawn in <pic>", "in <pic>", "shown", "there"), tell=("Tell me", "Say"), pic=_pic,
    ),
    "is at": _all(
        "Is the object <at> {place} a {what}?", "Can you see a {what} <at> {place}?",
        "Is a {what} drawn <at> {place} of <pic>?",
        "At the {place}: is it a {what}?", "Is there a {what} in the {place} cell?", "Does the {place} have a {what}?",
        at=("at the", "in the"), pic=_pic,
    ),
    "is background": _all(
        "Is the ground {background}?", "Is {background} the color of the background?",
        "Is <pic> drawn on {background}?",
        "<tell> whether the background is {background}.", "Are the objects on {background}?",
        "Is it {background} in the back?",
        tell=("Tell me", "Say"), pic=_pic,
    ),
    "color": _all(
        "<which> color <is> the {what}<there>?", "<tell> the color of the {what}<there>.",
        "What is the {what}'s color?",
        "<tell> which color the {what} has.", "In which color is the {what} drawn?", "The {what}: which color?",
        which=("What", "Which"), there=("", " in <pic>", " here"), tell=("Tell me", "Say", "Give me", "State", "Name"),
        **{"is": ("is", "does one see on", "can you see on")}, pic=_pic,
    ),
    "color at": _all(
        "<tell> the color of the object at the {place}.", "<which> color does the <thing> <at> {place} have?",
        "What is the color <at> {place}?", "At the {place}, what color is the <thing>?",
        "In which color is the {place} <thing> drawn?",
        "The <thing> <at> {place}: which color?",
        tell=("Tell me", "Say", "Give me", "State", "Name"), which=("What", "Which"), thing=("object", "shape",
        "thing", "figure"),
        at=("at the", "in the"),
    ),
    "shape": _all(
        "<which> shape <is> the {what}<there>?", "<tell> the shape of the {what}<there>.",
        "What is the {what}'s shape?",
        "<tell> which shape the {what} has.", "What kind of shape is the {what}?", "The {what}: which shape?",
        "Is the {what} a circle, square, triangle, star or cross?", "What form does the {what} have?",
        "What figure is the {what}?",
        which=("What", "Which"), there=("", " in <pic>", " here"), tell=("Tell me", "Say", "Give me", "State", "Name"),
        **{"is": ("is", "does one see as")}, pic=_pic,
    ),
    "shape at": _all(
        "<tell> the shape of the object at the {place}.", "<which> shape does the <thing> <at> {place} have?",
        "What kind of shape is <at> {place}?", "At the {place}, what shape is the <thing>?",
        "The <thing> <at> {place}: which shape?",
        "Which figure is <at> {place} of <pic>?",
        tell=("Tell me", "Say", "Give me", "State", "Name"), which=("What", "Which"), thing=("object", "thing", "item"),
        at=("at the", "in the"), pic=_pic,
    ),
    "size": _all(
        "<which> size <is> the {what}<there>?", "<tell> the size of the {what}<there>.", "What is the {what}'s size?",
        "Is the {what} large or small?", "Is the {what} big?", "<tell> how big the {what} is.",
        "The {what}: small or large?",
        which=("What", "Which"), there=("", " in <pic>", " here"), tell=("Tell me", "Say", "Give me", "State"),
        **{"is": ("is", "has")}, pic=_pic,
    ),
    "size at": _all(
        "<tell> the size of the object at the {place}.", "<which> size does the <thing> <at> {place} have?",
        "At the {place}, how large is the <thing>?", "The <thing> <at> {place}: small or large?",
        "Is the {place} <thing> large or small?",
        tell=("Tell me", "Say", "Give me", "State"), which=("What", "Which"), thing=("object", "thing", "item",
        "shape"),
        at=("at the", "in the"),
    ),
    "place": _all(
        "<tell> the <position> of the {what}.", "What is the <position> of the {what} in <pic>?",
        "Where can one see the {what}?",
        "Which <position> does the {what} have?", "In which cell is the {what}?", "At which <position> is the {what}?",
        "Where was the {what} drawn?", "<tell> in which place the {what} is.", "The {what}: where is it?",
        "Locate the {what} in words.",
        tell=("Tell me", "Say", "Give me", "State", "Name"), position=("position", "place", "location"), pic=_pic,
    ),
    "at": _all(
        "<tell> which object is at the {place}.", "What can you see <at> {place}?",
        "Describe what is <at> {place} of <pic>.",
        "What was drawn <at> {place}?", "What does <pic> show at the {place}?",
        tell=("Tell me", "Say", "Name"), at=("at the", "in the"), pic=_pic,
    ),
    "background": _all(
        "<tell> the color of the background.", "<which> color is <pic>'s background?",
        "On which color are the objects drawn?",
        "What is the color of the ground?", "<tell> which background <pic> has.", "What color is in the back?",
        "What kind of background is it?", "What color fills the rest of <pic>?",
        "What color do you see around the objects?",
        tell=("Tell me", "Say", "Give me", "State", "Name"), which=("What", "Which"), pic=_pic,
    ),
    "tags": _all(
        "<verb> <some> <tags> <of> <pic>.", "<some> <tags> for <pic>.", "Which <tags> fit <pic>?",
        "Tag <pic>, <commas>.",
        "<verb> <tags> for <pic>, <commas>.", "What are the <tags> of <pic>?", "<tags>, please.",
        verb=("Write", "Give", "Give me", "List", "I want", "Add", "Make", "Assign", "Find", "Return", "Name"),
        some=("a few", "all", "the", "some", "good"), tags=("tags", "keywords", "labels"), of=("for", "of"), pic=_pic,
        commas=("separated by commas", "with commas", "comma-separated", "as one list"),
    ),
    "tags from": _all(
        "Which of these <tags> fit <pic>: {vocabulary}?", "Choose from these <tags> for <pic>: {vocabulary}.",
        "<verb> all <tags> that fit <pic> from this list: {vocabulary}.", "Tag <pic>. Allowed <tags>: {vocabulary}.",
        "Which ones apply to <pic>? {vocabulary}", "From {vocabulary}, <verb> those that apply.",
        verb=("choose", "select", "give", "list"), tags=("tags", "keywords", "labels", "words"), pic=_pic,
    ),
    "json": _all(
        "<verb> JSON for <pic> with {fields}.", "Describe <pic> as JSON with the <keys> {fields}.",
        "JSON, <keys> {fields}.",
        "<verb> a JSON object for <pic>. <Keys>: {fields}", "{fields} as one JSON object, please.", "As JSON: {fields}",
        "Fill these <keys> from <pic> as JSON: {fields}.", "I need {fields} from <pic> in JSON.",
        verb=("Write", "Give me", "Return", "Make", "Output", "Answer with"), keys=("keys", "fields", "properties"),
        Keys=("Keys", "Fields"), pic=_pic,
    ),
    "form": _all(
        "<say> <pic>.\nAnswer with one JSON object with these fields:",
        "<look>\nAnswer with one JSON object with these fields:",
        "<look> Give these fields as JSON:", "Fill in these fields for <pic>:",
        "Return one JSON object with these fields:",
        "Extract these fields from <pic>:",
        say=("Describe", "Look at", "Analyze", "Examine", "Here is a drawing: read", "Tell me about"), pic=_pic,
        look=("What is in this picture?", "Which objects are there?", "Look carefully.", "Count and describe.",
        "Be precise.",
              "Is there anything special?", "You label pictures.", "Describe what you see."),
    ),
    "self": _all(
        "<hi>who are you?", "<hi>what are you?", "<hi>what is your name?", "<hi>what can you do?",
        "Which model is this?",
        "Describe yourself.", "What do you know about?", "Are you a model?", "What is tiny?", "Tell me about yourself.",
        "What is your purpose?", "What kind of model are you?", "Say your name.", "How are you called?",
        "What were you trained on?",
        "What can I ask you?", "Help", "Hi", "Hi there!", "Hey!", "Are you GPT?", "Who made this?",
        "Can you recognize photos?",
        hi=("", "Hello, ", "Hi, ", "Please tell me: ", "So, ", "Hey, "),
    ),
    "read": _all(
        "What <does> <pic> say?", "What is <written> in <pic>?", "<read> the <text> in <pic>.",
        "Which <text> is <written>?",
        "<read> what is <written>.", "What <text> do you see?", "<text>?", "What does it say?", "OCR",
        "Is something written? What?",
        does=("does",), written=("written", "printed", "lettered"), read=("Read", "Give me", "Write down", "Copy"),
        text=("text", "word", "word or number", "writing", "lettering"), pic=_pic,
    ),
    "box": _all(
        "Where is the {what}? <box>", "<find> the {what}. <box>", "<box> Which part of <pic> is the {what}?",
        "<give> the <bounding> of the {what}.", "<give> the <bounding> of the {what} in <pic>.",
        "<bounding> of the {what}?",
        box=("Give its box.", "Give a box.", "Answer with a box.", "Box only.", "Give the bounding box.",
        "As [left, top, right, bottom]."),
        find=("Find", "Locate", "Detect"), give=("Give", "Give me", "Return", "Draw", "What is"), pic=_pic,
        bounding=("bounding box", "box", "rectangle around", "box coordinates"),
    ),
    "boxes": _all(
        "<find> <every> {what}, output their bbox coordinates in JSON.",
        "<find> <every> {what} in <pic> as JSON boxes.",
        "Detect the {what}, return bbox_2d and label as JSON.", "Bounding boxes of <every> {what} as JSON.",
        "Where are the {what}? Answer with a JSON list of boxes.",
        find=("Find", "Locate", "Detect"), every=("all", "all the", "the"), pic=_pic,
    ),
    "point": _all(
        "Where is the {what}? <point>", "<find> the {what}. <point>", "Point to the {what}.",
        "Point at the {what} in <pic>.",
        "<give> a point on the {what}.", "<give> the middle of the {what} as a point.",
        point=("Give a point.", "Give its point.", "Answer with a point.", "As [x, y]."), find=("Find", "Locate"),
        give=("Give", "Give me", "Return", "What is"), pic=_pic,
    ),
    "points": _all(
        "Point to <every> {what}, as JSON.", "<find> <every> {what} in <pic> as JSON points.",
        "Points on <every> {what} as JSON.",
        "Where are the {what}? Answer with a JSON list of points.",
        find=("Find", "Locate", "Mark"), every=("all", "all the", "the"), pic=_pic,
    ),
}  # fmt: skip

MORE_HELD_OUT: dict[str, list[str]] = {
    "brief": ["Condense the picture into one sentence."],
    "detailed": [
        "Elaborate on everything that the image shows, with all details.",
        "Spell out every detail of the picture.",
    ],
    "technical": ["A technical datasheet for this image."],
    "count": ["Give me a tally of the objects."],
    "count some": ["Give me a tally of the {what}."],
    "is there": ["Do you spot a {what}?"],
    "are there": ["Do you spot any {what}?"],
    "is at": [],
    "is background": ["Is the backdrop {background}?"],
    "color": ["What hue is the {what}?"],
    "color at": [],
    "shape": ["What geometric form is the {what}?"],
    "shape at": [],
    "size": ["What are the dimensions of the {what}, small or large?"],
    "size at": [],
    "place": ["What are the whereabouts of the {what}?"],
    "at": [],
    "background": ["What color is the backdrop?"],
    "tags": ["Which labels would you attach to this picture?"],
    "tags from": [],
    "json": ["Populate a JSON object with {fields}."],
    "form": ["Populate these fields from the picture:"],
    "self": ["Introduce yourself."],
    "read": ["Transcribe the text.", "Can you find a word here? Which?"],
    "box": ["Enclose the {what} in a box.", "Tell me where the {what} is, as a box."],
    "boxes": ["Enclose all {what} in boxes, as a JSON list."],
    "point": ["Pinpoint the {what} with one point.", "Tell me where the {what} is, as a point."],
    "points": ["Pinpoint all {what}, as a JSON list."],
}


def is_kept_back(text: str) -> bool:
    """Whether a text has a sentence that training never shows."""
    return _KEPT_BACK.search(re.sub(r"\s+", " ", text.lower())) is not None


def compose(request: str, rng: random.Random, *, held_out: bool) -> str:
    """Put an opener before a request and courtesy behind it, or neither.

    Parameters
    ----------
    request : str
    rng : random.Random
    held_out : bool
        Take only what training never shows.
    """
    kind = "held_out" if held_out else "trained"
    if rng.random() < 0.25:
        opener = rng.choice(OPENERS[kind])
        request = opener + (request[0].lower() + request[1:] if opener.rstrip().endswith((",", "Please")) else request)
    return request + rng.choice(CLOSERS[kind]) if rng.random() < 0.2 else request


_SMALL = {"the", "a", "an", "there", "this", "in", "of", "is", "are"}


def wear(prompt: str, rng: random.Random) -> str:
    """Write a prompt as hurried people do: in other cases, without small words, with a slip of the pen.

    Words in quotes or braces and what stands behind a line break stay as they are.
    """
    return rng.choice(_WAYS)(prompt, rng)


def _without_small_words(prompt: str, rng: random.Random) -> str:
    return " ".join(word for word in prompt.split(" ") if word.lower() not in _SMALL or rng.random() < 0.5)


def _in_one_case(prompt: str, rng: random.Random) -> str:
    return prompt.upper() if rng.random() < 0.3 else prompt.replace("color", "colour").replace("gray", "grey")


def _hasty(prompt: str, _rng: random.Random) -> str:
    return prompt.lower().rstrip("?.!").replace("what is", "whats").replace("do not", "dont")


_FILLERS = ("just", "actually", "now", "well", "maybe", "then", "quickly", "exactly", "overall", "again", "here",
            "kindly",
            "basically", "simply", "for me", "right now", "if you can", "as you see it", "honestly")  # fmt: skip
_SYLLABLES = ("ta", "ri", "mon", "el", "ka", "sto", "ven", "di", "pra", "ul", "ges", "no", "fi", "ter", "lam", "cho")


def _padded(prompt: str, rng: random.Random) -> str:
    """One more word, mostly one that means little, now and then one that means nothing: it has to be read over."""
    word = rng.choice(_FILLERS) if rng.random() < 0.7 else "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3)))
    first, line_break, rest = prompt.partition("\n")
    words = first.split(" ")
    words.insert(rng.choice((0, len(words), rng.randint(0, len(words)))), word)
    return " ".join(words) + line_break + rest


def _misspelled(prompt: str, rng: random.Random) -> str:
    """Two letters swapped, one lost or one doubled, inside one word of five letters or more."""
    places = [match.span() for match in re.finditer(r"[A-Za-z]{5,}", prompt)]
    if not places:
        return prompt
    first, last = rng.choice(places)
    at = rng.randrange(first + 1, last - 2)
    before, pair, after = prompt[:at], prompt[at : at + 2], prompt[at + 2 :]
    return before + rng.choice((pair[::-1], pair[0], pair[0] + pair)) + after


_WAYS: tuple[Callable[[str, random.Random], str], ...] = (
    lambda prompt, _: prompt.lower(),
    lambda prompt, _: prompt.rstrip("?.!"),
    _without_small_words, _in_one_case, _hasty, _misspelled, _misspelled, _padded, _padded,
)  # fmt: skip
