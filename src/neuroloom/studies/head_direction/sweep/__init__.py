"""Which settings of training make the classes and the motif, one factor at a time."""
