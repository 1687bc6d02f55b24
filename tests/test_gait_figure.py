"""A gait shows the body where it was."""

import io

import numpy as np
import pytest
from PIL import Image

from neuroloom.report.figures.film import film, still
from neuroloom.report.figures.gait import Gait, chain_points, gaits


def test_a_straight_chain_lies_behind_its_head():
    state = np.zeros((1, 10))
    state[0, :3] = [2.0, 1.0, np.pi / 2]
    np.testing.assert_allclose(
        chain_points(state, 3)[0], [[2, 2.5], [2, 1.5], [2, 0.5], [2, -0.5]], atol=1e-12
    )
    state[0, 3] = np.pi / 2  # the second link is turned once more
    np.testing.assert_allclose(chain_points(state, 3)[0, 2], [3, 1.5], atol=1e-12)


def test_ends_of_links_are_where_mujoco_has_them(rng):
    mujoco = pytest.importorskip("mujoco", reason="the oracle is MuJoCo's kinematics")
    from neuroloom.tasks.control.swimmer import Integrator, chain_model

    model = mujoco.MjModel.from_xml_string(chain_model(5, Integrator.RK4, 0.01))
    data = mujoco.MjData(model)
    data.qpos[:] = rng.normal(size=7)
    mujoco.mj_forward(model, data)
    ends = chain_points(np.concatenate([data.qpos, data.qvel])[None], 5)[0]
    np.testing.assert_allclose(ends[1:5], data.xpos[2:, :2], atol=1e-12)


def test_every_gait_has_its_row_and_one_scale(rng):
    one = Gait("a", rng.normal(size=(40, 4, 2)), rng.normal(size=(40, 3)), 0.04, "segment")
    axes = gaits([one, one], measure="dorsal less ventral")
    figure = axes.get_figure()
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels.count("segment") == 2
    assert axes.get_xlabel() == "time (s)"
    limits = {ax.images[0].get_clim() for ax in figure.axes if ax.images}
    assert len(limits) == 1


def test_a_film_follows_the_body_and_moves():
    ends = np.zeros((8, 3, 2))
    ends[:, :, 0] = [1.0, 0.0, -1.0]
    ends[:, 0, 1] = np.linspace(-0.8, 0.8, 8)  # the head nods
    ends[..., 0] += np.arange(8.0)[:, None]  # the body swims
    gif = film(ends, dt=0.1)
    moving = Image.open(io.BytesIO(gif))
    assert (moving.n_frames, moving.info["duration"]) == (8, 100)
    heads = []
    for frame in range(8):
        moving.seek(frame)
        dark = np.asarray(moving.convert("RGB")).sum(2) < 150
        heads.append(np.argwhere(dark).mean(0))
    heads = np.array(heads)
    assert heads[0, 0] > heads[-1, 0] + 50  # up is up
    assert np.ptp(heads[:, 1]) < 150  # the camera goes with the body, which swims 327 pixels
    assert still(gif).images[0].get_array().shape == (200, 420, 3)
