"""What is done for a request: accept it, attempt it."""
