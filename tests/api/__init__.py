"""The HTTP facade: conventions alone, then over real HTTP against real servers, then with third-party clients."""
