"""The many names under which public tables have the columns that we read."""

__all__ = ["CONNECTION_COLUMNS", "NEURON_COLUMNS", "NEURON_ID", "has_a_role", "plain_name"]

# Names in public tables. Upper and lower case, spaces, `_`, `-` and `.` make no difference.
NEURON_ID = ("neuron_id", "root_id", "bodyId", "body", "id", "name", "neuron", "cell", "node")
CONNECTION_COLUMNS = {
    "pre": (
        "pre", "pre_id", "pre_root_id", "pre_pt_root_id", "bodyId_pre", "body_pre", "pre_neuron",
        "presynaptic", "presynaptic_id", "source", "from",
    ),
    "post": (
        "post", "post_id", "post_root_id", "post_pt_root_id", "bodyId_post", "body_post",
        "post_neuron", "postsynaptic", "postsynaptic_id", "target", "to",
    ),
    "count": (
        "count", "syn_count", "synapse_count", "synapses", "n_synapses", "n_syn", "contacts",
        "weight", "connectivity",
    ),
    "kind": ("kind", "type", "connection_type", "synapse_type"),
    "sign": ("sign", "excitatory"),
    "neurotransmitter": ("neurotransmitter", "nt_type", "transmitter"),
    "neuropil": ("neuropil", "roi"),
}  # fmt: skip
# What we call further columns of neuron tables whose id column shows that they come from elsewhere.
NEURON_COLUMNS = {
    "cell_type": ("cell_type", "type", "primary_type"),
    "neurotransmitter": (
        "neurotransmitter", "nt_type", "predicted_nt_type", "top_nt", "consensus_nt",
        "neurotransmitter_predicted", "predicted_nt",
    ),
    "side": ("side", "somaSide"),
}  # fmt: skip


def plain_name(name: str) -> str:
    """A column's name without what makes no difference."""
    return "".join(c for c in name.casefold() if c not in " _-.")


_ROLE_NAMES = {plain_name(name) for names in CONNECTION_COLUMNS.values() for name in names}


def has_a_role(name: str) -> bool:
    """Whether a column of this name says something that is read of a connection."""
    return plain_name(name) in _ROLE_NAMES
