"""How the puppet moves."""
