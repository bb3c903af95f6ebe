"""The words of the questions: many ways to ask the same, those of training and those kept back to test with."""

from __future__ import annotations

from itertools import product

from vlmkit.tiny.wordings import MORE, MORE_HELD_OUT, PICTURES

__all__ = [
    "BOOL_SUFFIXES",
    "CHOICES_SUFFIX",
    "FORM_HEADING",
    "HELD_OUT",
    "LOCATE_BOXES",
    "LOCATE_POINTS",
    "NUMBER_SUFFIXES",
    "PHRASINGS",
    "STYLE_PROMPTS",
    "WORD_SUFFIXES",
]

# What vlmkit's own styles send (see `vlmkit.prompts.styles`; a test keeps the two alike).
STYLE_PROMPTS = {
    "brief": "Describe this image in one short sentence.",
    "detailed": "Describe this image in detail.",
    "technical": "Give a technical description of this image.",
}
# For models that write coordinates from 0 to 1000, as most do.
LOCATE_BOXES = (
    'Locate every {what} as JSON: [{{"bbox_2d": [x1, y1, x2, y2], "label": "…"}}], coordinates from 0 to 1000.'
)
LOCATE_POINTS = 'Point to every {what} as JSON: [{{"point_2d": [x, y], "label": "…"}}], coordinates from 0 to 1000.'
FORM_HEADING = "Describe this image as one JSON object with these fields:"
NUMBER_SUFFIXES = (" Answer with a number only.", " Just the number.", " Give a number.")
BOOL_SUFFIXES = (" Answer yes or no.", " Yes or no?", " Answer with yes or no only.", " Answer with one of: yes, no.")
CHOICES_SUFFIX = " Answer with one of: {choices}."
WORD_SUFFIXES = (" Answer in one word.", " One word.", " Answer briefly.")


def _spread(*patterns: str, pictures: tuple[str, ...] = PICTURES) -> list[str]:
    """Fill ``<pic>`` with every word for the picture; what stands in braces is filled later."""
    filled = [pattern.replace("<pic>", picture) for pattern, picture in product(patterns, pictures)]
    return list(dict.fromkeys(filled))


PHRASINGS: dict[str, list[str]] = {
    "brief": _spread(
        "Describe <pic> in one sentence.",
        "Describe <pic> briefly.",
        "Briefly describe <pic>.",
        "Write a short caption for <pic>.",
        "Give a brief caption of <pic>.",
        "Caption <pic>.",
        "What is in <pic>?",
        "What do you see in <pic>?",
        "Write a caption.",
        "Summarize <pic> in a sentence.",
        "What does <pic> show?",
        "Describe <pic>.",
        "A short description of <pic>.",
        "What is this?",
        "Tell me what is in <pic>, in short.",
        "Give me a one-line description of <pic>.",
        "Which objects are in <pic>?",
        "Name the objects in <pic>.",
    ),
    "detailed": _spread(
        "Describe <pic> in great detail.",
        "Give a detailed description of <pic>.",
        "Describe everything in <pic> in detail.",
        "Write a detailed caption for <pic>.",
        "Describe <pic> thoroughly.",
        "Describe <pic> with sizes and positions.",
        "What is in <pic>? Be detailed.",
        "Give a long description of <pic>.",
        "Describe each object in <pic> with its position.",
        "Explain in detail what <pic> shows.",
        "Tell me everything about <pic>.",
        "Describe <pic> at length, with all details.",
        "Write a long, detailed description.",
        "Where is what in <pic>? Describe in detail.",
    ),
    "technical": _spread(
        "Describe <pic> technically.",
        "Write a technical description of <pic>.",
        "Technical caption for <pic>.",
        "Give a technical caption of <pic>.",
        "Give the technical data of <pic>.",
        "Technical description of <pic>, please.",
        "Describe <pic> in a technical style.",
        "List the technical facts about <pic>.",
        "A technical summary of <pic>.",
    ),
    "count": _spread(
        "How many objects are there?",
        "How many objects are in <pic>?",
        "Count the objects.",
        "Count the objects in <pic>.",
        "How many shapes are in <pic>?",
        "How many things are in <pic>?",
        "What is the number of objects in <pic>?",
        "How many shapes do you see?",
        "Number of objects?",
        "Give the number of shapes in <pic>.",
        "How many items does <pic> show?",
    ),
    "count some": _spread(
        "How many {what} are there?",
        "How many {what} are in <pic>?",
        "Count the {what}.",
        "Count the {what} in <pic>.",
        "What is the number of {what} in <pic>?",
        "How many {what} do you see?",
        "Number of {what}?",
        "How many {what} does <pic> show?",
        "How many {what} can be seen in <pic>?",
    ),
    "is there": _spread(
        "Is there a {what}?",
        "Is there a {what} in <pic>?",
        "Does <pic> contain a {what}?",
        "Do you see a {what}?",
        "Does <pic> show a {what}?",
        "Can you see a {what} in <pic>?",
        "Is a {what} present?",
        "Is any {what} in <pic>?",
    ),
    "are there": _spread(
        "Are there any {what}?",
        "Are there {what} in <pic>?",
        "Does <pic> contain any {what}?",
        "Do you see any {what}?",
        "Does <pic> have {what}?",
    ),
    "is at": _spread(
        "Is there a {what} at the {place}?",
        "Is there a {what} in the {place} of <pic>?",
        "Do you see a {what} at the {place}?",
        "Is a {what} at the {place}?",
        "Does <pic> have a {what} at the {place}?",
    ),
    "is background": _spread(
        "Is the background {background}?",
        "Is the background of <pic> {background}?",
        "Does <pic> have a {background} background?",
        "Is this on a {background} background?",
    ),
    "color": _spread(
        "What color is the {what}?",
        "What is the color of the {what}?",
        "Which color does the {what} have?",
        "Color of the {what}?",
        "What color is the {what} in <pic>?",
        "Tell me the color of the {what}.",
        "Name the color of the {what} in <pic>.",
    ),
    "color at": _spread(
        "What color is the object at the {place}?",
        "Which color is at the {place}?",
        "What is the color of the object in the {place}?",
        "What color is the shape at the {place} of <pic>?",
        "Color of the thing at the {place}?",
    ),
    "shape": _spread(
        "What shape is the {what}?",
        "What is the shape of the {what}?",
        "Which shape does the {what} have?",
        "Shape of the {what}?",
        "What shape is the {what} in <pic>?",
        "Tell me the shape of the {what}.",
    ),
    "shape at": _spread(
        "What shape is the object at the {place}?",
        "Which shape is at the {place}?",
        "What is the shape of the object in the {place}?",
        "What shape is at the {place} of <pic>?",
        "Shape of the thing at the {place}?",
    ),
    "size": _spread(
        "What size is the {what}?",
        "How big is the {what}?",
        "Is the {what} small or large?",
        "How large is the {what} in <pic>?",
        "What is the size of the {what}?",
        "Size of the {what}?",
    ),
    "size at": _spread(
        "What size is the object at the {place}?",
        "How big is the object at the {place}?",
        "Is the object at the {place} small or large?",
        "What is the size of the shape in the {place} of <pic>?",
    ),
    "place": _spread(
        "Where is the {what}?",
        "Where is the {what} in <pic>?",
        "What is the position of the {what}?",
        "In which place is the {what}?",
        "Where do you see the {what}?",
        "Position of the {what}?",
        "Where can I find the {what} in <pic>?",
    ),
    "at": _spread(
        "What is at the {place}?",
        "What is in the {place} of <pic>?",
        "What do you see at the {place}?",
        "Which object is at the {place}?",
        "Describe the object at the {place}.",
    ),
    "background": _spread(
        "What color is the background?",
        "What is the background?",
        "What is the background color?",
        "What is the background of <pic>?",
        "Which color does the background have?",
        "Background color of <pic>?",
        "Background?",
        "Name the background color.",
        "What is the color of the background in <pic>?",
    ),
    "tags": _spread(
        "List tags for <pic>.",
        "Tag <pic>.",
        "Give tags for <pic>, separated by commas.",
        "Which tags describe <pic>?",
        "Tags?",
        "Give me a list of tags.",
        "Write comma-separated tags for <pic>.",
        "List keywords for <pic>.",
    ),
    "tags from": _spread(
        "Which of these tags apply to <pic>: {vocabulary}?",
        "Choose the tags that fit <pic> from: {vocabulary}.",
        "Select all that apply: {vocabulary}.",
        "Tag <pic> using only these tags: {vocabulary}.",
        "Which of these are in <pic>: {vocabulary}?",
        "List tags for <pic>. Use only: {vocabulary}.",
    ),
    "json": _spread(
        "Answer with JSON with the fields {fields}.",
        "Describe <pic> as a JSON object with the keys {fields}.",
        "Return JSON: {fields}",
        "Reply with one JSON object with the fields {fields}.",
        "Give {fields} as JSON.",
        "Extract {fields} from <pic> as JSON.",
        "Fill in this JSON for <pic>: {fields}",
        "Respond only with a JSON object with these fields: {fields}.",
        "JSON with {fields}.",
    ),
    # What vlmkit itself sends for a schema, alone and after a question of the user's.
    "form": [
        FORM_HEADING,
        FORM_HEADING,
        "Look at this image.\nAnswer with one JSON object with these fields:",
    ],
    "self": _spread(
        "Who are you?",
        "What are you?",
        "What can you do?",
        "What is your name?",
        "Which model are you?",
        "Hello!",
        "What do you know?",
    ),
}

HELD_OUT: dict[str, list[str]] = {
    "brief": [
        "Sum up what is visible in this snapshot.",
        "Write one short line about the picture.",
        "What can be seen here, in a nutshell?",
    ],
    "detailed": ["Provide an in-depth, detailed account of the picture.", "Describe all the details you notice."],
    "technical": ["I need a technical report on this image.", "Technical notes on the scene."],
    "count": ["How many objects can you find here?", "What's the total number of shapes?"],
    "count some": ["How many {what} can you find here?", "What's the total number of {what}?"],
    "is there": ["Can a {what} be found here?", "Is there any sign of a {what}?"],
    "are there": ["Can you find any {what}?"],
    "is at": ["Looking at the {place}, is there a {what}?"],
    "is background": ["Would you call the background {background}?"],
    "color": ["Which color was used for the {what}?", "The {what} has what color?"],
    "color at": ["Which color was used for the object at the {place}?"],
    "shape": ["The {what} has what shape?"],
    "shape at": ["The object at the {place} has what shape?"],
    "size": ["The {what}: is it large or small?"],
    "size at": ["The object at the {place}: is it large or small?"],
    "place": ["Tell me where the {what} is.", "In what part of the image is the {what}?"],
    "at": ["Tell me what is at the {place}."],
    "background": ["Tell me the color behind the objects, the background.", "The background has what color?"],
    "tags": ["Suggest some tags for this photo."],
    "tags from": ["Pick the matching tags out of {vocabulary}."],
    "json": ["Produce a JSON object holding {fields}."],
    "form": ["Fill in this form about the picture, as one JSON object:"],
    "self": ["Tell me who you are."],
}

# Kinds that came later have composed wordings only.
for _kind, _texts in MORE.items():
    PHRASINGS.setdefault(_kind, _texts)
for _kind, _texts in MORE_HELD_OUT.items():
    HELD_OUT[_kind] = [*HELD_OUT.get(_kind, []), *_texts]
