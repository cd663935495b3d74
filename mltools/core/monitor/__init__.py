"""Whether what serves still behaves as it did when it was released: decided on counts, without reading anything."""
