const MEGABYTE = 'word '.repeat(200_000)

/**
 * How many times as long as splitting a megabyte into words it takes. What grows with the square of its input takes
 * minutes, thousands of times as long, on any machine; and only this process's time on the processor counts, so that a
 * busy machine changes nothing.
 */
export function timesAsLong(work: () => void): number {
  const unit = Math.min(...Array.from({ length: 5 }, () => spent(() => MEGABYTE.split(/\s+/u))))
  return spent(work) / unit
}

/** Microseconds on the processor. */
function spent(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
