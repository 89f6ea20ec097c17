/** Puts text in at the cursor, as if it were typed now: what listens hears it, and Ctrl+Z undoes it. */
export function typeAhead(text: string): void {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
  if (text !== '') document.execCommand('insertText', false, text)
}

/** Into a field of one line: what came behind Enter was meant for what it would have led to. */
export function typeLineAhead(text: string): void {
  typeAhead(text.split('\n', 1)[0] ?? '')
}
