"""Training head-direction networks of the published size, against PyTorch, in alternation.

Ours is `neuroloom.fitting.tasks.fit_task`, the call that users make, with fresh trials, noise,
penalty and checks. N 100, batch 100, T 500, float32. PyTorch: the loop as the authors' port writes
it (`--field`; minutes), the tidy loop, and the best we could write, a hand-written way back. Needs
the extra `compare`; on a quiet machine: `python benchmarks/head_direction.py`. On a machine that is
never quiet, `--cpu` compares CPU time on one thread and one device each.
"""

import argparse
import time
from collections.abc import Callable

from machine import alternate, describe, start_jax

N, N_TRIALS, N_STEPS = 100, 100, 500
TARGET = 4.0


def ours(n_members: int, n_updates: int) -> Callable[[], object]:
    """`fit_task`, as a user calls it."""
    import jax

    from neuroloom.fitting.tasks import TaskTraining, fit_task
    from neuroloom.networks import TaskNetwork, all_to_all
    from neuroloom.tasks import AngularIntegration

    wiring = all_to_all(N)
    keys = jax.random.split(jax.random.key(0), n_members)
    starts = [TaskNetwork.from_connectome(wiring, n_inputs=3, n_outputs=2, key=key) for key in keys]

    def run() -> object:
        return fit_task(
            starts,
            AngularIntegration(n_steps=N_STEPS),
            training=TaskTraining(n_updates=n_updates, batch_size=N_TRIALS),
            key=keys,
            check_every=n_updates,
            progress=False,
        )

    return run


def check(n_steps: int = 60) -> float:
    """Largest difference of loss and gradients from PyTorch, each over the largest entry.

    Raises:
        SystemExit: If it is above 1e-4.
    """
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np
    import torch
    from head_direction_peer import Peer

    from neuroloom.fitting.tasks import TaskTraining, published_parameters
    from neuroloom.fitting.tasks.objective import chunk_size, loss_and_gradient
    from neuroloom.fitting.trainable import trainable_mask
    from neuroloom.simulation.perform import draw_noise
    from neuroloom.tasks import AngularIntegration

    network = start()
    task = AngularIntegration(n_steps=n_steps)
    trials, key = task(jax.random.key(1), N_TRIALS), jax.random.key(2)
    mask = trainable_mask(network, published_parameters)
    parameters, rest = eqx.partition(network, mask)
    loss, _, gradient = jax.jit(
        lambda p: loss_and_gradient(
            p, rest, trials, jnp.asarray(0.01), TaskTraining(), key, task.dt, quick=True
        )
    )(parameters)
    size = chunk_size(N_TRIALS)
    drawn = [
        draw_noise(0.1, jax.random.fold_in(key, k), n_steps, size, N)
        for k in range(N_TRIALS // size)
    ]
    noise = np.concatenate(
        [np.concatenate([np.asarray(d.sent)[1:], np.asarray(d.last)[None]]) for d in drawn], 1
    )
    given = [torch.tensor(np.swapaxes(np.array(a), 0, 1)) for a in trials]
    inner = gradient.network
    found = {
        "weight": network.network.wiring.matrix(inner.strength),
        "bias": inner.bias.value,
        "input": gradient.input_weight,
        "output": gradient.output_weight,
        "initial": gradient.initial,
    }
    worst = 0.0
    for variant in ("tidy", "adjoint", "field"):
        peer = Peer(arrays(network), variant=variant)
        theirs = peer.loss(given[0], given[1], given[2][:, :1, :1], torch.tensor(noise))
        theirs.backward()
        worst = max(worst, abs(theirs.item() / float(loss) - 1))
        for name, value in found.items():
            wanted = peer.parameters[name].grad
            assert wanted is not None
            gap = np.abs(np.asarray(value) - wanted.numpy()).max()
            worst = max(worst, float(gap / wanted.abs().max()))
    if worst > 1e-4:
        raise SystemExit(f"Loss and gradients must agree with PyTorch's; they differ by {worst}.")
    return worst


def start() -> object:
    """A network of the published start, with outputs."""
    import equinox as eqx
    import jax

    from neuroloom.networks import TaskNetwork, all_to_all

    key = jax.random.key(0)
    network = TaskNetwork.from_connectome(all_to_all(N), n_inputs=3, n_outputs=2, key=key)
    out = 0.1 * jax.random.normal(key, network.output_weight.shape)
    return eqx.tree_at(lambda n: n.output_weight, network, out)


def arrays(network: object) -> dict:
    """What a peer starts from."""
    import numpy as np

    return {
        "weight": np.array(network.weight),  # pyright: ignore
        "bias": np.array(network.network.bias.expand()),  # pyright: ignore
        "input": np.array(network.input_weight),  # pyright: ignore
        "output": np.array(network.output_weight),  # pyright: ignore
        "initial": np.array(network.initial),  # pyright: ignore
    }


def products() -> Callable[[], object]:
    """The three matrix products of an update and nothing else: what bounds us."""
    import jax
    import jax.numpy as jnp

    chunk = 25

    @jax.jit
    def run(weight: jax.Array, sent: jax.Array) -> jax.Array:
        def once(n: int, total: jax.Array) -> jax.Array:
            first = sent[0] + n
            there = jax.lax.scan(lambda r, _: (r @ weight, None), first, None, N_STEPS)[0]
            back = jax.lax.scan(lambda r, _: (r @ weight.T, None), there, None, N_STEPS)[0]
            flat = sent.reshape(-1, N)
            return total + flat.T @ (flat + back[0, 0])

        return jax.lax.fori_loop(0, N_TRIALS // chunk, once, jnp.zeros((N, N)))

    weight = 0.1 * jax.random.normal(jax.random.key(0), (N, N))
    sent = jax.random.normal(jax.random.key(1), (N_STEPS, chunk, N))
    return lambda: jax.block_until_ready(run(weight, sent))


def main() -> None:
    """Print the check, then a table: ms an update and network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--updates", type=int, default=4, help="of each job in a round")
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds after a warm-up")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--field", action="store_true", help="also the loop quadratic in time")
    parser.add_argument("--cpu", action="store_true", help="CPU time, one thread and device each")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds to wait for quiet")
    options = parser.parse_args()
    if options.cpu:
        options.devices, options.members, options.patience = 1, 1, 0.0
    start_jax(options.devices)
    import torch
    from head_direction_peer import Peer

    torch.set_num_threads(1 if options.cpu else options.devices)
    print(describe())
    print(f"loss and gradients agree with PyTorch to {check():.1e}", flush=True)
    n = options.updates
    jobs: dict[str, tuple[Callable[[], object], int]] = {
        f"fit_task, {options.members} seeds": (ours(options.members, n), n * options.members),
    }
    variants = {"tidy": "tidy loop", "adjoint": "hand-written way back"}
    if options.field:
        variants["field"] = "as in the authors' port"
    for variant, name in variants.items():
        peer = Peer(arrays(start()), variant=variant)
        updates = 1 if variant == "field" else n
        jobs[f"PyTorch, {name}"] = (
            lambda peer=peer, updates=updates: peer.train(updates, N_TRIALS, N_STEPS),
            updates,
        )
    jobs["bare matrix products, one core"] = (products(), 1)
    clock = time.process_time if options.cpu else time.perf_counter
    ms = alternate(jobs, options.repeats, patience=options.patience, clock=clock)
    mine = next(iter(ms.values()))
    print(f"\nms {'of CPU ' if options.cpu else ''}an update and network; target {TARGET}x tidy")
    print("| | ms | over ours |\n|---|---|---|")
    for name, value in ms.items():
        print(f"| {name} | {value:.1f} | {value / mine:.1f} |")


if __name__ == "__main__":
    main()
