"""What a user asks for: status, history, doctor, retraining, demo."""
