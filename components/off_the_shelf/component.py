"""The off_the_shelf component: what can be had without training, and what it costs."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def off_the_shelf(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    services: list[str],
    chat_model: str,
    service_maximum_calls: int,
    service_maximum_eur: float,
    answers: str,
    seed: int,
    candidates: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Calibrates VADER and, if they are named and have a key, paid services; notes the price of every paid service.

    Keys and endpoints come from the environment (on a cluster from a secret): AZURE_LANGUAGE_KEY,
    AZURE_LANGUAGE_ENDPOINT, CHAT_API_KEY, CHAT_BASE_URL.

    Args:
        features: Directory of features.
        plan: The plan, from define; its need may state prices.
        services: Any of vader, azure-language and chat; the last two cost money and are called only by name.
        chat_model: Name of the chat model.
        service_maximum_calls: Calls that all paid services may get, for as long as the answers are kept.
        service_maximum_eur: Euros that all paid services may cost, for as long as the answers are kept.
        answers: Directory of the answers and the ledger of calls.
        seed: Seed of the choice of tune reviews.
        candidates: Directory of candidates.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("off-the-shelf", usage):
        from components.off_the_shelf.offers import Wish, offer_services
        from components.shared.services.answers import Caps

        wish = Wish(
            services=services,
            chat_model=chat_model,
            caps=Caps(maximum_calls=service_maximum_calls, maximum_eur=service_maximum_eur),
            answers=Path(answers),
            seed=seed,
        )
        offer_services(Path(features.path), Path(plan.path), wish, Path(candidates.path))
