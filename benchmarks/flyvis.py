"""The fly's visual system, 45,669 neurons and 1.5 million connections, against flyvis 1.2.0.

The same W in both: states after one and after twenty steps, then the time of a step. flyvis lives
in an environment of its own, because it pins other versions. To make one:

    python3 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install torch==2.13.0
    ENVIRONMENT/bin/pip install torch==2.13.0 flyvis==1.2.0

PyTorch goes first, or pip may take a build for GPUs of several GB. Then run
`python benchmarks/flyvis.py --python ENVIRONMENT/bin/python`, or set FLYVIS_PYTHON, on a quiet
machine: PyTorch's threads wait for each other in a spin, and a busy neighbor flatters us.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import start_jax, wait_until_quiet

TARGETS = {(4, False): 4.0}


class Peer:
    """A flyvis network in its own process."""

    def __init__(self, python: str, folder: str) -> None:
        """Start it; flyvis writes its connectome into the folder."""
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "XLA_FLAGS")}
        environment["FLYVIS_ROOT_DIR"] = folder
        self.errors = Path(folder) / "stderr.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(  # -I: or `import flyvis` would find this very file
                [python, "-I", str(Path(__file__).with_name("flyvis_peer.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )

    def ask(self, **request: object) -> dict:
        """One request, one answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(
                f"flyvis stopped without an answer:\n{self.errors.read_text()[-2000:]}"
            )
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()


def network_of(dumped: dict, *, compiled: bool = True) -> object:
    """The network of flyvis as ours: relu, a time constant and a bias for each neuron."""
    import equinox as eqx
    import jax.numpy as jnp
    import numpy as np

    from neuroloom.connectome import Connectome
    from neuroloom.networks import GainSide, RateNetwork, Relu, per_neuron
    from neuroloom.wiring import SparseWiring

    n, weight = len(dumped["bias"]), dumped["weight"]
    connectome = Connectome(
        neuron_id=np.arange(n),
        pre=dumped["pre"],
        post=dumped["post"],
        kind=np.zeros(len(weight), int),
        count=np.abs(weight),
        count_unit="mean_synapses",
        sign=np.where(weight < 0, -1, 1),
    )
    network = RateNetwork.from_connectome(
        connectome,
        tau=per_neuron(np.maximum(dumped["tau"], float(dumped["dt"])), n, unit="s"),
        bias=per_neuron(dumped["bias"], n, unit="state"),
        activation=Relu(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    wiring = SparseWiring.from_ends(dumped["pre"], dumped["post"], n, compiled=compiled)
    changed = (jnp.abs(jnp.asarray(weight.astype(float))), wiring)
    return eqx.tree_at(lambda m: (m.strength, m.wiring), network, changed)


def differences(network: object, dumped: dict) -> tuple[float, float, float]:
    """Largest difference of the states after one step, after all, and the largest state."""
    import jax.numpy as jnp
    import numpy as np

    from neuroloom.simulation import simulate

    inputs, bias = (jnp.asarray(dumped[name].astype(float)) for name in ("inputs", "bias"))
    initial, expected = jnp.broadcast_to(bias, inputs[:, 0].shape), dumped["states"]
    states = np.asarray(simulate(network, inputs, dt=float(dumped["dt"]), initial=initial))  # pyright: ignore
    apart = np.abs(states - expected)
    return float(apart[:, 0].max()), float(apart.max()), float(np.abs(expected).max())


def timed(network: object, n_batch: int, n_steps: int, backward: bool) -> object:
    """A function that runs what flyvis is asked to run and returns its seconds."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuroloom.simulation import simulate

    inputs = jax.random.uniform(jax.random.key(0), (n_batch, n_steps, network.n_neurons))  # pyright: ignore
    initial = jnp.zeros(inputs[:, 0].shape)

    def loss(trained: tuple) -> jax.Array:
        moved = eqx.tree_at(_trained, network, trained)
        return jnp.mean(simulate(moved, inputs, dt=0.02, initial=initial) ** 2)  # pyright: ignore

    gradient = jax.jit(jax.grad(loss))

    def run() -> float:
        begun = time.perf_counter()
        if backward:
            jax.block_until_ready(gradient(_trained(network)))
        else:
            jax.block_until_ready(simulate(network, inputs, dt=0.02, initial=initial))  # pyright: ignore
        return time.perf_counter() - begun

    return run


def _trained(network: object) -> tuple:
    return network.tau.value, network.bias.value, network.strength  # pyright: ignore


def same_lattice(dumped: dict) -> str:
    """Whether our own expansion of the published table is flyvis' graph, edge by edge."""
    import numpy as np

    from neuroloom.datasets.fly_optic_lobe import expand

    ours = expand(extent=15)
    checks = {
        "cell types": np.array_equal(ours.neurons["cell_type"], dumped["cell_type"]),
        "columns": np.array_equal(ours.neurons["u"], dumped["u"])
        and np.array_equal(ours.neurons["v"], dumped["v"]),
        "pre": np.array_equal(ours.pre, dumped["pre"]),
        "post": np.array_equal(ours.post, dumped["post"]),
        "signs": np.array_equal(ours.sign, dumped["sign"]),
        "counts": np.allclose(ours.count, dumped["n_syn"], rtol=1e-6),
    }
    wrong = [name for name, same in checks.items() if not same]
    if wrong:
        raise SystemExit(f"expand(extent=15) is not flyvis' graph: {', '.join(wrong)} differ.")
    return f"{ours.n_neurons:,} neurons and {len(ours.pre):,} connections, equal edge by edge"


def main() -> None:
    """Print the agreement, then a table of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    parser.add_argument("--python", default=os.environ.get("FLYVIS_PYTHON"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=8, help="timed rounds after a warm-up")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--patience", type=float, default=30.0, help="seconds to wait for quiet")
    options = parser.parse_args()
    if not options.python or not Path(options.python).exists():
        raise SystemExit(f"No Python with flyvis ({options.python}).\n\n{__doc__}")
    start_jax(options.devices)
    import jax
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(options.python, folder)
        about = peer.ask(dump=f"{folder}/flyvis.npz")
        with np.load(f"{folder}/flyvis.npz") as file:
            dumped = dict(file)
        print(
            f"flyvis 1.2.0, PyTorch {about['version']} on {about['threads']} threads; JAX "
            f"{jax.__version__} on {options.devices} host device; {os.cpu_count()} cores"
        )
        print(f"expand(extent=15): {same_lattice(dumped)}")
        network = network_of(dumped)
        print(f"wiring: {network.wiring.describe()}")  # pyright: ignore
        first, last, scale = differences(network, dumped)
        print(
            f"largest difference: one step {first:.1e}, {len(dumped['states'][0])} steps", end=" "
        )
        print(f"{last:.1e} (largest state {scale:.3g})", flush=True)
        if not first < 1e-5:
            raise SystemExit("One step must equal flyvis to 1e-5; nothing was timed.")
        print("\n| | flyvis, ms a step | neuroloom | ratio (target) | rounds, quiet |")
        print("|---|---|---|---|---|")
        for n_batch, backward in ((1, False), (4, False), (4, True)):
            ours = timed(network, n_batch, options.steps, backward)
            times: dict[str, list[float]] = {"flyvis": [], "ours": []}
            n_quiet = 0
            for n in range(options.repeats + 1):
                quiet = wait_until_quiet(options.patience) if n else True
                given = peer.ask(time=[n_batch, options.steps, backward])["seconds"]
                quiet = (wait_until_quiet(options.patience) if n else True) and quiet
                mine = ours()  # pyright: ignore
                if n:
                    times["flyvis"].append(given)
                    times["ours"].append(mine)
                    n_quiet += quiet
            theirs, mine = (1e3 * statistics.median(t) / options.steps for t in times.values())
            target = TARGETS.get((n_batch, backward))
            print(
                f"| batch {n_batch}, {'forward and backward' if backward else 'forward'} | "
                f"{theirs:.2f} | {mine:.2f} | {theirs / mine:.1f} ({target or 'no target'}) | "
                f"{options.repeats}, {n_quiet} |",
                flush=True,
            )
        peer.close()


class _Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the commands above on lines of their own."""


if __name__ == "__main__":
    sys.exit(main())
