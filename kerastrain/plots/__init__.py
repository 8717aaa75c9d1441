"""How do the pictures look?  matplotlib is imported when one is asked for."""
