"""What the data cannot tell is named, and what does not fit is refused."""

import numpy as np
import pytest

from circuits import two
from inverse_circuits import DT, assert_found, drawn, kinds, run, self_exciting
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.fitting.inverse import (
    CleanDerivative,
    Degeneracy,
    Instruments,
    LeastSquares,
    MultiStep,
    NoiseCorrected,
    WeightPrior,
    recover_parameters,
)


def test_an_autapse_that_never_rests_hides_tau_and_only_the_ratio_is_right(rng):
    connectome, truth = self_exciting(np.array([5.0, 0.0]))
    inputs = rng.uniform(size=(400, 2))
    states, dvdt = run(connectome, *truth, inputs, rng)
    assert states[:, 0].min() > 0
    found = recover_parameters(connectome, states, inputs, DT, target=CleanDerivative(dvdt))
    assert kinds(found, 0) == {Degeneracy.AUTAPSE_AND_TAU: (0,)}
    assert kinds(found, 1) == {}
    assert found.count(Degeneracy.AUTAPSE_AND_TAU) == 1
    assert not found.tau_known[0]
    assert found.tau_known[1]
    assert found.weight_known.tolist() == [False, True]
    assert np.isinf(found.tau_sd[0])
    assert (found.weight[0] - 1) / found.tau[0] == pytest.approx((0.5 - 1) / 0.1)
    assert any("(W_ii - 1) / tau" in sentence for sentence in found.audit)


def test_an_autapse_is_told_from_tau_once_the_neuron_falls_below_threshold(rng):
    connectome, truth = self_exciting(np.array([0.0, 0.0]))
    inputs = rng.normal(size=(400, 2))
    states, dvdt = run(connectome, *truth, inputs, rng)
    found = recover_parameters(connectome, states, inputs, DT, target=CleanDerivative(dvdt))
    assert not found.findings
    assert_found(found, *truth)


def test_silent_constant_and_equal_presynaptic_neurons_are_named(rng):
    """Neuron 4 hears a silent one, a constant one, and two that are the same."""
    pre = np.array([0, 1, 2, 3])
    connectome = Connectome(
        neuron_id=np.array(["silent", "constant", "one", "twin", "hears", "alone"]),
        pre=pre,
        post=np.full(4, 4),
        kind=np.zeros(4, int),
        count=np.ones(4, int),
        sign=np.ones(4, int),
    )
    inputs = np.zeros((300, 6))
    inputs[:, 2] = inputs[:, 3] = rng.normal(size=300)
    inputs[:, 4] = rng.normal(size=300)
    weight, tau = np.array([0.3, 0.4, 0.5, 0.6]), np.full(6, 0.1)
    rest = np.array([-1.0, 2.0, 0.1, 0.1, 0.0, 0.0])
    states, dvdt = run(connectome, weight, tau, rest, inputs, rng)
    found = recover_parameters(connectome, states, inputs, DT, target=CleanDerivative(dvdt))
    assert kinds(found, 4) == {
        Degeneracy.SILENT: (0,),
        Degeneracy.CONSTANT: (1,),
        Degeneracy.COLLINEAR: (2, 3),
    }
    assert not found.weight_known.any()
    assert found.weight[2:].sum() == pytest.approx(1.1)
    assert found.tau_known[4]
    assert found.tau[4] == pytest.approx(0.1)
    assert not found.rest_known[4]
    assert Degeneracy.STILL in kinds(found, 0)


def test_too_few_samples_are_named(rng):
    connectome, _, _, _, inputs, states, _ = drawn(12, 4, rng, density=1.0)
    found = recover_parameters(connectome, states, inputs, DT)
    assert found.count(Degeneracy.TOO_FEW_ROWS) == 12
    assert not found.weight_known.any()


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        (lambda v, u: (v[:-1], u, DT), "the state before the first step in front"),
        (lambda v, u: (v.T, u.T, DT), "the state before the first step in front"),
        (lambda v, u: (np.where(v == v[3, 1], np.nan, v), u, DT), r"the first at \(3, 1\)"),
        (lambda v, u: (v, u, 0.0), "Give the step in seconds"),
    ],
)
def test_what_does_not_fit_is_refused(a_to_b, rng, change, instruction):
    inputs = rng.normal(size=(20, 2))
    states, _ = run(a_to_b, np.array([1.0]), np.full(2, 0.1), np.zeros(2), inputs, rng)
    with pytest.raises(InputError, match=instruction):
        recover_parameters(a_to_b, *change(states, inputs))


def test_gap_junctions_are_refused(rng):
    with pytest.raises(InputError, match="Leave them out"):
        recover_parameters(two(kind=1, sign=0), np.zeros((3, 2)), np.zeros((2, 2)), DT)


@pytest.mark.parametrize("neurons", [[0, 0], [2], [0.5], [[0]]])
def test_neurons_that_are_not_there_are_refused(a_to_b, neurons):
    with pytest.raises(InputError, match="places"):
        recover_parameters(
            a_to_b, np.zeros((3, 2)), np.zeros((2, 2)), DT, neurons=np.array(neurons)
        )


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: MultiStep(0), "One step is"),
        (lambda: Instruments(0), "One step is enough"),
        (lambda: NoiseCorrected(-1.0), "Estimate it"),
        (lambda: LeastSquares(float("nan")), "next to none"),
        (lambda: WeightPrior(power=-1.0), "Take power 0"),
    ],
)
def test_impossible_choices_are_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()


def test_the_correction_is_refused_for_other_targets(a_to_b):
    with pytest.raises(InputError, match="Take `Instruments"):
        recover_parameters(
            a_to_b,
            np.zeros((9, 2)),
            np.zeros((8, 2)),
            DT,
            target=MultiStep(2),
            estimator=NoiseCorrected(0.1),
        )


def test_a_derivative_of_another_shape_is_refused(a_to_b):
    with pytest.raises(InputError, match="at the begin of every step"):
        recover_parameters(
            a_to_b,
            np.zeros((9, 2)),
            np.zeros((8, 2)),
            DT,
            target=CleanDerivative(np.zeros((9, 2))),
        )
