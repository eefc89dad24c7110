"""Settings, wiring, command line and process lifecycle; no domain logic."""
