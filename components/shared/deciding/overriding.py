"""What an override makes of the decision. A pure function.

An override that cannot be carried out deploys nothing and says why: neither what the person did not ask for,
nor what was never measured, goes into service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.shared.deciding.bootstrap import Samples
from components.shared.deciding.decision import Candidate, Decision, Deployed, Overridden, Verdict
from components.shared.deciding.wording import write_cost_and_certainty
from components.shared.override import Override


def apply_override(
    decision: Decision,
    override: Override,
    candidates: Sequence[Candidate],
    samples: Mapping[str, Samples],
    deployed: Deployed,
) -> Decision:
    """Returns the decision that a person takes instead of the rules; what these said comes after it.

    Args:
        decision: What the rules say.
        override: What the person decides.
        candidates: All that were measured.
        samples: By name: the need's metric on the same resamples.
        deployed: What is deployed now.
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
    sentence = f"{override.by} had {candidate.name} deployed, {instead_of}. Reason given: {override.reason}"
    plain = f"Deploy {candidate.name}: {override.by} decided so, {instead_of} ({override.reason})."
    return replace(
        decision,
        verdict="deploy",
        reasons=(sentence, *decision.reasons),
        chosen=candidate.name,
        gain=decision.gain if candidate.name == decision.chosen else None,
        more_reviews=None,
        summary=(plain, write_cost_and_certainty(candidate, samples[candidate.name])),
        override=record,
    )


def _explain_obstacle(override: Override, candidate: Candidate | None, candidates: Sequence[Candidate]) -> str:
    asked = f"The override by {override.by} could not be carried out, so nothing is deployed"
    if candidate is not None:
        return f"{asked}: {candidate.name} is a paid service, which is bought and not deployed."
    if not override.candidate:
        return f"{asked}: no candidate is offered, so name the one to deploy with override_candidate."
    measured = ", ".join(sorted(one.name for one in candidates if not one.bought)) or "none"
    return f"{asked}: '{override.candidate}' was not measured; measured are {measured}."
