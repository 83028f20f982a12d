"""How the puppet is drawn."""
