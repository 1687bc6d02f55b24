"""The closed-form inverse on a fly's optic lobe."""
