"""Students of circuits whose synapses change, at once or little by little."""
