/** What the reader shows of HTML: who quotes a message asks the frame in which it lies. */

/** HTML in which nothing is left that nobody could see; null if that cannot be known. */
type Ask = () => Promise<string | null>

/** by the HTML as it came */
const shown = new Map<string, Ask>()

/** A frame shows it from now on; returns how to end that. */
export function showing(html: string, ask: Ask): () => void {
  shown.set(html, ask)
  return () => {
    if (shown.get(html) === ask) shown.delete(html)
  }
}

export async function renderedOf(html: string): Promise<string | null> {
  return (await shown.get(html)?.()) ?? null
}
