import json

import numpy as np
import pytest

from neuroloom import InputError
from neuroloom.arena import (
    arena_distance,
    arena_names,
    boundary_distance,
    circle,
    load_arena,
    novel_arenas,
    polygon,
    read_arena,
    rectangle,
    rooms,
    write_arena,
)

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
SAID = {
    "format": "neuroloom arena",
    "version": 1,
    "name": "square",
    "units": "m",
    "outline": SQUARE,
    "barriers": [],
}


@pytest.mark.parametrize(
    "arena", [rectangle(1.0, 0.3, name="Käfig"), circle(1 / 3), rooms(1.0, 1.0, 2, 2, 0.1)]
)
def test_what_was_written_is_read_exactly(arena, tmp_path):
    write_arena(arena, tmp_path / "arena.json")
    again = read_arena(tmp_path / "arena.json")
    assert again.name == arena.name
    np.testing.assert_array_equal(again.outline, arena.outline)
    np.testing.assert_array_equal(again.barriers, arena.barriers)


@pytest.mark.parametrize(
    ("changes", "instruction"),
    [
        ({"outline": SQUARE[:-1]}, r"must be closed.*ends at \[0.0, 1.0\].*Repeat the first"),
        ({"outline": []}, "fewer than two corners"),
        ({"outline": [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]}, "must not cross or touch itself"),
        ({"outline": [[0, 0], [1, 0], [1, None], [0, 0]]}, "place 2 has.*Correct it"),
        ({"outline": [[0, 0], [1, 0], [True, 1], [0, 0]]}, "place 2 has.*Correct it"),
        ({"outline": [[0, 0], [1, 0, 0], [1, 1], [0, 0]]}, "place 1 has.*Correct it"),
        ({"outline": [[0, 0], [1, 0], [10**400, 1], [0, 0]]}, "place 2 has.*Correct it"),
        ({"outline": SQUARE * 500}, "at most 2,000 walls"),
        ({"barriers": [[0.1, 0.2]]}, r"`barriers` must have \[\[x, y\], \[x, y\]\]"),
        ({"barriers": [[[0.5, 0.5], [0.5, 1.5]]]}, "Shorten it"),
        ({"barriers": {}}, r"Write \[\] if there are none"),
        ({"units": "mm"}, 'must be "m".*Convert every coordinate'),
        ({"version": 2}, "`version` must be 1; got 2.*write_arena"),
        ({"version": True}, "`version` must be 1; got True"),
        ({"format": "floor plan"}, "`format` must be 'neuroloom arena'"),
        ({"name": " "}, "Give the arena a name"),
        ({"bariers": []}, "no key `bariers`. Did you mean `barriers`"),
    ],
)
def test_a_file_that_is_no_arena_is_refused_by_name(changes, instruction, tmp_path):
    path = tmp_path / "arena.json"
    path.write_text(json.dumps(SAID | changes), encoding="utf-8")
    with pytest.raises(InputError, match=instruction) as caught:
        read_arena(path)
    assert "arena.json" in str(caught.value)


@pytest.mark.parametrize("key", list(SAID))
def test_no_key_may_be_missing(key, tmp_path):
    path = tmp_path / "arena.json"
    path.write_text(json.dumps({k: v for k, v in SAID.items() if k != key}), encoding="utf-8")
    with pytest.raises(InputError, match=f"must have the key `{key}`.*Add it"):
        read_arena(path)


@pytest.mark.parametrize(
    ("text", "instruction"),
    [
        (json.dumps(SAID).replace("[1, 1]", "[1, NaN]"), "the file has NaN"),
        (json.dumps(SAID).replace("[1, 1]", "[1, 1e999]"), "place 2 has"),
        (
            json.dumps(SAID).replace('"version"', '"units": "m", "version"'),
            "`units` is there twice",
        ),
        (json.dumps(SAID)[:-9], "whole and readable"),
        ("[1, 2]", "must be an object of JSON; got a list"),
        ("[" * 100_000, "whole and readable"),
        ("", "0 bytes"),
        (" " * (2**20 + 1), "Is it an arena"),
    ],
)
def test_text_that_is_no_arena_is_refused(text, instruction, tmp_path):
    path = tmp_path / "arena.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=instruction):
        read_arena(path)


def test_a_file_that_is_missing_or_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(InputError, match="Check the path"):
        read_arena(tmp_path / "none.json")
    path = tmp_path / "latin.json"
    path.write_bytes(json.dumps(SAID | {"name": "x"}).replace("x", "\xe4").encode("latin-1"))
    with pytest.raises(InputError, match="whole and readable"):
        read_arena(path)


def test_arenas_ship_under_their_own_names_and_no_two_are_alike():
    names = arena_names()
    assert {"training-box", "box-1m", "four-rooms"} <= set(names)
    arenas = [load_arena(name) for name in names]
    assert [arena.name for arena in arenas] == list(names)
    assert len({arena.walls.tobytes() for arena in arenas}) == len(arenas)
    training = load_arena("training-box")
    np.testing.assert_array_equal(training.walls, rectangle(3.2, 3.2).walls)
    four = rooms(3.2, 3.2, 2, 2, 0.5)
    np.testing.assert_allclose(load_arena("four-rooms").walls, four.walls, atol=1e-12)
    with pytest.raises(InputError, match="Did you mean `training-box`"):
        load_arena("trainingbox")


def test_at_least_twenty_novel_arenas_go_away_from_the_training_box_in_small_steps():
    found = novel_arenas(step=0.2)
    distance = np.array([far for _, far in found])
    assert len(found) >= 20
    assert "training-box" not in {arena.name for arena, _ in found}
    assert (np.diff(distance) >= 0).all()
    assert distance[0] < 0.2
    assert distance[-1] > 1.2
    assert np.diff(distance).max() < 0.2


def test_the_distance_is_zero_from_itself_and_grows_as_a_box_shrinks():
    training = rectangle(2.0, 2.0)
    moved = polygon(training.outline + np.array([5.0, -3.0]))
    assert arena_distance(training, moved) == pytest.approx(0, abs=1e-6)
    shrunk = [arena_distance(training, rectangle(side, side)) for side in (1.8, 1.4, 1.0)]
    assert shrunk == sorted(shrunk)
    assert shrunk[0] > 0.02


def test_the_distance_is_that_of_its_definition():
    training, other = rectangle(1.0, 0.6), rectangle(0.4, 0.8)
    angle = 2 * np.pi * np.arange(60) / 60
    seen, new = (boundary_distance(a, a.grid(0.2), angle) for a in (training, other))
    nearest = [min(np.sqrt(np.mean((n - s) ** 2)) for s in seen) for n in new]
    assert arena_distance(training, other, step=0.2) == pytest.approx(np.mean(nearest))
    assert arena_distance(other, training, step=0.2) != pytest.approx(np.mean(nearest))
