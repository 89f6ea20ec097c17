/** Punycode (RFC 3492): the letters of a domain's label that begins with `xn--`. Browsers offer only the way back. */

const [BASE, LEAST, MOST, SKEW, DAMP, BIAS, FIRST] = [36, 1, 26, 38, 700, 72, 128]
/** RFC 1035 §2.3.4 */
const LONGEST = 63

/** `bcher-kva` → `bücher`; null if it is none. */
export function fromPunycode(label: string): string | null {
  if (label.length > LONGEST || !/^[a-z0-9-]+$/.test(label)) return null
  const split = label.lastIndexOf('-')
  const letters = Array.from(label.slice(0, Math.max(0, split)))
  let [code, at, bias] = [FIRST, 0, BIAS]
  let from = split < 0 ? 0 : split + 1
  while (from < label.length) {
    const read = delta(label, from, bias)
    if (!read) return null
    at += read.value
    const count = letters.length + 1
    bias = adapted(read.value, count, at === read.value && letters.length === Math.max(0, split))
    code += Math.floor(at / count)
    at %= count
    if (code > 0x10ffff) return null
    letters.splice(at, 0, String.fromCodePoint(code))
    at += 1
    from = read.end
  }
  return letters.join('')
}

/** §6.2: a number of several digits from `from` on. */
function delta(label: string, from: number, bias: number): { value: number; end: number } | null {
  let [value, weight] = [0, 1]
  for (let [at, k] = [from, BASE]; at < label.length; [at, k] = [at + 1, k + BASE]) {
    const digit = digitOf(label.charCodeAt(at))
    if (digit === null) return null
    value += digit * weight
    const threshold = Math.min(MOST, Math.max(LEAST, k - bias))
    if (digit < threshold) return { value, end: at + 1 }
    weight *= BASE - threshold
  }
  return null
}

function digitOf(code: number): number | null {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : null
}

/** §6.1 */
function adapted(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2))
  rest += Math.floor(rest / count)
  let k = 0
  while (rest > ((BASE - LEAST) * MOST) / 2) {
    rest = Math.floor(rest / (BASE - LEAST))
    k += BASE
  }
  return k + Math.floor(((BASE - LEAST + 1) * rest) / (rest + SKEW))
}
