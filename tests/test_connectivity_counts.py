"""`neuroloom connectivity` of spike counts: which likelihood, what is said and scored."""

from dataclasses import replace

import numpy as np
import pytest

from driven_recordings import QUICK, spikes_of
from neuroloom.report.connectivity_page import write_connectivity_page
from neuroloom.studies.connectivity import connectivity
from neuroloom.studies.connectivity_forecasts import ALONE, GLM, OURS


@pytest.fixture(scope="module")
def of_spikes():
    return connectivity(spikes_of(), config=replace(QUICK, twins=1), progress=False)


def test_counts_get_a_poisson_likelihood_and_bits_per_spike(of_spikes, tmp_path):
    assert of_spikes.edges.likelihood.name == "Poisson"
    np.testing.assert_array_equal(of_spikes.scale, 1.0)
    ends = of_spikes.table.head(2)[["pre", "post", "weight"]].to_numpy().tolist()
    signs = {(pre, post): np.sign(weight) for pre, post, weight in ends}
    assert signs == {("unit0", "unit1"): 1.0, ("unit2", "unit3"): -1.0}
    bits = of_spikes.forecasts.scores.query("measure == 'bits_per_spike'").set_index("arm")["value"]
    assert {OURS, GLM, ALONE} <= set(bits.index)
    assert bits[OURS] > bits[ALONE] + 0.01
    assert of_spikes.responses is None
    page = write_connectivity_page(of_spikes, tmp_path / "p.html", name="s").read_text()
    assert "log rate per spike" in page
    assert "Bits per spike are over the mean rate" in page


def test_many_spikes_a_bin_are_regressed_and_said_so():
    many = connectivity(spikes_of(1_500, rate=6.0), config=replace(QUICK, twins=0), progress=False)
    assert many.edges.likelihood.name == "Gaussian"
    assert any("regressed as they are" in note for note in many.notes)
