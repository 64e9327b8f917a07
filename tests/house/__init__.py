"""The house rules: what keeps the code, the packages and the promises in shape."""
