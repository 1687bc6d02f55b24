"""A training step of a rate network and of an ensemble of 16, against PyTorch, side by side.

Ours is `neuroloom.fitting.fit`, the call that users make, with everything it does around the steps.
Softplus, Euler, gain and bias trained, W fixed, full backpropagation, Adam, float32. Needs the
extra `compare` (PyTorch); run it on a quiet machine: `python benchmarks/rate_network.py`.
"""

import argparse
from collections.abc import Callable

from machine import alternate, describe, start_jax

N_TIME, N_TRIALS, N_MEMBERS = 200, 32, 16
DT, TAU = 0.01, 0.1  # s
DENSITY = 0.5
STEPS = {100: 60, 300: 16, 1000: 4}  # of Adam in one timed call, single network
# From the issue: single against the tidy loop; ensemble against one by one, and batched.
TARGETS = {
    100: (5.0, 8.0, 2.5),
    300: (2.5, 3.0, 1.5),
    1000: (2.0, None, None),
}


def task(n: int, seed: int = 0) -> tuple:
    """A network, a teacher's states to reach, and the spread of the members' starting points."""
    import equinox as eqx
    import jax.numpy as jnp
    import numpy as np

    from neuroloom.connectome import Connectome
    from neuroloom.networks import RateNetwork, Softplus, global_value, per_neuron
    from neuroloom.simulation import simulate

    rng = np.random.default_rng(seed)
    post, pre = np.nonzero(rng.random((n, n)) < DENSITY)
    sign = rng.choice([1, -1], n)[pre]
    connectome = Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), int),
        count=rng.integers(1, 10, len(pre)),
        sign=sign,
    )
    network = RateNetwork.from_connectome(
        connectome,
        tau=global_value(TAU, n, unit="s"),
        gain=per_neuron(1.0, n, unit="1"),
        bias=per_neuron(0.0, n, unit="state"),
        scale=0.25 / n**0.5,
        activation=Softplus(),
    )
    drawn = rng.normal(size=(2, n)).astype(np.float32)
    teacher = eqx.tree_at(
        lambda m: (m.gain.value, m.bias.value), network, tuple(jnp.asarray(1 + 0.3 * drawn))
    )
    inputs = rng.normal(size=(N_TRIALS, N_TIME, n)).astype(np.float32)
    targets = np.asarray(simulate(teacher, jnp.asarray(inputs), dt=DT))
    starts = (1 + 0.1 * rng.normal(size=(2, N_MEMBERS, n))).astype(np.float32)
    starts[1] -= 1
    return network, inputs, targets, starts


def state_error(network: object, batch: tuple, weight: object, key: object) -> object:
    """Mean squared error of the states."""
    import jax.numpy as jnp

    from neuroloom.simulation import simulate

    inputs, targets = batch
    error = (simulate(network, inputs, dt=DT) - targets) ** 2  # pyright: ignore
    return jnp.sum(error.mean((1, 2)) * weight) / jnp.sum(weight)


def start_member(network: object, key: object) -> object:
    """A member's own gain and bias."""
    import equinox as eqx
    import jax

    gain, bias = 0.1 * jax.random.normal(key, (2, *network.gain.value.shape))  # pyright: ignore
    return eqx.tree_at(lambda n: (n.gain.value, n.bias.value), network, (1 + gain, bias))


def fitted(n: int, n_members: int, n_steps: int) -> Callable[[], object]:
    """`fit`, as a user calls it."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from neuroloom.fitting import fit

    network, inputs, targets, _ = task(n)
    trials = (jnp.asarray(inputs), jnp.asarray(targets))

    def run() -> object:
        result = fit(
            network,
            trials,
            state_error,
            trainable=lambda m: (m.gain.value, m.bias.value),
            key=jax.random.key(0),
            n_members=n_members,
            initialize=start_member,
            n_steps=n_steps,
            check_every=n_steps,
            progress=False,
        )
        return np.asarray(result.parameters.gain.value)

    return run


def check(n: int) -> float:
    """Largest relative difference of loss and gradients from PyTorch, single and batched.

    Raises:
        SystemExit: If it is above 1e-4.
    """
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np
    from torch_peer import Peer

    network, inputs, targets, starts = task(n)
    matrix = np.asarray(network.wiring.matrix(network.weight))
    batch, weight = (jnp.asarray(inputs), jnp.asarray(targets)), jnp.ones(N_TRIALS)

    @eqx.filter_jit
    def ours(gain: jax.Array, bias: jax.Array) -> tuple:
        def loss(parameters: tuple) -> jax.Array:
            moved = eqx.tree_at(lambda m: (m.gain.value, m.bias.value), network, parameters)
            return state_error(moved, batch, weight, None)  # pyright: ignore

        return jax.value_and_grad(loss)((gain, bias))

    worst = 0.0
    stacked = Peer(matrix, DT / TAU, inputs, targets, *starts[:, :3]).gradient()
    total = 0.0
    for member in range(3):
        gain, bias = starts[:, member]
        value, gradient = ours(jnp.asarray(gain), jnp.asarray(bias))
        total += float(value)
        single = Peer(matrix, DT / TAU, inputs, targets, gain, bias).gradient()
        worst = max(worst, abs(float(value) / single[0] - 1))
        for k in (0, 1):
            mine = np.asarray(gradient[k])
            for theirs in (single[k + 1], stacked[k + 1][member]):
                worst = max(worst, float(np.abs(mine - theirs).max() / np.abs(theirs).max()))
    worst = max(worst, abs(total / stacked[0] - 1))
    if not worst < 1e-4:
        raise SystemExit(f"N {n}: losses or gradients differ by {worst:.2g}; nothing was timed.")
    return worst


def measure(n: int, repeats: int, patience: float) -> dict[str, float]:
    """Milliseconds a training step, by name."""
    import numpy as np
    from torch_peer import Peer

    network, inputs, targets, starts = task(n)
    matrix = np.asarray(network.wiring.matrix(network.weight))
    data = (matrix, DT / TAU, inputs, targets)
    k = STEPS.get(n, 4)
    few = max(1, k // 8)
    peer = Peer(*data, *starts[:, 0])
    single = alternate(
        {
            "fit, 1": (fitted(n, 1, k), k),
            "tidy, 1": (lambda: peer.train(max(1, k // 2)), max(1, k // 2)),
        },
        repeats,
        patience=patience,
    )
    members = [Peer(*data, *starts[:, m]) for m in range(N_MEMBERS)]
    batch = Peer(*data, *starts)

    def one_by_one() -> None:
        for member in members:
            member.train(1)

    many = alternate(
        {
            "fit, 16": (fitted(n, N_MEMBERS, few), few),
            "tidy, 16 one by one": (one_by_one, 1),
            "batched, 16": (lambda: batch.train(1), 1),
        },
        repeats,
        patience=patience,
    )
    return single | many


def main() -> None:
    """Print the checks, then one row a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=6, help="timed rounds after a warm-up")
    parser.add_argument("--quick", action="store_true", help="N 100 only, 3 rounds")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        help="seconds to wait for a quiet machine, each time",
    )
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.repeats = [100], 3
    start_jax(options.devices)
    print(describe())
    for n in options.sizes:
        print(f"N {n}: losses and gradients agree with PyTorch to {check(n):.1e}")
    print("\nms a step; ratio (target)")
    print(
        "| N | fit, 1 | tidy loop, 1 | ratio | fit, 16 | one by one, 16 | ratio | "
        "batched, 16 | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for n in options.sizes:
        ms = measure(n, options.repeats, options.patience)
        ratios = (
            ms["tidy, 1"] / ms["fit, 1"],
            ms["tidy, 16 one by one"] / ms["fit, 16"],
            ms["batched, 16"] / ms["fit, 16"],
        )
        shown = [
            f"{r:.1f} ({'no target' if t is None else t})"
            for r, t in zip(ratios, TARGETS.get(n, (None,) * 3), strict=True)
        ]
        print(
            f"| {n} | {ms['fit, 1']:.1f} | {ms['tidy, 1']:.1f} | {shown[0]} | "
            f"{ms['fit, 16']:.0f} | {ms['tidy, 16 one by one']:.0f} | {shown[1]} | "
            f"{ms['batched, 16']:.0f} | {shown[2]} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
