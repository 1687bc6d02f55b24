"""Where an animal is, from place cells whose maps are true, predicted, or a rat's."""
