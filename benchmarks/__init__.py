"""The figures the product is held to. `make bench`, or one by name: `make bench ONLY=imports`."""
