"""Loops over connections, compiled by numba, and the handlers through which XLA calls them.

Only `compiled.py` imports this file, on the first sparse product: importing it imports numba. The
functions are compiled on first use (about a second each) and kept on disk by numba.

A handler gets the address of a call frame, whose layout is public (`xla/ffi/api/c_api.h` under
`jax.ffi.include_dir()`): structures of 8-byte words. It runs on the thread that calls it, holds no
lock, allocates nothing and keeps no state, so several devices may call it at once.

Arrays are flat, rates are (member, neuron, lane) with the lanes of a neuron side by side, indices
are unsigned where they address memory (numba then leaves out the test for negative ones).
"""

from typing import no_type_check

import numpy as np
from numba import carray, njit, types  # pyright: ignore[reportPrivateImportUsage]
from numba.extending import intrinsic

__all__ = [
    "pair_float32",
    "pair_float64",
    "product_float32",
    "product_float64",
    "sampled_float32",
    "sampled_float64",
    "spread_float32",
    "spread_float64",
]

U = np.uint64
# Words of the structures in c_api.h, version 0.3.
FRAME_SIZE, EXTENSION, ARGUMENTS, RESULTS, ATTRIBUTES = 0, 1, 9, 14, 20
FRAME_BYTES = 168  # up to the last word that is read here
BUFFER_DATA, BUFFER_DIMENSIONS = 3, 5
SCALAR_VALUE = 1
METADATA, METADATA_VERSION = 3, 3
API_VERSION = 3 << 32  # minor 3, major 0
UNKNOWN_VERSION = 0


@intrinsic
@no_type_check
def _pointer(typing_context, address):
    """An integer as the pointer it is."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


@njit(cache=True)
@no_type_check
def _word(address, n):
    """The n-th word of a structure."""
    return carray(_pointer(address), n + 1, np.int64)[n]


@njit(cache=True)
@no_type_check
def _buffer(frame, list_of_buffers, n):
    return _word(_word(frame, list_of_buffers), n)


@njit(cache=True)
@no_type_check
def _dimension(buffer, axis):
    return _word(_word(buffer, BUFFER_DIMENSIONS), axis)


@njit(cache=True)
@no_type_check
def _data(buffer, size, dtype):
    return carray(_pointer(_word(buffer, BUFFER_DATA)), size, dtype)


@njit(cache=True)
@no_type_check
def _is_metadata_request(frame):
    """XLA asks once, at registration, for which version a handler was written.

    A frame that is too short belongs to no version known here; XLA refuses the answer 0.0.
    """
    extension = _word(frame, EXTENSION)
    if extension == 0:
        return False
    metadata = carray(_pointer(_word(extension, METADATA)), 6, np.int64)
    known = _word(frame, FRAME_SIZE) >= FRAME_BYTES
    metadata[METADATA_VERSION] = API_VERSION if known else UNKNOWN_VERSION
    return True


@njit(fastmath={"contract"}, cache=True)
@no_type_check
def _sixteen_lanes(weights, k, stop, far, rates, base, n_lanes, received, at):
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = rates.dtype.type(0)
    s8 = s9 = sa = sb = sc = sd = se = sf = rates.dtype.type(0)
    while k < stop:
        w, j = weights[k], base + U(far[k]) * n_lanes
        s0 += w * rates[j]
        s1 += w * rates[j + U(1)]
        s2 += w * rates[j + U(2)]
        s3 += w * rates[j + U(3)]
        s4 += w * rates[j + U(4)]
        s5 += w * rates[j + U(5)]
        s6 += w * rates[j + U(6)]
        s7 += w * rates[j + U(7)]
        s8 += w * rates[j + U(8)]
        s9 += w * rates[j + U(9)]
        sa += w * rates[j + U(10)]
        sb += w * rates[j + U(11)]
        sc += w * rates[j + U(12)]
        sd += w * rates[j + U(13)]
        se += w * rates[j + U(14)]
        sf += w * rates[j + U(15)]
        k += U(1)
    received[at] = s0
    received[at + U(1)] = s1
    received[at + U(2)] = s2
    received[at + U(3)] = s3
    received[at + U(4)] = s4
    received[at + U(5)] = s5
    received[at + U(6)] = s6
    received[at + U(7)] = s7
    received[at + U(8)] = s8
    received[at + U(9)] = s9
    received[at + U(10)] = sa
    received[at + U(11)] = sb
    received[at + U(12)] = sc
    received[at + U(13)] = sd
    received[at + U(14)] = se
    received[at + U(15)] = sf


@njit(fastmath={"contract"}, cache=True)
@no_type_check
def _eight_lanes(weights, k, stop, far, rates, base, n_lanes, received, at):
    a = b = c = d = e = f = g = h = rates.dtype.type(0)
    while k < stop:
        w, j = weights[k], base + U(far[k]) * n_lanes
        a += w * rates[j]
        b += w * rates[j + U(1)]
        c += w * rates[j + U(2)]
        d += w * rates[j + U(3)]
        e += w * rates[j + U(4)]
        f += w * rates[j + U(5)]
        g += w * rates[j + U(6)]
        h += w * rates[j + U(7)]
        k += U(1)
    received[at] = a
    received[at + U(1)] = b
    received[at + U(2)] = c
    received[at + U(3)] = d
    received[at + U(4)] = e
    received[at + U(5)] = f
    received[at + U(6)] = g
    received[at + U(7)] = h


@njit(fastmath={"contract"}, cache=True)
@no_type_check
def _four_lanes(weights, k, stop, far, rates, base, n_lanes, received, at):
    a = b = c = d = rates.dtype.type(0)
    while k < stop:
        w, j = weights[k], base + U(far[k]) * n_lanes
        a += w * rates[j]
        b += w * rates[j + U(1)]
        c += w * rates[j + U(2)]
        d += w * rates[j + U(3)]
        k += U(1)
    received[at] = a
    received[at + U(1)] = b
    received[at + U(2)] = c
    received[at + U(3)] = d


@njit(fastmath={"contract"}, cache=True)
@no_type_check
def _one_lane(weights, k, stop, far, rates, base, n_lanes, received, at):
    """Four sums, so that an addition need not wait for the one before it."""
    a = b = c = d = rates.dtype.type(0)
    while k + U(4) <= stop:
        a += weights[k] * rates[base + U(far[k]) * n_lanes]
        b += weights[k + U(1)] * rates[base + U(far[k + U(1)]) * n_lanes]
        c += weights[k + U(2)] * rates[base + U(far[k + U(2)]) * n_lanes]
        d += weights[k + U(3)] * rates[base + U(far[k + U(3)]) * n_lanes]
        k += U(4)
    while k < stop:
        a += weights[k] * rates[base + U(far[k]) * n_lanes]
        k += U(1)
    received[at] = (a + b) + (c + d)


@njit(cache=True)
@no_type_check
def _product(weights, start, far, rates, received, n_lanes):
    """One member: y[i] = sum of weight x rate over the connections of row i, for every lane."""
    for i in range(start.size - 1):
        first, stop = U(start[U(i)]), U(start[U(i) + U(1)])
        row, lane = U(i) * n_lanes, U(0)
        while lane + U(16) <= n_lanes:
            _sixteen_lanes(weights, first, stop, far, rates, lane, n_lanes, received, row + lane)
            lane += U(16)
        if lane + U(8) <= n_lanes:
            _eight_lanes(weights, first, stop, far, rates, lane, n_lanes, received, row + lane)
            lane += U(8)
        if lane + U(4) <= n_lanes:
            _four_lanes(weights, first, stop, far, rates, lane, n_lanes, received, row + lane)
            lane += U(4)
        while lane < n_lanes:
            _one_lane(weights, first, stop, far, rates, lane, n_lanes, received, row + lane)
            lane += U(1)


@njit(fastmath={"contract", "reassoc"}, cache=True)
@no_type_check
def _sampled(received, start, far, rates, gradient, n_lanes):
    """One member: g[k] = sum over lanes of received at the row of k x rate at its far end."""
    for i in range(start.size - 1):
        row = U(i) * n_lanes
        for k in range(U(start[U(i)]), U(start[U(i) + U(1)])):
            j, total = U(far[k]) * n_lanes, rates.dtype.type(0)
            for lane in range(n_lanes):
                total += received[row + lane] * rates[j + lane]
            gradient[k] = total


@njit(cache=True)
@no_type_check
def _handle_product(frame, dtype):
    """Operands: pairs of weights (member, 2, connection), rates, start, far. Attribute: side."""
    if _is_metadata_request(frame):
        return 0
    pair, sent, first, other = (
        _buffer(frame, ARGUMENTS, 0),
        _buffer(frame, ARGUMENTS, 1),
        _buffer(frame, ARGUMENTS, 2),
        _buffer(frame, ARGUMENTS, 3),
    )
    scalar = _word(_word(frame, ATTRIBUTES), 0)
    side = carray(_pointer(_word(scalar, SCALAR_VALUE)), 1, np.int32)[0]
    n_members, n_neurons, n_lanes = (
        _dimension(sent, 0),
        _dimension(sent, 1),
        _dimension(sent, 2),
    )
    n_connections, n_rows = _dimension(other, 0), _dimension(first, 0) - 1
    weights = _data(pair, n_members * 2 * n_connections, dtype)
    rates = _data(sent, n_members * n_neurons * n_lanes, dtype)
    received = _data(_buffer(frame, RESULTS, 0), n_members * n_rows * n_lanes, dtype)
    start, far = _data(first, n_rows + 1, np.int32), _data(other, n_connections, np.int32)
    for m in range(n_members):
        w, r, y = (2 * m + side) * n_connections, m * n_neurons * n_lanes, m * n_rows * n_lanes
        _product(
            weights[w : w + n_connections],
            start,
            far,
            rates[r : r + n_neurons * n_lanes],
            received[y : y + n_rows * n_lanes],
            U(n_lanes),
        )
    return 0


@njit(cache=True)
@no_type_check
def _handle_sampled(frame, dtype):
    """Operands: received (member, row, lane), rates (member, neuron, lane), start, far."""
    if _is_metadata_request(frame):
        return 0
    taken, sent, first, other = (
        _buffer(frame, ARGUMENTS, 0),
        _buffer(frame, ARGUMENTS, 1),
        _buffer(frame, ARGUMENTS, 2),
        _buffer(frame, ARGUMENTS, 3),
    )
    n_members, n_neurons, n_lanes = (
        _dimension(sent, 0),
        _dimension(sent, 1),
        _dimension(sent, 2),
    )
    n_connections, n_rows = _dimension(other, 0), _dimension(first, 0) - 1
    received = _data(taken, n_members * n_rows * n_lanes, dtype)
    rates = _data(sent, n_members * n_neurons * n_lanes, dtype)
    gradient = _data(_buffer(frame, RESULTS, 0), n_members * n_connections, dtype)
    start, far = _data(first, n_rows + 1, np.int32), _data(other, n_connections, np.int32)
    for m in range(n_members):
        y, r, g = m * n_rows * n_lanes, m * n_neurons * n_lanes, m * n_connections
        _sampled(
            received[y : y + n_rows * n_lanes],
            start,
            far,
            rates[r : r + n_neurons * n_lanes],
            gradient[g : g + n_connections],
            U(n_lanes),
        )
    return 0


@njit(cache=True)
@no_type_check
def _handle_pair(frame, dtype):
    """Operands: weight (member, connection), orders (2, connection)."""
    if _is_metadata_request(frame):
        return 0
    given, places = _buffer(frame, ARGUMENTS, 0), _buffer(frame, ARGUMENTS, 1)
    n_members, n_connections = _dimension(given, 0), _dimension(given, 1)
    weight = _data(given, n_members * n_connections, dtype)
    orders = _data(places, 2 * n_connections, np.int32)
    both = _data(_buffer(frame, RESULTS, 0), 2 * n_members * n_connections, dtype)
    for m in range(n_members):
        first = m * n_connections
        for k in range(2 * n_connections):
            both[U(2 * first + k)] = weight[U(first) + U(orders[U(k)])]
    return 0


@njit(fastmath={"contract"}, cache=True)
@no_type_check
def _spread(weights, start, far, rates, received, n_lanes):
    """y[i, lane] = sum of weight[k, lane] x rate[far, lane]: each lane has weights of its own."""
    for i in range(start.size - 1):
        row = U(i) * n_lanes
        for lane in range(n_lanes):
            received[row + lane] = 0
        for k in range(U(start[U(i)]), U(start[U(i) + U(1)])):
            w, j = k * n_lanes, U(far[k]) * n_lanes
            for lane in range(n_lanes):
                received[row + lane] += weights[w + lane] * rates[j + lane]


@njit(cache=True)
@no_type_check
def _handle_spread(frame, dtype):
    """Operands: weights (connection, lane), rates (neuron, lane), start, far."""
    if _is_metadata_request(frame):
        return 0
    given, sent, first, other = (
        _buffer(frame, ARGUMENTS, 0),
        _buffer(frame, ARGUMENTS, 1),
        _buffer(frame, ARGUMENTS, 2),
        _buffer(frame, ARGUMENTS, 3),
    )
    n_connections, n_rows = _dimension(other, 0), _dimension(first, 0) - 1
    n_neurons, n_lanes = _dimension(sent, 0), _dimension(sent, 1)
    _spread(
        _data(given, n_connections * n_lanes, dtype),
        _data(first, n_rows + 1, np.int32),
        _data(other, n_connections, np.int32),
        _data(sent, n_neurons * n_lanes, dtype),
        _data(_buffer(frame, RESULTS, 0), n_rows * n_lanes, dtype),
        U(n_lanes),
    )
    return 0


@no_type_check
def pair_float32(frame):
    """Handler of the pair in single precision."""
    return _handle_pair(frame, np.float32)


@no_type_check
def pair_float64(frame):
    """Handler of the pair in double precision."""
    return _handle_pair(frame, np.float64)


@no_type_check
def product_float32(frame):
    """Handler of the product in single precision."""
    return _handle_product(frame, np.float32)


@no_type_check
def product_float64(frame):
    """Handler of the product in double precision."""
    return _handle_product(frame, np.float64)


@no_type_check
def sampled_float32(frame):
    """Handler of the sampled product in single precision."""
    return _handle_sampled(frame, np.float32)


@no_type_check
def sampled_float64(frame):
    """Handler of the sampled product in double precision."""
    return _handle_sampled(frame, np.float64)


@no_type_check
def spread_float32(frame):
    """Handler of the product with weights of every lane, in single precision."""
    return _handle_spread(frame, np.float32)


@no_type_check
def spread_float64(frame):
    """Handler of the product with weights of every lane, in double precision."""
    return _handle_spread(frame, np.float64)
