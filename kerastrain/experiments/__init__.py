"""Which is better here, and what happens on the way?  Trainings side by side, or watched."""
