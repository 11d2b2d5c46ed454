"""Data contracts: read, linted, checked against exactly the table version that was built."""
