"""Networks that learned to integrate angular velocity, and how well they do."""
