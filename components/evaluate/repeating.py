"""When a candidate is measured again: while the machine is busy with something else, but not for ever."""

from collections.abc import Callable
from typing import TypeVar

from components.evaluate.machine import is_busy

Result = TypeVar("Result")

#: A candidate is measured at most so often, if nothing else is said.
TRIES = 3
#: After so many candidates in a row of which every try was busy, none is measured again: such a machine is always
#: busy, and measuring would only take three times as long.
IN_VAIN = 2


class Repeater:
    """Measures candidates again while the machine is busy; to be asked about one after the other.

    Attributes:
        gave_up: Whether repeating brought nothing so often that nothing is repeated any more.
    """

    def __init__(self, tries: int = TRIES) -> None:
        """Knows nothing of the machine yet.

        Args:
            tries: A candidate is measured at most so often, at least 1.
        """
        self.gave_up = False
        self._tries = tries
        self._in_vain = 0

    @property
    def repeats(self) -> bool:
        """Whether what is measured while the machine is busy is measured again."""
        return self._tries > 1 and not self.gave_up

    def quietest(self, measure: Callable[[int], Result], load: Callable[[Result], float]) -> tuple[Result, int]:
        """Returns the result of the first try that was quiet, or else of the quietest, and the number of tries.

        Args:
            measure: From the number of the try, 0 for the first, to its result.
            load: Share of the processors that something else used about then, 0..1.
        """
        results = []
        for number in range(self._tries if self.repeats else 1):
            results.append(measure(number))
            if not is_busy(load(results[-1])):
                break
        best = min(results, key=load)
        self._in_vain = self._in_vain + 1 if is_busy(load(best)) else 0
        # For good, so that the time that this may take has a bound.
        self.gave_up = self.gave_up or (self._tries > 1 and self._in_vain >= IN_VAIN)
        return best, len(results)
