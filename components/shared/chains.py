"""Names of optimisation techniques, and chains of them.

A chain is the order in which techniques were applied to a trained model: ("prune", "dynamic") is a pruned
model quantised after training. Users write it "prune+dynamic"; the empty chain is the float parent.
"""

from components.shared.errors import UserError

#: technique -> the step that applies it. Trimming and post-training quantisation convert; the others train.
STEP_OF_TECHNIQUE = {
    "dynamic": "quantize",
    "float16": "quantize",
    "int8": "quantize",
    "qat": "quantize",
    "prune": "prune",
    "cluster": "cluster",
    "layers": "shrink",
    "width": "shrink",
    "trim": "shrink",
}
#: Quantisation ends a chain: its result cannot be trained further.
POST_TRAINING = ("dynamic", "float16", "int8")
#: Techniques that change the shape of a model, in their order; they come before those that work on its weights.
SHRINKING = ("layers", "width", "trim")

Chain = tuple[str, ...]


def parse_chain(text: str) -> Chain:
    """Returns the chain that a user wrote, such as "prune+dynamic".

    Raises:
        UserError: A technique is unknown, stands twice, or comes too late or too early.
    """
    chain = tuple(part.strip() for part in text.split("+"))
    for technique in chain:
        if technique not in STEP_OF_TECHNIQUE:
            known = ", ".join(STEP_OF_TECHNIQUE)
            raise UserError(f"unknown technique '{technique}' in '{text}'; known are {known}, joined by +")
    if len(set(chain)) < len(chain):
        raise UserError(f"technique chain '{text}' names a technique twice")
    if any(STEP_OF_TECHNIQUE[technique] == "quantize" for technique in chain[:-1]):
        raise UserError(f"technique chain '{text}': quantisation can only be the last technique")
    if "cluster" in chain and "prune" in chain[chain.index("cluster") :]:
        raise UserError(f"technique chain '{text}': prune before clustering, the other order loses the clusters")
    shrinking = tuple(technique for technique in SHRINKING if technique in chain)
    if chain[: len(shrinking)] != shrinking:
        raise UserError(f"technique chain '{text}': layers, width and trim come first, in this order")
    return chain


def candidate_id(model: str, chain: Chain = (), variant: str = "") -> str:
    """Returns the identifier of a candidate, such as "lstm-prune-dynamic"; safe as a file name.

    Args:
        model: Such as "lstm".
        chain: Techniques in order.
        variant: Which of several trained models of one kind it is, such as "word2vec-tuned"; empty for the one
            that techniques are applied to.
    """
    return "-".join(filter(None, (model, variant, *chain)))
