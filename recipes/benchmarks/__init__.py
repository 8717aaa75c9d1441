"""What kerastrain costs and gains, measured: apart from the course, as they take minutes."""
