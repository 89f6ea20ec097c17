/** Text whose lines were broken so that they can be joined again (RFC 3676). Thunderbird stores its drafts so. */
import { SIGNATURE_LINE } from './text-of-html.ts'

export function unflowed(text: string, contentType: string): string {
  if (!/;\s*format\s*=\s*"?flowed"?/iu.test(contentType)) {
    return text
  }
  const keepsSpace = !/;\s*delsp\s*=\s*"?yes"?/iu.test(contentType)
  const joined: string[] = []
  let open: { marks: string } | null = null
  for (const line of text.split('\n')) {
    const [marks = ''] = /^>*/u.exec(line) ?? []
    const words = line.slice(marks.length).replace(/^ /u, '')
    const isSignature = words === SIGNATURE_LINE
    const flows = words.endsWith(' ') && !isSignature
    const written = flows && !keepsSpace ? words.slice(0, -1) : words
    if (open && open.marks === marks && !isSignature) {
      joined.push((joined.pop() ?? '') + written)
    } else {
      joined.push(`${marks}${marks && written ? ' ' : ''}${written}`)
    }
    open = flows ? { marks } : null
  }
  return joined.join('\n')
}
