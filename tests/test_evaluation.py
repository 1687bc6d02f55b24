from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from neuroloom.analysis import (
    AbstractFitted,
    AbstractPredictor,
    Arm,
    Prediction,
    evaluate,
    predict_held_out,
)
from neuroloom.analysis.response_scores import POOLED, STRATA, STRATA_MEAN
from neuroloom.connectome.nulls import rewire
from neuroloom.errors import InputError, StudyError
from neuroloom.recording import Recording, StimulatedNeurons
from responses import planted_responses, small_worm


@dataclass(frozen=True)
class Noise(AbstractPredictor, AbstractFitted):
    """Draws its prediction at random, so that any change of a random stream shows."""

    seen: np.ndarray | None = None
    stop_after: int | None = None

    def fit(self, connectome, training, *, rng):
        if CALLS["n"] == self.stop_after:
            raise KeyboardInterrupt
        CALLS["n"] += 1
        return Noise(rng.random(training.activity.shape) + connectome.post.sum())

    def predict(self, target):
        return Prediction(self.seen[..., None], self.seen, ("a note",))


CALLS = {"n": 0}


@pytest.fixture
def worm(rng):
    return small_worm(rng)


@pytest.fixture
def recording(worm, rng):
    return planted_responses(worm, rng)


def held_out(recording, n_folds=3):
    folds = StimulatedNeurons(n_folds).folds(recording, rng=np.random.default_rng(0))
    return [fold.entries(recording)[1] for fold in folds]


def test_a_run_that_was_stopped_carries_on_to_the_same_numbers(worm, recording, tmp_path):
    masks = held_out(recording)

    def arms(stop_after=None):
        noise = Noise(stop_after=stop_after)
        return [
            Arm(noise, {"default": recording}),
            Arm(noise, {"null: rewire": recording}, wiring=rewire, n_draws=2),
        ]

    def run(arms, cells):
        CALLS["n"] = 0
        return predict_held_out(worm, recording, masks, arms, seed=5, cells=cells, progress=False)

    whole = run(arms(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(arms(stop_after=4), tmp_path / "cut")
    assert len(list((tmp_path / "cut").iterdir())) == 4
    resumed = run(arms(), tmp_path / "cut")
    assert CALLS["n"] == 5  # of 9; four were kept
    for name in whole:
        for one, other in zip(whole[name].draws, resumed[name].draws, strict=True):
            np.testing.assert_array_equal(one.effect, other.effect)
            np.testing.assert_array_equal(one.probability, other.probability)
            assert one.notes == other.notes == ("a note",)


def test_a_damaged_cell_is_named_with_what_to_do(worm, recording, tmp_path):
    masks = held_out(recording)
    arms = [Arm(Noise(), {"default": recording})]
    predict_held_out(worm, recording, masks, arms, seed=5, cells=tmp_path, progress=False)
    cell = sorted(tmp_path.iterdir())[0]
    cell.write_bytes(cell.read_bytes()[:100])
    with pytest.raises(StudyError, match=f"{cell.name}.*Remove that file"):
        predict_held_out(worm, recording, masks, arms, seed=5, cells=tmp_path, progress=False)


def test_every_entry_is_predicted_by_the_fold_that_held_it_out(worm, recording):
    masks = held_out(recording)
    found = predict_held_out(
        worm, recording, masks, [Arm(Noise(), {"default": recording})], seed=5, progress=False
    )["default"].draws[0]
    assert np.isfinite(found.effect).all()
    alone = predict_held_out(
        worm, recording, masks[:1], [Arm(Noise(), {"default": recording})], seed=5, progress=False
    )["default"].draws[0]
    np.testing.assert_array_equal(found.effect[masks[0]], alone.effect[masks[0]])
    assert np.isnan(alone.effect[~masks[0]]).all()


def test_two_arms_of_one_name_are_refused(worm, recording):
    arms = [Arm(Noise(), {"default": recording})] * 2
    with pytest.raises(InputError, match="Rename the repeated"):
        predict_held_out(worm, recording, held_out(recording), arms, seed=0, progress=False)


def test_the_table_equals_scikit_learn_on_the_same_pairs(worm, recording):
    result = evaluate(
        worm, recording, [Arm(Noise(), {"default": recording})], split=StimulatedNeurons(3),
        n_resamples=10, progress=False,
    )  # fmt: skip
    pairs = result.pairs["default"]
    chance = result.predictions["default"].draws[0].probability[pairs.where]
    table = result.scores.set_index(["split", "measure"])["value"]
    assert table[POOLED, "auroc"] == pytest.approx(roc_auc_score(pairs.detected, chance))
    assert table[POOLED, "auprc"] == pytest.approx(average_precision_score(pairs.detected, chance))
    assert table[POOLED, "prevalence"] == pytest.approx(pairs.detected.mean())
    effect = result.predictions["default"].draws[0].effect[..., 0][pairs.where]
    assert table[POOLED, "correlation"] == pytest.approx(np.corrcoef(effect, pairs.measured)[0, 1])
    assert table[POOLED, "mse"] == pytest.approx(((effect - pairs.measured) ** 2).mean())
    strata = [
        roc_auc_score(pairs.detected[inside], chance[inside])
        for low, high in STRATA.values()
        for inside in [(pairs.n_trials >= low) & (pairs.n_trials <= high)]
    ]
    assert table[STRATA_MEAN, "auroc"] == pytest.approx(np.mean(strata))


def test_homologs_are_held_out_together(worm, recording):
    result = evaluate(
        worm, recording, [Arm(Noise(), {"default": recording})], split=StimulatedNeurons(3),
        n_resamples=10, progress=False,
    )  # fmt: skip
    fold = dict(zip(recording.column("stimulated").tolist(), result.fold.tolist(), strict=True))
    assert all(fold[name] == fold[name[:-1] + "R"] for name in fold if name.endswith("L"))
    assert result.held_out.all()


def test_the_interval_of_draws_is_where_a_further_draw_falls(worm, recording):
    arm = Arm(Noise(), {"null: rewire": recording}, wiring=rewire, n_draws=3)
    result = evaluate(
        worm, recording, [arm], split=StimulatedNeurons(3), n_resamples=10, progress=False
    )
    row = result.scores[(result.scores.measure == "auroc") & (result.scores.split == POOLED)]
    pairs = result.pairs["null: rewire"]
    values = [
        roc_auc_score(pairs.detected, draw.probability[pairs.where])
        for draw in result.predictions["null: rewire"].draws
    ]
    half = 4.302653 * np.std(values, ddof=1) * np.sqrt(1 + 1 / 3)  # t of 2 degrees of freedom
    assert row["high"].item() == pytest.approx(np.mean(values) + half, rel=1e-6)
    assert row["n"].item() == 3


def test_the_gain_is_the_paired_difference_of_areas(worm, recording):
    arms = [
        Arm(Noise(), {"default": recording, "variant: twin": recording}),
        Arm(Noise(), {"null: rewire": recording}, wiring=rewire, n_draws=3),
    ]
    result = evaluate(
        worm, recording, arms, split=StimulatedNeurons(3), n_resamples=200, progress=False
    )
    table = result.scores.set_index(["arm", "split", "measure"])
    twin = table.loc[("variant: twin", POOLED, "auroc_gain")]
    assert twin[["value", "low", "high"]].tolist() == [0, 0, 0]  # the same numbers, resampled alike
    gain = table.loc[("null: rewire", POOLED, "auroc_gain")]
    apart = [table.loc[(arm, POOLED, "auroc"), "value"] for arm in ("default", "null: rewire")]
    assert gain["value"] == pytest.approx(apart[0] - apart[1])
    assert gain["low"] < gain["value"] < gain["high"]
    assert ("default", POOLED, "auroc_gain") not in table.index


def test_activity_over_time_is_sent_to_predict(worm):
    activity = Recording(np.zeros((1, 4, worm.n_neurons)), worm.neuron_id, kind="rate", dt=0.1)
    with pytest.raises(InputError, match="use `predict`"):
        evaluate(worm, activity, [], split=StimulatedNeurons(3), progress=False)


def test_other_neurons_are_sent_to_place(worm, recording):
    other = recording.select(neurons=np.arange(recording.n_neurons) > 0)
    with pytest.raises(InputError, match="Lay one onto the other"):
        evaluate(worm, other, [], split=StimulatedNeurons(3), progress=False)


def test_responses_without_q_say_what_to_add(worm, recording):
    bare = replace(recording, annotations={})
    with pytest.raises(InputError, match="Add both"):
        evaluate(
            worm, bare, [Arm(Noise(), {"default": bare})], split=StimulatedNeurons(3),
            progress=False,
        )  # fmt: skip


def test_scores_can_be_written(worm, recording, tmp_path):
    result = evaluate(
        worm, recording, [Arm(Noise(), {"default": recording})], split=StimulatedNeurons(3),
        n_resamples=10, progress=False,
    )  # fmt: skip
    result.to_csv(tmp_path / "scores.csv")
    first = (tmp_path / "scores.csv").read_text().splitlines()[0]
    assert first == "arm,split,measure,unit,value,low,high,n"


def test_a_predictor_is_given_neither_activity_nor_annotations_of_what_is_held_out(worm, recording):
    masks = held_out(recording)
    given = []

    @dataclass(frozen=True)
    class Watched(AbstractPredictor):
        def fit(self, connectome, training, *, rng):
            given.append(training)
            return Noise().fit(connectome, training, rng=rng)

    predict_held_out(
        worm, recording, masks, [Arm(Watched(), {"x": recording})], seed=0, progress=False
    )
    assert len(given) == len(masks)
    for training, mask in zip(given, masks, strict=True):
        assert np.isnan(training.activity[mask]).all()
        assert np.isnan(training.annotations["q"][mask]).all()
        np.testing.assert_array_equal(training.activity[~mask], recording.activity[~mask])
