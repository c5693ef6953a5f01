"""The one exception for mistakes that a user can mend."""


class UserError(Exception):
    """A user's mistake, told in one line: which file, which row or column, and what to do.

    Entry points print the message without a traceback and exit with a non-zero code.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
