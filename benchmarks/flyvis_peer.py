"""flyvis 1.2.0 answering in its own environment; `flyvis.py` starts this file with its Python.

Reads one request a line from standard input, as JSON, and answers with one line of JSON:
`{"dump": path}` writes the network, an input and the states of its own forward pass;
`{"time": [n_batch, n_steps, backward]}` returns the seconds of one such pass.
"""

import json
import sys
import time
import types

import numpy as np

DT, N_CHECKED = 0.02, 20


def start() -> tuple:
    """The published network with time constants and strengths that differ between cell types."""
    # torchvision's compiled half does not load beside every PyTorch; flyvis only resizes with it.
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    import torch
    from flyvis import Network

    network = Network()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, low, high in (("nodes_time_const", 0.6, 1.6), ("edges_syn_strength", 0.5, 1.5)):
            values = getattr(network, name)
            values.mul_(low + (high - low) * torch.rand(values.shape, generator=generator))
    return torch, network


def dump(torch, network, path: str) -> dict:
    """Everything that a step needs, and what flyvis makes of it."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand((4, N_CHECKED, network.n_nodes), generator=generator)
    with torch.no_grad():
        states = network(inputs, DT)
        params = network._param_api()
        arrays = {
            "bias": params.nodes.bias,
            "tau": params.nodes.time_const,
            "weight": params.edges.weight,
            "inputs": inputs,
            "states": states,
        }
    edges, nodes = network.connectome.edges, network.connectome.nodes
    np.savez(
        path,
        **{name: array.detach().numpy() for name, array in arrays.items()},
        pre=edges.source_index[:],
        post=edges.target_index[:],
        sign=edges.sign[:],
        n_syn=edges.n_syn[:],
        cell_type=np.char.decode(nodes.type[:]),
        u=nodes.u[:],
        v=nodes.v[:],
        dt=DT,
    )
    return {"threads": torch.get_num_threads(), "version": torch.__version__}


def measure(torch, network, n_batch: int, n_steps: int, backward: bool) -> dict:
    """One pass as its users run it: inference without gradients, or forward and backward."""
    inputs = torch.rand((n_batch, n_steps, network.n_nodes))
    begun = time.perf_counter()
    with torch.set_grad_enabled(backward):
        states = network(inputs, DT)
        if backward:
            network.zero_grad()
            states.square().mean().backward()
    return {"seconds": time.perf_counter() - begun}


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # flyvis prints while it starts
    torch, network = start()
    for line in sys.stdin:
        request = json.loads(line)
        if "dump" in request:
            answer = dump(torch, network, request["dump"])
        else:
            answer = measure(torch, network, *request["time"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
