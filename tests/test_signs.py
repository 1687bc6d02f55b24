"""Sign rules: what each sets, what it leaves, and that it says so."""

import numpy as np
import pytest
from hypothesis import given, settings

from neuroloom.connectome import AllExcitatory, Connectome, TransmitterSigns
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of

TRANSMITTERS = ["acetylcholine", "GABA", "Glu", "dopamine", "", "ach + glutamate", "serotonin/gaba"]


def senders(transmitters=TRANSMITTERS, **change):
    """One chemical connection from each neuron to the next, and one electrical."""
    n = len(transmitters)
    parts = {
        "neuron_id": np.array([f"n{i}" for i in range(n)]),
        "pre": np.r_[np.arange(n), 0],
        "post": np.r_[(np.arange(n) + 1) % n, 1],
        "kind": np.r_[np.zeros(n, int), 1],
        "count": np.r_[np.arange(1, n + 1), 5],
        "sign": np.zeros(n + 1, int),
        "neurons": {"neurotransmitter": np.array(transmitters)},
    }
    return Connectome(**(parts | change))


def test_transmitters_give_signs_and_glutamate_stays_unknown():
    ruled = TransmitterSigns()(senders())
    assert ruled.sign.tolist() == [1, -1, 0, 0, 0, 1, -1, 0]


def test_a_rule_may_decide_glutamate_and_the_rest():
    ruled = TransmitterSigns(acetylcholine=-1, gaba=1, glutamate=-1, otherwise=1)(senders())
    assert ruled.sign.tolist() == [-1, 1, -1, 1, 1, -1, 1, 0]


@pytest.mark.parametrize("word", ["GLUT", "glu", "Glutamate", " glutamate ", "dopamine+glut"])
def test_public_spellings_are_the_same_transmitter(word):
    assert TransmitterSigns(glutamate=-1)(senders([word, "x"])).sign.tolist() == [-1, 0, 0]


def test_the_sign_is_that_of_the_sender():
    made = Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([2]),
        sign=np.array([0]),
        neurons={"neurotransmitter": np.array(["GABA", "ACH"])},
    )
    assert edges_of(TransmitterSigns()(made)) == [("a", "b", 0, 2, -1)]


def test_the_audit_counts_connections_and_contacts():
    ruled = TransmitterSigns()(senders())
    assert ruled.audit == (
        "sign rule (acetylcholine +, gaba -, glutamate unknown, otherwise unknown): set 4 "
        "connections with 16 synapses (2 +, 2 -); 3 with 12 stay unknown",
    )


@settings(max_examples=50)
@given(connectomes())
def test_a_rule_fills_unknown_signs_and_nothing_else(connectome):
    ruled = AllExcitatory()(connectome)
    expected = [
        (*row[:4], 1 if row[4] == 0 and row[2] != 1 else row[4]) for row in edges_of(connectome)
    ]
    assert edges_of(ruled) == expected
    assert_same(ruled, connectome, but=("sign", "audit"))
    assert ruled.audit[:-1] == connectome.audit


def test_without_transmitters_the_rule_asks_for_them(a_to_b):
    with pytest.raises(InputError, match="neuron column `neurotransmitter`"):
        TransmitterSigns()(a_to_b)


@pytest.mark.parametrize("wrong", [{"glutamate": 2}, {"otherwise": -5}, {"gaba": 7}])
def test_a_rule_with_a_weight_for_a_sign_is_refused(wrong):
    with pytest.raises(InputError, match="sizes are in the counts"):
        TransmitterSigns(**wrong)
