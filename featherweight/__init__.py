"""The lab bench of the course: data, models, training, measuring, plotting."""
