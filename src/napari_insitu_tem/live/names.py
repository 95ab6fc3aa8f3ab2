"""The order of frames by the numbers in their names, and which of them are missing."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass

__all__ = ["Numbering", "next_name", "number_in"]

_DIGITS = re.compile(r"\d+")
#: A larger gap is a jump of the numbering, not so many missing frames.
_LARGEST_GAP = 1000


def number_in(name: str) -> int | None:
    """Return the last number in a name (without its suffix), or None without one."""
    found = _DIGITS.findall(name.rsplit(".", 1)[0])
    return int(found[-1]) if found else None


def next_name(name: str) -> str | None:
    """Return the name whose last number is one higher, or None without a number.

    Examples
    --------
    >>> next_name("frame_0009.tif")
    'frame_0010.tif'
    """
    stem, dot, suffix = name.rpartition(".")
    found = list(_DIGITS.finditer(stem))
    if not found:
        return None
    last = found[-1]
    number = str(int(last[0]) + 1).zfill(len(last[0]))
    return f"{stem[: last.start()]}{number}{stem[last.end() :]}{dot}{suffix}"


@dataclass
class _Gap:
    numbers: set[int]
    position: int
    since: float


class Numbering:
    """Notices gaps in the numbers of names that come one after the other.

    Names tell of a gap only where one of their numbers counts: it grows by the same step most
    of the time, while the others stay (not so with clock times).

    Parameters
    ----------
    patience : float
        Seconds after which a frame that has not come counts as missing.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last: tuple[int, ...] = ()
        self._pattern = ""
        self._steps: deque[int] = deque(maxlen=8)
        self._gaps: deque[_Gap] = deque(maxlen=50)

    def restart(self) -> None:
        """Forget the last name: what comes next does not follow it."""
        self._last = ()

    def came(self, name: str, now: float) -> None:
        """Take a name into account that follows the last one, at the time `now` (s)."""
        numbers = tuple(int(part) for part in _DIGITS.findall(name))
        before, self._last = self._last, numbers
        pattern = _DIGITS.sub("#", name)
        if pattern != self._pattern:  # another series begins
            self._pattern, before = pattern, ()
            self._steps.clear()
        changed = [
            place
            for place, (old, new) in enumerate(zip(before, numbers, strict=False))
            if old != new
        ]
        if len(before) != len(numbers) or len(changed) != 1:
            return
        (place,) = changed
        step = numbers[place] - before[place]
        usual, times = Counter(self._steps).most_common(1)[0] if self._steps else (0, 0)
        self._steps.append(step)
        if times < 2 or 2 * times < len(self._steps) - 1 or usual <= 0:
            return
        if usual < step <= _LARGEST_GAP * usual and step % usual == 0:
            missing = set(range(before[place] + usual, numbers[place], usual))
            self._gaps.append(_Gap(missing, place, now))

    def came_late(self, name: str) -> None:
        """Take a name into account that belongs before the last one."""
        numbers = tuple(int(part) for part in _DIGITS.findall(name))
        for gap in self._gaps:
            if gap.position < len(numbers):
                gap.numbers.discard(numbers[gap.position])

    def overdue(self, now: float) -> list[str]:
        """Return a sentence for every gap that was not filled in time."""
        sentences = []
        while self._gaps and now - self._gaps[0].since >= self._patience:
            missing = sorted(self._gaps.popleft().numbers)
            if len(missing) == 1:
                sentences.append(f"Frame {missing[0]} is missing.")
            elif missing:
                sentences.append(
                    f"{len(missing)} frames between {missing[0]} and {missing[-1]} are missing."
                )
        return sentences
