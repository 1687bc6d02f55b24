import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.recording.homologs import alone, homolog_groups, homolog_of
from neuroloom.recording.splits import (
    Animals,
    Fold,
    HeldOutNeurons,
    StimulatedNeurons,
    TimeBlocks,
    Trials,
)

seeds = st.integers(0, 2**32 - 1)
WORM = [
    *("ASHL", "ASHR", "AVAL", "AVAR", "I1L", "I1R", "IL1L", "IL1R", "IL1DL", "IL1DR", "SMBVL"),
    *("SMBVR", "RMDL", "RMDR", "RMDDL", "RMDDR", "RMEL", "RMER", "MCL", "MCR", "AWCON", "AWCOF"),
    *("AVL", "RIR", "RIH", "AQR", "PQR", "PVR", "RMED", "RMEV", "VB1", "VB11", "M1"),
]


def recording(n_trials=6, n_steps=1, n_neurons=3, **options):
    response = n_steps == 1
    return Recording(
        activity=np.zeros((n_trials, n_steps, n_neurons)),
        neuron_id=np.array([f"n{i}" for i in range(n_neurons)]),
        kind="response" if response else "rate",
        dt=None if response else options.pop("dt", 0.1),
        **options,
    )


def test_homologs_are_mirror_names_that_both_exist():
    partner = dict(zip(WORM, homolog_of(np.array(WORM)).tolist(), strict=True))
    assert partner["ASHL"] == "ASHR"
    assert partner["IL1DL"] == "IL1DR"
    assert partner["IL1L"] == "IL1R"
    assert partner["SMBVR"] == "SMBVL"
    assert partner["AWCON"] == "AWCOF"
    assert [partner[n] for n in ("AVL", "RIR", "RIH", "AQR", "PVR", "VB1", "RMED")] == [""] * 7
    for name, other in partner.items():
        assert other == "" or partner[other] == name


def test_a_neuron_whose_partner_is_not_in_the_list_is_a_group_of_its_own():
    assert homolog_groups(np.array(["ASHL", "AVAR", "AVAL"])).tolist() == ["ASHL", "AVAL", "AVAL"]
    assert homolog_groups(np.array([7, 8])).tolist() == [7, 8]


@given(seeds, st.integers(2, 6), st.sets(st.sampled_from(WORM), min_size=14))
def test_stimulated_folds_are_disjoint_cover_and_never_separate_homologs(seed, n_folds, names):
    names = np.array(sorted(names))
    data = recording(len(names), trials={"stimulated": names})
    folds = StimulatedNeurons(n_folds).folds(data, rng=np.random.default_rng(seed))
    assert len(folds) == n_folds
    assert (sum(f.held_out.astype(int) for f in folds) == 1).all()
    partner = homolog_of(names)
    for fold in folds:
        assert (fold.training == ~fold.held_out).all()
        assert not set(partner[fold.held_out]) & set(names[fold.training])
    sizes = [f.held_out.sum() for f in folds]
    assert max(sizes) - min(sizes) <= 2


def test_homologs_may_be_separated_on_request():
    data = recording(6, trials={"stimulated": np.array(["AL", "AR", "BL", "BR", "CL", "CR"])})
    separated = 0
    for seed in range(20):
        fold = StimulatedNeurons(2, together=alone).folds(data, rng=np.random.default_rng(seed))[0]
        stems = [name[0] for name in data.trials["stimulated"][fold.held_out]]
        separated += len(set(stems)) == len(stems)
    assert separated > 0


@given(seeds, st.integers(2, 5))
def test_repeated_stimulations_of_a_neuron_stay_in_one_part(seed, n_folds):
    names = np.array(["A", "A", "A", "BL", "BR", "C", "C", "D", "E", "F"])
    data = recording(10, trials={"stimulated": names})
    for fold in StimulatedNeurons(n_folds).folds(data, rng=np.random.default_rng(seed)):
        assert not set(names[fold.held_out]) & set(names[fold.training])


@pytest.mark.parametrize(
    "split",
    [
        HeldOutNeurons(0.4),
        TimeBlocks(3, gap=0.2),
        Trials(3),
        StimulatedNeurons(2),
        Animals(),
        Animals(n_folds=2),
    ],
)
def test_the_same_generator_state_gives_the_same_folds(split):
    data = recording(
        6,
        20,
        9,
        trials={"stimulated": np.array(list("aabbcc")), "animal": np.array([1, 1, 2, 2, 3, 3])},
    )
    one, two = (split.folds(data, rng=np.random.default_rng(5)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert a.axis == b.axis
        assert (a.training == b.training).all()
        assert (a.held_out == b.held_out).all()
        assert not (a.training & a.held_out).any()


@given(st.integers(2, 6), st.integers(30, 80), st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.25]))
def test_time_blocks_cover_and_keep_the_gap(n_blocks, n_steps, gap):
    data = recording(1, n_steps, dt=0.1)
    folds = TimeBlocks(n_blocks, gap).folds(data, rng=np.random.default_rng(0))
    assert (sum(f.held_out.astype(int) for f in folds) == 1).all()
    for fold in folds:
        assert not (fold.training & fold.held_out).any()
        distance = np.abs(data.time[fold.training][:, None] - data.time[fold.held_out]).min()
        assert distance >= gap - 1e-12
        assert (np.diff(np.flatnonzero(fold.held_out)) == 1).all()
        # No more is lost than the gap asks for.
        far = np.abs(data.time[:, None] - data.time[fold.held_out]).min(axis=1) > gap + 1e-9
        assert (fold.training | ~far).all()


@given(seeds, st.floats(0.01, 0.99), st.integers(2, 30))
def test_held_out_neurons_are_the_asked_share_of_the_observed(seed, fraction, n_neurons):
    activity = np.zeros((1, 2, n_neurons + 2))
    activity[:, :, :2] = np.nan
    data = Recording(activity, np.arange(n_neurons + 2), kind="rate", dt=1.0)
    wanted = max(1, round(fraction * n_neurons))
    (fold,) = HeldOutNeurons(fraction).folds(data, rng=np.random.default_rng(seed))
    assert fold.axis == "neuron"
    assert fold.held_out.sum() == wanted
    assert not fold.held_out[:2].any()
    assert (fold.training == ~fold.held_out).all()


@given(seeds)
def test_held_out_neurons_can_keep_homologs_together(seed):
    data = Recording(np.zeros((1, 2, len(WORM))), np.array(WORM), kind="rate", dt=1.0)
    split = HeldOutNeurons(0.3, together=homolog_groups)
    (fold,) = split.folds(data, rng=np.random.default_rng(seed))
    assert not set(homolog_of(data.neuron_id)[fold.held_out]) & set(data.neuron_id[fold.training])
    assert round(0.3 * len(WORM)) <= fold.held_out.sum() <= round(0.3 * len(WORM)) + 1


def test_named_neurons_are_held_out_exactly():
    data = Recording(np.zeros((1, 2, 3)), np.array([2**60, 2**60 + 1, 5]), kind="rate", dt=1.0)
    (fold,) = HeldOutNeurons(ids=(2**60 + 1,)).folds(data, rng=np.random.default_rng(0))
    assert fold.held_out.tolist() == [False, True, False]
    with pytest.raises(InputError, match=r"'x' is not .1 such of 1.*Use its ids"):
        HeldOutNeurons(ids=("x",)).folds(data, rng=np.random.default_rng(0))


def test_animals_are_held_out_whole_and_once():
    data = recording(5, trials={"animal": np.array(["w2", "w1", "w2", "w3", "w1"])})
    folds = Animals().folds(data, rng=np.random.default_rng(0))
    assert [f.held_out.tolist() for f in folds] == [
        [False, True, False, False, True],
        [True, False, True, False, False],
        [False, False, False, True, False],
    ]


def test_a_fold_speaks_of_entries_along_its_axis():
    data = recording(2, 3, 2)
    training, held_out = Fold(
        "time", np.array([True, False, False]), np.array([False, False, True])
    ).entries(data)
    assert training.shape == (2, 3, 2)
    assert training[:, 0].all()
    assert not training[:, 1:].any()
    assert held_out[:, 2].all()
    assert not held_out[:, :2].any()


@pytest.mark.parametrize(
    ("split", "instruction"),
    [
        (lambda: HeldOutNeurons(), "Give exactly one"),
        (lambda: HeldOutNeurons(0.2, ids=("a",)), "Give exactly one"),
        (lambda: HeldOutNeurons(20.0), "write 0.2"),
        (lambda: TimeBlocks(1), "cannot be held out"),
        (lambda: TimeBlocks(2, gap=float("nan")), "Use the time over which"),
        (lambda: Trials(1), "cannot be held out"),
        (lambda: Trials(9).folds(recording(3), rng=np.random.default_rng(0)), "Use fewer folds"),
        (lambda: Animals().folds(recording(3), rng=np.random.default_rng(0)), "Add it with"),
        (
            lambda: Animals().folds(
                recording(2, trials={"animal": np.array([1, 1])}), rng=np.random.default_rng(0)
            ),
            "Split by trials or time blocks",
        ),
        (
            lambda: TimeBlocks(2, gap=9.0).folds(recording(1, 10), rng=np.random.default_rng(0)),
            "a shorter gap",
        ),
        (lambda: TimeBlocks(3).folds(recording(2), rng=np.random.default_rng(0)), "fewer blocks"),
    ],
)
def test_an_impossible_split_says_what_to_do(split, instruction):
    with pytest.raises(InputError, match=instruction):
        split()
