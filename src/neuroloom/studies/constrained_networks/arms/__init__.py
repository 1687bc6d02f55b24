"""The arms of the study, one a file: its cells, its measurement and the claims it decides."""
