"""A service of released models that needs neither mltools nor Git nor DVC: this folder alone, copied into an image.

It reads a models directory that somebody else writes, answers requests, and says in `state.json` what it does. Imports
are relative and reach nothing outside this folder.
"""

SCHEMA = 1
