from dataclasses import replace

import numpy as np
import pytest

from neuroloom.analysis import Arm, evaluate, predict_held_out
from neuroloom.analysis.response_scores import POOLED
from neuroloom.connectome.nulls import rewire
from neuroloom.recording import StimulatedNeurons, homolog_groups
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.responses.arms import SIGN_RULES, apart_arms, headline_arms
from neuroloom.studies.responses.baselines import (
    BoostedTrees,
    ContactCount,
    HomologResponse,
    LinearPropagation,
    Logistic,
    ResponderMean,
    TrialCount,
    homolog_responses,
)
from neuroloom.studies.responses.ceiling import half_means
from neuroloom.studies.responses.model import ResponseModel, degree_features
from neuroloom.studies.responses.predictor import NetworkPredictor, UntrainedNetwork
from responses import planted_responses, small_worm

PREDICTORS = {
    "network": NetworkPredictor(n_members=2),
    "untrained": UntrainedNetwork(2),
    "contacts": ContactCount(),
    "propagation": LinearPropagation(0.5),
    "responder": ResponderMean(),
    "responder x trials": ResponderMean(use_trials=True),
    "trials": TrialCount(),
    "homolog": HomologResponse(),
    "logistic": Logistic(),
    "logistic without": Logistic(wiring=False),
    "trees": BoostedTrees(),
    "trees without": BoostedTrees(wiring=False),
}


@pytest.fixture(scope="module")
def worm():
    return small_worm(np.random.default_rng(3))


@pytest.fixture(scope="module")
def recording(worm):
    return planted_responses(worm, np.random.default_rng(4))


@pytest.fixture(scope="module")
def masks(recording):
    folds = StimulatedNeurons(3).folds(recording, rng=np.random.default_rng(0))
    return [fold.entries(recording)[1] for fold in folds]


@pytest.mark.parametrize("name", PREDICTORS)
def test_what_is_held_out_never_reaches_a_prediction(name, worm, recording, masks):
    wild_q = np.where(masks[0], 1.0 - recording.annotations["q"], recording.annotations["q"])
    wild = replace(
        recording,
        activity=np.where(masks[0], 1e3 * recording.activity + 5, recording.activity),
        annotations={"q": wild_q},
    )
    honest, looked = (
        predict_held_out(
            worm, data, masks[:1], [Arm(PREDICTORS[name], {"x": data})], seed=0, progress=False
        )["x"].draws[0]
        for data in (recording, wild)
    )
    np.testing.assert_array_equal(honest.effect, looked.effect)
    np.testing.assert_array_equal(honest.probability, looked.probability)


@pytest.mark.parametrize("name", ["contacts", "propagation", "network", "untrained", "logistic"])
def test_a_score_of_the_wiring_runs_from_stimulated_to_responder(name, worm, recording, masks):
    """The largest score of a stimulated neuron is on what it sends to, not on what it gets from."""
    prediction = predict_held_out(
        worm, recording, masks, [Arm(PREDICTORS[name], {"x": recording})], seed=0, progress=False
    )["x"].draws[0]
    sent = np.zeros((worm.n_neurons, worm.n_neurons), bool)
    chemical = worm.kind == 0
    sent[worm.pre[chemical], worm.post[chemical]] = True
    gap = np.zeros_like(sent)
    gap[worm.pre[~chemical], worm.post[~chemical]] = True
    one_way = sent & ~sent.T & ~gap & ~gap.T
    score = prediction.probability[:, 0]
    assert score[one_way].mean() > score[one_way.T].mean()


def test_the_network_finds_planted_wiring_and_a_rewired_one_does_not(worm, recording):
    arms = [
        Arm(NetworkPredictor(2), {"default": recording}),
        Arm(NetworkPredictor(2), {"null: rewire": recording}, wiring=rewire, n_draws=2),
    ]
    result = evaluate(
        worm, recording, arms, split=StimulatedNeurons(3), n_resamples=20, progress=False
    )
    table = result.scores
    auroc = table[(table.measure == "auroc") & (table.split == POOLED)].set_index("arm")["value"]
    assert auroc["default"] > 0.7
    assert auroc["default"] > auroc["null: rewire"] + 0.1


def test_the_number_of_trials_matters_only_where_it_is_known(worm, recording, masks):
    blind = replace(recording, n_observations=None)
    found = predict_held_out(
        worm,
        recording,
        masks,
        [Arm(NetworkPredictor(1), {"known": recording, "blind": blind})],
        seed=0,
        progress=False,
    )
    known, hidden = found["known"].draws[0], found["blind"].draws[0]
    assert not np.array_equal(known.probability, hidden.probability)
    np.testing.assert_array_equal(known.effect, hidden.effect)


def test_an_untrained_or_raw_score_is_not_called_a_probability(worm, recording, masks):
    for name, calibrated in (("contacts", False), ("untrained", False), ("network", True)):
        found = predict_held_out(
            worm, recording, masks, [Arm(PREDICTORS[name], {"x": recording})], seed=0,
            progress=False,
        )  # fmt: skip
        assert found["x"].draws[0].calibrated is calibrated


def test_the_homologs_answer_is_the_one_of_the_other_side(recording):
    names = recording.column("stimulated")
    other = homolog_responses(recording)
    left, right = np.flatnonzero(names == "N3L")[0], np.flatnonzero(names == "N3R")[0]
    np.testing.assert_array_equal(other[left], recording.activity[right, 0])


def test_halves_of_trials_share_none_and_use_all(rng):
    single, pair = rng.standard_normal(31), np.repeat(np.arange(5), [1, 2, 7, 8, 13])
    one, other = half_means(single, pair, 5, rng=rng)
    assert np.isnan(one[0])
    for p, n in ((1, 2), (2, 7), (3, 8), (4, 13)):
        big, small = -(-n // 2), n // 2
        assert big * one[p] + small * other[p] == pytest.approx(single[pair == p].sum())


def test_degrees_are_z_scored_and_follow_their_neurons(worm):
    degrees = degree_features(worm)
    np.testing.assert_allclose(degrees.mean(1), 0, atol=1e-12)
    sent = np.bincount(worm.pre[worm.kind == 0], worm.count[worm.kind == 0], worm.n_neurons)
    assert np.corrcoef(degrees[0], np.log1p(sent))[0, 1] == pytest.approx(1.0)
    received = np.bincount(worm.post[worm.kind == 0], worm.count[worm.kind == 0], worm.n_neurons)
    assert np.corrcoef(degrees[4], np.log1p(received))[0, 1] == pytest.approx(1.0)


def test_only_what_is_trainable_is_trained(worm, recording, rng):
    fitted = NetworkPredictor(1).fit(worm, recording, rng=rng)
    before = ResponseModel.from_connectome(worm, homolog_groups(worm.neuron_id))
    after = fitted.ensemble.member(0)
    np.testing.assert_array_equal(after.network.root_count, before.network.root_count)
    np.testing.assert_array_equal(after.network.sign, before.network.sign)
    np.testing.assert_array_equal(after.head.degrees, before.head.degrees)
    assert np.abs(np.asarray(after.head.responder)).max() > 0


@pytest.mark.parametrize(
    ("rule", "plus", "minus", "zero", "said"),
    [
        ("transmitter", "all", 0, 0, "glutamate +"),
        ("excitatory", "all", 0, 0, "all unknown signs +"),
        ("trainable", 0, 0, "all", "sign learned"),
        ("dropped", 0, 0, 0, "dropped"),
    ],
)
def test_a_sign_rule_does_and_says_what_its_name_says(rng, rule, plus, minus, zero, said):
    connectome = small_worm(rng, unknown=True)
    n = int((connectome.kind == 0).sum())
    resolved, sentence = SIGN_RULES[rule].resolve(connectome)
    directed = resolved.sign[resolved.kind == 0]
    for value, expected in ((1, plus), (-1, minus), (0, zero)):
        assert (directed == value).sum() == (n if expected == "all" else expected)
    assert said in sentence
    assert f"{n:,} connections" in sentence


def test_the_table_has_the_controls_that_the_design_asks_for(rng):
    connectome = small_worm(rng, unknown=True)
    recording = planted_responses(connectome, rng)
    arms = headline_arms(connectome, recording, PredictConfig(), {"mutant": recording})
    names = [name for arm in arms for name in arm.targets]
    assert len(set(names)) == len(names)
    for wanted in (
        "default",
        "variant: trial count not known",
        "transfer: mutant",
        "null: rewire",
        "null: shuffle_weights",
        "baseline: untrained network",
        "baseline: synapse count",
        "baseline: responder mean",
        "baseline: responder mean x number of trials",
        "baseline: number of trials alone",
        "baseline: response to the stimulated homolog",
        "baseline: boosted trees with wiring",
        "baseline: boosted trees without wiring",
    ):
        assert wanted in names
    assert sum(name.startswith("baseline: linear propagation") for name in names) >= 2
    assert sum(name.startswith("variant: ") and "sign" in name for name in names) >= 2
    assert "default" in [
        name for arm in apart_arms(recording, PredictConfig()) for name in arm.targets
    ]


def test_an_unknown_null_names_the_nearest(rng):
    connectome = small_worm(rng)
    recording = planted_responses(connectome, rng)
    config = PredictConfig(nulls=("rewier",))
    with pytest.raises(ValueError, match="Did you mean `rewire`"):
        headline_arms(connectome, recording, config, {})
