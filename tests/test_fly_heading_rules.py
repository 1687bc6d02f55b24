"""The fly's compass by rules: a ring, two opposite shifts, a mirror, and broad inhibition."""

from collections import Counter

import numpy as np
import pytest

from neuroloom import datasets

# The eight tiles of the ellipsoid body in order, by hand (Wolff et al. 2015).
RING = [("L1", "R1"), ("L8", "R2"), ("L7", "R3"), ("L6", "R4")]
RING += [("L5", "R5"), ("L4", "R6"), ("L3", "R7"), ("L2", "R8")]


@pytest.fixture(scope="module")
def compass():
    return datasets.connectome("fly-heading-rules")


@pytest.fixture(scope="module")
def targets(compass):
    """The ids that each id sends to."""
    ids = compass.neuron_id.tolist()
    found = {name: set() for name in ids}
    for a, b in zip(compass.pre, compass.post, strict=True):
        found[ids[a]].add(ids[b])
    return found


def of_type(names, cell_type):
    return {name for name in names if name.startswith(f"{cell_type}-")}


def wrapped(angle):
    return (angle + np.pi) % (2 * np.pi) - np.pi


def test_there_are_the_published_numbers_of_neurons_and_the_signs_obey_dale(compass):
    assert Counter(compass.neurons["cell_type"].tolist()) == {
        **{"EPG": 18, "PEN": 16, "PEG": 18, "Delta7": 8}
    }
    assert compass.obeys_dale
    inhibits = compass.neurons["cell_type"][compass.pre] == "Delta7"
    np.testing.assert_array_equal(compass.sign, np.where(inhibits, -1, 1))
    assert (compass.count == 1).all()
    assert "not counted in a brain" in compass.audit[0]


def test_epgs_excite_the_pens_and_pegs_of_their_glomerulus_only(targets):
    for side in "LR":
        for k in range(1, 10):
            sent = targets[f"EPG-{side}{k}"]
            assert of_type(sent, "PEN") == ({f"PEN-{side}{k}"} if k > 1 else set())
            assert of_type(sent, "PEG") == {f"PEG-{side}{k}"}
            assert not of_type(sent, "EPG")


def test_pegs_excite_the_epgs_of_their_own_tile(targets):
    for pair in RING:
        extra = {"EPG-L9", "EPG-R9"} if "L1" in pair else set()
        for glomerulus in pair:
            assert targets[f"PEG-{glomerulus}"] == {f"EPG-{name}" for name in pair} | extra


def test_pens_shift_one_tile_in_opposite_senses_on_the_two_sides(targets):
    order = {glomerulus: tile for tile, pair in enumerate(RING) for glomerulus in pair}
    order |= {"L9": 0, "R9": 0}
    for k in range(2, 10):
        for side, sense in (("L", 1), ("R", -1)):
            reached = {order[name.removeprefix("EPG-")] for name in targets[f"PEN-{side}{k}"]}
            assert reached == {(order[f"{side}{k}"] + sense) % 8}


def test_the_published_matrix_agrees_on_who_excites_an_epg(targets):
    # Pisokas et al.: of E-PGs 0 to 17 and P-ENs 0 to 15 from left to right, E-PG 1 hears {0, 9}
    # and E-PG 2 hears {1, 10}.
    pens = [f"PEN-L{k}" for k in range(9, 1, -1)] + [f"PEN-R{k}" for k in range(2, 10)]
    epgs = [f"EPG-L{k}" for k in range(9, 0, -1)] + [f"EPG-R{k}" for k in range(1, 10)]
    for i in range(1, 8):
        heard = {j for j, pen in enumerate(pens) if epgs[i] in targets[pen]}
        assert heard == {i - 1, i + 8}


def test_headings_run_around_the_ring_once_and_pens_move_them(compass, targets):
    heading = dict(
        zip(compass.neuron_id.tolist(), compass.neurons["heading_rad"].tolist(), strict=True)
    )
    around = [heading[f"EPG-{name}"] for pair in RING for name in pair]
    np.testing.assert_allclose(wrapped(np.diff([*around, around[0]])), np.pi / 8)
    for name, sense in (("L", 1), ("R", -1)):
        for k in range(2, 10):
            pen = f"PEN-{name}{k}"
            assert heading[pen] == pytest.approx(heading[f"EPG-{name}{k}"])
            sent = np.exp(1j * np.array([heading[epg] for epg in targets[pen]])).mean()
            moved = wrapped(np.angle(sent) - heading[pen])
            assert np.sign(moved) == sense
            assert np.pi / 4 <= abs(moved) < np.pi / 2


def test_mirroring_left_and_right_keeps_the_wiring_and_flips_every_heading(compass):
    ids = compass.neuron_id.tolist()
    swap = str.maketrans("LR", "RL")

    def mirrored(name):
        cell_type, _, glomeruli = name.partition("-")
        if cell_type == "Delta7":  # its glomeruli are named right ones first
            parts = [glomeruli[i : i + 2].translate(swap) for i in range(0, len(glomeruli), 2)]
            glomeruli = "".join(sorted(parts, key=lambda part: (part[0] == "L", part[1])))
        else:
            glomeruli = glomeruli.translate(swap)
        return f"{cell_type}-{glomeruli}"

    at = np.array([ids.index(mirrored(name)) for name in ids])
    pairs = set(zip(compass.pre.tolist(), compass.post.tolist(), strict=True))
    assert {(at[a], at[b]) for a, b in pairs} == pairs
    heading = compass.neurons["heading_rad"]
    np.testing.assert_allclose(wrapped(heading[at] + heading), 0, atol=1e-12)


def test_delta7_send_to_every_eighth_glomerulus_and_hear_all_others(compass, targets):
    delta7 = [name for name in compass.neuron_id.tolist() if name.startswith("Delta7")]
    assert delta7 == [
        *("Delta7-R1R9L8", "Delta7-R2L7", "Delta7-R3L6", "Delta7-R4L5", "Delta7-R5L4"),
        *("Delta7-R6L3", "Delta7-R7L2", "Delta7-R8L1L9"),
    ]
    for name in delta7:
        own = name.removeprefix("Delta7-")
        glomeruli = {own[i : i + 2] for i in range(0, len(own), 2)}
        columns = {f"PEN-{g}" for g in glomeruli if g[1] != "1"} | {f"PEG-{g}" for g in glomeruli}
        others = set(delta7) - {name}
        assert targets[name] == columns | others
        heard = {epg for epg, sent in targets.items() if epg[:3] == "EPG" and name in sent}
        assert heard == {f"EPG-{s}{k}" for s in "LR" for k in range(1, 10)} - {
            f"EPG-{g}" for g in glomeruli
        }
