"""An override: a person decides otherwise than the rules, by name and with a reason."""

from dataclasses import dataclass
from typing import Literal, get_args

from components.shared.errors import UserError
from components.shared.texts.printable import printable

Action = Literal["deploy", "refuse"]
ACTIONS: tuple[Action, ...] = get_args(Action)

_LONGEST = {"override_by": 100, "override_reason": 300, "override_candidate": 200}


@dataclass(frozen=True)
class Override:
    """What a person has decided.

    Attributes:
        action: "deploy" or "refuse".
        by: Who.
        reason: Why, in one line.
        candidate: What to deploy; empty: what the rules chose.
    """

    action: Action
    by: str
    reason: str
    candidate: str = ""


def parse_override(action: str, by: str, reason: str, candidate: str) -> Override | None:
    """Returns the override that four parameters of the pipeline describe; None if they are empty.

    Raises:
        UserError: The action is unknown, name or reason is missing, or a text is not one short printable line.
    """
    texts = {"override_by": by.strip(), "override_reason": reason.strip(), "override_candidate": candidate.strip()}
    if not action:
        superfluous = next((name for name, text in texts.items() if text), None)
        if superfluous:
            raise UserError(f"{superfluous} is set, but override is not; set it to deploy or refuse")
        return None
    known = next((one for one in ACTIONS if one == action), None)
    if known is None:
        raise UserError(f"override: unknown '{printable(action)}'; known are {', '.join(ACTIONS)}")
    for name in ("override_by", "override_reason"):
        if not texts[name]:
            raise UserError(f"override takes a name and a reason, and {name} is empty; fill it in")
    for name, text in texts.items():
        _check_line(name, text)
    if known == "refuse" and texts["override_candidate"]:
        raise UserError("override_candidate is for override deploy; nothing is deployed by refuse, so remove it")
    return Override(known, texts["override_by"], texts["override_reason"], texts["override_candidate"])


def _check_line(name: str, text: str) -> None:
    if printable(text) != text:
        raise UserError(f"{name} holds a line break or another character that cannot be shown; write one plain line")
    if len(text) > _LONGEST[name]:
        raise UserError(f"{name} has {len(text)} characters; shorten it to {_LONGEST[name]}")
