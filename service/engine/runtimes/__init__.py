"""The runtimes that run a version's signatures: one module each, behind the interface in `program`."""
