"""`plan` from a connectome alone: the model it states, its command, its page."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

import neuroloom as nl
from circuits import circuit
from neuroloom.cli import main
from neuroloom.commands import plan as plan_command
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.report.plan_page import plan_answer, write_plan
from neuroloom.report.plan_terminal import print_plan
from neuroloom.report.wording import brief
from neuroloom.studies.planning import plan
from neuroloom.studies.planning_config import PlanConfig

HOSTILE = '<script>alert("x")</script>'
SMALL = PlanConfig(trials=2, draws=10)


@pytest.fixture(scope="module")
def wiring():
    return circuit(12, np.random.default_rng(0))


@pytest.fixture(scope="module")
def found(wiring):
    return plan(wiring, 3, SMALL, recorded=[4], forbidden=[5])


def test_the_plan_of_a_connectome_beats_the_worst_order_and_says_its_model(found):
    lines = found.curves()
    assert lines["greedy"].iloc[-1] <= lines["random_median"].iloc[-1] <= lines["worst"].iloc[-1]
    said = " ".join(found.notes)
    for word in ("softplus rate network", "prior SD 0.3", "2 trials of 0.5 s", "noise SD"):
        assert word in said
    assert not {4, 5} & set(found.chosen.tolist())


def chain(signs=(1, 1)):
    """a -> b -> c: a hub's opposite; only c hears of everyone."""
    return Connectome(
        neuron_id=np.array(["a", "b", "c"]),
        pre=np.array([0, 1]),
        post=np.array([1, 2]),
        kind=np.array([0, 0]),
        count=np.array([1, 1]),
        sign=np.array(signs),
    )


def test_the_linear_plan_runs_from_pre_to_post():
    """Of a chain with gain 0.9, recording b tells most: a's input is in b, and b's is in c."""
    found = plan(chain(), 1, PlanConfig(model="linear", draws=5, noise=1e-4))
    gain = 0.9  # the largest sum of weights onto a neuron, as there are no loops
    response = np.array([[1, 0, 0], [gain, 1, 0], [gain**2, gain, 1]])
    prior = (response**2).sum(axis=1)
    np.testing.assert_allclose(found.table["error_before"], np.sqrt(prior), rtol=1e-4)
    alone = [((response @ row) ** 2).sum() / (row @ row) for row in response]
    np.testing.assert_allclose(found.table["gain_alone"], alone, rtol=1e-4)
    assert found.chosen.tolist() == ["abc"[int(np.argmax(alone))]]


def test_inputs_to_some_neurons_only_are_what_a_linear_plan_does_not_know():
    found = plan(chain(), 1, PlanConfig(model="linear", draws=5), stimulated=["b"])
    np.testing.assert_allclose(found.table["error_before"], [0.0, 1.0, 0.9], atol=1e-5)


def test_leading_modes_plan_as_all_do(wiring, found):
    config = PlanConfig(trials=2, draws=10, modes=24)
    quick = plan(wiring, 3, config, recorded=[4], forbidden=[5])
    assert quick.chosen.tolist() == found.chosen.tolist()
    few = plan(wiring, 3, PlanConfig(trials=2, draws=10, modes=3), recorded=[4])
    assert any("% of the prior variance" in note for note in few.notes)


def test_muscles_are_neither_recorded_nor_wanted():
    worm = nl.datasets.connectome("worm")
    found = nl.plan(worm, 2, PlanConfig(model="linear", draws=5))
    role = found.table["role"].to_numpy()
    assert set(role[~worm.is_neuron]) == {"forbidden"}
    assert found.greedy.total_error[0] == pytest.approx(
        found.table.loc[worm.is_neuron, "error_before"].pow(2).mean()
    )


def test_the_page_is_one_file_with_the_picture_the_table_and_every_note(found, tmp_path):
    page = write_plan(found, tmp_path / "plan-x.html", name=HOSTILE)
    text = page.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert 'id="figure-plan"' in text
    assert len(re.findall(r"<svg", text)) >= 1
    for word in (*found.notes, "Expected error against number recorded", "gain alone"):
        assert word.replace("'", "&#39;") in text
    assert not re.search(r"""\s(?:src|href)=["'](?!data:|#)""", text)


def test_the_print_names_every_planned_neuron_and_the_comparison(found):
    out = io.StringIO()
    print_plan(found, console=Console(file=out, width=100))
    printed = out.getvalue()
    for neuron in found.chosen.tolist():
        assert f" {neuron} " in printed
    assert "with as many neurons at random" in " ".join(printed.split())
    assert plan_answer(found).startswith(f"Record {found.chosen[0]}")


def test_the_command_reads_ids_and_costs_from_files(tmp_path, capsys):
    (tmp_path / "recorded.txt").write_text("ASHL\nASHR\n")
    (tmp_path / "cost.csv").write_text("neuron,cost\nAVAL,7\n")
    arguments = ["plan", "--model", "linear", "-k", "3", "--draws", "5", "--forbid", "RMDVL"]
    arguments += ["--recorded", str(tmp_path / "recorded.txt"), "AVAR"]
    arguments += ["--cost", str(tmp_path / "cost.csv"), "--budget", "2", "--out", str(tmp_path)]
    assert main(arguments) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "the budget paid for 2 of 3" in printed
    table = (tmp_path / "plan-worm.csv").read_text().splitlines()
    roles = {line.split(",")[0]: line.split(",")[1] for line in table}
    assert [roles[n] for n in ("ASHL", "ASHR", "AVAR")] == ["recorded"] * 3
    assert roles["RMDVL"] == "forbidden"
    assert list(roles.values()).count("planned") == 2
    assert (tmp_path / "plan-worm.html").is_file()


def test_where_costs_differ_all_planned_neurons_are_printed_beside_the_same_budget(
    wiring, tmp_path
):
    dear = [(one, 9.0) for one in wiring.neuron_id.tolist()[::2]]
    found = plan(wiring, 6, PlanConfig(draws=20), cost=dear, budget=10.0)
    out = io.StringIO()
    print_plan(found, console=Console(file=out, width=200))
    printed = " ".join(out.getvalue().split())
    assert not found.as_many
    assert "with the same budget at random" in printed
    page = write_plan(found, tmp_path / "plan.html", name="dear").read_text()
    assert "Where a budget is used up" in page
    last = found.greedy.unrecorded_error[-1] ** 0.5
    assert f"to {brief(last)}; with" in printed
    for neuron in found.chosen.tolist():
        assert f"│ {neuron} " in printed


@pytest.mark.parametrize(
    ("content", "instruction"),
    [
        ("neuron,price\nAVAL,1\n", "Name its columns so"),
        ("neuron,cost\n", "Name its columns so"),
        ("neuron,cost\nAVAL,free\n", "line 2 .* has `free`"),
        ("neuron,cost\nAVAR,1\nAVAL,-1\n", "line 3 .* has `-1`"),
        ("neuron,cost\nAVAL\n", "line 2"),
    ],
)
def test_a_wrong_file_of_costs_is_refused(tmp_path, content, instruction):
    path = tmp_path / "cost.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=instruction):
        plan_command.costs_in(path)
    with pytest.raises(InputError, match="Check the path"):
        plan_command.costs_in(tmp_path / "absent.csv")


def test_a_wrong_file_of_ids_is_refused(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("\n \n")
    with pytest.raises(InputError, match="one id a line"):
        plan_command.ids_in((str(path),))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="Save it as UTF-8"):
        plan_command.ids_in((str(path),))
    path.write_text("720575940621039145\r\nb\n", encoding="utf-8-sig")
    assert plan_command.ids_in((str(path), "c")) == ["720575940621039145", "b", "c"]


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"trials": 0}, "Leave it out for its default"),
        ({"gain_sd": 0.0}, "`--gain-sd` must be above 0"),
        ({"dt": 0.06}, "Try a tenth of it"),
        ({"samples": 100}, "Make trials longer"),
        ({"seed": -1}, "Leave it out for 0"),
        ({"modes": 0}, "`--modes` must be at least 1"),
    ],
)
def test_numbers_that_make_no_plan_are_refused(options, instruction):
    with pytest.raises(InputError, match=instruction):
        PlanConfig(**options)


def test_an_unknown_neuron_is_refused_with_the_nearest(wiring, capsys):
    with pytest.raises(InputError, match="Did you mean"):
        plan(wiring, 1, SMALL, recorded=["x1"])
    assert main(["plan", "--recorded", "AVAX"]) == 2
    assert "Did you mean `AVA" in capsys.readouterr().err
