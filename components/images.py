"""The only place where image references are spelled.

Tags are git commits, never `latest`: a cluster's cache takes the reference as the identity of the code.
`make images` builds and tags; compile with the same IMAGE_TAG.
"""

import os

REGISTRY = os.environ.get("IMAGE_REGISTRY", "ghcr.io/frugal-sentiment")
TAG = os.environ.get("IMAGE_TAG", "0.1.0")


def _reference(name: str) -> str:
    return f"{REGISTRY}/{name}:{TAG}"


#: images/<name>/Dockerfile = the extra <name> in setup.cfg = the constant here.
DATA = _reference("data")
TRAIN = _reference("train")
EVALUATE = _reference("evaluate")
SERVE = _reference("serve")
