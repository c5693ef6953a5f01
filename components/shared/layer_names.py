"""Names of layers, and the patterns with which users choose some."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

#: Layers of DistilBERT that full int8 quantises as dynamic does. They put out a few values a hundred times larger
#: than the others (Bondarenko et al., 2021, "Understanding and overcoming the challenges of efficient transformer
#: quantization"): one int8 range for all would lose the others.
INT8_OUTLIERS = "*.ffn.lin2"


def matching(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Returns the names that one of the patterns describes, in their order.

    Args:
        names: Names of layers, such as "transformer.layer.0.ffn.lin1".
        patterns: Names, or shell patterns of them such as "transformer.layer.0.*".
    """
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def unmatched(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Returns the patterns that describe none of the names."""
    return [pattern for pattern in patterns if not matching(names, [pattern])]
