"""Searches on closed forms; the loop around them on a task whose return is a formula."""

import signal
import subprocess
import sys
from dataclasses import dataclass, replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError, StudyError
from neuroloom.fitting.evolution import (
    CmaEs,
    Genetic,
    OpenAiEs,
    Ppo,
    evolve,
    learn_by_gradients,
    screen,
)
from neuroloom.networks.policies import LinearPolicy
from neuroloom.tasks.control import ControlTask, Running


class _Aiming(Running):
    def __init__(self, target, starts):
        self._target, self._starts = np.array(target), starts
        self.observation = np.zeros((len(starts), 1), np.float32)
        self.alive = np.ones(len(starts), bool)

    def _step(self, action):
        return -((action - self._target) ** 2).sum(1) + self._starts[:, 0]

    def state(self):
        return self._starts


@dataclass(frozen=True)
class Aim(ControlTask):
    """Minus the squared distance of the action from a target, plus luck of the start; two steps."""

    target: tuple[float, ...] = (1.0, -2.0)
    name = "aim"
    n_observations = 1
    n_steps = 2
    dt = 1.0
    joint_angles = ()

    @property
    def n_actions(self):
        return len(self.target)

    def draw_starts(self, rng, n):
        return rng.normal(size=(n, 1))

    def begin(self, starts, *, n_threads=1):
        return _Aiming(self.target, starts)


def aiming(n=2):
    return LinearPolicy.zeros(1, n, bias=True)


def searched(strategy, function, start, n_generations):
    search = strategy.start(np.array(start, float), np.random.default_rng(0))
    for _ in range(n_generations):
        search.tell(function(search.ask()))
    return search


def sphere(x):
    return -(x**2).sum(1)


def ellipsoid(x):
    return -(x**2 * 10.0 ** np.linspace(0, 3, x.shape[1])).sum(1)


@pytest.mark.parametrize(
    ("strategy", "n_generations", "near"),
    [
        (OpenAiEs(100, sigma=0.1, learning_rate=0.01, decay=0.99), 300, 0.05),
        (Genetic(100, elites=5, sigma=0.2, decay=0.98), 200, 0.05),
        (CmaEs(12, sigma=0.5), 100, 1e-6),
    ],
    ids=["ES", "GA", "CMA"],
)
def test_every_search_finds_the_middle_of_a_sphere(strategy, n_generations, near):
    found = searched(strategy, sphere, [1.0, -1.0, 0.5, 2.0], n_generations)
    assert np.abs(found.mean).max() < near


def test_cma_finds_the_middle_of_a_long_ellipsoid():
    found = searched(CmaEs(12, sigma=0.5), ellipsoid, np.ones(6), 250)
    assert np.abs(found.mean).max() < 1e-4


def test_a_step_of_the_evolution_strategy_is_the_expected_one():
    # Of a linear return a . x the rank of N(0, 1) noise is its distribution function, so that the
    # expected step is eta E[(Phi(z) - 1/2) z] / sigma = eta / (2 sqrt(pi) sigma), along a.
    slope = np.array([3.0, -4.0])
    numbers = OpenAiEs(100_000, sigma=0.2, learning_rate=0.1)
    found = searched(numbers, lambda x: x @ slope, [1.0, 1.0], 1)
    expected = 0.1 / (2 * np.sqrt(np.pi) * 0.2) * slope / 5
    np.testing.assert_allclose(found.mean - 1, expected, atol=0.005 * np.abs(expected).max())


def test_noise_of_the_evolution_strategy_is_mirrored_and_shrinks():
    search = OpenAiEs(6, sigma=0.1, decay=0.5).start(np.ones(3), np.random.default_rng(0))
    first = search.ask() - search.mean
    np.testing.assert_allclose(first[:3], -first[3:], atol=1e-12)
    search.tell(np.zeros(6))
    np.testing.assert_array_equal(search.mean, np.ones(3))  # equal returns: no direction
    spread = np.std([(search.ask() - 1).ravel() for _ in range(400)])
    assert spread == pytest.approx(0.05, rel=0.05)


def test_only_ranks_count_for_the_evolution_strategy():
    plain = searched(OpenAiEs(10), sphere, [1.0, 2.0], 1).mean
    bent = searched(OpenAiEs(10), lambda x: np.exp(5 * sphere(x)) - 7, [1.0, 2.0], 1).mean
    np.testing.assert_array_equal(plain, bent)


def test_elites_survive_unchanged_and_lead():
    search = Genetic(20, elites=3, sigma=0.1).start(np.ones(2), np.random.default_rng(0))
    population = search.ask()
    np.testing.assert_array_equal(population[0], np.ones(2))
    returns = sphere(population)
    search.tell(returns)
    best = population[np.argsort(-returns)[:3]]
    following = search.ask()
    np.testing.assert_array_equal(following[:3], best)
    np.testing.assert_array_equal(search.mean, best[0])
    near = np.abs(following[3:, None] - best[None]).max(-1).min(1)
    assert len(following) == 20
    assert near.min() > 0
    assert near.max() < 0.5  # children are near one of the elites


def test_mutations_of_the_genetic_algorithm_have_their_size_and_shrink():
    search = Genetic(4000, elites=1, sigma=0.1, decay=0.5).start(
        np.zeros(2), np.random.default_rng(0)
    )
    assert search.ask()[1:].std() == pytest.approx(0.1, rel=0.05)
    search.tell(np.arange(4000.0)[::-1])  # the first, at zero, leads
    assert search.ask()[1:].std() == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("strategy", [OpenAiEs(6), Genetic(6, elites=2), CmaEs(6)])
def test_a_search_depends_on_its_own_randomness_alone(strategy):
    def run():
        np.random.seed(np.random.randint(1 << 30))  # noqa: NPY002  a stranger's
        return searched(strategy, sphere, [1.0, 2.0], 5).ask()

    np.testing.assert_array_equal(run(), run())


@pytest.mark.parametrize(
    ("wrong", "way_out"),
    [
        (lambda: OpenAiEs(5), "Take 6"),
        (lambda: OpenAiEs(sigma=0.0), "Leave it out"),
        (lambda: Genetic(8, elites=8), "8 of 750"),
        (lambda: CmaEs(3), "Take 16"),
        (lambda: CmaEs().start(np.ones(1), np.random.default_rng(0)), "Take `OpenAiEs`"),
        (lambda: evolve(aiming(), Aim(), CmaEs(), n_generations=0, seed=0), "at least 1"),
        (lambda: Ppo(batch_size=100), "Take 64"),
        (lambda: learn_by_gradients(Aim(), n_env_steps=10, seed=0), "Take more"),
    ],
)
def test_numbers_out_of_range_are_refused_with_a_way_out(wrong, way_out):
    with pytest.raises(InputError, match=way_out):
        wrong()


@pytest.mark.parametrize(
    ("package", "wrong"),
    [
        ("cma", lambda: CmaEs().start(np.ones(2), np.random.default_rng(0))),
        ("stable_baselines3", lambda: learn_by_gradients(Aim(), n_env_steps=9999, seed=0)),
    ],
)
def test_a_missing_package_is_named_with_its_extra(package, wrong, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=r"Install `neuroloom\[control"):
        wrong()


def test_evolution_reaches_the_target_and_says_how():
    found = evolve(aiming(), Aim(), CmaEs(8), n_generations=40, seed=3, progress=False)
    assert found.finished
    np.testing.assert_allclose(found.policy.bias, [1.0, -2.0], atol=0.02)
    history = found.history
    assert list(history["env_steps"]) == [16 * n for n in range(41)]
    assert history["probe"].iloc[-1] > history["probe"].iloc[0] + 9  # 2 steps x |target|^2 = 10
    assert (history["best"].iloc[:-1] >= history["mean"].iloc[:-1]).all()
    assert (history["failed"] == 0).all()


def test_all_members_meet_the_same_luck_and_generations_another():
    # At the target only the luck of the start is left, 2 a step: mean and best are then equal.
    at = eqx.tree_at(lambda p: p.bias, aiming(), jnp.array([1.0, -2.0]))
    found = evolve(at, Aim(), OpenAiEs(8, sigma=1e-6), n_generations=3, seed=1, progress=False)
    rows = found.history.iloc[:-1]
    np.testing.assert_allclose(rows["mean"], rows["best"], atol=1e-9)
    assert rows["mean"].nunique() == 3
    np.testing.assert_allclose(found.history["probe"], found.history["probe"].iloc[0], atol=1e-9)


def test_a_search_ends_where_a_probe_earns_enough():
    whole = evolve(aiming(), Aim(), CmaEs(8), n_generations=30, seed=3, progress=False)
    enough = float(whole.history["probe"].iloc[0]) + 5
    found = evolve(
        aiming(), Aim(), CmaEs(8), n_generations=30, seed=3, enough=enough, progress=False
    )
    n = int((whole.history["probe"] >= enough).argmax())
    assert 0 < n < 30
    assert len(found.history) == n + 1
    assert found.history["probe"].iloc[-1] == whole.history["probe"].iloc[n]


class StopError(Exception):
    pass


def stop_after(n, what):
    def told(note):
        if note.startswith(f"generation {n}:"):
            what()

    return told


def fail():
    raise StopError


@pytest.mark.parametrize("strategy", [OpenAiEs(6), Genetic(6, elites=2), CmaEs(6)])
def test_a_killed_search_resumes_to_the_same_numbers(strategy, tmp_path):
    kept = tmp_path / "search"

    def run(n_generations=5, **more):
        return evolve(
            aiming(),
            Aim(),
            strategy,
            n_generations=n_generations,
            seed=2,
            progress=False,
            **more,
        )

    whole = run()
    with pytest.raises(StopError):
        run(checkpoint=kept, on_generation=stop_after(3, fail))
    told = []
    resumed = run(checkpoint=kept, on_generation=told.append)
    assert len(told) == 2
    np.testing.assert_array_equal(resumed.vector, whole.vector)
    assert resumed.history.equals(whole.history)
    shorter = run(n_generations=3, checkpoint=kept)  # the file holds five
    np.testing.assert_array_equal(shorter.vector, run(n_generations=3).vector)


def test_a_checkpoint_of_another_search_or_damaged_is_refused(tmp_path):
    kept = tmp_path / "search"

    def run(strategy, seed=0, task=None):
        evolve(
            aiming(), task or Aim(), strategy, n_generations=1, seed=seed, checkpoint=kept,
            progress=False,
        )  # fmt: skip

    run(OpenAiEs(4))
    for other in (
        {"strategy": OpenAiEs(4, sigma=0.2)},
        {"strategy": OpenAiEs(4), "seed": 1},
        {"strategy": OpenAiEs(4), "task": replace(Aim(), target=(0.0, 1.0))},
    ):
        with pytest.raises(StudyError, match="Remove it, or give another path"):
            run(**other)
    kept.write_bytes(kept.read_bytes()[:-3])
    with pytest.raises(StudyError, match="Remove it to start again"):
        run(OpenAiEs(4))


def test_an_interrupt_keeps_what_was_found():
    def run(n, **more):
        return evolve(aiming(), Aim(), CmaEs(6), n_generations=n, seed=2, progress=False, **more)

    interrupt = stop_after(3, lambda: signal.raise_signal(signal.SIGINT))
    found = run(50, on_generation=interrupt)
    assert not found.finished
    assert len(found.history) == 4
    np.testing.assert_array_equal(found.vector, run(3).vector)


class Fragile(LinearPolicy):
    """A policy whose action is not a number where its first offset is above a bound."""

    def __call__(self, state, observation):
        state, action = super().__call__(state, observation)
        return state, jnp.where(self.bias[0] > 0.05, jnp.nan, action)


def fragile():
    plain = aiming()
    return Fragile(1, 2, plain.weight, plain.bias, plain.used)


def test_members_that_are_not_finite_are_named_and_get_the_least(capsys):
    found = evolve(
        fragile(), Aim(), OpenAiEs(8, sigma=0.1), n_generations=1, seed=0, progress=False
    )
    n_failed = found.history["failed"].iloc[0]
    assert 0 < n_failed < 8
    assert np.isfinite(found.history["mean"].iloc[0])
    assert f"{n_failed} of 8 members failed (" in capsys.readouterr().err


def test_a_generation_without_any_finite_member_is_an_error():
    broken = eqx.tree_at(lambda p: p.bias, fragile(), jnp.array([9.0, 0.0]))
    with pytest.raises(StudyError, match="smaller weights"):
        evolve(broken, Aim(), OpenAiEs(4), n_generations=1, seed=0, progress=False)


@pytest.mark.slow
def test_a_search_killed_by_the_system_resumes_to_the_same_numbers(tmp_path):
    code = """
import os, signal, sys
from pathlib import Path
from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.networks.policies import LinearPolicy
from neuroloom.tasks.control import Swimmer
kill = sys.argv[2] == "kill"
def told(note):
    if kill and note.startswith("generation 4:"):
        os.kill(os.getpid(), signal.SIGKILL)
task = Swimmer(n_links=3, n_steps=50)
found = evolve(LinearPolicy.zeros(8, 2), task, CmaEs(8), n_generations=8, seed=0, n_threads=1,
               checkpoint=Path(sys.argv[1]), progress=False, on_generation=told)
print(found.vector.tolist(), found.history["probe"].tolist())
"""

    def run(name, kill):
        command = [sys.executable, "-c", code, str(tmp_path / name), kill]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    whole = run("whole", "no")
    assert whole.returncode == 0, whole.stderr
    assert run("killed", "kill").returncode == -signal.SIGKILL
    again = run("killed", "no")
    assert again.stdout == whole.stdout
    assert len(again.stdout) > 100


def test_gradients_reach_the_target_too():
    pytest.importorskip("stable_baselines3", reason="gradients need the extra `rl`")
    task = Aim(target=(0.3, -0.15))  # well inside the range, for noisy actions are cut at 1
    numbers = Ppo(n_environments=2, n_steps=128, batch_size=64, learning_rate=3e-3, discount=0.9)
    found = learn_by_gradients(task, numbers, n_env_steps=256 * 30, seed=0, progress=False)
    assert found.finished
    assert list(found.history["env_steps"]) == [256 * n for n in range(31)]
    _, action = found.policy(found.policy.initial(), jnp.zeros(1))
    np.testing.assert_allclose(action, task.target, atol=0.1)
    luck = found.history["probe"] - 2 * np.mean(
        task.draw_starts(np.random.default_rng(np.random.SeedSequence(0, spawn_key=(1,))), 5)
    )
    assert luck.iloc[-1] == pytest.approx(
        -2 * float(((np.asarray(action) - task.target) ** 2).sum()), abs=1e-5
    )


def test_the_best_of_many_starts_is_taken_and_nothing_else():
    task = Aim()
    one = screen(aiming(), task, n=1, sd=0.5, seed=4)
    many = screen(aiming(), task, n=64, sd=0.5, seed=4)

    def distance(policy):
        return float(((policy(policy.initial(), jnp.zeros(1))[1] - jnp.array([1, -2])) ** 2).sum())

    assert distance(many) < distance(one)
    again = screen(aiming(), task, n=64, sd=0.5, seed=4)
    np.testing.assert_array_equal(many.bias, again.bias)
    # All drawn alike: 1,000 draws with an SD of .5 come within 4 SD of the start, and not all near.
    far = screen(aiming(), task, n=1000, sd=0.5, seed=0)
    assert 0.2 < abs(float(far.bias[0])) < 2
    for n, sd in ((0, 1.0), (3, 0.0)):
        with pytest.raises(InputError, match="`n` must be at least 1 and `sd` above 0"):
            screen(aiming(), task, n=n, sd=sd, seed=0)
