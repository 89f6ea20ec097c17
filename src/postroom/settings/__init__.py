"""The settings of a process: what can be set, how it is read, and what is said of a wrong one."""
