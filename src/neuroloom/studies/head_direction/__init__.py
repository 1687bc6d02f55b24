"""Does the head-direction task build the animal's circuit?"""
