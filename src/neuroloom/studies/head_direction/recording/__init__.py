"""Part of the study: a recording with a heading that a user brings."""
