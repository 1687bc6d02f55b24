"""Connectomes made by hand, and their matrices by loops."""

import numpy as np

from neuroloom.connectome import (
    Connectome,
)


def made(n, edges, **more):
    """(pre, post, count, sign) of chemical connections."""
    pre, post, count, sign = np.array(edges).reshape(-1, 4).T
    return Connectome(
        neuron_id=np.arange(n) + 720575940621039145,
        pre=pre,
        post=post,
        kind=np.zeros(pre.size, int),
        count=count,
        sign=sign,
        **more,
    )


def ring(n, count=1, sign=1):
    return made(n, [(i, (i + 1) % n, count, sign) for i in range(n)])


def dense(c, *, signed=False, electrical=False):
    """W[post, pre] by a loop over connections."""
    matrix = np.zeros((c.n_neurons, c.n_neurons))
    for pre, post, kind, count, sign in zip(c.pre, c.post, c.kind, c.count, c.sign, strict=True):
        if kind != 1:
            matrix[post, pre] += count * (sign if signed else 1)
        elif electrical:
            matrix[post, pre] += count
            if pre != post:
                matrix[pre, post] += count
    return matrix
