"""Handwritten digits, as something to control: see an image, name the digit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, Running, check_starts

__all__ = ["Digits"]

N_PIXELS, N_CLASSES, BRIGHTEST = 64, 10, 16.0
SPLIT_SEED = 0


@dataclass(frozen=True)
class Digits(ControlTask):
    """An image for a few steps; 1 if the largest action of the last step names the digit.

    Through a circuit an image takes as many steps as there are connections on the way, so that only
    the last step earns. An episode is an image: give many, and the mean return is the accuracy.

    Attributes:
        n_steps: How long an image is shown.
        held_out: Whether images are those of the held-out fifth, which is fixed.

    Raises:
        InputError: If `n_steps` is below 1.

    Source:
        The 1,797 images of 8 x 8 pixels that scikit-learn ships (Alpaydin and Kaynak, UCI, 1998).
        Schmidgall, Schuman and Parsa (2022) take MNIST; its numbers cannot be compared with these.
    """

    n_steps: int = 4
    held_out: bool = False

    def __post_init__(self) -> None:
        """Refuses images that are not shown."""
        if self.n_steps < 1:
            raise InputError(
                f"`n_steps` must be at least 1; got {self.n_steps}. Leave it out for 4."
            )

    @property
    def name(self) -> str:
        """With the part of the images."""
        return "digits, held out" if self.held_out else "digits"

    @property
    def n_observations(self) -> int:
        """Pixels, 0 to 1."""
        return N_PIXELS

    @property
    def n_actions(self) -> int:
        """One a digit."""
        return N_CLASSES

    @property
    def dt(self) -> float:
        """Steps have no length."""
        return 1.0

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """There is no body."""
        return ()

    def draw_starts(self, rng: np.random.Generator, n: int) -> Int[np.ndarray, "episode image"]:
        """Positions of images in their part, without repeats as far as they reach.

        Args:
            rng: Randomness.
            n: Images.
        """
        n_images = len(_part(self.held_out)[0])
        rounds = [rng.permutation(n_images) for _ in range(-(-n // n_images))]
        return np.concatenate(rounds)[:n, None]

    def begin(self, starts: Int[np.ndarray, "episode image"], *, n_threads: int = 1) -> Running:
        """Images side by side.

        Args:
            starts: Positions of images.
            n_threads: Not used.

        Raises:
            InputError: If there is no such image.
        """
        del n_threads
        images, labels = _part(self.held_out)
        chosen = check_starts(starts, 1, self.name)[:, 0]
        if chosen.min() < 0 or chosen.max() >= len(labels):
            raise InputError(
                f"`starts` must be positions of images, 0 to {len(labels) - 1}; got "
                f"{chosen.min()} to {chosen.max()}. Draw them with this task's `draw_starts`."
            )
        return _Shown(images[chosen], labels[chosen], self.n_steps)


class _Shown(Running):
    def __init__(self, images: np.ndarray, labels: np.ndarray, n_steps: int) -> None:
        self.observation, self._labels, self._n_steps = images, labels, n_steps
        self.alive = np.ones(len(labels), bool)
        self._named = np.full(len(labels), -1)

    def _step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        self._named = action.argmax(1)
        # Where all actions are equal nothing was named: the first digit must not earn by it.
        told = action.max(1) > action.min(1)
        last = self.n_done + 1 == self._n_steps
        return (last & told & (self._named == self._labels)).astype(float)

    def state(self) -> Float[np.ndarray, "episode state"]:
        """The digit, and what it was called last."""
        return np.stack([self._labels, self._named], axis=1).astype(float)


@lru_cache(maxsize=2)
def _part(held_out: bool) -> tuple[Float[np.ndarray, "image pixel"], Int[np.ndarray, " image"]]:
    from sklearn.datasets import load_digits

    pixels, labels = (np.asarray(part) for part in load_digits(return_X_y=True))
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    n = len(labels) // 5
    mine = order[:n] if held_out else order[n:]
    images = (pixels[mine] / BRIGHTEST).astype(np.float32)
    images.setflags(write=False)
    return images, labels[mine].astype(int)
