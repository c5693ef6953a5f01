"""The train_floor component: what costs nothing to run, as the level that deep models have to beat."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def train_floor(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    models: list[str],
    features_fingerprint: str,
    tune_minutes: int,
    tuning: str,
    seed: int,
    candidates: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Fits the majority class and logistic regression on TF-IDF and on hashed terms, plain and balanced.

    Regularisation and n-gram range are chosen by cross-validation on train, or searched for.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        models: Wanted models, for the cache.
        features_fingerprint: Fingerprint of the features, for the cache.
        tune_minutes: Time of the automatic search for all models together; 0: none.
        tuning: Directory where searches are stored, to go on there after a kill.
        seed: Seed of the folds, the search and the solver.
        candidates: Directory of candidates.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("train-floor", usage):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.tuning import Budget
        from components.train_floor.floor import train_floors

        budget = Budget(tune_minutes, Path(tuning)) if tune_minutes else None
        train_floors(Path(features.path), Path(plan.path), seed, Path(candidates.path), budget)
        return directory_fingerprint(Path(candidates.path))
