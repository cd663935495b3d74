"""GitOps CI/CD for machine learning with every fact kept in Git."""

__version__ = "0.1.0"
