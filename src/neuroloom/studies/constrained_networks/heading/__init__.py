"""The fly's heading ring: imaging of one cell type predicts another through wiring."""
