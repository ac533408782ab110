"""The whole model file: sections, strict YAML, errors."""
