"""S5, S6, S8: their equations, who drives whom, rates in range, and the same bytes again."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from neuroloom.analysis.edges import edge_scores
from neuroloom.errors import InputError, SimulationError
from neuroloom.studies.functional_connectivity.simulators.config import (
    SUITE,
    CalciumConfig,
    CellTypesConfig,
    DriveConfig,
    PartlySeenConfig,
    PoissonConfig,
    RegionsConfig,
    RingConfig,
    SpikingRingConfig,
    TaskTrainedConfig,
)
from neuroloom.studies.functional_connectivity.simulators.poisson import simulate_poisson
from neuroloom.studies.functional_connectivity.simulators.regions import simulate_regions
from neuroloom.studies.functional_connectivity.simulators.ring import (
    ring_weight,
    simulate_ring,
    simulate_spiking_ring,
)
from neuroloom.studies.functional_connectivity.simulators.systems import simulate_system

A_TO_B = np.array([[0.0, 0.0], [1.0, 0.0]])
DRIVEN = CellTypesConfig(n_neurons=30, n_steps=50, drive=DriveConfig(strength=1.0))
SMALL = {
    "S1": replace(DRIVEN, drive=DriveConfig()),
    "S2": DRIVEN,
    "S3": PartlySeenConfig(DRIVEN, fraction=0.5),
    "S4": CalciumConfig(DRIVEN, steps_per_frame=2),
    "S5": RingConfig(n_steps=50),
    "S5 spikes": SpikingRingConfig(duration=0.1, burn_in=0.01),
    "S6": PoissonConfig(n_steps=300),
    "S8": RegionsConfig(n_per_region=10, n_trials=2, duration=2.0),
}


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", SMALL)
def test_the_same_randomness_gives_the_same_bytes_and_another_does_not(name):
    first, second, other = (simulate_system(SMALL[name], rng=rng(seed)) for seed in (3, 3, 4))
    assert first.activity.dtype == np.float64
    assert first.activity.tobytes() == second.activity.tobytes()
    assert first.weight.tobytes() == second.weight.tobytes()
    assert other.activity.tobytes() != first.activity.tobytes()
    assert first.recording().kind == first.kind
    n = first.activity.shape[-1]
    assert first.weight.shape == (n, n)
    assert 0 < first.n_edges < n * (n - 1)
    assert edge_scores(first.weight, first.weight)["auroc"].value == 1


def test_every_system_of_the_suite_has_its_number():
    assert {name.split()[0] for name in SUITE} == {f"S{i}" for i in range(1, 9)}
    strengths = {c.drive.strength for c in SUITE.values() if isinstance(c, CellTypesConfig)}
    assert strengths == {0.0, 0.3, 0.7, 2.0}
    assert SUITE["S3 25 %"].fraction == 0.25
    assert SUITE["S4"].decay == 0.9
    assert SUITE["S6 exponential"].n_neurons == 30


def test_the_ring_inhibits_at_some_distance_and_equally_everywhere():
    weight = ring_weight(RingConfig())
    assert (weight <= 0).all()
    np.testing.assert_array_equal(weight, weight.T)
    np.testing.assert_array_equal(np.roll(weight, (7, 7), (0, 1)), weight)
    d = 13
    wanted = 22 * (np.exp(-(d**2) / (2 * 6.98**2)) - 1.0005 * np.exp(-(d**2) / (2 * 7.0**2)))
    assert weight[0, d] == pytest.approx(wanted)
    assert weight[5, 95] == pytest.approx(weight[0, 10])
    assert (weight[0, 24:77] == 0).all()
    assert (weight[0, 1:24] < 0).all()
    whole = ring_weight(RingConfig(cutoff=0.0))
    assert np.abs(whole - weight).max() < 0.05 * np.abs(whole).max()


def test_rates_on_a_ring_obey_the_equation():
    weight = rng().normal(size=(5, 5))
    config = RingConfig(n_neurons=5, n_steps=30, noise_sd=0.0, bias=0.3)
    x = simulate_ring(config, rng=rng(), weight=weight).activity[0]
    np.testing.assert_allclose(x[0], np.tanh(0.3))
    np.testing.assert_allclose(x[1:], np.tanh(x[:-1] @ weight.T + 0.3))


def test_noise_of_the_ring_comes_in_some_steps_alone():
    config = RingConfig(n_neurons=2, n_steps=20_000)
    x = simulate_ring(config, rng=rng(), weight=np.zeros((2, 2))).activity[0]
    still = np.isclose(x, np.tanh(1.0))
    assert still.mean() == pytest.approx(0.841, abs=0.01)  # P(N(0, 1) < 1)
    assert np.arctanh(x[~still]).std() == pytest.approx(1, abs=0.05)


def test_a_neuron_of_the_ring_is_driven_one_step_later_by_its_presynaptic_one():
    config = RingConfig(n_neurons=2, n_steps=5_000)
    x = simulate_ring(config, rng=rng(), weight=-A_TO_B).activity[0]
    r = np.corrcoef(x[:-1].T, x[1:].T)[2:, :2]  # [post, pre]
    assert r[1, 0] < -0.3
    assert abs(r[0, 1]) < 0.05


@pytest.mark.parametrize("lead", [0, 30])
def test_threshold_neurons_obey_the_equation_step_by_step(lead):
    weight = -4e-5 * rng().random((4, 4))
    config = SpikingRingConfig(
        n_neurons=4, duration=0.05, burn_in=lead * 1e-4, bin_width=0.0005, noise_sd=0.0
    )
    found = simulate_spiking_ring(config, rng=rng(), weight=weight)
    s, spikes = np.zeros(4), []
    for _ in range(lead + 500):
        spike = (weight @ s + 1e-3 > 7.4e-4).astype(float)
        s = s + spike - s * 1e-4 / 0.01
        spikes.append(spike)
    wanted = np.array(spikes[lead:]).reshape(100, 5, 4).sum(1)
    np.testing.assert_array_equal(found.activity[0], wanted)
    assert wanted.std() > 0
    assert found.dt == pytest.approx(5e-4)


def test_an_inhibited_neuron_of_the_spiking_ring_is_silent_after_its_presynaptic_one():
    config = SpikingRingConfig(
        n_neurons=2, duration=2.0, burn_in=0.0, bin_width=1e-4, strength=0.005, threshold=1.2e-3
    )
    free = simulate_spiking_ring(config, rng=rng(), weight=np.zeros((2, 2))).activity[0]
    found = simulate_spiking_ring(config, rng=rng(), weight=-A_TO_B).activity[0]
    np.testing.assert_array_equal(found[:, 0], free[:, 0])
    assert free[:, 1].sum() > 100
    assert found[:, 1].sum() < 0.5 * free[:, 1].sum()
    after = np.flatnonzero(found[:-1, 0]) + 1
    assert found[after, 1].sum() == 0


def test_spike_rates_are_in_range():
    ring = simulate_system(
        SpikingRingConfig(duration=2.0, strength=0.005, threshold=1.2e-3), rng=rng()
    )
    assert 40 < ring.activity.mean() / ring.dt < 90  # some 60 Hz at every strength
    for softplus in (False, True):
        for seed in range(3):
            config = PoissonConfig(n_steps=4_000, softplus=softplus)
            found = simulate_poisson(config, rng=rng(seed))
            rates = found.activity.mean((0, 1)) / found.dt
            assert 3 < rates.mean() < 9
            assert rates.max() < 30
            assert rates.min() > 0.5
            assert (found.activity == np.rint(found.activity)).all()


@pytest.mark.parametrize("softplus", [False, True])
def test_poisson_neurons_fire_at_their_base_rate_when_they_hear_nothing(softplus):
    config = PoissonConfig(
        n_neurons=4, n_steps=20_000, rate_log_sd=0.0, base_rate=20.0, softplus=softplus
    )
    found = simulate_poisson(config, rng=rng(), weight=np.zeros((4, 4)))
    assert found.activity.mean() / found.dt == pytest.approx(20, rel=0.02)
    assert found.activity.var() == pytest.approx(found.activity.mean(), rel=0.03)


def test_poisson_weights_can_be_recovered_with_their_direction_and_size():
    weight = np.array([[-1.0, 0.0], [1.5, -0.5]])
    config = PoissonConfig(n_neurons=2, n_steps=60_000, base_rate=20.0, rate_log_sd=0.0)
    counts = simulate_poisson(config, rng=rng(), weight=weight).activity[0]
    h = np.exp(-np.arange(30) * 0.5)  # dt / tau
    h /= h.sum()
    heard = np.stack([np.convolve(c, h)[: len(c)] for c in counts.T], axis=1)[:-1]
    found = [
        PoissonRegressor(alpha=0, tol=1e-6).fit(heard, counts[1:, post]).coef_ for post in (0, 1)
    ]
    np.testing.assert_allclose(found, weight, atol=0.15)


def test_poisson_signs_are_those_of_the_sender():
    found = simulate_poisson(PoissonConfig(n_steps=10), rng=rng())
    excites = found.cell_type == "excitatory"
    assert excites.sum() == 24
    off = found.weight - np.diag(np.diag(found.weight))
    assert (off[:, excites] >= 0).all()
    assert (off[:, ~excites] <= 0).all()
    assert (np.diag(found.weight) == -2).all()
    sizes = [np.abs(off[:, kind][off[:, kind] != 0]).mean() for kind in (excites, ~excites)]
    assert sizes == [pytest.approx(0.5, abs=0.05), pytest.approx(1.0, abs=0.15)]
    assert found.prevalence == pytest.approx(0.2, abs=0.04)


def test_a_poisson_network_that_runs_away_is_refused():
    config = PoissonConfig(n_neurons=2, n_steps=2_000)
    with pytest.raises(SimulationError, match=r"neuron 1 is to fire .* Lower `weight_mean`"):
        simulate_poisson(config, rng=rng(), weight=50 * A_TO_B)


def test_regions_obey_the_equation_with_the_drive_they_come_with():
    config = RegionsConfig(n_per_region=4, n_trials=2, duration=2.0, noise_sd=0.0)
    found = simulate_regions(config, rng=rng())
    x = np.arctanh(found.activity)
    force = found.activity[:, :-1] @ found.weight.T + found.drive[:, 1:] - x[:, :-1]
    np.testing.assert_allclose(x[:, 1:], x[:, :-1] + 0.1 * force, atol=1e-8)


def test_region_a_hears_the_bumps_of_b_only_through_their_connection():
    config = RegionsConfig(
        n_per_region=1, n_trials=6, noise_sd=0.3, n_bumps=1, input_density=1.0, input_size=2.0
    )
    weight = np.zeros((3, 3))
    weight[0, 1] = 2.0  # from B to A
    joined = simulate_regions(config, rng=rng(), weight=weight)
    apart = simulate_regions(config, rng=rng(), weight=np.zeros((3, 3)))
    turned = simulate_regions(config, rng=rng(), weight=weight.T)
    assert joined.cell_type.tolist() == ["A", "B", "C"]
    bump = joined.latent[..., 0].ravel()
    heard = [np.corrcoef(s.activity[..., 0].ravel(), bump)[0, 1] for s in (joined, apart, turned)]
    assert heard[0] > 0.6
    assert abs(heard[1]) < 0.15
    assert abs(heard[2]) < 0.15


def test_noise_of_regions_is_per_root_of_a_second():
    config = RegionsConfig(n_per_region=20, n_trials=4, input_size=0.0, noise_sd=0.8)
    found = simulate_regions(config, rng=rng(), weight=np.zeros((60, 60)))
    x = np.arctanh(found.activity)
    assert x.var() == pytest.approx(0.8**2 * 0.01 / (1 - 0.9**2), rel=0.03)  # about sd^2 tau / 2


def test_only_b_and_c_are_driven_and_weights_are_denser_within():
    config = RegionsConfig(n_per_region=60, n_trials=3, duration=4.0)
    found = simulate_regions(config, rng=rng())
    drive = found.drive.reshape(3, -1, 3, 60)
    assert (drive[:, :, 0] == 0).all()
    in_b, in_c = ((drive[:, :, k] != 0).any((0, 1)).mean() for k in (1, 2))
    assert in_b == pytest.approx(0.5, abs=0.2)
    assert in_c == pytest.approx(0.5, abs=0.2)
    assert (np.diff(found.latent[..., -1], axis=1) >= 0).all()  # on, and on it stays
    assert (found.latent[:, -1, -1] == 1).all()
    peaks = found.latent[..., :-1].argmax(1)
    assert (np.diff(peaks, axis=1) > 0).all()  # one bump after the other
    assert len(set(peaks[:, 0])) > 1  # at times of the trial's own
    blocks = (found.weight != 0).reshape(3, 60, 3, 60).mean((1, 3))
    np.testing.assert_allclose(np.diag(blocks), 0.2, atol=0.03)
    np.testing.assert_allclose(blocks[~np.eye(3, dtype=bool)], 0.05, atol=0.02)
    rows = found.weight.reshape(3, 60, 3, 60)
    own = [np.sqrt((rows[k, :, k] ** 2).sum(1)).mean() for k in range(3)]
    np.testing.assert_allclose(own, 1.5, atol=0.2)


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: RingConfig(cutoff=1.0), "Leave them out"),
        (lambda: SpikingRingConfig(dt=0.02), "Give seconds"),
        (lambda: PoissonConfig(base_rate=0.0), "Give seconds and hertz"),
        (lambda: PoissonConfig(weight_mean=-1.0), "Signs come from the sender"),
        (lambda: TaskTrainedConfig(n_rounds=0), "SDs of noise at least 0"),
        (lambda: RegionsConfig(dt=0.2), "steps shorter than tau"),
        (lambda: RegionsConfig(between_density=0.0), "Set a gain to 0"),
        (lambda: simulate_regions(RegionsConfig(), rng=rng(), weight=A_TO_B), "config's size"),
        (lambda: simulate_ring(RingConfig(), rng=rng(), weight=A_TO_B), "config's size"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()


@pytest.mark.slow
def test_a_strong_ring_makes_neurons_fire_together_that_are_not_connected():
    """Das and Fiete's pattern: at r .025 neurons a period (some 25) apart do, at r .005 none."""
    apart = np.arange(100), (np.arange(100) + 25) % 100
    together = []
    for strength, threshold in ((0.005, 1.2e-3), (0.025, 7.4e-4)):
        config = SpikingRingConfig(duration=20.0, strength=strength, threshold=threshold)
        found = simulate_system(config, rng=rng())
        assert (found.weight[apart] == 0).all()
        assert 40 < found.activity.mean() / found.dt < 90
        rate = found.activity[0].reshape(20, -1, 100).mean(1)
        together.append(np.corrcoef(rate.ravel(), np.roll(rate, 25, axis=1).ravel())[0, 1])
    assert abs(together[0]) < 0.15
    assert together[1] > 0.4
