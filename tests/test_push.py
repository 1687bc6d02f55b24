"""Who follows when a neuron is pushed: direction, sign, gap junctions, and a known number each."""

import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import ExponentialEuler, ForwardEuler
from neuroloom.studies.push import push

LONG = {"duration": 3.0, "onset": 0.0, "width": 3.0, "dt": 0.01, "tau": 0.05}


def wired(*connections, ids=("a", "b"), **columns):
    """A connectome of (pre, post, kind, count, sign)."""
    pre, post, kind, count, sign = np.array(connections).T
    return Connectome(
        neuron_id=np.array(ids),
        pre=pre,
        post=post,
        kind=kind,
        count=count,
        sign=sign,
        neurons=columns,
    )


def last(recording):
    return recording.activity[0, -1].tolist()


def test_the_postsynaptic_neuron_follows_by_the_stated_weight(a_to_b):
    # Without loops the largest sum of weights onto a neuron is the radius: b settles at 0.9 a.
    assert last(push(a_to_b, ["a"], **LONG)) == pytest.approx([1, 0.9], abs=1e-6)


def test_the_presynaptic_neuron_does_not_follow(a_to_b):
    rates = push(a_to_b, ["b"], **LONG)
    assert (rates.activity[0, :, 0] == 0).all()
    assert last(rates)[1] == pytest.approx(1, abs=1e-6)


def test_the_inhibitory_twin_goes_down_as_far_as_the_other_goes_up():
    up = push(wired((0, 1, 0, 2, 1)), ["a"]).activity
    down = push(wired((0, 1, 0, 2, -1)), ["a"]).activity
    np.testing.assert_allclose(down[..., 1], -up[..., 1])
    np.testing.assert_allclose(down[..., 0], up[..., 0])
    assert up[..., 1].max() > 0.8


@pytest.mark.parametrize(("pushed", "settled"), [("a", [2 / 3, 1 / 3]), ("b", [1 / 3, 2 / 3])])
def test_a_gap_junction_carries_both_ways(pushed, settled):
    # Coupling as strong as the leak: x = 1 + (y - x), y = x - y.
    rates = push(wired((0, 1, 1, 7, 0)), [pushed], **LONG)
    assert last(rates) == pytest.approx(settled, abs=1e-6)


def test_a_loop_amplifies_as_its_largest_eigenvalue_says():
    # W = 0.5 [[0, 1], [1, 0]]: (I - W)^-1 = [[4, 2], [2, 4]] / 3.
    both = wired((0, 1, 0, 3, 1), (1, 0, 0, 3, 1))
    assert last(push(both, ["a"], radius=0.5, **LONG)) == pytest.approx([4 / 3, 2 / 3], abs=1e-5)


def test_counts_weigh_connections():
    fan = wired((0, 1, 0, 1, 1), (0, 2, 0, 4, 1), ids=("a", "b", "c"))
    assert last(push(fan, ["a"], **LONG)) == pytest.approx([1, 0.225, 0.9], abs=1e-6)


def test_input_lasts_from_onset_for_its_width(a_to_b):
    rates = push(a_to_b, ["a"], amplitude=3.0, onset=0.2, width=0.3, duration=1.0)
    a, time = rates.activity[0, :, 0], rates.time
    moving = np.flatnonzero(np.diff(a) > 0)
    assert (a[time < 0.2 + 1e-9] == 0).all()
    assert len(time) == 100
    assert time[moving[0]] == pytest.approx(0.2)  # the last sample at rest
    assert time[-1] == pytest.approx(1.0)
    assert len(moving) == 30
    # Euler by hand: 30 steps of a tenth of tau towards 3.
    assert a.max() == pytest.approx(3 * (1 - 0.9**30))


def test_what_is_returned_says_what_was_done(a_to_b):
    rates = push(a_to_b, ["a", "b"], onset=0.3, width=0.5)
    assert (rates.kind, rates.dt, rates.activity.shape) == ("rate", 0.01, (1, 200, 2))
    assert [(s.trial, s.onset, s.duration, s.target) for s in rates.stimuli] == [
        (0, 0.3, 0.5, "a"),
        (0, 0.3, 0.5, "b"),
    ]
    assert rates.audit[0] == "every sign was known"
    assert "scaled by 0.45" in rates.audit[1]


def test_exponential_steps_are_exact_for_a_neuron_alone_and_settle_where_euler_does(a_to_b):
    rates = push(a_to_b, ["a"], integrator=ExponentialEuler(), **LONG)
    np.testing.assert_allclose(rates.activity[0, :, 0], 1 - np.exp(-rates.time / 0.05))
    assert last(rates) == pytest.approx([1, 0.9], abs=1e-6)
    assert rates.audit[-1] == "stepped by ExponentialEuler, 0.01 s a step"
    assert push(a_to_b, ["a"], **LONG).audit[-1] == "stepped by ForwardEuler, 0.01 s a step"
    told = push(a_to_b, ["a"], integrator=ForwardEuler(), **LONG)
    np.testing.assert_array_equal(told.activity, push(a_to_b, ["a"], **LONG).activity)


@pytest.mark.parametrize(("pushed", "settled"), [("a", [2 / 3, 1 / 3]), ("b", [1 / 3, 2 / 3])])
def test_exponential_steps_may_be_longer_than_the_time_constant(pushed, settled):
    rates = push(
        wired((0, 1, 1, 7, 0)),
        [pushed],
        **(LONG | {"dt": 0.15, "tau": 0.02, "duration": 9.0, "width": 9.0}),
        integrator=ExponentialEuler(),
    )
    assert last(rates) == pytest.approx(settled, abs=1e-6)


def test_calcium_is_what_the_stated_kernel_makes_of_the_rates(a_to_b):
    rates = push(a_to_b, ["a"]).activity[0]
    seen = push(a_to_b, ["a"], calcium_decay=0.5)
    assert (seen.kind, seen.unit, seen.dt) == ("calcium", "dF/F", 0.01)
    assert seen.audit[-1].startswith("calcium in dF/F: single exponential with decay 0.5 s, area 1")
    expected, c = [], np.zeros(2)
    for rate in rates:
        c = np.exp(-0.01 / 0.5) * c + (1 - np.exp(-0.01 / 0.5)) * rate
        expected.append(c)
    np.testing.assert_allclose(seen.activity[0], expected, rtol=1e-9, atol=1e-12)
    double = push(a_to_b, ["a"], calcium_decay=0.5, calcium_rise=0.2)
    assert "rise 0.2 s and decay 0.5 s" in double.audit[-1]
    assert double.activity[0, :, 1].argmax() > seen.activity[0, :, 1].argmax()
    late = push(a_to_b, ["a"], calcium_decay=0.05, calcium_rise=0.02, **LONG)
    assert last(late) == pytest.approx([1, 0.9], abs=1e-6)


def test_unknown_signs_follow_the_rule_and_the_audit_counts_them():
    gaba = wired((0, 1, 0, 2, 0), neurotransmitter=np.array(["GABA", "acetylcholine"]))
    for rule, factor in (("transmitter", -0.9), ("excitatory", 0.9), ("dropped", 0)):
        rates = push(gaba, ["a"], sign_rule=rule, **LONG)
        assert last(rates)[1] == pytest.approx(factor, abs=1e-6)
        assert "1 connections with 2 synapses" in rates.audit[0]


def test_known_signs_need_no_transmitters_and_stay():
    twin = wired((0, 1, 0, 2, -1))
    assert last(push(twin, ["a"], sign_rule="excitatory", **LONG))[1] < -0.8


def test_unknown_signs_without_transmitters_are_answered_with_the_choices():
    unknown = wired((0, 1, 0, 2, 0), (1, 0, 0, 2, 1))
    with pytest.raises(InputError, match=r"1 of 2 .*choose `--sign-rule excitatory`"):
        push(unknown, ["a"])
    assert last(push(unknown, ["a"], sign_rule="dropped", **LONG))[1] == 0


def test_neurons_with_numbers_for_ids_are_named_by_digits():
    ids = (720575940621039145, 720575940621039146)
    rates = push(wired((0, 1, 0, 2, 1), ids=ids), [str(ids[0])], **LONG)
    assert last(rates) == pytest.approx([1, 0.9], abs=1e-6)
    assert rates.stimuli[0].target == ids[0]
    with pytest.raises(InputError, match="`neuroloom inspect` shows what the file holds"):
        push(wired((0, 1, 0, 2, 1), ids=ids), ["ASHL"])


def test_an_unknown_id_is_named(a_to_b):
    with pytest.raises(InputError, match=r"'A' is not \(1 such of 2\). Check spelling"):
        push(a_to_b, ["a", "A"])


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"stimulated": []}, "Name it with `--stimulate`"),
        ({"sign_rule": "excitatry"}, "Did you mean `excitatory`"),
        ({"dt": 0.05}, "try a tenth of `tau`"),
        ({"dt": 0.0}, "try a tenth of `tau`"),
        ({"dt": float("nan")}, "try a tenth of `tau`"),
        ({"tau": -0.1}, "Try 0.1"),
        ({"dt": 0.0, "integrator": ExponentialEuler()}, "above 0"),
        ({"dt": 3.0, "integrator": ExponentialEuler()}, "Give seconds"),
        ({"tau": 0.0, "integrator": ExponentialEuler()}, "Try 0.1"),
        ({"calcium_rise": 0.1}, "Add `--calcium-decay`"),
        ({"calcium_decay": 0.0}, "Give seconds, or leave it out"),
        ({"calcium_decay": 0.5, "calcium_rise": float("nan")}, "Give seconds, or leave it out"),
        ({"duration": 0.001}, "Give seconds"),
        ({"duration": float("inf")}, "Give seconds"),
        ({"radius": 1.0}, "0.9 lets activity travel"),
        ({"radius": -0.1}, "0.9 lets activity travel"),
        ({"amplitude": float("nan")}, "Try 1"),
        ({"amplitude": float("inf")}, "Try 1"),
        ({"onset": 2.0}, "Nothing would be pushed otherwise"),
        ({"onset": -0.1}, "Nothing would be pushed otherwise"),
        ({"width": 0.0}, "To push until the end, give the duration"),
        ({"width": float("nan")}, "To push until the end, give the duration"),
    ],
)
def test_a_number_out_of_range_is_answered_with_what_to_do(a_to_b, options, instruction):
    arguments = {"stimulated": ["a"]} | options
    with pytest.raises(InputError, match=instruction):
        push(a_to_b, **arguments)
