"""What an override makes of the decision. A pure function.

An override that cannot be carried out deploys nothing and says why: neither what the person did not ask for,
nor what was never measured, goes into service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.shared.deciding.bootstrap import Samples
from components.shared.deciding.decision import Candidate, Decision, Deployed, Overridden, Verdict
from components.shared.deciding.expectation import expect
from components.shared.deciding.wording import write_cost_and_certainty
from components.shared.override import Override


def apply_override(
    decision: Decision,
    override: Override,
    candidates: Sequence[Candidate],
    samples: Mapping[str, Samples],
    deployed: Deployed,
    reviews: int,
) -> Decision:
    """Returns the decision that a person takes instead of the rules; what these said comes after it.

    Args:
        decision: What the rules say.
        override: What the person decides.
        candidates: All that were measured.
        samples: By name: the need's metric on the same resamples.
        deployed: What is deployed now.
        reviews: Number of select reviews.
    """
    record = Overridden(override, decision.verdict, decision.chosen)
    stays: Verdict = "none" if deployed.status == "none" else "keep"
    instead_of = f"instead of the verdict '{decision.verdict}'"
    if override.action == "refuse":
        sentence = f"{override.by} refused a deployment, {instead_of}. Reason given: {override.reason}"
        plain = f"Deploy nothing: {override.by} decided so, {instead_of} ({override.reason})."
        return replace(
            decision,
            verdict=stays,
            reasons=(sentence, *decision.reasons),
            summary=(plain, decision.summary[1]),
            override=record,
        )
    wanted = override.candidate or decision.chosen
    candidate = next((one for one in candidates if one.name == wanted), None)
    if candidate is None or candidate.bought:
        obstacle = _explain_obstacle(override, candidate, candidates)
        return replace(
            decision,
            verdict=stays,
            reasons=(obstacle, *decision.reasons),
            summary=(f"Deploy nothing: the override by {override.by} could not be carried out.", obstacle),
            override=replace(record, obstacle=obstacle),
        )
    against = decision.standings[candidate.name].objections
    sentence = f"{override.by} had {candidate.name} deployed, {instead_of}. Reason given: {override.reason}"
    plain = f"Deploy {candidate.name}: {override.by} decided so, {instead_of} ({override.reason})."
    as_by_rules = candidate.name == decision.chosen and decision.expected is not None
    # Whoever names a candidate has seen the table, or has not: how it was picked is not known.
    expected = decision.expected if as_by_rules else expect(candidate, [candidate], samples, lambda some: some[0])
    assert expected is not None
    return replace(
        decision,
        verdict="deploy",
        reasons=(" ".join([sentence, *_warn_of(against)]), *decision.reasons),
        chosen=candidate.name,
        expected=expected,
        decided_by=decision.decided_by if as_by_rules else "",
        gain=decision.gain if candidate.name == decision.chosen else None,
        more_reviews=None,
        summary=(
            " ".join([plain, *_warn_of(against)]),
            write_cost_and_certainty(candidate, expected, reviews, 1),
        ),
        override=replace(record, objections=against),
    )


def _warn_of(objections: Sequence[str]) -> list[str]:
    """Returns what an override deploys against, as a sentence; none if it is nothing."""
    return [f"That is against the need: {' '.join(objections)}"] if objections else []


def _explain_obstacle(override: Override, candidate: Candidate | None, candidates: Sequence[Candidate]) -> str:
    asked = f"The override by {override.by} could not be carried out, so nothing is deployed"
    if candidate is not None:
        return f"{asked}: {candidate.name} is a paid service, which is bought and not deployed."
    if not override.candidate:
        return f"{asked}: no candidate is offered, so name the one to deploy with override_candidate."
    measured = ", ".join(sorted(one.name for one in candidates if not one.bought)) or "none"
    return f"{asked}: '{override.candidate}' was not measured; measured are {measured}."
