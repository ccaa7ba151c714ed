"""What the words mean and what is decided: pure values and functions, no clock, no disk, no network."""
