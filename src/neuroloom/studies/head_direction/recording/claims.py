"""What is claimed of a recording, and when it holds."""

from __future__ import annotations

from typing import Any

from neuroloom.studies.framework import Claim, Results, Verdict
from neuroloom.studies.head_direction.criteria import LEAST_SEEDS, most, share_interval
from neuroloom.studies.head_direction.recording.arms import CKA, DECODED, NAME, NETWORKS, SHIFTED
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED

__all__ = ["CLAIMS"]


def judge_decoded(results: Results, config: Any) -> Verdict:
    """Share of shifts whose error is at least as small."""
    share = results.values(NAME, SHIFTED, "share_as_good")[0]
    error, beside = (results.values(NAME, split, "median_error")[0] for split in (DECODED, SHIFTED))
    words = f"median error {error:.0f} deg, shifted {beside:.0f} deg"
    return Verdict.of(share < 0.05, share, reason=words)


def judge_alike(results: Results, config: Any) -> Verdict:
    """Share of seeds whose trained network is more alike than shifted and than untrained."""
    found = {
        (split, name): results.values(NETWORKS, split, name, at_least=LEAST_SEEDS, by=CKA)
        for split in (TRAINED, UNTRAINED)
        for name in ("similarity", "similarity_shifted")
    }
    ours = found[TRAINED, "similarity"]
    agree = (ours > found[TRAINED, "similarity_shifted"]) & (ours > found[UNTRAINED, "similarity"])
    share, low, high = share_interval(agree)
    words = "; ".join(f"{' '.join(key)} {value.mean():.3f}" for key, value in found.items())
    return Verdict.of(most(agree), share, low=low, high=high, reason=words)


CLAIMS = (
    Claim(
        "recording-heading-decoded",
        "The recorded neurons say the animal's heading.",
        "issue 7, real activity",
        "share of time shifts whose median decoding error is at least as small, cross-validated",
        "below 0.05",
        "activity shifted against heading in time, curves counted anew",
        (NAME,),
        judge_decoded,
    ),
    Claim(
        "recording-like-trained",
        "The recorded population is like that of a trained network shown the same turning.",
        "issue 7, real activity",
        "share of seeds whose linear CKA (debiased) is above both controls",
        f"at least 8 in 10 of the seeds, at least {LEAST_SEEDS} seeds",
        "95 % of the network's shifts in time; the same network before training",
        (NETWORKS,),
        judge_alike,
    ),
)
