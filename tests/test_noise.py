import pytest

from neuroloom.errors import InputError
from neuroloom.networks import RateNoise, StateNoise


@pytest.mark.parametrize("kind", [StateNoise, RateNoise])
@pytest.mark.parametrize("sd", [-0.1, float("nan"), float("inf")])
def test_an_impossible_sd_is_refused(kind, sd):
    with pytest.raises(InputError, match="Use None for no noise"):
        kind(sd)


def test_a_published_sd_per_step_is_divided_by_the_root_of_the_step():
    assert StateNoise.from_step_sd(0.3, dt=0.01).sd == pytest.approx(3.0)
