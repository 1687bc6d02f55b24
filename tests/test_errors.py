import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom import errors
from neuroloom.errors import InputError, NeuroloomError, SimulationError, StudyError, nearest

words = st.text("abcdefgh_", min_size=3, max_size=8)


@pytest.mark.parametrize("kind", [InputError, SimulationError, StudyError])
def test_one_except_clause_catches_everything_raised_on_purpose(kind):
    with pytest.raises(NeuroloomError, match="must hold"):
        raise kind("must hold")


def test_only_wrong_input_is_also_a_value_error():
    assert issubclass(InputError, ValueError)
    assert not issubclass(SimulationError, ValueError)
    assert not issubclass(StudyError, ValueError)


def test_the_tree_in_the_docstring_names_every_class():
    classes = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    assert classes == {"NeuroloomError", "InputError", "SimulationError", "StudyError"}
    assert all(name in errors.__doc__ for name in classes)


@given(st.sets(words, min_size=1, max_size=6), st.data())
def test_a_word_with_one_letter_too_many_finds_itself(known, data):
    word = data.draw(st.sampled_from(sorted(known)))
    assert nearest(word, known) == f"Did you mean `{word}`?"
    alone = nearest(f"{word}z", [word, "0000000", "1111111"])
    assert alone == f"Did you mean `{word}`?"


def test_where_nothing_is_near_all_that_is_known_is_listed_in_order():
    assert nearest("zzz", iter(["tau", "gain", "bias"])) == "Known: bias, gain, tau."


def test_the_nearest_of_several_is_named():
    assert nearest("worm-response", ["worm", "worm-responses", "fly"]) == (
        "Did you mean `worm-responses`?"
    )
