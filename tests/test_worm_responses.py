from pathlib import Path

import numpy as np
import pytest

from neuroloom.datasets.worm_responses import find_atlas, single_trials, worm_responses
from neuroloom.errors import InputError

SHARED = Path(__file__).resolve().parents[2] / "shared"
ATLAS = SHARED / "data/celegans_signal_propagation_randi2023/randi2023_atlas.npz"
needs_wheel = pytest.mark.skipif(find_atlas() is None, reason="the extra `worm` is not installed")
needs_repack = pytest.mark.skipif(
    not ATLAS.is_file(), reason="no ../shared/data beside the project"
)


def entry(recording, stimulated, responder, values):
    trial = np.flatnonzero(recording.trials["stimulated"] == stimulated)[0]
    neuron = np.flatnonzero(recording.neuron_id == responder)[0]
    return values[trial, 0, neuron]


def auroc(score, positive):
    """Share of (positive, negative) pairs in the right order, ties as half."""
    a, b = score[positive], np.sort(score[~positive])
    return (np.searchsorted(b, a) + np.searchsorted(b, a, side="right")).sum() / (
        2 * a.size * b.size
    )


@needs_wheel
@pytest.mark.parametrize(
    ("genotype", "n_trials", "n_pairs", "n_significant"),
    [("wild-type", 173, 23_901, 1_150), ("unc-31", 109, 9_119, 357)],
)
def test_the_atlas_has_the_published_sizes(genotype, n_trials, n_pairs, n_significant):
    recording = worm_responses(genotype)
    q = recording.annotations["q"]
    assert recording.activity.shape == (n_trials, 1, 300)
    assert recording.observed.sum() == n_pairs
    assert np.array_equal(recording.observed, np.isfinite(q))
    assert (q < 0.05).sum() == n_significant


@needs_wheel
def test_the_one_pair_with_q_but_no_response_is_left_out_and_named():
    # The file has 23,902 pairs with q, 1,151 below 0.05; ADER -> URYDL has a single trial: NaN.
    recording = worm_responses()
    assert np.isnan(entry(recording, "ADER", "URYDL", recording.activity))
    assert entry(recording, "ADER", "URYDL", recording.n_observations) == 0
    assert [s for s in recording.audit if "ADER -> URYDL" in s and "q value" in s]


@needs_wheel
def test_a_response_lies_at_stimulated_then_responder_not_the_other_way():
    # Read off the HDF5 file by hand at [responder, stimulated]: ASHL was stimulated, AVAL answered.
    recording = worm_responses()
    assert entry(recording, "ASHL", "AVAL", recording.activity) == pytest.approx(0.11107172)
    assert entry(recording, "ASHL", "AVAL", recording.annotations["q"]) == pytest.approx(0.01933989)
    assert entry(recording, "ASHL", "AVAL", recording.n_observations) == 8
    assert entry(recording, "AVAL", "ASHL", recording.activity) == pytest.approx(0.16125423)
    assert entry(recording, "AVAL", "ASHL", recording.n_observations) == 2


@needs_wheel
def test_no_neuron_is_scored_on_its_own_stimulation():
    recording = worm_responses()
    own = recording.neuron_id[None, :] == recording.trials["stimulated"][:, None]
    assert own.sum() == 173
    assert not recording.observed[:, 0][own].any()


@needs_wheel
def test_single_trials_average_to_the_mean_response_and_count_it():
    recording = worm_responses()
    rows = single_trials()
    assert rows.dff.shape == (107_376,)
    assert recording.n_observations.sum() == rows.dff.size
    total = np.zeros((300, 300))
    np.add.at(total, (rows.stimulated, rows.responder), rows.dff)
    row = np.searchsorted(recording.neuron_id, recording.trials["stimulated"])
    assert np.array_equal(recording.neuron_id[row], recording.trials["stimulated"])
    seen = recording.observed[:, 0]
    mean = total[row][seen] / recording.n_observations[:, 0][seen]
    np.testing.assert_allclose(mean, recording.activity[:, 0][seen], rtol=1e-12, atol=1e-12)


@needs_wheel
def test_trial_count_alone_reaches_the_published_auroc():
    recording = worm_responses()
    seen = recording.observed
    score = auroc(recording.n_observations[seen], recording.annotations["q"][seen] < 0.05)
    assert score == pytest.approx(0.661, abs=0.001)


@needs_wheel
@needs_repack
@pytest.mark.parametrize(("genotype", "prefix"), [("wild-type", "wt"), ("unc-31", "unc31")])
def test_the_wheel_and_the_repacked_atlas_agree(genotype, prefix):
    recording = worm_responses(genotype)
    with np.load(ATLAS) as atlas:
        names = atlas["neuron_ids"]
        matrices = {key: atlas[f"{prefix}_{key}"] for key in ("dFF", "q", "q_eq")}
        resp, stim, dff = (atlas[f"{prefix}_trial_{key}"] for key in ("resp", "stim", "dFF"))
    assert np.array_equal(names, recording.neuron_id)
    column = np.searchsorted(names, recording.trials["stimulated"])
    seen = recording.observed[:, 0]
    for ours, key in (
        (recording.activity, "dFF"),
        (recording.annotations["q"], "q"),
        (recording.annotations["q_eq"], "q_eq"),
    ):
        theirs = matrices[key][:, column].T  # [responder, stimulated]
        np.testing.assert_allclose(ours[:, 0][seen], theirs[seen], rtol=1e-6)
        assert not np.allclose(ours[:, 0][seen], matrices[key][column, :][seen], equal_nan=True)
    off = ~np.eye(300, dtype=bool)
    assert (np.isfinite(matrices["dFF"]) & off).sum() == seen.sum()
    counts = np.zeros((300, 300), int)
    np.add.at(counts, (resp, stim), np.isfinite(dff).astype(int))
    np.testing.assert_array_equal(recording.n_observations[:, 0][seen], counts[:, column].T[seen])


def test_an_unknown_genotype_is_answered_with_the_nearest_known():
    with pytest.raises(InputError, match="Did you mean `unc-31`"):
        worm_responses("unc31")


def test_a_missing_wheel_is_answered_with_how_to_install_it(monkeypatch):
    import neuroloom.datasets.worm_responses as module

    monkeypatch.setattr(module, "find_atlas", lambda: None)
    with pytest.raises(InputError, match=r"pip install 'neuroloom\[worm\]'"):
        worm_responses()
