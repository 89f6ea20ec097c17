/** `make test` takes a third of the pairs: each fault meets some of the requests, each request some of the faults. `make
 * test-long` sets POSTROOM_SEEDS, and takes all. */
export function isTaken(one: number, other: number): boolean {
  return 'POSTROOM_SEEDS' in process.env || (one + other) % 3 === 0
}
