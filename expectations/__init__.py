"""What must be true: the form's editions as data, the rules, and their enforcement."""
