"""The fan-out of committed events: publish after commit, subscribe, replay."""
