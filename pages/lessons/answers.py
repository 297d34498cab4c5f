"""The labels that a lesson has made for browsers, by version; used by one thread at a time."""

import time
from collections.abc import Collection
from dataclasses import replace

from pages.components.painting.tickets import Look
from pages.lessons.learning import Piece, Taught, Whole

N_WHOLE = 2  # slices whose answer is kept in full


class Answers:
    """Of what somebody sees, quickly made pieces; of slices, whole answers."""

    def __init__(self):
        self._pieces: dict[Look, Piece] = {}
        self._wholes: dict[int, Whole] = {}
        self._version = 0

    def whole_of(self, look: Look, taught: Taught | None) -> Whole | None:
        """Return the answer of the slice that is seen, if it is by what is taught now."""
        found = self._wholes.get(look.z) if look.axis == "z" else None
        return found if found and found.of is taught else None

    def piece_of(self, look: Look) -> Piece | None:
        """Return the last quick answer of what is seen."""
        return self._pieces.get(look)

    def newest(self, look: Look, taught: Taught | None, have: int) -> Piece | None:
        """Return the best answer of what is seen that is newer than version `have`."""
        found = self.whole_of(look, taught)
        piece = (found and found.piece(look)) or self._pieces.get(look)
        return piece if piece and piece.version > have else None

    def keep_whole(self, z: int, whole: Whole) -> None:
        """Keep the answer of a slice, beside the last ones of others."""
        self._wholes.pop(z, None)
        self._wholes[z] = replace(whole, version=self._next_version())
        for old in list(self._wholes)[:-N_WHOLE]:
            del self._wholes[old]

    def keep_piece(self, look: Look, piece: Piece) -> None:
        """Keep the quick answer of what is seen."""
        self._pieces[look] = replace(piece, version=self._next_version())

    def forget_but(self, looks: Collection[Look]) -> None:
        """Let go of what was made for those who look elsewhere now."""
        self._pieces = {look: piece for look, piece in self._pieces.items() if look in looks}

    def go_on(self, old: Taught | None, new: Taught | None) -> None:
        """What was answered by the old is by the new: they are the same but for a number."""
        of_old = {z: one for z, one in self._wholes.items() if one.of is old}
        self._wholes |= {z: replace(one, of=new) for z, one in of_old.items()}

    def tell_again(self) -> None:
        """Let what goes beside the labels reach those who have the labels already."""
        planes = {look: piece for look, piece in self._pieces.items() if look.axis != "z"}
        for known, found in ((self._wholes, self._wholes), (self._pieces, planes)):
            known |= {key: replace(one, version=self._next_version()) for key, one in found.items()}

    def _next_version(self) -> int:
        """Return a number above all before, also those of a server since restarted."""
        self._version = max(self._version + 1, int(1000 * time.time()))
        return self._version
