"""Judges of third-party process suites: they run the suite's models on the pure engine and compare what happened with
what the suite expects. The command line shows their verdicts, the tests hold their scores."""
