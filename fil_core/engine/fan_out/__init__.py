"""Many requests answered by other processes, through the standard `concurrent.futures.Executor`."""
