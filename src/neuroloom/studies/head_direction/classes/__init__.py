"""Which kinds of units there are, by two rules, and how many where there can be none."""
