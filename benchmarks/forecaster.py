"""A forecaster of 500 neurons against the same model in PyTorch: a training step, and a training.

First the forecasts are equal; then one step (gradients of all parameters, Adam) is timed by the
median of alternation: the MLP decoder as PyTorch users write it (all segments at once) and cut into
segments like ours, the recurrent one as a loop of cells and as `nn.GRU`. Last both are trained, and
the time to the same loss on the last part of the recording is printed for both.

Needs the extra `compare` (PyTorch); run it on a quiet machine: `python benchmarks/forecaster.py`.
About four minutes; `--quick` takes one and says less. Every stage prints as it ends.
"""

import argparse
import os
import time
from functools import partial
from typing import Any

from machine import alternate, describe, start_jax

N, FRAMES, WINDOW, LENGTH, EMBEDDING, HIDDEN = 500, 6_000, 5, 50, 8, 32
SEGMENTS = {"mlp": 20, "gru": 8}
RATE = 2e-3
TARGETS = {"mlp naive": 1.7, "gru cells": 1.5}


def say(text: str) -> None:
    """Print at once: the next stage takes a while."""
    print(text, flush=True)


def recording(seed: int = 0) -> Any:
    """A saturating circuit: tanh(W x) and noise, 13 % of pairs connected."""
    import numpy as np

    rng = np.random.default_rng(seed)
    w = rng.normal(0, 0.25, (N, N)) * (rng.random((N, N)) < 0.13)
    x = np.zeros((FRAMES, N))
    for t in range(FRAMES - 1):
        x[t + 1] = 2 * np.tanh(w @ x[t]) + rng.normal(size=N)
    return x[None]


def started(decoder: Any, activity: Any, key: int) -> tuple:
    """Forecasters to start from with nothing at 0, and their segments."""
    import equinox as eqx
    import jax

    from neuroloom.fitting.forecasting import Session
    from neuroloom.fitting.forecasting.segments import cut, lay_out, reference
    from neuroloom.networks.forecasting import Blueprint, Scaling

    blueprint = Blueprint(decoder=decoder, n_embedding=EMBEDDING)
    session = Session(activity)
    where = cut(session, n_context=WINDOW, n_frames=LENGTH, validation=0.15)
    scaling = Scaling.learned(session.activity, session.behavior, where.training)
    runs = reference(session, where, scaling, n_context=WINDOW, n_runs=blueprint.n_reference)
    network = blueprint.draw([scaling], [session.structure], [runs], key=jax.random.key(key))
    readout = network.decoder.readout
    small = 0.1 * jax.random.normal(jax.random.key(key + 1), readout.shape)
    network = eqx.tree_at(lambda n: n.decoder.readout, network, small)
    parts = lay_out(
        [session], [where], [scaling], blueprint.likelihood, n_context=WINDOW, n_frames=LENGTH
    )
    return network, parts


def optimizer(n_steps: int) -> Any:
    """That of `fit_forecasters`, without a penalty."""
    from neuroloom.fitting.forecasting.proximal import forecaster_optimizer

    rates = {"learning_rate": RATE, "connectivity_rate": RATE}
    return forecaster_optimizer(**rates, n_steps=n_steps, limits=[0.0], costs=[None])


def peer_of(network: Any, kind: str) -> Any:
    """The same parameters in PyTorch."""
    import numpy as np
    from forecaster_peer import GruPeer, MlpPeer

    circuit, decoder = network.circuits[0], network.decoder
    values = {
        "own": circuit.own[0],
        "bias": circuit.bias,
        "weight": circuit.connectivity.value[0],
        "embedding": circuit.embedding,
        "readout": decoder.readout,
    }
    if kind.startswith("mlp"):
        first = np.concatenate([decoder.of_window, decoder.of_embedding], axis=1)
        more = {"first": first, "first_bias": decoder.bias}
        more |= {"second": decoder.hidden[0], "second_bias": decoder.hidden_bias[0]}
    else:
        given = np.concatenate([decoder.of_frame, decoder.of_embedding], axis=1)
        held = np.concatenate([np.zeros(2 * HIDDEN), decoder.candidate_bias])
        more = {"weight_ih": given, "bias_ih": decoder.bias}
        more |= {"weight_hh": decoder.recurrent, "bias_hh": held}
    arrays = {name: np.array(value, np.float32) for name, value in (values | more).items()}
    runs = np.array(circuit.reference.activity, np.float32)
    if kind.startswith("mlp"):
        return MlpPeer(arrays, runs, WINDOW)
    return GruPeer(arrays, runs, WINDOW, fused=kind == "gru fused")


def our_step(network: Any, batch: Any, n_steps: int) -> Any:
    """A function that takes so many steps, as `fit` takes them for one member."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optax

    from neuroloom.fitting.devices import trials_over_devices
    from neuroloom.fitting.forecasting import ForecastLoss, decoder_and_circuits
    from neuroloom.fitting.trainable import trainable_mask

    adam, loss = optimizer(10**6), ForecastLoss()
    moved, still = eqx.partition(network, trainable_mask(network, decoder_and_circuits))
    weight = jnp.ones(len(batch.target))
    key = jax.random.key(0)

    @eqx.filter_jit
    def run(moved: Any, state: Any, batch: Any, still: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            moved, state = carry
            gradient = jax.grad(lambda m: loss(eqx.combine(m, still), (batch,), weight, key))(moved)
            update, state = adam.update(gradient, state, moved)
            return (optax.apply_updates(moved, update), state), None

        return jax.lax.scan(step, (moved, state), length=n_steps)[0]

    state = adam.init(moved)
    batch = jax.tree.map(jnp.asarray, batch)

    def job() -> None:
        with trials_over_devices(alone=True):
            jax.block_until_ready(run(moved, state, batch, still))

    return job


def largest_difference(network: Any, batch: Any, peer: Any) -> float:
    """Of eta, between ours and theirs."""
    import jax.numpy as jnp
    import numpy as np
    import torch

    x = batch.activity[:2]
    ours = network.of(0)(jnp.asarray(x), jnp.asarray(batch.behavior[:2]))
    with torch.no_grad():
        theirs = peer(torch.tensor(x)).numpy()
    return float(np.abs(np.asarray(ours) - theirs).max())


def steps(decoders: dict, activity: Any, rounds: int, n_steps: int, patience: float) -> None:
    """Equal forecasts, then milliseconds a step."""
    import torch
    from forecaster_peer import Trainer

    for kind, decoder in decoders.items():
        network, (trained, _) = started(decoder, activity, 0)
        n = SEGMENTS[kind]
        batch = type(trained[0])(*(part[:n] for part in trained[0]))
        x, target = torch.tensor(batch.activity), torch.tensor(batch.target)
        names = {"mlp": ("mlp naive", "mlp blocked"), "gru": ("gru cells", "gru fused")}[kind]
        jobs = {f"{kind} ours": (our_step(network, batch, n_steps), n_steps)}
        for name in names:
            peer = peer_of(network, name)
            far = largest_difference(network, batch, peer)
            say(f"{name}: largest difference of eta {far:.2g}")
            assert far < 1e-4
            trainer = Trainer(peer, RATE, together=1 if name == "mlp blocked" else n, n_steps=10**6)
            jobs[name] = (partial(trainer.step, x, target), 1)
        found = alternate(jobs, rounds, patience=patience)
        ours = found.pop(f"{kind} ours")
        say(f"{kind}, {n} segments of {LENGTH} frames x {N} neurons: ours {ours:.1f} ms a step")
        for name, theirs in found.items():
            asked = f" (target {TARGETS[name]})" if name in TARGETS else ""
            say(f"  {name}: {theirs:.1f} ms, ratio {theirs / ours:.2f}{asked}")


def trainings(decoders: dict, activity: Any, n_steps: int) -> None:
    """Time to the same loss on the part set aside, from one start, by one recipe."""
    import jax
    import numpy as np
    from forecaster_peer import Trainer, train_until

    from neuroloom.fitting import fit
    from neuroloom.fitting.forecasting import ForecastLoss, decoder_and_circuits

    every = max(1, n_steps // 20)
    for kind, decoder in decoders.items():
        n = SEGMENTS[kind]
        network, (trained, aside) = started(decoder, activity, 0)
        times = [time.perf_counter()]
        found = fit(
            network,
            trained,
            ForecastLoss(),
            trainable=decoder_and_circuits,
            key=jax.random.key(0),
            n_members=1,
            optimizer=optimizer(n_steps),
            n_steps=n_steps,
            batch_size=n,
            validation_trials=aside,
            check_every=every,
            progress=False,
            on_check=lambda _, times=times: times.append(time.perf_counter()),
        )
        ours = found.validation_history[:, 0]
        a_check = float(np.median(np.diff(times[1:])))
        compiled = times[1] - times[0] - a_check
        say(f"{kind}: ours took {times[-1] - times[0]:.1f} s, {compiled:.1f} of them to compile")
        name = {"mlp": "mlp naive", "gru": "gru cells"}[kind]
        trainer = Trainer(peer_of(network, name), RATE, together=n, n_steps=n_steps)
        seconds, theirs = train_until(
            trainer,
            (trained[0].activity, trained[0].target),
            (aside[0].activity, aside[0].target),
            n_steps=n_steps,
            batch_size=n,
            check_every=every,
        )
        goal = max(ours.min(), min(theirs))
        at = [int(np.argmax(np.asarray(losses) <= goal)) for losses in (ours, theirs)]
        reached = a_check * (at[0] + 1), seconds[at[1]]
        say(
            f"  loss {goal:.4f} on the last part (0.5: the mean): {reached[0]:.1f} s here, checks "
            f"included ({compiled + reached[0]:.1f} with compiling), {reached[1]:.1f} s in PyTorch "
            f"({name}), checks left out; ratio {reached[1] / reached[0]:.2f}. "
            f"Ends: {ours[-1]:.4f} and {theirs[-1]:.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds, 40 steps of training")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for quiet")
    options = parser.parse_args()
    start_jax(os.cpu_count() or 1)
    import torch  # noqa: F401  its version and threads are described

    from neuroloom.networks.forecasting import Gru, Mlp

    say(describe())
    decoders = {"mlp": Mlp(WINDOW, HIDDEN), "gru": Gru(WINDOW, HIDDEN)}
    activity = recording()
    rounds, n_steps = (3, 2) if options.quick else (8, 5)
    steps(decoders, activity, rounds, n_steps, options.patience)
    trainings(decoders, activity, 40 if options.quick else 200)


if __name__ == "__main__":
    main()
