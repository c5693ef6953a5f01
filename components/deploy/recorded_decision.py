"""What a deployment needs to know of decision.json."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from components.shared.deciding.caveats import Severity
from components.shared.errors import UserError
from components.shared.need import Mode


class Caveat(BaseModel):
    """Something that the model does not do as one would expect.

    Attributes:
        severity: How much it matters.
        about: A short key of what it is about, such as "negation".
        sentence: For people.
    """

    severity: Severity
    about: str
    sentence: str


class RecordedOverride(BaseModel):
    """Who had the model deployed instead of what the rules said.

    Attributes:
        by, reason: Who, and why, in one line.
        verdict: What the rules had said.
        objections: Which limits of the need it is deployed against, as sentences.
    """

    by: str
    reason: str
    verdict: str
    objections: tuple[str, ...] = ()


class RecordedDecision(BaseModel):
    """A decision to deploy.

    Attributes:
        candidate: What is deployed.
        reason: Why, all reasons in one text.
        mode: How the model runs, as the need says.
        caveats: What it does not do as one would expect, the most serious first.
        override: Who decided so instead of the rules, if anybody did.
    """

    candidate: str
    reason: str
    mode: Mode
    caveats: tuple[Caveat, ...]
    override: RecordedOverride | None


class _Override(BaseModel):
    by: str
    reason: str


class _Overridden(BaseModel):
    override: _Override
    verdict: str
    objections: tuple[str, ...] = ()


class _Content(BaseModel):
    verdict: str
    candidate: str | None
    reasons: list[str] = []
    mode: Mode = "batch"
    caveats: tuple[Caveat, ...] = ()
    override: _Overridden | None = None


def read_decision_to_deploy(path: Path) -> RecordedDecision:
    """Returns a decision to deploy.

    Raises:
        UserError: It cannot be read, or says something else than to deploy.
    """
    try:
        content = _Content.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: not a readable decision; run compare again") from error
    if content.verdict != "deploy" or content.candidate is None:
        raise UserError(f"{path}: the verdict is '{content.verdict}', so nothing is deployed")
    overridden = content.override
    return RecordedDecision(
        candidate=content.candidate,
        reason=" ".join(content.reasons),
        mode=content.mode,
        caveats=content.caveats,
        override=RecordedOverride(
            by=overridden.override.by,
            reason=overridden.override.reason,
            verdict=overridden.verdict,
            objections=overridden.objections,
        )
        if overridden
        else None,
    )
