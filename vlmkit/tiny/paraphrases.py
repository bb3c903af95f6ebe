"""More ways to say the same: synonyms that people use, by kind of question; all of them are trained.

With those of `vlmkit.tiny.wordings`, a word is known from several sentences. A sentence that is kept back from training
has at most one word that no trained sentence has. So evaluation asks with known words in a new order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from vlmkit.tiny.wordings import PICTURES, is_kept_back

__all__ = ["PARAPHRASES", "Paraphrases", "of"]


@dataclass(frozen=True, slots=True)
class Paraphrases:
    """Sentences with places to fill, and the words that each place takes.

    Attributes
    ----------
    patterns : tuple of str
        With places such as ``<pic>``; what stands in braces is filled later, by who asks.
    parts : dict of str to sequence of str
        Words of each place.
    """

    patterns: tuple[str, ...]
    parts: dict[str, Sequence[str]]

    def draw(self, rng: random.Random) -> str:
        """Fill one pattern at random; never with a sentence that is kept back.

        Parameters
        ----------
        rng : random.Random
        """
        while True:
            text = rng.choice(self.patterns)
            while "<" in text:
                name = text[text.index("<") + 1 : text.index(">")]
                text = text.replace(f"<{name}>", rng.choice(self.parts[name]), 1)
            if not is_kept_back(text):
                return text


def of(*patterns: str, **parts: Sequence[str]) -> Paraphrases:
    """Make the paraphrases of some patterns; each part names the words of its place."""
    return Paraphrases(patterns, parts)


_ASK = ("Tell me", "Say", "Please tell me", "I want to know", "Can you tell me", "Could you say", "Let me know",
        "I wonder", "Find out")  # fmt: skip
_GIVE = ("Give", "Give me", "Provide", "Produce", "Suggest", "Write", "Make", "Generate", "Return", "Show me", "I need",
         "Come up with", "Supply", "Offer", "Prepare", "Compile", "Deliver")  # fmt: skip
_PIC = (*PICTURES, "this snapshot", "the snapshot", "this graphic", "the illustration", "the artwork", "this pic",
        "the view", "the canvas")  # fmt: skip

PARAPHRASES: dict[str, Paraphrases] = {
    "brief": of(
        "<give> a <short> <text> of <pic>.", "<sum> <pic><short_end>.", "<give> a <text> <short_end2> for <pic>.",
        "<sum> what <pic> shows<short_end>.", "What can be found in <pic>?", "<ask> what can be seen in <pic>.",
        "A <short> <text>, please.", "What is going on in <pic>?", "What are we looking at?", "What do we have here?",
        "One sentence about <pic>.", "<pic> in one sentence?", "Put <pic> into words<short_end>.", "What is depicted?",
        "What does one see in <pic>?", "What appears in <pic>?", "<give> an alt text for <pic>.", "Alt text?",
        give=_GIVE, ask=_ASK, pic=_PIC,
        short=("one-line", "short", "quick", "brief", "terse", "compact", "one-sentence", "condensed", "small", "tiny"),
        text=("caption", "description", "summary", "account", "line", "sentence", "note", "outline", "overview",
              "title"),
        sum=("Sum up", "Condense", "Recap", "Describe", "Outline", "Summarise", "Sketch", "Narrate", "Present",
             "Report"),
        short_end=("", " in a sentence", " in few words", " shortly", " concisely", " in a single line", " quickly",
                   " in a nutshell, short"),
        short_end2=("of one sentence", "in one line", "of a few words", "that is short"),
    ),
    "detailed": of(
        "<give> a <long> <text> of <pic>.", "<tell> <pic> <fully>.", "<tell> everything <seen> <fully>.",
        "<tell> each <thing> <seen> with its <facts>.", "What is in <pic>? <more>", "<tell> all the details of <pic>.",
        "Which details does <pic> have? <more>", "<ask> every detail <seen>.", "All details of <pic>, please.",
        "<give> a <text> of <pic> <with_more>.", "Walk me through <pic> <fully>.", "<tell> <pic>. <more>",
        give=_GIVE, ask=_ASK, pic=_PIC, long=("long", "detailed", "in-depth", "thorough", "full", "elaborate",
                                              "complete",
                                              "extensive", "careful", "rich", "fine-grained"),
        text=("caption", "description", "account", "report", "summary", "paragraph", "listing"),
        tell=("Describe", "Spell out", "Elaborate on", "Explain", "Depict", "Detail", "Report", "List", "Go over"),
        fully=("in detail", "at length", "in depth", "with every detail", "thoroughly", "as fully as you can",
               "carefully",
               "object by object", "piece by piece"),
        seen=("in <pic>", "you can see", "that is visible", "that is shown", "here"), thing=("object", "thing", "item"),
        facts=("size, color and position", "place and size", "details", "position"),
        with_more=("with all details", "with sizes and places", "that leaves nothing out", "in many words"),
        more=("Be as detailed as possible.", "Go into detail.", "Do not skip anything.", "Describe every object.",
              "Include positions and sizes.", "Elaborate.", "I want all the details.", "Use several sentences."),
    ),
    "technical": of(
        "<give> a technical <text> <of> <pic>.", "<tell> <pic> <technically>.", "Technical <text> <of> <pic>, please.",
        "<give> the technical <facts> of <pic>.", "<tell> <pic> in technical <words>.", "Technical <facts>?",
        "As a technical <text>: what is in <pic>?", "What are the technical <facts> of <pic>?",
        give=_GIVE, pic=_PIC, of=("of", "about", "for", "on"),
        text=("report", "note", "datasheet", "description", "caption", "sheet", "record", "account", "analysis"),
        tell=("Describe", "Report on", "Document", "Analyze", "Specify", "Capture"),
        technically=("technically", "in a technical manner", "for a technical manual", "from a technical view"),
        facts=("data", "facts", "specs", "details", "specifications", "properties"),
        words=("language", "terms", "words", "vocabulary", "form"),
    ),
    "count": of(
        "<ask> the <number> of <noun> <where>.", "<what> the <number> of <noun> <where>?",
        "<number> of <noun> in <pic>?",
        "How many <noun> <where>?", "<ask> how many <noun> <where2>.", "<do> the <noun> in <pic>.", "<noun>: how many?",
        "How many <noun>?", "How many of them are there?", "Do a count of the <noun>.", "<give> a count of the <noun>.",
        "In total, how many <noun> <where2>?", "How many <noun> in total?", "How many <noun> can one find in <pic>?",
        ask=_ASK, give=_GIVE, pic=_PIC, what=("What is", "What's", "Which is", "How large is"),
        number=("number", "total number", "count", "amount", "quantity", "total", "tally"),
        noun=("objects", "shapes", "things", "items", "figures", "elements", "drawn objects", "forms"),
        where=("here", "in <pic>", "that you find", "that you see", "shown", "on display"),
        where2=("there are", "are here", "you see", "you find", "can be seen", "exist"),
        do=("Count", "Tally", "Add up", "Enumerate", "Number"),
    ),
    "count some": of(
        "<ask> the <number> of {what} <where>.", "<what> the <number> of {what} <where>?",
        "<number> of {what} in <pic>?",
        "How many {what} <where>?", "<ask> how many {what} <where2>.", "<do> the {what} in <pic>.", "{what}: how many?",
        "How many {what}?", "Do a count of the {what}.", "<give> a count of the {what}.", "How many {what} in total?",
        "In total, how many {what} <where2>?", "How many {what} can one find in <pic>?", "How often do {what} appear?",
        "Of all objects, how many are {what}?",
        ask=_ASK, give=_GIVE, pic=_PIC, what=("What is", "What's", "Which is", "How large is"),
        number=("number", "total number", "count", "amount", "quantity", "total", "tally"),
        where=("here", "in <pic>", "that you find", "that you see", "shown", "on display"),
        where2=("there are", "are here", "you see", "you find", "can be seen", "exist"),
        do=("Count", "Tally", "Add up", "Enumerate", "Number"),
    ),
    "is there": of(
        "<can> <find> a {what} <where>?", "<ask> if there is a {what} <where>.", "Any {what} <where>?",
        "Is a {what} to be <found> <where>?", "A {what}: is it <where>?", "Would you say there is a {what} <where>?",
        "Does a {what} appear <where>?", "Has <pic> got a {what}?", "Is there at least one {what} <where>?",
        "<pic> has a {what}, right?", "Check whether there is a {what}.", "Is there such a thing as a {what} <where>?",
        "Can a {what} be <found2> <where>?", "Did someone draw a {what}?", "<ask> if you <find> a {what}.",
        ask=_ASK, pic=_PIC, where=("here", "in <pic>", "there", "anywhere", "somewhere"),
        can=("Can you", "Could you", "Do you", "Does one", "Can I"),
        find=("find", "spot", "see", "notice", "detect", "recognize", "make out"), found=("found", "seen", "noticed"),
        found2=("seen", "spotted", "noticed", "detected", "made out"),
    ),
    "are there": of(
        "<can> <find> {what} <where>?", "<ask> if there are any {what} <where>.", "Any {what} <where>?",
        "Are any {what} to be <found> <where>?", "Are {what} <where>?", "Would you say there are {what} <where>?",
        "Has <pic> got any {what}?", "Check whether there are {what}.", "Can any {what} be <found2> <where>?",
        ask=_ASK, pic=_PIC, where=("here", "in <pic>", "there", "anywhere", "somewhere"),
        can=("Could you", "Do you", "Does one", "Can I"),
        find=("find", "spot", "see", "notice", "detect", "recognize", "make out"), found=("found", "seen", "noticed"),
        found2=("seen", "spotted", "noticed", "detected", "made out"),
    ),
    "is at": of(
        "<look> the {place}: <is> a {what} there?", "<look> the {place}. Do you <find> a {what}?",
        "<ask> if there is a {what} at the {place}.", "Can a {what} be seen at the {place}?",
        "In the {place} part of <pic>, <is> a {what}?", "Check the {place} for a {what}.", "Is the {place} a {what}?",
        "Does a {what} stand at the {place}?",
        ask=_ASK, pic=_PIC, look=("Look at", "Check", "See", "Consider", "Go to", "Focus on"),
        find=("find", "spot", "see", "notice"), **{"is": ("is there", "do you see", "is it")},
    ),
    "is background": of(
        "<ask> if the <back> is {background}.", "<would> the <back> {background}?",
        "Does <pic> have a {background} <back>?",
        "Is the <back> of <pic> {background}?", "Is the <back> colored {background}?",
        "A {background} <back>, yes or no?",
        "Has the <back> the color {background}?", "Is {background} the color behind the objects?",
        "Is the rest {background}?",
        "Does {background} fill the <back>?", "Check whether the <back> is {background}.",
        ask=_ASK, pic=_PIC, back=("background", "backdrop", "ground", "canvas", "back", "paper"),
        would=("Would you call", "Do you call", "Would you say it is"),
    ),
    "color": of(
        "<which> <color> <was> the {what}?", "<ask> the <color> of the {what}.", "<ask> which <color> the {what} has.",
        "The {what} is of which <color>?", "The {what}'s <color>?", "<which> <color> does the {what} have?",
        "What is the <color> that the {what} has?", "How is the {what} colored?", "<color> of the {what}, please.",
        "In which <color> was the {what} painted?", "<which> paint is on the {what}?", "<give> the {what}'s <color>.",
        "Is the {what} red, green, blue or another color?", "With which <color> is the {what} filled?",
        ask=_ASK, give=_GIVE, which=("Which", "What"), color=("color", "hue", "colour", "tint", "tone", "shade"),
        was=("is used for", "was chosen for", "has", "fills", "covers", "did someone give"),
    ),
    "color at": of(
        "<which> <color> <was> the <thing> at the {place}?", "<ask> the <color> of the <thing> at the {place}.",
        "<ask> which <color> the {place} has.", "The <thing> at the {place} is of which <color>?",
        "<color> at the {place}?", "<which> <color> does one find at the {place}?",
        "How is the {place} <thing> colored?",
        "<look> the {place}: <which> <color>?", "<give> the <color> at the {place}.",
        ask=_ASK, give=_GIVE, which=("Which", "What"), color=("color", "hue", "colour", "tint", "tone"),
        was=("is used for", "has", "fills", "covers"), thing=("object", "shape", "thing", "item", "figure"),
        look=("Look at", "Check", "Consider"),
    ),
    "shape": of(
        "<which> <shape> <is> the {what}?", "<ask> the <shape> of the {what}.", "<ask> which <shape> the {what} has.",
        "The {what} is of which <shape>?", "The {what}'s <shape>?", "<which> <shape> does the {what} take?",
        "How is the {what} shaped?", "<shape> of the {what}, please.", "The {what}: a circle, a star or what?",
        "<give> the {what}'s <shape>.", "As what <shape> is the {what} drawn?", "What sort of <shape> is the {what}?",
        ask=_ASK, give=_GIVE, which=("Which", "What"),
        shape=("shape", "geometric shape", "form", "geometry", "outline", "contour", "figure"),
        **{"is": ("is used for", "describes", "fits", "belongs to")},
    ),
    "shape at": of(
        "<which> <shape> is to be seen at the {place}?", "<ask> the <shape> of the <thing> at the {place}.",
        "<ask> which <shape> the {place} has.", "The <thing> at the {place} is of which <shape>?",
        "<shape> at the {place}?",
        "How is the <thing> at the {place} shaped?", "<look> the {place}: <which> <shape>?",
        "<give> the <shape> at the {place}.",
        ask=_ASK, give=_GIVE, which=("Which", "What"), shape=("shape", "geometric shape", "form", "figure", "outline"),
        thing=("object", "thing", "item", "figure"), look=("Look at", "Check", "Consider"),
    ),
    "size": of(
        "<ask> the <size> of the {what}.", "<ask> how <big> the {what} is.", "<ask> whether the {what} is <either>.",
        "Would you call the {what} <either>?", "The {what}: <either>?", "Of what <size> is the {what}?",
        "Is the {what} a <either> one?", "The {what}'s <size>?", "<which> <size> does the {what} have?",
        "How <big> is the {what}?", "<give> the {what}'s <size>, small or large.", "Does the {what} look <either>?",
        ask=_ASK, give=_GIVE, which=("Which", "What"), size=("size", "dimensions", "extent", "magnitude", "scale"),
        big=("big", "large", "small", "huge", "tall"),
        either=("small or large", "large or small", "big or small", "little or large", "large or little"),
    ),
    "size at": of(
        "<ask> the <size> of the <thing> at the {place}.", "<ask> how <big> the <thing> at the {place} is.",
        "<ask> whether the {place} <thing> is <either>.", "Of what <size> is the <thing> at the {place}?",
        "<look> the {place}: <either>?", "How <big> is the {place} <thing>?", "The {place} <thing>: <either>?",
        "<which> <size> does the <thing> at the {place} have?",
        ask=_ASK, which=("Which", "What"), size=("size", "dimensions", "extent", "scale"), big=("big", "large",
        "small"),
        thing=("object", "shape", "thing", "item", "figure"), look=("Look at", "Check", "Consider"),
        either=("small or large", "large or small", "big or small"),
    ),
    "place": of(
        "<ask> where the {what} <stands>.", "In <which> <part> <of> does the {what} stand?",
        "Where does the {what} stand?",
        "<which> <part> <of> holds the {what}?", "<ask> the <part> of the {what}.", "The {what} is in which <part>?",
        "Where exactly is the {what} in words?", "Where in <pic> is the {what}?", "The {what}'s <part>?",
        "At what <part> can the {what} be found?", "<ask> in which <part> I find the {what}.",
        "Where to find the {what}?",
        "Whereabouts is the {what}?", "On which side or corner is the {what}?", "Where have they put the {what}?",
        ask=_ASK, pic=_PIC, which=("which", "what"), of=("of <pic>", "here"),
        part=("part", "place", "position", "spot", "location", "cell", "corner", "area", "region", "whereabouts"),
        stands=("stands", "sits", "was put", "was placed", "lies", "can be seen", "appears"),
    ),
    "at": of(
        "<ask> what <stands> at the {place}.", "<look> the {place}. What is it?", "<look> the {place}: which object?",
        "What <stands> at the {place}?", "What object does the {place} hold?", "What have they put at the {place}?",
        "Which thing can be found at the {place}?", "<look> the {place} and describe it.",
        ask=_ASK, stands=("stands", "sits", "was put", "appears", "can be found"), look=("Look at", "Check", "Go to"),
    ),
    "background": of(
        "<ask> the <color> of the <back>.", "<ask> which <color> the <back> has.", "The <back> is of which <color>?",
        "<which> <color> is the <back>?", "<which> <color> was used for the <back>?", "What <back> does <pic> have?",
        "The <back>'s <color>?", "<which> <color> lies behind everything?", "<which> <color> is behind the shapes?",
        "How is the <back> colored?", "<give> the <color> of the <back>.", "On what <back> is this drawn?",
        "<which> <color> fills the <back> of <pic>?",
        ask=_ASK, give=_GIVE, pic=_PIC, which=("Which", "What"), color=("color", "hue", "colour", "tint", "tone"),
        back=("background", "backdrop", "ground", "canvas", "paper", "surface behind"),
    ),
    "tags": of(
        "<give> <some> <tags> <of> <pic>.", "<which> <tags> <suit> <pic>?", "<tags> <of> <pic>?", "Label <pic>.",
        "<ask> <tags> that <suit> <pic>.", "<pic> as <tags>, please.", "<which> <tags> would you use for <pic>?",
        "Put <tags> on <pic>.", "Turn <pic> into <tags>.", "Comma-separated <tags>, please.",
        "Annotate <pic> with <tags>.",
        "<give> <tags> that people could search <pic> by.", "Categorize <pic> with <tags>.",
        give=_GIVE, ask=("I look for", "I want", "I would like", "Find"), pic=_PIC, which=("Which", "What"),
        some=("a few", "all", "the", "some", "good", "fitting", "useful", "several", "matching"),
        tags=("tags", "keywords", "labels", "tag words", "hashtags", "search words"), of=("for", "of", "about"),
        suit=("suit", "fit", "match", "describe", "go with"),
    ),
    "tags from": of(
        "<pick> the <tags> <suit> <pic> from {vocabulary}.", "<pick> out of {vocabulary} what fits <pic>.",
        "{vocabulary}: which of these fit <pic>?", "Of these <tags>, which <suit2> <pic>? {vocabulary}",
        "Given the <tags> {vocabulary}, <pick2> the ones that match.", "Label <pic> with some of {vocabulary}.",
        "<tags> allowed: {vocabulary}. Which match?", "Annotate <pic>. Possible <tags>: {vocabulary}.",
        "Which words hold for <pic>, out of {vocabulary}?", "Keep what applies: {vocabulary}",
        pick=("Pick", "Choose", "Take", "Select", "Find"), pick2=("pick", "choose", "take", "keep"), pic=_PIC,
        tags=("tags", "keywords", "labels", "words", "options"), suit=("that suit", "matching", "that match",
        "fitting"),
        suit2=("suit", "match", "fit", "apply to"),
    ),
    "json": of(
        "<give> a JSON <object> <with> {fields}.", "<fill> a JSON <object> <with> {fields}.",
        "{fields}: <give2> as JSON.",
        "JSON only, <with> {fields}.", "<tell> <pic> as JSON: {fields}.", "<give> {fields} of <pic> as JSON.",
        "What are {fields}? Answer in JSON.", "Put {fields} into JSON.", "Read {fields} from <pic>, as JSON.",
        "The JSON <object> has {fields}. Fill it.",
        give=_GIVE, give2=("give", "return", "write"), object=("object", "record", "document", "dictionary"), pic=_PIC,
        fill=("Fill", "Populate", "Complete", "Build"), tell=("Describe", "Encode", "Represent", "Report"),
        **{"with": ("with", "holding", "containing", "that has", "of the fields", "with the keys")},
    ),
    "form": of(
        "<fill> these fields <of> <pic>:", "<fill> this form <of> <pic>:", "<fill> the fields, as JSON:",
        "<give> one JSON object with these fields:", "<look> <fill> these fields:", "Answer in JSON with these fields:",
        "As one JSON object:", "The form:", "Describe this image as JSON with these fields:",
        "<look>\nReturn one JSON object with these fields:", "<look>\nAnswer with one JSON object with these fields:",
        fill=("Fill in", "Populate", "Complete", "Fill", "Answer"), of=("about", "from", "for"), pic=_PIC, give=_GIVE,
        look=("Inspect the picture.", "This is a form.", "What do you see?", "Read the drawing.", "Study the image.",
              "What is this?", "How many things are there?", "Annotate the image.", "Label the picture.",
              "You are a careful annotator.", "Caption this.", "Describe the scene."),
    ),
    "self": of(
        "<ask> who you are.", "<ask> what you are.", "<ask> your name.", "<ask> what you can do.",
        "<ask> about yourself.",
        "<hi>introduce yourself please.", "Say who you are.", "What should I call you?", "What model do I talk to?",
        "Present yourself.", "What are your abilities?", "What is your job?", "Who am I talking to?", "Your name?",
        "Which AI is this?", "Are you an AI?", "Are you human?", "What are you able to do?", "Good morning",
        "What do you recognize?", "Tell me what you know.", "How do you work?", "Do you have a name?", "Hey there",
        ask=_ASK, hi=("", "Hello, ", "Hi, ", "Please "),
    ),
    "read": of(
        "<read> <the> <text>.", "<read> <the> <text> in <pic>.", "<which> <text> do you <find>?",
        "<ask> what is written.",
        "Is there a <text>? <which> one?", "<which> <text> can be <found> in <pic>?", "<ask> the <text> in <pic>.",
        "<which> <text> stands there?", "<ask> which <text> you <find>.", "What has been written in <pic>?",
        "<text> in <pic>, please.", "Can you <read2> the <text>?", "Which letters or digits are there?",
        read=("Transcribe", "Read", "Read out", "Type", "Quote", "Recognize", "Extract", "Decipher", "Spell"),
        read2=("read", "transcribe", "make out", "spell"), the=("the", "any", "all"), which=("Which", "What"), pic=_PIC,
        text=("text", "word", "writing", "letters", "word or number", "lettering", "inscription", "label"),
        find=("find", "see", "read", "spot"), found=("found", "seen", "read"), ask=_ASK,
    ),
    "box": of(
        "<find> the {what}. <box>", "<ask> where the {what} is. <box>", "<give> a <bounding> <around> the {what}.",
        "<draw> a <bounding> <around> the {what}.", "<ask> the <bounding> of the {what}.",
        "<which> <bounding> has the {what}?",
        "<find> the {what} with a <bounding>.", "Where does the {what} stand? <box>", "<frame> the {what} with a box.",
        "The {what} as a <bounding>.",
        find=("Find", "Locate", "Detect", "Spot", "Localize", "Search"), ask=_ASK, give=_GIVE, which=("Which", "What"),
        draw=("Draw", "Put", "Place", "Set"), around=("around", "for", "that holds", "that covers"),
        frame=("Frame", "Enclose", "Surround", "Mark", "Bound", "Outline"),
        bounding=("box", "bounding box", "bbox", "rectangle", "frame"),
        box=("Answer as a box.", "Give a box.", "I need the box.", "Use a bounding box.", "Box, please.",
             "Output [left, top, right, bottom].", "Coordinates of the box only."),
    ),
    "boxes": of(
        "<find> <every> {what}, as JSON boxes.", "<frame> <every> {what} with boxes, as JSON.",
        "<give> boxes for <every> {what} as a JSON list.", "JSON list of the boxes of <every> {what}.",
        "<ask> where the {what} are, as a JSON list of boxes.",
        "<find> <every> {what}. Output bbox_2d and label as JSON.",
        find=("Find", "Locate", "Detect", "Spot", "Localize", "Mark"), every=("all", "all the", "the", "any"), ask=_ASK,
        frame=("Frame", "Enclose", "Surround", "Mark"), give=_GIVE,
    ),
    "point": of(
        "<find> the {what}. <point>", "<ask> where the {what} is. <point>", "<give> a point on the {what}.",
        "<touch> the {what}.", "<touch> the {what} in <pic>.", "<give> the center of the {what} as [x, y].",
        "Where does the {what} stand? <point>", "Where should I click for the {what}?", "Click on the {what}.",
        find=("Find", "Locate", "Spot", "Pinpoint", "Localize"), ask=_ASK, give=_GIVE, pic=_PIC,
        touch=("Point to", "Point at", "Touch", "Tap on", "Indicate", "Click"),
        point=("Answer as a point.", "Give a point.", "I need a point.", "Use one point.", "Point, please.",
               "Output [x, y]."),
    ),
    "points": of(
        "<find> <every> {what}, as JSON points.", "<touch> <every> {what}, as a JSON list.",
        "<give> points for <every> {what} as a JSON list.", "JSON list of a point on <every> {what}.",
        "<ask> where the {what} are, as a JSON list of points.",
        "<find> <every> {what}. Output point_2d and label as JSON.",
        find=("Find", "Locate", "Spot", "Pinpoint", "Localize"), every=("all", "all the", "the", "any"), ask=_ASK,
        touch=("Point to", "Point at", "Touch", "Indicate", "Click on"), give=_GIVE,
    ),
}  # fmt: skip
