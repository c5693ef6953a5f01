"""The adapter "auto": what each column is for, inferred from its first rows once the label column is named.

The rules, in their order, on the values of the first partition:

    text        the longest prose over all rows; prose in which most rows are empty, such as a shop's replies,
                loses, and a column's name can tip the balance
    title       shorter prose that stands before the text, or a column with such a name
    identifier  a value of its own in every row: codes, names, or whole numbers that count up or are named so
    group       a code or a column named like an identifier (a user, a product) whose values come back; the
                rows of one value share a split
    date        shown; the rows are split by it only if --time-column names it
    attributes  numbers, and texts with few different values
"""

from collections.abc import Sequence
from dataclasses import dataclass

from components.ingest.columns import Column, NamedColumns, Role
from components.ingest.profiles import Profile
from components.ingest.source_table import listed
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEXT_NAMES = _words(
    "text review reviews comment comments body content message tweet feedback opinion"
    " bewertung bewertungstext rezension kommentar nachricht avis commentaire texte opinión comentario reseña texto"
)
_TITLE_NAMES = _words("title headline subject summary heading titel betreff überschrift titre sujet título asunto")
#: People: the best groups, because one person writes alike.
_PERSON_NAMES = _words(
    "user users username userid author reviewer customer client member account profile person nickname"
    " kunde kunden kundennummer nutzer benutzer autor utilisateur auteur usuario cliente"
)
_THING_NAMES = _words(
    "id ids uid uuid guid key code number no nr nummer product item article asin sku isbn hotel restaurant business"
    " shop store seller brand app movie film book order produkt artikel artikelnummer bestellung produit commande"
)
#: Long texts with these names were not written by the customer as the review, and titles with them are a thing's.
_OTHER_NAMES = _words(
    "reply replies response answer antwort réponse respuesta developer description beschreibung address adresse"
    " street location name url link image"
)
#: Codes with these names are properties: a version, a size.
_PROPERTY_NAMES = _words("version size color colour model größe farbe taille couleur date datum time")

#: "number of reviews", "user votes": not identifiers.
_COUNT_NAMES = _words("of count counts votes total sum rating score age likes price")
_TIME_NAMES = _words("time timestamp date datum created at")

_NAME_FACTOR = 4.0
_EPOCH_DIGITS = 9
_LEAST_GROUPS, _LARGEST_GROUP = 20, 0.2
#: A title by name, and one by its place: the titles of things come back more often than those of reviews.
_NAMED_TITLE_DISTINCT, _TITLE_DISTINCT = 0.3, 0.5
_TITLE_FILLED, _TITLE_DIGITS = 0.3, 0.8
#: Short texts of which more than this share are different describe one row each, not a kind of review.
_MOST_CATEGORIES_SHARE, _FEW_CATEGORIES = 0.5, 50


@dataclass(frozen=True)
class Choice:
    """A column chosen for a role, and the reason."""

    column: str
    why: str


def infer_roles(profiles: Sequence[Profile], named: NamedColumns, name: str) -> dict[Role, Choice]:
    """Returns the columns of text, title and group, as far as the user did not name or decline them.

    Args:
        profiles: Of all columns, in the order of the source.
        named: What the user named.
        name: What the user called the source, for error messages.

    Raises:
        UserError: No column looks like the text of reviews.
    """
    taken = set(named.roles())
    free = [profile for profile in profiles if profile.column not in taken]
    text = None if named.text else _choose_text(free, name)
    place = [profile.column for profile in profiles].index(text.column if text else named.text)
    free = [profile for profile in free if profile.column != profiles[place].column]
    title = None if named.title else _choose_title(free, profiles[place], {p.column for p in profiles[:place]})
    free = [profile for profile in free if title is None or profile.column != title.column]
    group = None if named.group else _choose_group(free)
    chosen: dict[Role, Choice | None] = {"text": text, "title": title, "group": group}
    return {role: choice for role, choice in chosen.items() if choice}


def _choose_text(profiles: Sequence[Profile], name: str) -> Choice:
    prose = [profile for profile in profiles if profile.kind == "prose"]
    if prose:
        best = max(prose, key=_text_score)
        return Choice(best.column, f"the longest free text, {best.mean_characters:.0f} characters a row")
    called_text = [p for p in profiles if p.kind in ("short", "code") and p.words & _TEXT_NAMES]
    if called_text:
        return Choice(called_text[0].column, "no column holds sentences; this one has the name of a text")
    raise UserError(
        f"{name}: no column looks like the text of reviews; name it with --text-column: the columns are "
        f"{listed([profile.column for profile in profiles])}"
    )


def _text_score(profile: Profile) -> float:
    score = profile.mean_characters
    if profile.words & _TEXT_NAMES:
        score *= _NAME_FACTOR
    if profile.words & _OTHER_NAMES:
        score /= _NAME_FACTOR**2
    return score


def _choose_title(profiles: Sequence[Profile], text: Profile, before: set[str]) -> Choice | None:
    shorter = [
        profile
        for profile in profiles
        if profile.kind in ("prose", "short")
        and profile.mean_characters < text.mean_characters
        and not profile.words & (_OTHER_NAMES | _PERSON_NAMES | _THING_NAMES)
    ]
    for profile in shorter:
        if profile.words & _TITLE_NAMES and profile.distinct_share >= _NAMED_TITLE_DISTINCT:
            return Choice(profile.column, "shorter than the text, and its name says title")
    for profile in shorter:
        if profile.column in before and _could_be_title(profile, text):
            return Choice(profile.column, "a shorter free text before the text")
    return None


def _could_be_title(profile: Profile, text: Profile) -> bool:
    return (
        profile.kind == "prose"
        and 2 * profile.mean_characters < text.mean_characters
        and profile.filled_share >= _TITLE_FILLED
        and profile.distinct_share >= _TITLE_DISTINCT
        and profile.digit_share < _TITLE_DIGITS  # addresses are short free texts too, but nearly all hold a number
    )


def _choose_group(profiles: Sequence[Profile]) -> Choice | None:
    candidates = [profile for profile in profiles if is_group(profile)]
    if not candidates:
        return None
    best = max(candidates, key=lambda profile: (bool(profile.words & _PERSON_NAMES), profile.distinct))
    return Choice(best.column, f"{best.distinct:,} people or things with several reviews: those of one share a split")


def is_group(profile: Profile) -> bool:
    """Returns whether values name a user, a product or the like that occurs in several rows, and many of them."""
    named = bool(profile.words & (_PERSON_NAMES | _THING_NAMES)) and not profile.words & _PROPERTY_NAMES
    alike = profile.kind == "code" and not profile.words & _PROPERTY_NAMES
    whole = profile.kind == "number" and profile.whole and named and not _is_count(profile)
    return (
        (alike or whole or (named and profile.kind == "short"))
        and (profile.distinct_share < 1 or _may_come_back(profile))
        and profile.distinct >= _LEAST_GROUPS
        and profile.largest_share <= _LARGEST_GROUP
    )


def _may_come_back(profile: Profile) -> bool:
    """Returns whether these are people of whom each has written once so far, and more rows are to come."""
    return bool(profile.words & _PERSON_NAMES) and profile.rows >= PARTITION_ROWS


def _is_count(profile: Profile) -> bool:
    """Returns whether the name speaks of how many, as in "number of reviews" or "user_votes"."""
    return bool(profile.words & _COUNT_NAMES)


def describe(profile: Profile) -> Column:
    """Returns the role of a column that is none of text, title, label, group and time."""
    role, why = _role(profile)
    return Column(column=profile.column, role=role, why=why)


def _role(profile: Profile) -> tuple[Role, str]:
    if profile.kind == "empty":
        return "empty", "no values in the first rows: left out"
    if profile.kind == "constant":
        return "constant", "the same value in every row: left out"
    if profile.kind == "link":
        return "unused", "links or addresses: left out"
    if profile.kind == "date" or _is_epoch(profile):
        return "date", "dates; rows are split by time only if asked to"
    if _is_identifier(profile):
        return "identifier", "a value of its own in every row: left out"
    if is_group(profile):
        return "identifier", f"names {profile.distinct:,} people or things: left out"
    if profile.kind == "number":
        return "number", f"numbers, {profile.distinct:,} different ones"
    if profile.kind == "prose":
        return "free text", _why_prose(profile)
    if profile.distinct > _FEW_CATEGORIES and profile.distinct_share > _MOST_CATEGORIES_SHARE:
        return "unused", f"{profile.distinct:,} different short texts, too many for categories: left out"
    return "category", f"{profile.distinct:,} different values" if profile.distinct > 1 else "one value or none"


def _is_epoch(profile: Profile) -> bool:
    """Returns whether whole numbers of nine digits or more are called a time: seconds since 1970."""
    return profile.whole and profile.mean_characters >= _EPOCH_DIGITS and bool(profile.words & _TIME_NAMES)


def _is_identifier(profile: Profile) -> bool:
    nameless = profile.column == "" or profile.column.startswith("Unnamed:")
    if nameless and profile.whole:
        return True  # a data frame's index, saved with it
    if not profile.unique or profile.kind == "prose":
        return False
    named = bool(profile.words & (_PERSON_NAMES | _THING_NAMES))
    return profile.kind != "number" or (profile.whole and (profile.counts_up or named))


def _why_prose(profile: Profile) -> str:
    return f"free text in {profile.filled_share:.0%} of the rows, not the review: left out"
