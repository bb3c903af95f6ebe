"""How models decline, and miss the picture, in English: patterns for one clause in lower case.

A pattern asks for the whole figure: who is unable, to do what, to the picture or the request. "I can't help falling in
love" has the first two words of a refusal and no more.
"""

from __future__ import annotations

from vlmkit.prompts.phrases import Language

__all__ = ["ENGLISH"]

_IMAGE = (
    r"(?:(?:image|picture|photo|photograph|pic|screenshot|attachment|illustration|drawing|graphic)s?"
    r"|(?:image|attached|visual) (?:files?|content|inputs?|information|data|media|material)|visuals?|files?|links?"
    r"|urls?)"
)
_MESSAGE = (
    r"(?:your|our|this|the|my|current) (?:\w+ )?"
    r"(?:message|conversation|chat|prompt|request|query|post|question|context|input|thread|discussion|session|text)"
)
_ME = r"\b(?:i|we)\b(?:'\w+)?(?:,? [\w']+){0,4}?,? "
_CANNOT = (
    r"(?:can'?t|cannot|can not|couldn't|could not|won't|will not|wouldn't|would not|shouldn't|should not|must not"
    r"|may not"
    r"|unable|incapable|uncomfortable|unwilling|forbidden|prohibited|restricted|prevented|don't|do not|didn't|haven't"
    r"|not|decline|refuse|refrain|abstain|rather not|prefer not|lack|have no|unfortunately no)"
)
_BARE = r"^(?:(?:so )?sorry|apologies|unfortunately|no|error|regrettably)?[,:!]? ?"
_UNABLE = rf"(?:{_ME}|{_BARE}){_CANNOT}\b"
_STEP = r"(?: (?!but\b)[\w'-]+){0,6}? "

_TO_HELP = (
    r"(?:help|assist|comply|proceed|engage|continue|participate|cooperate|assistance|support)(?: you)?"
    r"(?: (?:with|in|on|by|further|here|any|at|this|that|to (?:identify|describe|generate|create|provide|analy"
    r"|recogni))\b"
    r"| (?:identify|describ|analy[sz]|recogni[sz])\w*|\W*$)"
)
_REQUEST = r"(?:requests?|questions?|tasks?|quer(?:y|ies)|prompts?|instructions?|inquir(?:y|ies))"
_TO_ANSWER = (
    rf"(?:(?:do|allow|discuss) (?:that|this|so)\b|(?:fulfil+|complete|answer|process|accommodate|perform|handle"
    rf"|honou?r"
    rf"|satisfy|respond to|act on|carry out|meet|grant|execute)(?: (?!the phone|calls)[\w'-]+){{0,4}}? (?:{_REQUEST}"
    rf"|that|this)\b)"
)
_PEOPLE = (
    r"(?:who|whom|person|persons|people|individuals?|someone|anyone|faces?|facial|identit(?:y|ies)|celebrit(?:y|ies)"
    r"|him|her"
    r"|them|humans?|subjects?|(?:wo)?m[ae]n|child|children|figures?|names?)\b(?!'s)"
)
_TO_IDENTIFY = (
    rf"(?:identif\w+|recogni[sz]\w+|name|say who|tell (?:you )?who|reveal|disclose|confirm|determine|provide|infer"
    rf"|verify"
    rf"|discuss|share|speculat\w+|comment\w*|guess\w*)(?: (?!how|what|where|why)[\w'-]+){{0,5}}? {_PEOPLE}"
    r"|(?:say|tell(?: you)?|know|confirm|reveal|determine|identify|recognize|name) who(?:se)?\b"
)
_THING = rf"(?:{_IMAGE}|contents?|scenes?|this|that|it|{_REQUEST}|person|people|individuals?|nudity|material|media)"
_TO_DESCRIBE = (
    r"(?:describ\w+|caption\w*|analy[sz]\w+|process\w*|interpret\w*|examin\w+|evaluat\w+|transcrib\w+|translat\w+"
    r"|rat(?:e|ing)"
    rf"|judg\w+|assess\w*|work with|comment\w* on|view\w*|access\w*|open\w*|display\w*)(?: (?!how"
    rf"|why)[\w',-]+){{0,5}}? {_THING}\b"
)
_TO_PROVIDE = (
    r"(?:provid\w+|giv(?:e|ing)|offer\w*|generat\w+|creat\w+|produc\w+|writ(?:e|ing)|mak(?:e|ing)|suppl\w+|shar(?:e"
    r"|ing))"
    r"(?: [\w'-]+){0,5}? (?:descriptions?|captions?|information|details?|answers?|respons\w+|assistance|help"
    r"|analys[ei]s"
    r"|commentary|content|summar(?:y|ies)|tags|text|transcriptions?|opinions?|ratings?|judge?ments?|assessments?)\b"
)
_WORKS = f"(?:{_TO_HELP}|{_TO_ANSWER}|{_TO_IDENTIFY}|{_TO_DESCRIBE}|{_TO_PROVIDE})"
_POLICY = (
    r"(?:guidelines?|polic(?:y|ies)|rules|terms|standards|programming|principles|instructions|safety|ethic\w*"
    r"|regulations)"
)
_AS_AI = (
    r"\bas an? (?:[\w-]+[ ,]+){0,4}?(?:ai|a\.i\.|language model|llm|assistant|chatbot|artificial intelligence|model"
    r"|machine)\b"
)
_REFUSES = (
    rf"{_UNABLE}{_STEP}{_WORKS}"
    rf"|{_ME}(?:not|n't|un) ?(?:feel |be )?comfortable\b"
    rf"|{_ME}(?:must|have to|need to|'ll have to|will have to|would have to|will|respectfully|politely"
    rf"|am going to) (?:\w+ly )?"
    rf"(?:decline|refuse|pass|abstain|refrain)\b"
    rf"|\bi (?:\w+ly )?(?:decline|refuse) to (?:{_WORKS}|answer|respond)"
    rf"|(?:that|this|it|{_WORKS})\b[^.]{{0,60}}?\b(?:is|'s) (?:not something|something) (?:that )?i(?:'m"
    rf"| am)? {_CANNOT}"
    rf"|(?:that|this|it|{_WORKS})\b[^.]{{0,60}}?\b(?:isn't|is not|'s not) something (?:that )?i(?:'m|'d| am| can"
    rf"| will| would| do)\b"
    rf"|\b(?:not (?:appropriate|possible|permitted|allowed|ethical|acceptable|right)|inappropriate|impossible"
    rf"|unethical|wrong)"
    rf" (?:for me )?to {_WORKS}"
    rf"|\b(?:request|content|image|photo|picture|question|prompt|this|that|it|which|doing so)\b"
    rf"(?:(?!shows|depicts|features|portrays)[^.]){{0,40}}?"
    rf"\b(?:violat\w+|goes against|go against|is against|are against|s against|be against|conflicts? with|breach\w*"
    rf"|falls outside"
    rf"|contravenes?)\b[^.]{{0,40}}?\b{_POLICY}"
    rf"|\bmy (?:[\w-]+ ){{0,3}}?{_POLICY} (?:\w+ly )?(?:do not|don't|does not|doesn't|prevents?|prohibits?|forbids?"
    rf"|restricts?|won't|require)"
    rf"|^(?:your |the |this )?{_REQUEST} (?:was|is|has been|cannot be|can't be|could not be) (?:\w+ly )?(?:denied"
    rf"|declined|refused|rejected|blocked|processed|completed|fulfilled|answered)"
    rf"|{_AS_AI}[^.]{{0,60}}?\bi\b(?:'m)?[^.]{{0,30}}?\b{_CANNOT}\b"
    rf"|^(?:i'm |i am )?(?:so |very |really )?(?:sorry|afraid|regret\w*|apologi[sz]e|apologies"
    rf"|unfortunately)(?:,? (?:but|that|to say))*,? i (?:can't|cannot|won't|can not)(?: do (?:that|this|so))?\W*$"
    rf"|^i (?:just |simply |really )?(?:can't|cannot|won't)(?: do (?:that|this|so))\W*$"
)
_TAIL = (
    r"(?!, (?:just|only)\b)(?=\W*$|[,;:!?)\"']|,? (?:attached|here|provided|uploaded|included|shared|sent|in\b (?="
    + _MESSAGE
    + r")"
    r"|with (?:your|this)|to (?:describe|analy|view|look|work|examine|caption|comment|evaluate|see|help|answer|read)"
    r"|for me|from (?:you|your|here|external|url|web|the (?:web|internet))|on my|yet|directly|at (?:the moment"
    r"|this time|all|present)"
    r"|or\b|and (?:so|therefore|cannot|can't|thus|don't)|you\b|that (?:you|was|were)|which (?:you|was)|because|as\b"
    r"|since|due|itself"
    r"|through|via|so\b|right now|currently|embedded|associated|being|like (?:a )?(?:human|person)s?|the way))"
)
_SEE = (
    r"(?:see|seeing|view\w*|find|detect\w*|access\w*|open\w*|receiv\w*|have|perceiv\w*|load\w*|display\w*|get|got"
    r"|locat\w+"
    r"|visuali[sz]e|look at|observe|actually see)"
)
_BETWEEN = (
    r"(?: (?:access to|the (?:ability|capability|capacity|means) (?:to|of)|an?|any|the|your|that|this|these|those"
    r"|actual|attached"
    r"|uploaded|provided|visible|such|specific|of|to|or|and|view|process|analy[sz]e|open|see|interpret|recei?ve"
    r"|physical|real"
    r"|external|visual|embedded|analy[sz]ing|viewing|seeing|valid|clear|directly|actually|accompanying|associated"
    r"|with|referenced))*?"
)
_OPEN = (
    r"^(?:(?:it|that|this|there|here|is|was|were|has|have|had|been|be|seems?|appears?|looks|like|to|unfortunately"
    r"|sorry|i|am|see|notice|think"
    r"|believe|afraid|apologies|apologize|because|since|as|so|hmm|however|although|actually|currently|you|we|with"
    r"|given|still|oops|note|error"
    r"|for|the|confusion|inconvenience|right|now|again|and|in|order|could|can|would|may|might|help|please|me|my|if"
    r"|your)\b(?:'\w+)?[,:]? ?)*"
)
_ASKED = rf"(?:{_OPEN}|^.*?\b(?:i|me|my|you|help|happy|sure)\b.*?[, ])"
_ANY = (
    r"(?:no|(?:does|do|did|is|was|has|have)n't (?:(?:appear|seem) to )?(?:been |be |have )?(?:an?|any|the)"
    r"|n't (?:be )?(?:an?|any|the)|not (?:(?:appear|seem) to )?(?:be |have )?(?:an?|any|the)|without (?:an?|any|the))"
)
_ADJECTIVE = (
    r"(?:(?:visible|actual|attached|uploaded|accompanying|valid|such|specific|embedded|other|new|clear|associated) )*"
)
_GIVEN = (
    r"(?:attach(?:ed)?|provided|uploaded|included|shared|sent|received|given|supplied|submitted|detected|loaded"
    r"|found|available"
    r"|passed|visible to me|accessible|linked|inserted|transmitted|added|embedded)"
)
_BE = (
    r"(?:(?:was|were|is|are|be|been|being|has|have|had|seems?|appears?|to|actually|currently|yet|which|that|file"
    r"|data|may|might"
    r"|could|does|did|do|you|you've|i|successfully|properly|correctly|probably|apparently|unfortunately) )*"
)
_UPLOAD = (
    r"(?:re-?|un)?(?:upload|attach|provid|shar|send|submit|post|includ|insert|past|suppl|add|show|giv|drop)"
    r"(?:e|y|ing|ed)?"
)
_NO_PICTURE = (
    rf"^without (?:an?|any|the|your) {_ADJECTIVE}{_IMAGE}(?=\W*$|,| {_BE}{_GIVEN})|"
    rf"(?:{_ME}|{_BARE})(?:{_CANNOT}|no longer)\b{_STEP}? ?{_SEE}{_BETWEEN} {_IMAGE}\b{_TAIL}"
    rf"|\bi (?:currently )?(?:see|have|find|found|got|received|detect|can see) no {_ADJECTIVE}{_IMAGE}\b{_TAIL}"
    rf"|{_OPEN} ?{_ANY} {_ADJECTIVE}{_IMAGE} {_BE}(?:{_GIVEN}\b(?! (?:on|of|behind))|here\b|in {_MESSAGE}|for me\b"
    rf"|with your"
    rf"|to (?:describe|analy[sz]e|view|look at|work with|examine|caption|evaluate|comment|process|see|review))"
    rf"|^(?:sorry|unfortunately|it (?:seems|looks|appears)(?: like| that)?|there(?: is|'s| was| seems to be"
    rf"| appears to be)"
    rf"|,|but|i think|hmm|error:?| )*no {_IMAGE}(?: yet)?\W*$"
    rf"|{_OPEN}(?:the|your|an?|any|that|this) (?:\w+ )?{_IMAGE}(?: (?:that |which )?you[^.]{{0,40}}?)? {_BE}(?:not"
    rf"|n't|never|failed|cannot|can't|didn't|doesn't|don't|wasn't|isn't"
    rf"|hasn't|haven't|couldn't|unable) {_BE}(?:be )?(?:come|came|coming) through"
    rf"|{_OPEN}(?:the|your|an?|any|that|this) (?:\w+ )?{_IMAGE}(?: (?:that |which )?you[^.]{{0,40}}?)? {_BE}(?:not"
    rf"|n't|never|failed to|cannot|can't|didn't|doesn't|don't|wasn't"
    rf"|isn't|hasn't|haven't|couldn't|unable to) {_BE}(?:{_GIVEN}|load|upload|render\w*|display\w*(?=\W*$| (?:here"
    rf"|properly|correctly|for me|on my))"
    rf"|shown? up|appear(?! to| in)|open(?:ed)?|viewed|accessed|go through|processed|viewable|be seen|visible(?=\W*$"
    rf"| (?:here|to me)))"
    rf"|^(?:the |your )?{_IMAGE} {_BE}(?:not {_GIVEN}|missing(?=\W*$| (?:from|in) {_MESSAGE}))"
    rf"|{_ME}(?:{_CANNOT}|only)\b[^.]{{0,50}}?\b(?:(?:vision|visual|image)[\w -]{{0,12}} ?(?:capabilit|abilit"
    rf"|recognition|perception|processing)\w*|vision\b|eyes\b"
    rf"|ability to (?:directly )?(?:see|view|perceive|look|visually))"
    rf"|{_ME}(?:can|could|am able to|'m able to)? ?(?:only|solely)\b[^.]{{0,30}}?\b(?:text|words)\b"
    rf"|\bi(?:'m| am) (?:just |only )?an? (?:[\w-]+ ){{0,3}}?text[- ](?:based|only)\b"
    rf"|{_AS_AI}[^.]{{0,40}}?\bi\b[^.]{{0,30}}?{_CANNOT}[^.]{{0,30}}?\b(?:see|view|look at|perceive)\b"
    rf"|{_ASKED}(?:please|kindly|could you|can you|would you|you(?:'ll| will)? (?:need|have) to|you (?:can|may|could"
    rf"|should|might)|feel free to"
    rf"|go ahead and|if you|once you|when you|as soon as you|until you|after you|i(?:'d| would|'ll)? need you to|try"
    rf"|make sure|would you mind|don't forget to|just|simply)"
    rf"(?: [\w'-]+){{0,4}}? {_UPLOAD}(?: (?:me|us|it to me))?(?: with)?(?: (?:the|an?|your|that|any|another|some"
    rf"|more|actual)\b)+(?: [\w-]+){{0,3}}? {_IMAGE}\b(?!'s)"
    rf"|{_ASKED}(?:please|kindly|could you|can you|would you|just|go ahead and|(?:need"
    rf"|have) (?:you )?to)(?: [\w-]+){{0,3}}? (?:re-?)?(?:upload|attach|share|send|submit|provide|resend) (?:it|them"
    rf"|one)\b"
    rf"|\bi (?:don't|do not) (?:think|believe)\b[^.]{{0,40}}?\b(?:{_UPLOAD}|{_GIVEN}|is|was"
    rf"|have)\b[^.]{{0,20}}?\b{_IMAGE}\b(?! of)"
    rf"|\b{_MESSAGE} (?:does not|doesn't|did not|didn't|seems not to|contains no|has no|do not"
    rf"|don't)\b[^.]{{0,30}}?\b{_IMAGE}\b{_TAIL}"
    rf"|{_OPEN}(?:(?:an?|some|having|have|had|encountered|experiencing|ran|into|technical) )*(?:issue|problem|error"
    rf"|trouble|difficult(?:y|ies))\b[^.]{{0,40}}?\b{_IMAGE}\b"
    rf"|{_ME}{_CANNOT}\b{_STEP}?{_SEE} (?:one|it|any|anything)\b (?:attached|here|provided|uploaded|included"
    rf"|in {_MESSAGE})"
    rf"|^{_UPLOAD} (?:the|an?|your|another) (?:\w+ )?{_IMAGE} (?:and|so|for|you|to)\b"
    rf"|\b(?:waiting|ready) for (?:the|your|an?) {_IMAGE}|\bi(?:'d| would|'ll| will)? (?:first )?(?:need"
    rf"|require) (?:to (?:see|view|have|look at) )?(?:the|an?|your) (?:actual )?{_IMAGE}\b"
    rf"|\b(?:which|what) {_IMAGE} (?:would|do|are|should) (?:you|i)\b"
    rf"|\b(?:nothing|no (?:file|attachment|media)) (?:was|is|has been|seems to be)? ?(?:attached|uploaded"
    rf"|shared)(?=\W*$|,| here| (?:to|with|in) {_MESSAGE})"
    rf"|\byou(?:'ve)? (?:haven't|have not|didn't|did not|forgot to|(?:may|might|seem to) have forgotten to"
    rf"|have yet to|not) (?:actually )?(?:{_UPLOAD}|sent)\b"
    rf"|\b(?:describe|tell me (?:about|what's in)) (?:the|your) {_IMAGE} (?:to me|for me|in words|in text|verbally"
    rf"|and|so)\b"
)
_TALKS = (
    r"\b(?:i|i'm|i'd|i'll|i've|me|my|you|your|you're|you'd|yours|let's|we)\b"
    r"|^(?:please|sorry|thank|thanks|apolog|unfortunately|regrettably|hello|hi\b|hey|sure|certainly|of course"
    r"|is there|are there any|have a"
    r"|feel free|as an? (?:ai|language|large|artificial|text)|instead|however$|try|if possible|thus|therefore|no,?$"
    r"|yes,?$|okay|ok\b|understood|great|absolutely)"
    r"|\b(?:guidelines?|polic(?:y|ies)|violat\w+|inappropriate|explicit|sexual\w*|nudity|harmful|privacy|consent"
    r"|ethic\w*|unethical|against the|terms of|openai|anthropic"
    r"|confidential\w*|private|graphic|personal information|sensitive|safety|copyright\w*|respectful|offensive)\b"
)
_SHOWS = (
    r"\b(?:i (?:can |do |could |am able to )?(?:still |clearly |also |only )?(?:see|notice|observe|make out"
    r"|spot) (?!no\b|any\b|why|that you|the need|your)\w+)"
    r"|\bi can (?:\w+ )?(?:say|tell you|note|confirm|state|describe (?:him|her|them|it|this|the \w+) as"
    r"|see) (?:that )?\w+ \w+"
    r"|\b(?:image|picture|photo|photograph|it|scene|this|which|painting|sign|illustration) (?:\w+ly )?(?:shows"
    r"|depicts|features|portrays|displays|captures|presents|(?:appears|seems|looks) to (?:be|show|depict) (?!blocked"
    r"|missing|explicit|inappropriate|broken|unavailable|private|sexual|graphic|violen|copyright|personal))"
)
_OFFERS = (
    r"(?:please |so |just |and |also,? |then ){0,2}let me know\b"
    r"|feel free to\b|(?:please )?(?:don't|do not) hesitate"
    r"|(?:i (?:really )?)?(?:hope|trust) (?:this|that|these|it|the|you|my)\b.{0,60}?\b(?:help|useful|meet|work|enjoy"
    r"|like|clarif|suit|find|fit|serve|answer)"
    r"|would you (?:like|prefer|want)\b|do you (?:want|need|have (?:any|other|more|further)|wish)\b"
    r"|is there (?:anything|something|any other|any specific)\b"
    r"|if you(?:'d| would| want| need| have| wish| require| prefer| like| can| could| provide| share| are looking)\b"
    r"|(?:want|need|shall|should|may|can) (?:me to|i)\b.{0,100}\?|how (?:else )?(?:can|may|could) i\b"
    r"|what (?:else )?(?:can|would|do) (?:i|you)\b"
    r"|i(?:'d|'m| am| would|'ll| will)(?: also)?(?: be)? (?:happy|glad|here|ready|delighted) to|i (?:can"
    r"|could) (?:also |certainly )?(?:provide|write|help|make|adjust|offer|give|create|tailor|refine|generate"
    r"|expand).{0,120}?\b(?:if|would|let|want|need)"
    r"|happy to (?:help|assist)|(?:just )?ask (?:me )?(?:if|for|any)|any (?:other|further|more) questions"
    r"|need anything else"
)
_GREETINGS = (
    r"(?:hello|hi|hey|greetings)(?: there| everyone)?\W*$"
    r"|(?:sure,? |certainly,? |yes,? |of course,? )?(?:i(?:'d|'m| am| would|'ll) (?:be )?(?:happy|glad|ready|here"
    r"|delighted) to\b|let me\b|i (?:can|will) (?:help|assist|describe|do (?:that|this))\b).*|thank(?:s| you)(?: for"
    r"| so| very|\W*$).*"
)

ENGLISH = Language(
    hints=(
        "n't", "cannot", "unable", "sorry", "apolog", "declin", "refus", "no image", "no pic", "no photo",
        "no attach", "no file", "no such", "no vis", "no act", "please", "upload", "attach", "your ", "you ",
        "violat", "against", "i need", "i'd need", "require", "cant ", "waiting", "missing", "inappropriate",
        "as an ai", "guideline", "policy", "policies", "prevent", "rather", "happy to", "glad to", "ready to",
        "failed", "through", "not", "issue", "problem", "error", "trouble", "difficult", "just", "send",
        "which im", "what im", "which p", "what p", "text-", "only ", "lack", "prohibit", "forbid", "incapable",
        "no longer", "unethical", "impossible",
    ),
    refuses=_REFUSES,
    misses=_NO_PICTURE,
    talks=_TALKS,
    shows=_SHOWS,
    offers=f"{_OFFERS}|{_GREETINGS}",
    turns=r"(?:but|however|although|though|yet|while|because|that said|nevertheless|nonetheless)",
)  # fmt: skip
"""Of all rows of the table the one with the most ways to say it."""
