"""What of a task network is trained."""

from neuroloom.networks import TaskNetwork

__all__ = ["gains_and_biases", "published_parameters"]


def published_parameters(network: TaskNetwork) -> tuple:
    """Weights of all three kinds, biases and the state at the start; outputs keep their bias of 0.

    Source:
        Cueva et al., ICLR 2020, code.
    """
    return (
        network.network.strength,
        network.network.bias.value,
        network.input_weight,
        network.output_weight,
        network.initial,
    )


def gains_and_biases(network: TaskNetwork) -> tuple:
    """Gain and bias of every neuron, what it hears of the task and what is read out.

    The wiring and its weights stay as they are: for networks wired as an animal is.
    """
    return (
        network.network.gain.value,
        network.network.bias.value,
        network.input_weight,
        network.output_weight,
        network.output_bias,
        network.initial,
    )
