"""The life of one retrain request, from check to final outcome."""
