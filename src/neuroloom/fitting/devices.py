"""Members of an ensemble, spread over the host's devices, one after another on each.

On a CPU the gain is cache residency: one member's activations fit into L3, sixteen members' do not.
So each device maps over its members in a loop instead of stacking them. One host device a core must
be asked for before JAX starts (`XLA_FLAGS=--xla_force_host_platform_device_count=N`; the command
line does it).
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import PyTree
from threadpoolctl import threadpool_limits

from neuroloom.networks.recurrence import TRIAL_AXIS

__all__ = ["map_members", "one_blas_thread", "trials_over_devices"]


def map_members(
    function: Callable[..., PyTree], stacked: PyTree, shared: PyTree, *, together: int = 1
) -> PyTree:
    """`function(member, shared)` of every member; results stacked as the members are.

    Args:
        function: Pure; traced once.
        stacked: Arrays with a leading member axis.
        shared: Arrays that all members see.
        together: Members that each device runs at once, as one batch; worth it where one of them
            leaves most of a core idle, as few trials do.

    Returns:
        What `function` returns, with a leading member axis.
    """
    n_members = jax.tree.leaves(stacked)[0].shape[0]
    n_devices = min(jax.local_device_count(), n_members)
    one_by_one = partial(_one_by_one, function, together)
    if n_devices == 1:
        return one_by_one(stacked, shared)
    n_padded = -(-n_members // n_devices) * n_devices
    padded = jax.tree.map(lambda a: _pad(a, n_padded), stacked)
    members = PartitionSpec("member")
    mesh = Mesh(np.array(jax.local_devices()[:n_devices]), ("member",))
    spread = jax.shard_map(
        one_by_one,
        mesh=mesh,
        in_specs=(members, PartitionSpec()),
        out_specs=members,
        check_vma=False,
    )
    return jax.tree.map(lambda a: a[:n_members], spread(padded, shared))


def trials_over_devices(*, alone: bool) -> contextlib.AbstractContextManager[object]:
    """Within it, `simulate` spreads its trials over the host's devices.

    Args:
        alone: Whether one network has all devices to itself. If not, or if there is one device or
            the caller has set a mesh, nothing changes.
    """
    devices = jax.local_devices()
    if not alone or len(devices) == 1 or jax.sharding.get_abstract_mesh().axis_names:
        return contextlib.nullcontext()
    return jax.set_mesh(Mesh(np.array(devices), (TRIAL_AXIS,), axis_types=(AxisType.Auto,)))


def _one_by_one(
    function: Callable[..., PyTree], together: int, stacked: PyTree, shared: PyTree
) -> PyTree:
    empty = any(leaf.size == 0 for leaf in jax.tree.leaves(stacked))  # `lax.map` divides by 0 then
    at_once = together if together > 1 and not empty else None
    return jax.lax.map(lambda member: function(member, shared), stacked, batch_size=at_once)


def _pad(array: jax.Array, n: int) -> jax.Array:
    """Repeat the last member; its copies are thrown away."""
    missing = n - array.shape[0]
    return array if missing == 0 else jnp.concatenate([array, jnp.repeat(array[-1:], missing, 0)])


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within the block, linear algebra libraries use one thread for each call.

    Members already fill the cores. A solve inside a mapped program that starts threads of its own
    fights with them: 302 equations took 100 ms of CPU with two threads and 1 ms with one.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield
