"""Names that may come once: noticed when one comes again, in eight bytes a name where there are many."""

from array import array

FEW = 1 << 16  # names that are kept as they are, a hundred bytes each


class Names:
    """Names seen so far. Of the first `FEW` a repetition is known at once, of later ones at the end, as a suspicion."""

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._hashes = array("q")

    def has(self, name: str) -> bool:
        """Tell whether a name is known to have come before, and note it."""
        if len(self._few) < FEW:
            before = len(self._few)
            self._few.add(name)
            return len(self._few) == before
        self._hashes.append(hash(name))
        return name in self._few

    def suspects(self) -> set[int]:
        """Return the hashes that two later names share: of one that came twice, or, once in many millions of files, of two."""
        if len(self._hashes) < 2:
            return set()
        import numpy as np

        found = np.frombuffer(self._hashes, dtype=np.int64).copy()
        found.sort()
        return set(found[1:][found[1:] == found[:-1]].tolist())
