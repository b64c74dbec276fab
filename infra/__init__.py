"""The infrastructure, declared in billing.yaml and applied by `python -m infra` (docs/guides/infrastructure.md)."""
