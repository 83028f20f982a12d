"""What a robot does about actions: waits for one, or reacts by a file of settings."""
