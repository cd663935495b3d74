"""What is done with the journal of runs: it is verified, exported, imported, and shown to plain Git."""
