"""The command line `inkpaw`."""
