"""The words that the LSTM knows."""

from collections import Counter
from collections.abc import Iterable


def build_vocabulary(reviews: Iterable[list[str]], minimum_count: int, maximum_words: int) -> list[str]:
    """Returns the words that are frequent enough, most frequent first, equally frequent ones by alphabet.

    Args:
        reviews: The tokens of each review of train.
        minimum_count: Rarer words are left out.
        maximum_words: At most this many words are kept.
    """
    counts = Counter(token for tokens in reviews for token in tokens)
    frequent = [(word, count) for word, count in counts.items() if count >= minimum_count]
    return [word for word, _ in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[:maximum_words]]
