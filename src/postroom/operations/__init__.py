"""What an operator may do and read: for the commands, and for any other interface for operators."""
