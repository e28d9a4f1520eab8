"""The course's techniques, written by `python -m featherweight.export`."""
