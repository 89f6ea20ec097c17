import { vi } from 'vitest'

// What a test waits for comes once the machine has done its work, which takes longer on a busy one than vitest's second.
const { waitFor } = vi
vi.waitFor = (work, options) => waitFor(work, typeof options === 'number' ? options : { timeout: 60_000, ...options })
