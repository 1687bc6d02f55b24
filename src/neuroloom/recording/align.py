"""Which recorded neuron is which neuron of the connectome, by id or name, without guessing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int, Shaped

from neuroloom.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUSES", "Alignment", "align"]

STATUSES = (
    "matched",
    "unmatched in recording",
    "unmatched in connectome",
    "ambiguous",
    "duplicate",
)
PADDED = re.compile(r"^([A-Za-z]+)0+([1-9]\d*)$")  # VB01, DA009; not 007 and not I1L
# Which side the cell that expresses one receptor is on differs between animals.
AWC_BY_STATE = ("AWCON", "AWCOFF", "AWCOF")
AWC_BY_SIDE = ("AWCL", "AWCR")


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Pairs of positions that are certain, and everything that is not.

    Attributes:
        recording_id: Ids on the side of the recording, as given.
        connectome_id: Ids on the side of the connectome, as given.
        recording: Positions in `recording_id` that are matched, rising.
        connectome: Their positions in `connectome_id`.
        how: Why each pair is one: `same id`, `same digits`, `spaces` or `zero padding`.
        status: For each recorded neuron, one of `STATUSES` (never `unmatched in connectome`).
        candidates: For each recorded neuron, what it could be in the connectome, if not certain.
    """

    recording_id: Shaped[np.ndarray, " neuron"]
    connectome_id: Shaped[np.ndarray, " node"]
    recording: Int[np.ndarray, " match"]
    connectome: Int[np.ndarray, " match"]
    how: tuple[str, ...]
    status: tuple[str, ...]
    candidates: tuple[tuple[str, ...], ...]

    @property
    def n_matched(self) -> int:
        """How many recorded neurons have one certain place in the connectome."""
        return len(self.recording)

    @property
    def unmatched_in_connectome(self) -> Int[np.ndarray, " node"]:
        """Positions in `connectome_id` that no recorded neuron is matched to."""
        return np.setdiff1d(np.arange(len(self.connectome_id)), self.connectome)

    @property
    def audit(self) -> str:
        """One sentence with every count, for the audit of a report."""
        n = Counter(self.status)
        ways = Counter(self.how)
        how = ", ".join(f"{ways[way]:,} by {way}" for way in sorted(ways))
        return (
            f"matched {self.n_matched:,} of {len(self.recording_id):,} recorded neurons to the "
            f"connectome{f' ({how})' if how else ''}; {n['unmatched in recording']:,} are not in "
            f"it, {n['ambiguous']:,} are ambiguous, {n['duplicate']:,} are duplicates, and "
            f"{len(self.unmatched_in_connectome):,} of {len(self.connectome_id):,} nodes have no "
            "recording"
        )

    def table(self) -> pd.DataFrame:
        """A row a recorded neuron, then a row a node of the connectome without recording.

        Columns: `recording_id`, `connectome_id` (text; empty where there is none), `status`, and
        `note` with the reason or the candidates.
        """
        import pandas as pd

        node = dict(zip(self.recording.tolist(), self.connectome.tolist(), strict=True))
        how = dict(zip(self.recording.tolist(), self.how, strict=True))
        rows = [
            (
                str(name),
                str(self.connectome_id[node[i]]) if i in node else "",
                self.status[i],
                how.get(i, _note(self.status[i], self.candidates[i])),
            )
            for i, name in enumerate(self.recording_id)
        ]
        rows += [
            ("", str(self.connectome_id[j]), "unmatched in connectome", "")
            for j in self.unmatched_in_connectome
        ]
        return pd.DataFrame(rows, columns=["recording_id", "connectome_id", "status", "note"])

    def __repr__(self) -> str:
        """The counts."""
        return f"Alignment({self.audit})"


def align(
    recording_ids: Shaped[np.ndarray, " neuron"], connectome_ids: Shaped[np.ndarray, " node"]
) -> Alignment:
    """Matches recorded neurons to the connectome's ids, one to one and only where it is certain.

    Certain are: the same id; the same digits as number and as text; the same name but for spaces
    around it or zeros in front of its number (`VB01` and `VB1`). Not certain, and listed as
    ambiguous with its candidates, is a name without its side (`ASH`: ASHL or ASHR), with a side
    that the connectome does not tell apart, in another case, or AWCON and AWCOFF. Two recorded
    neurons that would be the same node are both duplicates, and neither is matched.

    Args:
        recording_ids: Whole numbers or text.
        connectome_ids: Whole numbers or text.

    Raises:
        InputError: If ids are floats or other objects.

    Example:
        >>> align(np.array(["VB01", "ASH", "XYZ"]), np.array(["ASHL", "ASHR", "VB1"]))
        Alignment(matched 1 of 3 recorded neurons to the connectome (1 by zero padding); 1 are not
        in it, 1 are ambiguous, 0 are duplicates, and 2 of 3 nodes have no recording)
    """
    recorded = _texts("recording_ids", recording_ids)
    nodes = _texts("connectome_ids", connectome_ids)
    numbers = [np.asarray(ids).dtype.kind in "iu" for ids in (recording_ids, connectome_ids)]
    same = "same id" if numbers[0] == numbers[1] else "same digits"
    exact = _index(nodes)
    normal = _index([_normal(name) for name in nodes])
    capital = _index([_normal(name).upper() for name in nodes])
    claims: dict[int, tuple[int, str]] = {}
    status = ["unmatched in recording"] * len(recorded)
    possible: list[list[int]] = [[] for _ in recorded]
    for i, name in enumerate(recorded):
        places, why = exact.get(name, []), same
        if not places and not any(numbers):
            places = normal.get(_normal(name), [])
            why = (
                "spaces" if places and nodes[places[0]].strip() == name.strip() else "zero padding"
            )
        if len(places) == 1:
            claims[i] = (places[0], why)
            continue
        if not places and not any(numbers):
            places = [place for other in _might_be(name) for place in capital.get(other, [])]
        if places:
            status[i], possible[i] = "ambiguous", places
    claimed = Counter(place for place, _ in claims.values())
    for i, (place, _) in claims.items():
        status[i] = "matched" if claimed[place] == 1 else "duplicate"
        possible[i] = [] if claimed[place] == 1 else [place]
    matched = [i for i in claims if status[i] == "matched"]
    return Alignment(
        recording_id=np.asarray(recording_ids),
        connectome_id=np.asarray(connectome_ids),
        recording=np.array(matched, np.int64),
        connectome=np.array([claims[i][0] for i in matched], np.int64),
        how=tuple(claims[i][1] for i in matched),
        status=tuple(status),
        candidates=tuple(tuple(nodes[place] for place in places) for places in possible),
    )


def _texts(name: str, ids: np.ndarray) -> list[str]:
    array = np.asarray(ids)
    if array.dtype == object and all(isinstance(i, str) for i in array.ravel().tolist()):
        array = array.astype(str)
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        raise InputError(
            f"`{name}` must be whole numbers or text, one a neuron; got {array.dtype} of shape "
            f"{array.shape}. A float cannot hold 18 digits: read ids as int64 or str."
        )
    return [str(i) for i in array.tolist()]


def _index(names: list[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    return dict(places)


def _normal(name: str) -> str:
    return PADDED.sub(r"\1\2", name.strip())


def _might_be(name: str) -> list[str]:
    """Names, in capitals, that mean the same neuron or a group it belongs to."""
    plain = _normal(name).upper()
    forms = [plain, f"{plain}L", f"{plain}R"]
    if len(plain) > 2 and plain[-1] in "LR":
        forms.append(plain[:-1])
    if plain in AWC_BY_STATE:
        forms += ["AWC", *AWC_BY_SIDE]
    if plain in ("AWC", *AWC_BY_SIDE):
        forms += AWC_BY_STATE
    return list(dict.fromkeys(forms))


def _note(status: str, candidates: tuple[str, ...]) -> str:
    if status == "ambiguous":
        return f"could be {' or '.join(candidates)}"
    if status == "duplicate":
        return f"another recorded neuron would also be {candidates[0]}"
    return ""
