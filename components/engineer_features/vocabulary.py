"""The words that the LSTM knows."""

from collections.abc import Mapping


def build_vocabulary(counts: Mapping[str, int], minimum_count: int, maximum_words: int) -> list[str]:
    """Returns the words that are frequent enough, most frequent first, equally frequent ones by alphabet.

    Args:
        counts: Word to how often it stands in train.
        minimum_count: Rarer words are left out.
        maximum_words: At most this many words are kept.
    """
    frequent = [(word, count) for word, count in counts.items() if count >= minimum_count]
    return [word for word, _ in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[:maximum_words]]
