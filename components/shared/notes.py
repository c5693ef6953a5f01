"""What a step has to say to the people who watch a run, apart from the noise of the libraries inside."""

from tqdm import tqdm

#: Starts every such line in a step's log; the local run shows these lines and keeps the others in its log file.
MARK = "» "


def note(text: str) -> None:
    """Prints text for people, without breaking a progress bar.

    Args:
        text: One or more lines; nothing from a review that has not been shortened and made printable.
    """
    for line in text.splitlines():
        tqdm.write(MARK + line)
