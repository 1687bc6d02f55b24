"""Recordings for tests: a Hypothesis strategy, and equality of everything in them."""

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuroloom.recording import Recording, Stimulus

finite = st.floats(-1e6, 1e6, allow_subnormal=False)
words = st.text("abcXYZ019_-", min_size=1, max_size=6).map(lambda s: f"n{s}")
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
moments = st.floats(-100, 100, allow_subnormal=False)


@st.composite
def parts(draw, plain=False):
    """Arguments of any recording, or of a plain one: nothing but activity, times and ids."""
    n_trials, n_neurons = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["rate", "calcium", "response", "spike_count"]))
    n_steps = 1 if kind == "response" else draw(st.integers(2, 4))
    shape = (n_trials, n_steps, n_neurons)
    values = st.integers(0, 9).map(float) if kind == "spike_count" else finite
    entries = hnp.arrays(np.float64, shape, elements=st.one_of(values, st.just(np.nan)))
    ids = draw(
        st.one_of(
            st.lists(words, min_size=n_neurons, max_size=n_neurons, unique=True),
            st.lists(
                st.integers(10**17, 10**18 - 1), min_size=n_neurons, max_size=n_neurons, unique=True
            ),
        )
    )
    options = {}
    if not plain:
        trial = st.integers(0, n_trials - 1)
        target = st.one_of(st.none(), st.integers(0, 2**60), words)
        stimuli = st.builds(Stimulus, trial, moments, st.floats(0, 9), target, texts)
        options = {
            "stimuli": tuple(draw(st.lists(stimuli, max_size=3))),
            "behavior": {"speed": draw(hnp.arrays(float, shape[:2], elements=finite))},
            "trials": {
                "animal": np.array(draw(st.lists(words, min_size=n_trials, max_size=n_trials))),
                "n": np.arange(n_trials) * 2**60,
                "good": np.arange(n_trials) % 2 == 0,
            },
            "audit": tuple(draw(st.lists(texts, max_size=2))),
            "annotations": {"q": draw(entries)},
        }
        if draw(st.booleans()):
            options["inputs"] = draw(hnp.arrays(float, (*shape[:2], 2), elements=finite))
            options["input_name"] = ("light", "air puff")
            options["n_observations"] = draw(
                hnp.arrays(np.int64, shape, elements=st.integers(0, 50))
            )
    return dict(
        activity=draw(entries),
        neuron_id=np.array(ids),
        kind=kind,
        dt=None if kind == "response" else draw(st.sampled_from([0.1, 1 / 3, 0.02, 2.0])),
        start=draw(moments) if kind != "response" else 0.0,
        unit=draw(st.sampled_from(["", "Hz", "dF/F"])),
        name=draw(st.sampled_from(["", "a worm"])),
        **options,
    )


def assert_same(one, two, *, but=()):
    """Every field is equal, NaN to NaN, with the same types of ids."""
    for field in fields(Recording):
        if field.name in but:
            continue
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype.kind == b.dtype.kind, field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)
        elif hasattr(a, "items"):
            assert set(a) == set(b), field.name
            for name, values in a.items():
                assert values.dtype.kind == b[name].dtype.kind, name
                np.testing.assert_array_equal(values, b[name], err_msg=name)
        else:
            assert a == b, field.name
