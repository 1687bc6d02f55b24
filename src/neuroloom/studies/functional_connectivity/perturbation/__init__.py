"""Does functional connectivity predict what stimulation does? In the worm, and where it must."""
