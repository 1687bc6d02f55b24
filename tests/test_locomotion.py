"""A crawling larva from an export: direction, waves, teacher, students, and what is refused."""

import json
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import read_connectome
from neuroloom.errors import InputError
from neuroloom.report.wording import verdict_text
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks import locomotion
from neuroloom.studies.constrained_networks.locomotion_network import (
    crawling_circuit,
    crawling_loss,
    places,
    unit_norm_input,
    untaught,
    waves,
)
from neuroloom.studies.constrained_networks.real_circuits_config import LocomotionConfig
from neuroloom.studies.framework import (
    Cell,
    Context,
    NoDataError,
    NotTestedError,
    Results,
    Row,
    run,
)

SETTINGS = LocomotionConfig(
    teacher_steps=1_000,
    n_recorded=(2, 14),
    n_seeds=1,
    n_null_draws=1,
)
FIRST = 720575940621039145  # an id that a float cannot hold


@dataclass(frozen=True)
class Config:
    larva_locomotion: LocomotionConfig = field(default_factory=LocomotionConfig)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """20 PMN, 6 MN of three segments and one sensory neuron, as two CSV tables."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("export")
    kind = ["PMN"] * 20 + ["MN"] * 6 + ["SN"]
    place = [""] * 20 + ["T3", "A1", "A2", "T3", "A1", "A2"] + [""]
    sent = ["acetylcholine", "gaba", "glutamate", ""]
    lines = ["neuron_id,cell_type,segment,neurotransmitter"]
    lines += [
        f"{FIRST + i},{k},{p},{sent[i % 4]}"
        for i, (k, p) in enumerate(zip(kind, place, strict=True))
    ]
    (folder / "neurons.csv").write_text("\n".join(lines) + "\n")
    edges = [
        (pre, post, int(rng.integers(1, 30)))
        for pre in range(20)
        for post in range(26)
        if pre != post and rng.random() < 0.35
    ]
    edges += [(26, 0, 5), (20, 3, 7)]  # from the sensory neuron, and from a motor neuron
    lines = ["pre,post,count"] + [f"{FIRST + a},{FIRST + b},{n}" for a, b, n in edges]
    (folder / "connections.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def read(export):
    return read_connectome(export / "connections.csv", neurons=export / "neurons.csv")


def circuit_of(connectome, **columns):
    chosen = {"type_column": "cell_type", "order_column": "segment"} | columns
    return crawling_circuit(connectome, **chosen)


@pytest.fixture(scope="module")
def circuit(read):
    return circuit_of(read)


def changed(connectome, **columns):
    return replace(connectome, neurons={**connectome.neurons, **columns})


def test_only_what_premotor_neurons_send_is_kept_with_counts_and_ids(read, circuit, export):
    label = circuit.column("cell_type")
    assert (label == "PMN").sum() == 20
    assert (label == "MN").sum() == 6
    assert circuit.neuron_id[0] == FIRST
    rows = [
        tuple(int(cell) for cell in line.split(","))
        for line in (export / "connections.csv").read_text().splitlines()[1:-2]
    ]
    ids = circuit.neuron_id
    found = zip(ids[circuit.pre], ids[circuit.post], circuit.count, strict=True)
    assert sorted(tuple(int(x) for x in row) for row in found) == sorted(rows)
    said = " ".join(circuit.audit)
    assert "20 PMN and 6 MN by `cell_type`; left out 1 other neurons and 1 connections" in said


def test_neurons_without_an_exciting_transmitter_inhibit_and_the_audit_says_so(circuit):
    excites = np.arange(26) % 4 == 0
    np.testing.assert_array_equal(circuit.sign, np.where(excites[circuit.pre], 1, -1))
    assert "otherwise -" in " ".join(circuit.audit)


def test_a_premotor_neuron_drives_those_it_connects_to_and_not_those_it_hears(circuit, rng):
    shares = unit_norm_input(circuit)
    crawler = untaught(shares, SETTINGS, rng)
    pair = next(
        (a, b)
        for a, b in zip(circuit.pre.tolist(), circuit.post.tolist(), strict=True)
        if b < 20 and not ((circuit.pre == b) & (circuit.post == a)).any()
    )
    for pushed, moves in (pair, True), (pair[::-1], False):
        push = jnp.zeros((1, 2, 26)).at[0, 0, pushed[0]].set(1.0)
        moved = simulate(crawler.network, push, dt=0.05) - simulate(
            crawler.network, 0 * push, dt=0.05
        )
        assert bool(abs(moved[0, 1, pushed[1]]) > 1e-9) is moves


def test_the_network_is_the_published_equation(circuit, rng):
    shares = unit_norm_input(circuit)
    crawler = untaught(shares, SETTINGS, rng)
    w = np.zeros((26, 26))
    for a, b, count, sign in zip(
        circuit.pre, circuit.post, circuit.count, circuit.sign, strict=True
    ):
        w[b, a] = sign * count / np.linalg.norm(circuit.count[circuit.post == b])
    g = np.asarray(crawler.network.gain.expand())
    assert ((g > 0.5) & (g < 1.5)).all()
    x, u = np.zeros(26), rng.normal(size=(1, 7, 26))
    rates = []
    for t in range(7):
        x = x + 0.05 / 0.2 * (-x + g * (w @ np.log1p(np.exp(x))) + u[0, t])
        rates.append(np.log1p(np.exp(x)))
    for network in crawler.network, locomotion._published_form(shares, crawler.network):
        states = simulate(network, jnp.asarray(u), dt=0.05)
        np.testing.assert_allclose(network.rate(states)[0], rates, rtol=1e-9)


def test_forward_the_back_moves_first_and_backward_the_front(circuit, rng):
    task = waves(circuit, SETTINGS)
    peak = np.asarray(task.targets)[:, :, 20:].argmax(axis=1)  # MN at T3, A1, A2, twice
    np.testing.assert_array_equal(peak[0], [29, 19, 9, 29, 19, 9])
    np.testing.assert_array_equal(peak[1], [9, 19, 29, 9, 19, 29])
    assert np.isnan(task.targets[..., :20]).all()
    crawler = untaught(circuit, SETTINGS, rng)
    drive, command = np.asarray(crawler.drive(task.inputs)), np.asarray(crawler.command)
    assert not drive[..., 20:].any()
    np.testing.assert_allclose(drive[:, :, :20], np.repeat(command[:, None, :20], 40, axis=1))


def test_places_are_numbers_or_segments_from_front_to_back():
    np.testing.assert_allclose(places(np.array(["A2", "T2", "a1"])), [1, 0, 2 / 3])
    np.testing.assert_allclose(places(np.array([3, 1, 2])), [1, 0, 0.5])
    np.testing.assert_allclose(places(np.array(["10", "2.0", "6"])), [1, 0, 0.5])


def test_a_circuit_that_does_what_is_asked_pays_for_premotor_rates_alone(circuit, rng):
    task = waves(circuit, SETTINGS)
    crawler = untaught(unit_norm_input(circuit), replace(SETTINGS, penalty=3.0), rng)
    rates = crawler.rates(task.inputs)
    done = task._replace(targets=jnp.where(jnp.isnan(task.targets), jnp.nan, rates))
    weight, key = jnp.ones(2), jax.random.key(0)
    paid = 3 * float((rates[..., :20] ** 2).mean())
    assert float(crawling_loss(crawler, done, weight, key)) == pytest.approx(paid)
    off = done._replace(targets=done.targets + 0.1)
    more = float(crawling_loss(crawler, off, weight, key)) - paid
    assert more == pytest.approx(0.5 * 0.01 * 2 * 40 * 6)


@pytest.mark.parametrize(
    ("columns", "neurons", "message"),
    [
        ({"order_column": "muscle"}, {}, "published motor targets are not known to us"),
        ({"type_column": "role"}, {}, "there is no `role` among cell_type, segment"),
        ({}, {"cell_type": np.full(27, "PMN")}, "there are no MN, but PMN"),
        ({}, {"segment": np.full(27, "A1")}, "all 6 are at A1"),
        ({}, {"segment": np.array([""] * 24 + ["A1", "A2", ""])}, "4 of 6 are neither, such as ``"),
        ({}, {"segment": np.array(["1"] * 24 + ["A1", "A2", ""])}, "2 of 6 are segments"),
        ({}, {"segment": np.array(["1"] * 24 + ["T4", "2", ""])}, "1 of 6 are neither, such as"),
    ],
)
def test_an_export_that_cannot_crawl_is_refused(read, columns, neurons, message):
    with pytest.raises(InputError, match=message):
        circuit_of(changed(read, **neurons), **columns)


def test_an_export_with_exchanged_ends_is_refused(read):
    turned = replace(read, pre=read.post, post=read.pre)
    label = read.column("cell_type")
    none_heard = turned.select(~((label == "MN") & (read.neuron_id == FIRST + 20)))
    with pytest.raises(InputError, match="Look whether `pre` and `post`"):
        circuit_of(none_heard)


def test_unknown_signs_without_transmitters_are_refused(read):
    columns = {k: v for k, v in read.neurons.items() if k != "neurotransmitter"}
    with pytest.raises(InputError, match="Give the table of connections a column `sign`"):
        circuit_of(replace(read, neurons=columns))
    signed = replace(read, neurons=columns, sign=np.ones(read.n_connections, int))
    assert (circuit_of(signed).sign == 1).all()


def test_scores_of_rates_tell_scale_from_shape(rng):
    truth = rng.normal(size=(2, 40, 5))
    found = locomotion.rate_scores(-2 * truth, truth)
    assert found["1-mean rho"] == pytest.approx(2)
    assert found["mse"] == pytest.approx(9 * (truth**2).mean())


def test_without_an_export_there_is_no_data(tmp_path):
    (cell, *_) = locomotion.ARM.cells(Config())
    with pytest.raises(NoDataError, match="do not ship"):
        locomotion.ARM.measure(cell, Config(), Context(tmp_path / "c", tmp_path))


def test_another_table_of_neurons_is_another_cell(export, tmp_path):
    cells = []
    for text in ("one", "two"):
        (tmp_path / "neurons.csv").write_text(text)
        files = {"export": export / "connections.csv", "neurons": tmp_path / "neurons.csv"}
        named = {name: str(file) for name, file in files.items()}
        cells += locomotion.ARM.cells(Config(LocomotionConfig(**named, n_seeds=1)))
    assert cells[0] != cells[1]


def verdict(own, untrained=10.0, permuted=(20.0, 11.0), rewired=(9.0, 2.1), crawls=0.8):
    at = {"n_recorded": 48}
    controls = {
        "untrained": [untrained],
        "permuted neurons": permuted,
        "rewire": rewired,
        "rewire_within_type": rewired,
    }
    cells = {
        Cell.of("larva-locomotion", data="x", seed=seed): [
            Row("teacher", locomotion.CRAWLS, crawls),
            Row("unrecorded", "mse", value, "", {"model": "wiring", **at}),
            *(
                Row("unrecorded", "mse", v, "", {"model": model, "draw": draw, **at})
                for model, values in controls.items()
                for draw, v in enumerate(values)
            ),
        ]
        for seed, value in enumerate(own)
    }
    (claim,) = locomotion.CLAIMS
    config = Config(LocomotionConfig(n_seeds=len(own)))
    return claim.judge(Results.of(cells, ("seed", "draw")), config)


def test_wiring_must_beat_the_best_draw_of_every_control_in_every_seed():
    assert verdict([1.0, 0.9, 0.5]).outcome == "pass"
    assert verdict([1.0, 1.06, 0.5], untrained=11.0).outcome == "fail"  # a half of rewired
    assert verdict([1.0, 1.0, 0.9], untrained=9.0).outcome == "fail"
    assert verdict([1.0, 1.0, 0.9], permuted=(20.0, 9.0)).outcome == "fail"
    with pytest.raises(NotTestedError, match="where 3 are needed"):
        verdict([0.1, 0.1])
    with pytest.raises(NotTestedError, match="3 of 3 teachers do not crawl"):
        verdict([0.1, 0.1, 0.1], crawls=0.4)


@pytest.fixture(scope="module")
def lesson(circuit):
    rng = np.random.default_rng(3)
    shares = unit_norm_input(circuit)
    crawler = untaught(shares, SETTINGS, rng)
    teacher = locomotion._published_form(shares, crawler.network)
    drive = crawler.drive(waves(shares, SETTINGS).inputs)
    return teacher, locomotion._lesson(teacher, drive, SETTINGS)


def test_students_that_see_all_premotor_neurons_but_one_find_the_teacher(circuit, lesson, rng):
    (teacher, taught), label = lesson, circuit.column("cell_type")
    premotor = label == "PMN"
    sets = [np.arange(26) < m for m in (2, 19)]
    starts = [locomotion._started(teacher, premotor, seen, SETTINGS, rng) for seen in sets]
    known, start = (np.asarray(n.gain.expand()) for n in (teacher, starts[1].network))
    np.testing.assert_array_equal(start[20:], known[20:])  # motor neurons are known
    names = ["few", "most"]
    found, lost = locomotion._trained(starts, taught, SETTINGS, names, rng, progress=False)
    assert not lost
    at = locomotion._At(taught, label, sets[1], 19)
    mse = [
        {row.split: row.value for row in at.rows(network, "", SETTINGS) if row.measure == "mse"}
        for network in (starts[1].network, found[0], found[1])
    ]
    untrained, few, most = mse
    for split in ("recorded", "unrecorded", "motor"):
        assert most[split] < 1e-3 * untrained[split]
        assert most[split] < few[split]
    np.testing.assert_array_equal(found[1].strength, teacher.strength)


def test_no_recorded_neuron_is_among_those_scored_as_unrecorded(circuit, lesson):
    (teacher, taught), recorded = lesson, np.isin(np.arange(26), [3, 7])
    truth = np.asarray(taught.rates)
    moved = truth.copy()
    moved[..., [3, 7]] += 1  # recorded
    moved[..., 20:] += 2  # motor
    at = locomotion._At(
        taught._replace(rates=jnp.asarray(moved)), circuit.column("cell_type"), recorded, 2
    )
    mse = {r.split: r.value for r in at.rows(teacher, "", SETTINGS) if r.measure == "mse"}
    assert mse["recorded"] == pytest.approx(1)
    assert mse["unrecorded"] == pytest.approx(0, abs=1e-12)
    assert mse["motor"] == pytest.approx(4)
    hidden = moved[..., [i for i in range(20) if i not in (3, 7)]]
    drawn = [r.value for r in at.permuted(np.random.default_rng(0)) if r.measure == "mse"]
    assert len(drawn) == 20
    # over all orders, a neuron in another's place costs twice their variance over neurons
    assert np.mean(drawn) == pytest.approx(2 * hidden.var(axis=2).mean(), rel=0.25)


@pytest.mark.slow
def test_the_crawler_is_measured_beside_its_controls(circuit, rng):
    measured = locomotion.teacher_and_students(circuit, SETTINGS, rng, deciding_m=14)
    assert not measured.failures
    rows = [row for row in measured.rows if row.measure == "mse"]
    mse = {(r.split, r.at["model"], r.at["n_recorded"]): r.value for r in rows}
    assert mse["unrecorded", "wiring", 14] < 0.2 * mse["unrecorded", "untrained", 14]
    assert mse["unrecorded", "wiring", 14] < mse["unrecorded", "wiring", 2]
    for null in locomotion.NULL_WIRINGS:
        assert mse["unrecorded", "wiring", 14] < mse["unrecorded", null, 14]
    (explained,) = [r.value for r in measured.rows if r.measure == "motor targets, r2"]
    assert explained > 0.5
    assert measured.arrays["motor"].shape == measured.arrays["motor_target"].shape == (2, 40, 6)
    assert any("reconstruction" in note for note in measured.notes)


def test_claims_of_arms_without_an_export_read_not_tested_no_data(tmp_path):
    arms = ("larva-locomotion", "central-complex")
    folder = run("constrained-networks", "fast", arms=arms, out=tmp_path, progress=False)
    card = {claim["id"]: claim for claim in json.loads((folder / "claims.json").read_text())}
    for name in arms:
        words = verdict_text(card[name]["verdict"], card[name]["reason"])
        assert words.startswith("not tested: no data: the ")
        assert f"`--{name}.export`" in words
