"""Every degeneracy by name: a small circuit where it holds, and one where it does not."""

import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.analysis.degeneracy import (
    AutapseTau,
    Combination,
    Exchangeable,
    GainScale,
    Sign,
    Silent,
    Undetermined,
    Unseen,
    degeneracies,
    unseen_neurons,
)
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import (
    GainSide,
    Linear,
    RateNetwork,
    Relu,
    Softplus,
    Tanh,
    global_value,
    per_neuron,
)
from neuroloom.simulation import simulate

SD = {"gain": 0.3, "bias": 0.5, "tau": 0.05, "strength": 0.5, "scale": 0.5}


def wired(edges, n=None, names=None):
    """Connections (pre, post, signed weight)."""
    n = n or 1 + max(max(e[:2]) for e in edges)
    pre, post, weight = (np.array(part) for part in zip(*edges, strict=True))
    return Connectome(
        neuron_id=np.array(names or list("abcdefghij")[:n]),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), int),
        count=np.abs(weight).astype(float),
        sign=np.sign(weight).astype(int),
        count_unit="mean_synapses",
    )


def network_of(connectome, *, gain=1.0, bias=0.0, tau=0.1, **options):
    n = connectome.n_neurons
    return RateNetwork.from_connectome(
        connectome,
        gain=per_neuron(gain, n, unit="1"),
        bias=per_neuron(bias, n, unit="state"),
        tau=per_neuron(tau, n, unit="s"),
        **options,
    )


def drive(n, into, *, seed=0, positive=False):
    """Steps of input to some neurons, other ones in each of 4 trials."""
    rng = np.random.default_rng(seed)
    u = np.zeros((4, 40, n))
    steps = rng.normal(size=(4, 4, len(into)))
    u[:, :, into] = np.repeat(np.abs(steps) if positive else steps, 10, axis=1)
    return jnp.asarray(u)


def found_in(network, u, recorded, *fields, **options):
    mask = np.isin(np.arange(network.n_neurons), recorded)
    names = list("abcdefghij")[: network.n_neurons]

    def pick(n):
        shared = ("gain", "bias", "tau")
        return tuple(getattr(n, f).value if f in shared else getattr(n, f) for f in fields)

    return degeneracies(
        network,
        lambda n: simulate(n, u, dt=0.02, adjoint=False),
        mask,
        neuron_id=np.array(names),
        trainable=pick,
        prior_sd=tuple(SD[field] for field in fields),
        **options,
    )


def of_kind(found, kind):
    return [one for one in found if isinstance(one, kind)]


# ---- neurons that the recorded set cannot see


def test_a_neuron_without_a_path_to_a_recorded_one_is_unseen():
    network = network_of(wired([(0, 1, 1.0), (1, 2, 1.0)]))
    found = found_in(network, drive(3, [0, 1, 2]), [1], "gain", "bias")
    assert of_kind(found, Unseen) == [Unseen(("c",))]
    assert "No path leads from c" in found[0].sentence
    assert not of_kind(found_in(network, drive(3, [0, 1, 2]), [2], "gain", "bias"), Unseen)


def test_paths_run_along_arrows_and_through_gap_junctions_both_ways():
    chemical = Connectome(
        neuron_id=np.array(["a", "b", "c"]),
        pre=np.array([0, 1]),
        post=np.array([1, 2]),
        kind=np.array([0, 1]),  # a -> b, b = c
        count=np.array([1, 1]),
        sign=np.array([1, 0]),
    )
    network = network_of(chemical, coupling=0.5)
    assert unseen_neurons(network, np.array([True, False, False])).tolist() == [False, True, True]
    assert unseen_neurons(network, np.array([False, False, True])).tolist() == [False] * 3


# ---- silent neurons


def test_a_neuron_below_threshold_throughout_is_silent():
    connectome = wired([(0, 2, 1.0), (1, 2, 1.0)])
    u = drive(3, [0, 1], positive=True)
    quiet = network_of(connectome, bias=np.array([0.1, -50.0, 0.1]), activation=Relu())
    found = found_in(quiet, u, [2], "gain", "bias")
    assert of_kind(found, Silent) == [Silent(("b",))]
    assert "upper bound" in of_kind(found, Silent)[0].sentence
    loud = network_of(connectome, bias=0.1, activation=Relu())
    assert not of_kind(found_in(loud, u, [2], "gain", "bias"), Silent)
    soft = network_of(connectome, bias=np.array([0.1, -2.0, 0.1]), activation=Softplus())
    assert not of_kind(found_in(soft, u, [2], "gain", "bias"), Silent)


# ---- autapse and time constant


@pytest.fixture
def flyvis_like():
    """b has an autapse; the gain acts behind the sum, and everything of b is unknown."""
    connectome = wired([(0, 1, 1.0), (2, 1, -0.3), (1, 1, 0.4), (1, 2, 0.5), (0, 2, 0.3)])
    return lambda bias: network_of(
        connectome, bias=bias, activation=Relu(), gain_side=GainSide.POSTSYNAPTIC
    )


def test_an_autapse_and_tau_are_confounded_where_the_neuron_never_goes_below_0(flyvis_like):
    u = drive(3, [0], positive=True)
    found = found_in(flyvis_like(1.0), u, [0, 1, 2], "bias", "tau", "strength")
    assert of_kind(found, AutapseTau) == [AutapseTau("b")]
    assert "(W - 1) / tau" in of_kind(found, AutapseTau)[0].sentence


def test_they_are_not_confounded_where_the_neuron_crosses_0(flyvis_like):
    bias = np.array([1.0, -0.4, 1.0])  # b is below 0 before its input comes
    u = drive(3, [0], positive=True)
    network = flyvis_like(bias)
    b = np.asarray(simulate(network, u, dt=0.02))[..., 1]
    assert b.min() < 0 < b.max()
    found = found_in(network, u, [0, 1, 2], "bias", "tau", "strength")
    assert not of_kind(found, AutapseTau)


def test_a_known_input_or_known_weights_tell_tau_from_the_autapse(flyvis_like):
    network = flyvis_like(1.0)
    into_b = drive(3, [0, 1], positive=True)
    found = found_in(network, into_b, [0, 1, 2], "bias", "tau", "strength")
    assert not of_kind(found, AutapseTau)
    u = drive(3, [0], positive=True)
    assert not of_kind(found_in(network, u, [0, 1, 2], "tau", "strength"), AutapseTau)
    assert not of_kind(found_in(network, u, [0, 1, 2], "bias", "tau"), AutapseTau)


# ---- gain scale


def test_a_gain_is_known_only_with_its_outgoing_weights_if_the_neuron_is_not_recorded():
    network = network_of(wired([(0, 1, 1.0), (1, 2, 0.7), (0, 2, 0.5)]), bias=0.2)
    u = drive(3, [0])
    found = found_in(network, u, [2], "gain", "strength")
    assert GainScale(("b",), "the weights of what it sends") in found
    seen = found_in(network, u, [1, 2], "gain", "strength")
    assert not [one for one in of_kind(seen, GainScale) if one.neurons == ("b",)]
    assert not of_kind(found_in(network, u, [2], "gain"), GainScale)


def test_a_postsynaptic_gain_is_known_only_with_its_incoming_weights():
    network = network_of(
        wired([(0, 1, 1.0), (1, 2, 0.7)]), bias=0.2, gain_side=GainSide.POSTSYNAPTIC
    )
    found = found_in(network, drive(3, [0]), [0, 1, 2], "gain", "strength")
    assert [one.neurons for one in of_kind(found, GainScale)] == [("b",), ("c",)]


def test_the_scale_of_weights_and_all_gains_are_one_if_states_are_recorded():
    network = network_of(wired([(0, 1, 1.0), (1, 2, 0.7), (2, 0, 0.3)]), bias=0.2)
    u = drive(3, [0, 1])
    found = found_in(network, u, [0, 1, 2], "gain", "scale", of_rates=False)
    assert of_kind(found, GainScale) == [GainScale(("a", "b", "c"), "the scale of all weights")]
    assert not of_kind(found_in(network, u, [0, 1, 2], "gain", "scale"), GainScale)


# ---- sign


def test_the_sign_of_a_hidden_odd_unit_cannot_be_known():
    connectome = wired([(0, 1, 1.0), (1, 2, 0.7), (2, 1, -0.4), (0, 2, 0.2)])
    odd = network_of(connectome, activation=Tanh())
    u = drive(3, [0])
    found = of_kind(found_in(odd, u, [0, 2], "strength"), Sign)
    assert [one.neuron for one in found] == ["b"]
    assert "The sign of b cannot be known" in found[0].sentence
    assert not of_kind(found_in(odd, u, [0, 1, 2], "strength"), Sign)
    even = network_of(connectome, activation=Softplus())
    assert not of_kind(found_in(even, u, [0, 2], "strength"), Sign)
    assert not of_kind(found_in(odd, drive(3, [0, 1]), [0, 2], "strength"), Sign)


def test_a_gain_that_may_be_negative_hides_its_sign_behind_the_outgoing_weights():
    network = network_of(wired([(0, 1, 1.0), (1, 2, 0.7)]), bias=0.3, activation=Softplus())
    u = drive(3, [0])
    found = of_kind(found_in(network, u, [2], "gain", "strength"), Sign)
    assert Sign("b", ("gain", "weights of what it sends")) in found
    clamped = network_of(wired([(0, 1, 1.0), (1, 2, 0.7)]), bias=0.3, clamp_signs=True)
    assert not of_kind(found_in(clamped, u, [2], "gain", "strength"), Sign)


# ---- permutation


def test_hidden_neurons_with_the_same_connections_are_known_up_to_exchange():
    twins = [(0, 1, 1.0), (0, 2, 1.0), (1, 3, 0.5), (2, 3, 0.5), (1, 2, 0.2), (2, 1, 0.2)]
    network = network_of(wired(twins), gain=np.array([1.0, 0.8, 1.3, 1.0]), bias=0.1)
    u = drive(4, [0])
    found = found_in(network, u, [3], "gain", "bias")
    assert of_kind(found, Exchangeable) == [Exchangeable(("b", "c"))]
    assert not of_kind(found_in(network, u, [1, 3], "gain", "bias"), Exchangeable)
    assert not of_kind(found_in(network, drive(4, [0, 1]), [3], "gain", "bias"), Exchangeable)
    other = [(0, 1, 1.0), (0, 2, 1.0), (1, 3, 0.5), (2, 3, 0.6)]
    assert not of_kind(found_in(network_of(wired(other)), u, [3], "gain", "bias"), Exchangeable)


def test_unknown_weights_make_neurons_exchangeable_that_differ_in_weights_only():
    edges = [(0, 1, 1.0), (0, 2, 0.4), (1, 3, 0.5), (2, 3, 0.6)]
    u = drive(4, [0])
    network = network_of(wired(edges), bias=0.1)
    assert of_kind(found_in(network, u, [3], "bias", "strength"), Exchangeable) == [
        Exchangeable(("b", "c"))
    ]
    one_way = network_of(wired([*edges, (1, 2, 0.3)]), bias=0.1)
    assert not of_kind(found_in(one_way, u, [3], "bias", "strength"), Exchangeable)


# ---- the rest of the null space


def test_gains_behind_a_low_rank_wiring_are_known_in_combinations_only():
    rng = np.random.default_rng(1)
    weights = np.outer(rng.normal(size=8), rng.normal(size=8)) * 0.6
    edges = [(j, i, weights[i, j]) for i in range(8) for j in range(8)]
    network = network_of(wired(edges), activation=Linear())
    start = jnp.asarray(rng.normal(size=(1, 8)))
    u = jnp.zeros((1, 40, 8))

    def looked_at(net):
        mask = np.arange(8) < 1
        return degeneracies(
            net,
            lambda n: simulate(n, u, dt=0.02, initial=start, adjoint=False),
            mask,
            neuron_id=np.array(list("abcdefgh")),
            trainable=lambda n: n.gain.value,
            prior_sd=0.3,
            of_rates=False,
        )

    (one,) = of_kind(looked_at(network), Combination)
    assert one.wiring_rank == 1
    assert len(one.parameters) == 8
    # W diag(g) m and W diag(g) x0 are all that dynamics of rank 1 hear of gains.
    assert one.n_free == 6
    assert "only 2 of 8 combinations are known" in one.sentence
    full = network_of(wired([(j, i, rng.normal()) for i in range(3) for j in range(3)]))
    assert not found_in(full, drive(3, [0, 1, 2]), [0, 1, 2], "gain", "bias")


def test_a_parameter_that_nothing_depends_on_is_named():
    network = network_of(wired([(0, 1, 1.0), (1, 0, 0.5)]), bias=0.1)
    found = found_in(network, drive(2, [0]), [0, 1], "bias", "scale")
    assert not found
    still = found_in(network, drive(2, [0]), [0, 1], "bias", "tau")
    assert not of_kind(still, Undetermined)
    idle = network_of(wired([(0, 1, 1.0), (1, 0, 0.5), (0, 2, 1.0), (2, 0, 1.0)]), gain=0.0)
    found = found_in(idle, drive(3, [0]), [0], "gain", "bias", of_rates=False)
    (one,) = of_kind(found, Undetermined)
    # a is heard through b and c only, whose gains are 0
    assert one.parameters == ("gain of a", "bias of a", "bias of b", "bias of c")


def test_an_identifiable_network_has_nothing_to_say():
    network = network_of(wired([(0, 1, 1.0), (1, 2, 0.7), (2, 0, -0.4)]), bias=0.2)
    assert found_in(network, drive(3, [0, 1, 2]), [0, 1, 2], "gain", "bias", "tau") == ()


def test_shared_parameters_are_named_by_their_group():
    connectome = wired([(0, 1, 1.0), (1, 2, 0.7), (2, 0, -0.4)])
    network = RateNetwork.from_connectome(
        connectome, gain=global_value(0.0, 3, unit="1"), bias=global_value(0.2, 3, unit="state")
    )
    found = found_in(network, drive(3, [0]), [0, 1, 2], "gain", "bias", of_rates=False)
    assert of_kind(found, Undetermined) == [Undetermined(("bias of all neurons",))]


@pytest.mark.parametrize(
    ("recorded", "options", "instruction"),
    [([], {}, "Name some"), ([0], {"tolerance": 0.0}, "1e-4 suits single precision")],
)
def test_a_question_without_an_answer_is_refused(recorded, options, instruction):
    network = network_of(wired([(0, 1, 1.0)]))
    with pytest.raises(InputError, match=instruction):
        found_in(network, drive(2, [0]), recorded, "gain", **options)
