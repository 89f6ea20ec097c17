/** Keys of the windows of writing, for the sheet of keys: they are no commands of the page, which does not hear keys meanwhile. */
import type { ComposeWords } from '#lib/words/parts.ts'

interface WritingKey {
  readonly keys: string
  readonly text: string
}

export function writingKeys({ send, later, fields, format, close }: ComposeWords): readonly WritingKey[] {
  return [
    { keys: 'Ctrl+Enter', text: send },
    { keys: 'Ctrl+Shift+Enter', text: later.title },
    { keys: 'Ctrl+Shift+c', text: fields.cc },
    { keys: 'Ctrl+Shift+b', text: fields.bcc },
    { keys: 'Ctrl+b', text: format.bold },
    { keys: 'Ctrl+i', text: format.italic },
    { keys: 'Ctrl+Shift+8', text: format.list },
    { keys: 'Ctrl+Shift+9', text: format.numbers },
    { keys: 'Ctrl+]', text: format.quote },
    { keys: 'Ctrl+k', text: format.link },
    { keys: 'Escape', text: close }
  ]
}
