"""Parameters are kept in the plan without what gives access to somebody's data."""

import pytest

from components.define.parameters import record_parameters


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://user:secret@example.com/reviews.csv?token=secret#secret", "https://example.com/reviews.csv"),
        ("https://example.com:8443/reviews.csv", "https://example.com:8443/reviews.csv"),
        ("gs://bucket/reviews.csv", "gs://bucket/reviews.csv"),
        ("folder/what? #1@home.csv", "folder/what? #1@home.csv"),
        ("", ""),
    ],
)
def test_addresses_are_kept_without_what_gives_access(given: str, kept: str) -> None:
    assert record_parameters({"data": given}) == {"data": kept}


def test_other_values_stay_as_they_are() -> None:
    given = {"seed": 42, "word_dropout": 0.1, "per_channel": True, "labels": ["1", "2"]}
    assert record_parameters(given) == given
