"""What a fit must not do: let the decoder undo the connectivity, or compile what it has."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forecasters import quick_compiler, vector_autoregression
from neuroloom.fitting import fit
from neuroloom.fitting.forecasting import (
    ForecastLoss,
    Session,
    Training,
    fit_forecasters,
)
from neuroloom.fitting.forecasting.segments import cut, lay_out, reference
from neuroloom.networks.forecasting import (
    Blueprint,
    Gaussian,
    Mlp,
    Scaling,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


SMALL = Blueprint(decoder=Mlp(window=2, hidden=4), n_embedding=2)


class Traced(Gaussian):
    """Counts how often a program is made of it."""

    traces: ClassVar = []

    def loss(self, eta, target):
        Traced.traces.append(1)
        return super().loss(eta, target)


def test_a_second_fit_of_the_same_kind_compiles_nothing():
    x = np.random.default_rng(0).normal(size=(3, 1, 400, 3))
    blueprint = Blueprint(decoder=Mlp(window=1, hidden=2), n_embedding=1, likelihood=Traced())
    training = Training(n_steps=4, check_every=2, n_frames=20)
    counted = []
    for number in range(3):
        fit_forecasters(
            [Session(x[number])],
            blueprint,
            training=training,
            key=jax.random.key(number),
            n_members=1,
            progress=False,
        )
        counted.append(len(Traced.traces))
    assert 0 < counted[0] == counted[1] == counted[2]


def test_a_decoder_cannot_make_up_for_a_flipped_or_scaled_row():
    """Trained beside wrong rows of A, the decoder ends with a larger loss."""
    weight = 0.4 * np.eye(3)
    weight[1, 0], weight[2, 1] = 0.7, -0.7
    x = vector_autoregression(weight[None], 1_500, np.random.default_rng(3))
    session, sd = Session(x), x.std(axis=(0, 1))
    where = cut(session, n_context=2, n_frames=25, validation=0.0)
    scaling = Scaling.learned(x, session.behavior, where.training)
    runs = reference(session, where, scaling, n_context=2, n_runs=SMALL.n_reference)
    network = SMALL.draw([scaling], [session.structure], [runs], key=jax.random.key(0))
    parts = ([session], [where], [scaling], network.likelihood)
    trials, _ = lay_out(*parts, n_context=2, n_frames=25)
    loss, ends = ForecastLoss(), []
    for factor in (1.0, -1.0, 3.0):
        scaled = jnp.asarray(factor * weight * sd[None] / sd[:, None])[None]
        wrong = eqx.tree_at(lambda n: n.circuits[0].connectivity.value, network, scaled)
        result = fit(
            wrong,
            trials,
            loss,
            trainable=lambda n: (n.decoder, n.circuits[0].embedding, n.circuits[0].own),
            key=jax.random.key(0),
            n_members=1,
            n_steps=300,
            check_every=300,
            progress=False,
        )
        ones = jnp.ones(len(trials[0].target))
        ends.append(float(loss(result.member(0), trials, ones, jax.random.key(0))))
    assert min(ends[1:]) > ends[0] + 0.04
