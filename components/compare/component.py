"""The compare component: the decision."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.EVALUATE, install_kfp_package=False)
def compare(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    measurements: dsl.Input[dsl.Dataset],
    robustness: dsl.Input[dsl.Artifact],
    floor: dsl.Input[dsl.Model],
    shelf: dsl.Input[dsl.Model],
    lstm: dsl.Input[dsl.Model],
    distilbert: dsl.Input[dsl.Model],
    reading: dsl.Input[dsl.HTML],
    exploration: dsl.Input[dsl.HTML],
    checks: dsl.Input[dsl.HTML],
    guard: dsl.Input[dsl.HTML],
    define_usage: dsl.Input[dsl.Metrics],
    ingest_usage: dsl.Input[dsl.Metrics],
    explore_usage: dsl.Input[dsl.Metrics],
    clean_usage: dsl.Input[dsl.Metrics],
    engineer_features_usage: dsl.Input[dsl.Metrics],
    train_floor_usage: dsl.Input[dsl.Metrics],
    off_the_shelf_usage: dsl.Input[dsl.Metrics],
    train_lstm_usage: dsl.Input[dsl.Metrics],
    finetune_distilbert_usage: dsl.Input[dsl.Metrics],
    optimise_lstm_usage: dsl.Input[dsl.Metrics],
    optimise_distilbert_usage: dsl.Input[dsl.Metrics],
    evaluate_usage: dsl.Input[dsl.Metrics],
    probe_robustness_usage: dsl.Input[dsl.Metrics],
    explained_reviews: int,
    redact_reviews: bool,
    override: str,
    override_by: str,
    override_reason: str,
    override_candidate: str,
    seed: int,
    candidates: dsl.Output[dsl.Dataset],
    slices: dsl.Output[dsl.Dataset],
    decision: dsl.Output[dsl.Artifact],
    winner: dsl.Output[dsl.Model],
    explanations: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    model_card: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
    confusion: dsl.Output[dsl.ClassificationMetrics],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Chooses the cheapest candidate that is good enough on select, and reports it once on test.

    Args:
        features: Directory of features.
        plan: The plan, from define; holds the need.
        measurements: What evaluate measured.
        robustness: How the candidates on the front bear noise, shown in the report.
        floor: Candidates of the floor step.
        shelf: Candidates that need no training, and the prices of paid services.
        lstm: Candidates made from the LSTM.
        distilbert: Candidates made from DistilBERT.
        reading: How the source was read, shown in the report.
        exploration: The exploration's page, shown in the report.
        checks: The cleaning's page, shown in the report.
        guard: The leak and sampling guard's page, shown in the report.
        define_usage: What that step took.
        ingest_usage: What that step took.
        explore_usage: What that step took.
        clean_usage: What that step took.
        engineer_features_usage: What that step took.
        train_floor_usage: What that step took.
        off_the_shelf_usage: What that step took.
        train_lstm_usage: What that step took.
        finetune_distilbert_usage: What that step took.
        optimise_lstm_usage: What the steps that optimise the LSTM took.
        optimise_distilbert_usage: What the steps that optimise DistilBERT took.
        evaluate_usage: What that step took.
        probe_robustness_usage: What that step took.
        explained_reviews: The words that the winner goes by are looked for in so many reviews; 0: not at all.
        redact_reviews: Whether the report shows no text of a review.
        override: deploy or refuse, whatever the verdict; empty: as the rules say.
        override_by: Who overrides.
        override_reason: Why, in one line.
        override_candidate: What to deploy; empty: what was chosen.
        seed: Seed of the bootstrap and of the sample that is explained.
        candidates: One row a candidate, as CSV.
        slices: Quality of the winner by slice of select, and what compression did to each, as CSV.
        decision: Verdict, reasons, chosen candidate, thresholds and figures, as JSON.
        winner: The bundle of the chosen candidate; an empty directory if none was chosen.
        explanations: The words that the winner goes by, as JSON; null if nothing is explained.
        report: One HTML file.
        model_card: The chosen candidate's model card; one line if none was chosen.
        metrics: The winner's figures.
        confusion: The winner's confusion matrix on test, and its ROC curve where there are two labels.
        usage: What the step took.

    Returns:
        The verdict: deploy, keep, inconclusive or none.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("compare", usage):
        from components.compare.comparison import compare_candidates
        from components.shared.override import parse_override

        comparison = compare_candidates(
            features=Path(features.path),
            plan=Path(plan.path),
            measurements=Path(measurements.path),
            robustness=Path(robustness.path),
            sources=[Path(floor.path), Path(shelf.path), Path(lstm.path), Path(distilbert.path)],
            pages={
                "How the data was read": Path(reading.path),
                "Data": Path(exploration.path),
                "Cleaning": Path(checks.path),
                "Leak and sampling guard": Path(guard.path),
            },
            step_usages=[
                Path(define_usage.path),
                Path(ingest_usage.path),
                Path(explore_usage.path),
                Path(clean_usage.path),
                Path(engineer_features_usage.path),
                Path(train_floor_usage.path),
                Path(off_the_shelf_usage.path),
                Path(train_lstm_usage.path),
                Path(finetune_distilbert_usage.path),
                Path(optimise_lstm_usage.path),
                Path(optimise_distilbert_usage.path),
                Path(evaluate_usage.path),
                Path(probe_robustness_usage.path),
            ],
            explained_reviews=explained_reviews,
            redact_reviews=redact_reviews,
            override=parse_override(override, override_by, override_reason, override_candidate),
            seed=seed,
            table=Path(candidates.path),
            slices=Path(slices.path),
            decision=Path(decision.path),
            winner=Path(winner.path),
            explanations=Path(explanations.path),
            report=Path(report.path),
            model_card=Path(model_card.path),
        )
        for name, value in comparison.winner_metrics.items():
            metrics.log_metric(name, value)
        if comparison.winner_confusion:
            confusion.log_confusion_matrix(comparison.labels, comparison.winner_confusion)
        # KFP shows one curve: with two labels, that of the better one says all.
        if len(comparison.labels) == 2 and (curve := comparison.winner_roc.get(comparison.labels[-1])):
            confusion.log_roc_curve(*curve.thinned())
        return comparison.verdict
