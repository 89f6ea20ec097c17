"""The people: who sends a request, with which credential, and what each of them may do and has chosen."""
