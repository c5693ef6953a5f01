"""The decision: which candidate is enough, and whether it replaces what is deployed. A pure function.

1. Constraints: a candidate that breaks one of the need's is not offered, nor one that is not shown to be better than
   guessing in the need's own metric, with the number of candidates in mind; see skill.py. A limit binds the measured
   figure itself, not its interval: who wants to be surer sets the limit further off. If what is to be expected of the
   choice reaches below the least quality, a reason says so.
2. Enough: the quality is shown not to be worse than the best one's by the need's margin or more (the lower
   bound of the paired 95 % interval lies above minus the margin). A small sample shows little, so it keeps
   the best; it never makes a worse candidate "good enough".
3. The least burden among those is chosen; what ties goes by a declared order, the simplest first; see choice.py.
4. Gate: against the deployed model, on the same reviews; see gate.py, which also says when it is inconclusive.
5. Override: a person may decide otherwise, by name and with a reason; see overriding.py.

All figures are of the select split; test figures play no role.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from components.shared.deciding.bootstrap import Samples
from components.shared.deciding.choice import Burdens, choose, find_front
from components.shared.deciding.decision import METRIC_NAMES, Candidate, Decision, Deployed, Expected, Standing
from components.shared.deciding.expectation import Pick, expect
from components.shared.deciding.gate import DECISIVE_SAVING, Rival, compare_quality, pass_gate
from components.shared.deciding.limits import list_objections
from components.shared.deciding.overriding import apply_override
from components.shared.deciding.skill import Guessing, more_reviews_to_show
from components.shared.deciding.wording import (
    write_choice,
    write_cost_and_certainty,
    write_guessing,
    write_guessing_levels,
    write_number_of_more,
)
from components.shared.need import Need
from components.shared.override import Override


def decide(
    candidates: Sequence[Candidate],
    need: Need,
    guessing: Guessing,
    samples: Mapping[str, Samples],
    deployed: Deployed,
    reviews: int,
    override: Override | None = None,
) -> Decision:
    """Returns the decision.

    Args:
        candidates: All that were measured, names all different.
        need: Limits, margin and weights.
        guessing: What guessing reaches on select.
        samples: By name, the deployed model's too: the need's metric on the same resamples.
        deployed: What is deployed now.
        reviews: Number of select reviews.
        override: What a person decides otherwise; None: the rules stand.
    """
    decision = _follow_rules(candidates, need, guessing, samples, deployed, reviews)
    if override is None:
        return decision
    return apply_override(decision, override, candidates, samples, deployed, reviews)


def _follow_rules(
    candidates: Sequence[Candidate],
    need: Need,
    guessing: Guessing,
    samples: Mapping[str, Samples],
    deployed: Deployed,
    reviews: int,
) -> Decision:
    burdens = Burdens(candidates, need)
    objections = {one.name: tuple(list_objections(one, need, guessing)) for one in candidates}
    offered = [one for one in candidates if not objections[one.name]]
    if not offered:
        standings = {one.name: Standing(burdens.of(one), objections[one.name]) for one in candidates}
        return _offer_nothing(candidates, standings, need, guessing, reviews)

    best = _find_best(offered, burdens)
    front, enough = find_front(offered, burdens), _find_enough(offered, best, samples, need)
    # The best is on the front and enough, so that there is something to choose from.
    chosen, decided_by = choose([one for one in enough if one.name in front], burdens)
    standings = {
        one.name: Standing(
            burden=burdens.of(one),
            objections=objections[one.name],
            on_front=one.name in front,
            difference=None if objections[one.name] else compare_quality(one, best, samples),
            good_enough=one in enough,
        )
        for one in candidates
    }
    champion = deployed.figures
    expected = expect(chosen, offered, samples, _pick_again(offered, samples, need, burdens))
    outcome = pass_gate(
        chosen,
        deployed,
        champion_objections=list_objections(champion, need, guessing) if champion else [],
        rivals=_find_rivals(chosen, offered, standings, burdens),
        samples=samples,
        flattered_by=expected.flattered_by,
        reviews=reviews,
        need=need,
    )
    tied = sum(burdens.tie(chosen, one) for one in enough)
    choice = write_choice(chosen, best, standings[chosen.name], need, decided_by, tied, len(enough))
    return Decision(
        verdict=outcome.verdict,
        reasons=(
            outcome.reason,
            choice,
            write_guessing(chosen, guessing, need),
            *_warn_of_minimum(expected, need),
        ),
        chosen=chosen.name,
        best=best.name,
        standings=standings,
        expected=expected,
        decided_by=decided_by,
        gain=outcome.gain,
        more_reviews=outcome.more_reviews,
        summary=(outcome.plain, write_cost_and_certainty(chosen, expected, reviews, len(offered))),
    )


def _find_best(offered: Sequence[Candidate], burdens: Burdens) -> Candidate:
    return min(offered, key=lambda one: (-one.quality, burdens.of(one), one.name))


def _find_enough(
    offered: Sequence[Candidate], best: Candidate, samples: Mapping[str, Samples], need: Need
) -> list[Candidate]:
    return [one for one in offered if one is best or compare_quality(one, best, samples).low > -need.quality.margin]


def _pick_again(offered: Sequence[Candidate], samples: Mapping[str, Samples], need: Need, burdens: Burdens) -> Pick:
    """Returns how the choice is made on a resample: as on the reviews, but for the front.

    How far an interval reaches below a difference is taken from the reviews as they are: it is nearly the same on
    each resample, and resampling the resamples would take hours.
    """

    @cache
    def reach(name: str, best: str) -> float:
        difference = compare_quality(by_name[name], by_name[best], samples)
        return difference.value - difference.low

    def pick(redrawn: Sequence[Candidate]) -> Candidate:
        best = _find_best(redrawn, burdens)
        enough = [
            one
            for one in redrawn
            if one is best or one.quality - best.quality - reach(one.name, best.name) > -need.quality.margin
        ]
        return choose(enough, burdens)[0]

    by_name = {one.name: one for one in offered}
    return pick


def _find_rivals(
    chosen: Candidate, offered: Sequence[Candidate], standings: Mapping[str, Standing], burdens: Burdens
) -> list[Rival]:
    """Returns the far lighter candidates that are neither shown to be good enough nor to be worse, lightest first."""
    limit = (1 - DECISIVE_SAVING) * burdens.of(chosen)
    found = [
        (standings[one.name].burden, Rival(one.name, difference))
        for one in offered
        if (difference := standings[one.name].difference) is not None
        and standings[one.name].on_front
        and not standings[one.name].good_enough
        and burdens.of(one) <= limit
        and burdens.clearly_lighter(one, chosen)
        and difference.high >= 0
    ]
    return [rival for _, rival in sorted(found, key=lambda pair: (pair[0], pair[1].name))]


def _offer_nothing(
    candidates: Sequence[Candidate],
    standings: dict[str, Standing],
    need: Need,
    guessing: Guessing,
    reviews: int,
) -> Decision:
    if not candidates:
        reason = "No candidate could be measured, so there is nothing to offer."
        return Decision("none", (reason,), None, None, standings, summary=(reason, "What is in service stays."))
    own = [one for one in candidates if one.skill is not None]
    if own and not any(one.skill.shown for one in own if one.skill):
        return _show_nothing(own, standings, need, guessing, reviews)
    best = min(candidates, key=lambda one: (one.reference, -one.quality, one.name))
    nearest = f"The nearest by quality is {best.name}. {' '.join(standings[best.name].objections)}"
    return Decision(
        verdict="none",
        reasons=(
            f"None of the {len(candidates)} measured candidates meets the need, so whatever is deployed stays.",
            nearest,
        ),
        chosen=None,
        best=None,
        standings=standings,
        summary=(f"Deploy nothing: none of the {len(candidates)} models keeps to every limit of the need.", nearest),
    )


def _show_nothing(
    own: Sequence[Candidate], standings: dict[str, Standing], need: Need, guessing: Guessing, reviews: int
) -> Decision:
    """Returns the verdict where no candidate is shown to be better than guessing."""
    nearest = max(own, key=lambda one: (one.skill.strength if one.skill else 0.0, one.quality, one.name))
    assert nearest.skill is not None
    more = more_reviews_to_show(nearest.skill, reviews)
    metric = METRIC_NAMES[need.quality.metric]
    plain = f"Deploy nothing: on these {reviews:,} reviews nothing here is shown to be better than guessing."
    figures = (
        f"The nearest is {nearest.name}: {metric} {nearest.quality:.3f}, {nearest.skill.gain:+.3f} against guessing "
        f"({guessing.best:.3f})"
    )
    if more is None:
        outlook = (
            f"{figures}; the luckiest of {len(own)} that know nothing of the reviews often seems as good, so that "
            "more reviews like these are not expected to help: look at the labels first."
        )
    else:
        outlook = f"{figures}; with {write_number_of_more(more)} a gain like this one would be shown (estimated)."
    return Decision(
        verdict="none" if more is None else "inconclusive",
        reasons=(
            f"None of the {len(own)} candidates is shown to be better than guessing, with the luck of the best of so "
            "many in mind.",
            f"For comparison: {write_guessing_levels(guessing, need)}.",
        ),
        chosen=None,
        best=None,
        standings=standings,
        more_reviews=more,
        summary=(plain, outlook),
    )


def _warn_of_minimum(expected: Expected, need: Need) -> list[str]:
    minimum = need.constraints.minimum_quality
    if minimum is None or expected.low >= minimum:
        return []
    return [f"On other reviews it may come down to {expected.low:.3f}, below the need's minimum of {minimum:g}."]
