"""Goal-directed use of place codes: our extension, which the paper proposes and does not show."""
