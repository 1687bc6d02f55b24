"""Similarities of populations against closed forms, other libraries and planted relations."""

import sys

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.stats import ortho_group

from neuroloom.analysis.similarity import (
    ShiftedInTime,
    Shuffled,
    compare_dynamics,
    compare_populations,
    dsa_distance,
    linear_cka,
    procrustes_similarity,
    rbf_cka,
)
from neuroloom.errors import InputError

MEASURES = [
    procrustes_similarity,
    linear_cka,
    rbf_cka,
    lambda a, b: linear_cka(a, b, debiased=False),
    lambda a, b: rbf_cka(a, b, debiased=False),
]


def ring(angle, n, sharpness=2.0):
    """Rates of n units tuned to an angle."""
    preferred = 2 * np.pi * np.arange(n) / n
    return np.exp(sharpness * (np.cos(angle[..., None] - preferred) - 1))


def heading(rng, n_trials=1, n_steps=600):
    return np.cumsum(rng.normal(0, 0.3, (n_trials, n_steps)), axis=1)


@pytest.mark.parametrize("measure", MEASURES)
def test_rotation_shift_and_scale_do_not_count_and_order_of_the_two_neither(measure, rng):
    a = rng.normal(size=(60, 4)) * [3.0, 1.0, 0.5, 2.0]
    turned = 2.5 * a @ ortho_group.rvs(4, random_state=1) - 7
    assert measure(a, turned) == pytest.approx(1)
    b = rng.normal(size=(60, 7)) + a[:, :1]
    assert measure(a, b) == pytest.approx(measure(b, a))
    assert measure(a, b) == pytest.approx(measure(turned, 0.1 * b + 2))
    assert measure(a, b) < 0.95


def test_stretching_one_direction_does_count(rng):
    a = rng.normal(size=(100, 3))
    for measure in MEASURES:
        assert measure(a, a * [4.0, 1.0, 1.0]) < 0.97


def test_procrustes_is_that_of_scipy_also_for_populations_of_two_sizes(rng):
    a, b = rng.normal(size=(30, 3)), rng.normal(size=(30, 5))
    wide = np.pad(a, ((0, 0), (0, 2)))
    _, _, disparity = procrustes(wide, b)
    assert procrustes_similarity(a, b) == pytest.approx(np.sqrt(1 - disparity))


def test_alignment_is_that_of_kernels_written_out(rng):
    """HSIC by its definitions, with sums over pairs, triples and quadruples of samples."""
    a, b = rng.normal(size=(9, 3)), rng.normal(size=(9, 4)) + 2.0

    def unbiased(k, m):
        n = len(k)
        pairs = triples = quadruples = 0.0
        for i in range(n):
            for j in set(range(n)) - {i}:
                pairs += k[i, j] * m[i, j]
                for q in set(range(n)) - {i, j}:
                    triples += k[i, j] * m[i, q]
                    for r in set(range(n)) - {i, j, q}:
                        quadruples += k[i, j] * m[q, r]
        return (
            pairs / (n * (n - 1))
            - 2 * triples / (n * (n - 1) * (n - 2))
            + quadruples / (n * (n - 1) * (n - 2) * (n - 3))
        )

    def biased(k, m):
        center = np.eye(len(k)) - 1 / len(k)
        return np.trace(k @ center @ m @ center)

    def gaussian(x):
        d = np.linalg.norm(x[:, None] - x[None], axis=-1)
        scale = 0.5 * np.median(d[np.triu_indices(len(d), 1)])
        return np.exp(-(d**2) / (2 * scale**2))

    for hsic, debiased in ((unbiased, True), (biased, False)):
        for kernel, measure in ((lambda x: x @ x.T, linear_cka), (gaussian, rbf_cka)):
            k, m = kernel(a), kernel(b)
            expected = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
            assert measure(a, b, debiased=debiased) == pytest.approx(expected)


def test_only_without_debiasing_do_many_unrelated_neurons_look_alike(rng):
    pairs = [(rng.normal(size=(60, 80)), rng.normal(size=(60, 80))) for _ in range(30)]
    biased = np.mean([linear_cka(a, b, debiased=False) for a, b in pairs])
    debiased = np.array([linear_cka(a, b) for a, b in pairs])
    assert biased > 0.5
    assert abs(debiased.mean()) < 3 * debiased.std() / np.sqrt(30)
    assert debiased.min() < 0 < debiased.max()


def test_a_narrow_kernel_knows_a_bent_line_again(rng):
    along = np.sort(rng.uniform(0, 5, 200))[:, None]
    bent = np.concatenate([np.cos(along), np.sin(along)], axis=1)
    narrow, linear = rbf_cka(along, bent, width=0.2), linear_cka(along, bent)
    assert narrow > linear + 0.2, (narrow, linear)


def test_two_rings_that_follow_one_heading_are_alike_beyond_shifts_in_time(rng):
    angle = heading(rng)
    a = ring(angle, 12) + rng.normal(0, 0.1, (1, 600, 12))
    b = ring(angle + 1.0, 20, sharpness=1.0) + rng.normal(0, 0.1, (1, 600, 20))
    b[0, 5, 3] = np.nan
    for measure in (procrustes_similarity, linear_cka):
        alike = compare_populations(
            a, b, measure, null=ShiftedInTime(50), block=30, n_null=99, n_draws=60, rng=rng
        )
        assert alike.share_as_high == 0.01
        assert alike.chance < 0.6 < alike.value
        assert alike.low < alike.value < alike.high
        assert alike.high - alike.low < 0.2
        assert (alike.n_samples, alike.n_blocks) == (599, 20)
        assert "p = 0.01" in str(alike)


def test_two_rings_with_headings_of_their_own_are_no_more_alike_than_shifted_ones(rng):
    values = []
    for _ in range(30):
        a, b = ring(heading(rng), 8), ring(heading(rng), 8)
        alike = compare_populations(
            a, b, linear_cka, null=ShiftedInTime(50), block=60, n_null=19, n_draws=2, rng=rng
        )
        values.append(alike.share_as_high)
    assert np.mean(values) == pytest.approx(0.5, abs=0.17)
    assert np.mean(np.array(values) <= 0.05) < 0.2


def test_a_shift_keeps_time_and_a_shuffle_keeps_only_the_steps(rng):
    for order in (ShiftedInTime(5).order(4, 20, rng=rng), Shuffled().order(4, 20, rng=rng)):
        np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(20), (4, 1)))
    rolled = ShiftedInTime(5).order(200, 20, rng=rng)
    assert (np.diff(rolled, axis=1) % 20 == 1).all()
    assert set(rolled[:, 0].tolist()) == set(range(5, 16))


def test_half_samples_cover_the_value_of_the_whole_population_of_moments(rng):
    """Independent moments, so that the true value is known from many of them."""
    mixing = rng.normal(size=(3, 6))

    def draw(n):
        a = rng.normal(size=(n, 3))
        return a[None], (a @ mixing + 2 * rng.normal(size=(n, 6)))[None]

    true = linear_cka(*(x[0] for x in draw(100_000)))
    inside = 0
    for _ in range(50):
        got = compare_populations(
            *draw(160), linear_cka, null=Shuffled(), block=2, n_null=1, n_draws=60, rng=rng
        )
        inside += got.low <= true <= got.high
    assert 42 <= inside <= 50


def test_what_cannot_be_compared_is_refused_with_the_way_out(rng):
    a = rng.normal(size=(20, 3))
    for wrong, instruction in (
        ((a, a[:10]), "Bring both to the same moments"),
        ((a, np.full((20, 2), 1.0)), "Leave silent populations out"),
        ((a, np.where(a > 2, np.nan, a) * np.nan), "Leave out the samples or neurons"),
    ):
        for measure in MEASURES:
            with pytest.raises(InputError, match=instruction):
                measure(*wrong)
    with pytest.raises(InputError, match=r"Use 0\.5"):
        rbf_cka(a, a, width=0.0)
    with pytest.raises(InputError, match="Take every n-th"):
        rbf_cka(np.zeros((8_001, 1)), np.zeros((8_001, 1)))
    with pytest.raises(InputError, match="set `debiased=False`"):
        linear_cka(a[:3], a[:3])
    common = {"null": Shuffled(), "rng": rng}
    with pytest.raises(InputError, match="on the inputs of the recording"):
        compare_populations(a[None], a[None, :10], linear_cka, block=2, **common)
    with pytest.raises(InputError, match="Use shorter blocks"):
        compare_populations(a[None], a[None], linear_cka, block=10, **common)
    with pytest.raises(InputError, match="Use 200 draws"):
        compare_populations(a[None], a[None], linear_cka, block=0, **common)
    with pytest.raises(InputError, match="Use a smaller shift"):
        ShiftedInTime(11).order(1, 20, rng=rng)


def test_dynamics_need_their_package_and_finite_trials(rng, monkeypatch):
    a = rng.normal(size=(2, 30, 3))
    monkeypatch.setitem(sys.modules, "DSA", None)
    with pytest.raises(InputError, match="Install it with pip"):
        dsa_distance(a, a, n_delays=2, rank=4)
    with pytest.raises(InputError, match="Use fewer"):
        dsa_distance(a, a, n_delays=2, rank=7)
    with pytest.raises(InputError, match="without gaps"):
        dsa_distance(a, a * np.nan)


@pytest.mark.filterwarnings("default")
def test_dynamics_of_two_views_of_one_rotation_are_closer_than_of_shuffled_steps(rng):
    pytest.importorskip("DSA", reason="dsa-metric is not installed")
    turn = 2 * np.pi * rng.random((6, 1)) + 0.3 * np.arange(80)[None, :]
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    a, b = (circle @ rng.normal(size=(2, n)) + rng.normal(0, 0.01, (6, 80, n)) for n in (5, 9))
    value, null = compare_dynamics(a, b, n_delays=3, rank=2, n_null=5, rng=rng)
    assert value < 0.5 * null.min()
