"""`postroom setup`: what Postroom needs of the servers around it, made by an administrator of theirs."""
