"""The instructor's program: release, bundle, audit and grade the assignments."""
