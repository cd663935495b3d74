"""Git: `read` asks by bare processes, `write` changes and talks to remotes through GitPython."""
