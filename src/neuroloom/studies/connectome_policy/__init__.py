"""Does wiring help a controller learn, and what about the wiring?"""
