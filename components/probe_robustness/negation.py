"""Negates English sentences by their verb: what was affirmed is denied, and what was denied is affirmed."""

import re

_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|am|will|would|can|could|should|must|does|did|(?:has|have|had)(?=\s+been)"
    r"|(?:it|this|that|he|she|there)['’]s|(?:they|you|we)['’]re|i['’]m)\b",
    re.IGNORECASE,
)
#: What turns a denial into the opposite, first to last.
_DENIALS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), affirmed)
    for pattern, affirmed in (
        (r"\bcan(?:['’]t|not|\s+not)\b", "can"),
        (r"\bwon['’]t\b", "will"),
        (r"\b(?:do|does|did)(?:n['’]t|\s+not)\s+", ""),
        (r"\b(is|are|was|were|would|could|should|has|have|had|must|need)n['’]t\b", r"\1"),
        (r"\s+(?:not|never)\b", ""),
    )
)
_PLAIN = "love like recommend want need wear feel enjoy adore hate dislike regret know think own keep return".split()
_THIRD = {
    **{f"{verb}s": verb for verb in "fit look feel run come work wash hang seem hold make need wear keep".split()},
    "goes": "go",
    "does": "do",
}
_PAST = {
    "loved": "love",
    "liked": "like",
    "enjoyed": "enjoy",
    "hated": "hate",
    "returned": "return",
    "wanted": "want",
    "looked": "look",
    "fit": "fit",
    "felt": "feel",
    "kept": "keep",
    "ordered": "order",
    "bought": "buy",
    "came": "come",
    "received": "receive",
}
_SUBJECT = r"\b(i|we|you|they|it|this|that|he|she)"
_PLAIN_VERB = re.compile(rf"\b(i|we|you|they)(\s+)({'|'.join(_PLAIN)})\b", re.IGNORECASE)
_THIRD_VERB = re.compile(rf"(\s+)({'|'.join(_THIRD)})\b", re.IGNORECASE)
_PAST_VERB = re.compile(rf"{_SUBJECT}(\s+)({'|'.join(_PAST)})\b", re.IGNORECASE)


def negate(sentence: str) -> str | None:
    """Returns a sentence with its first verb denied, or affirmed if it was denied; None if no such verb is known.

    It knows auxiliaries, denials and the verbs that reviews use most; word order and tense stay.
    """
    for pattern, affirmed in _DENIALS:
        if pattern.search(sentence):
            return pattern.sub(affirmed, sentence, count=1)
    if found := _AUXILIARY.search(sentence):
        return f"{sentence[: found.end()]} not{sentence[found.end() :]}"
    if _PLAIN_VERB.search(sentence):
        return _PLAIN_VERB.sub(r"\1\2do not \3", sentence, count=1)
    if found := _PAST_VERB.search(sentence):
        verb = _PAST[found.group(3).lower()]
        return f"{sentence[: found.start(3)]}did not {verb}{sentence[found.end() :]}"
    if found := _THIRD_VERB.search(sentence):
        verb = _THIRD[found.group(2).lower()]
        return f"{sentence[: found.start(2)]}does not {verb}{sentence[found.end() :]}"
    return None
