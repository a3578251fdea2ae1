"""What is allowed, and when: treatment protocols and safety rules as cited data, and their evaluation."""
