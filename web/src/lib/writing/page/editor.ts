/** Squire, as our policies want it. */
import { storedLinks } from '#lib/writing/domain/links.ts'
import type { Cursor } from '#lib/writing/page/carets.ts'
import { editable } from '#lib/writing/page/editable.ts'
import Squire from 'squire-rte'

const TAGS = { bold: 'B', italic: 'I', list: 'UL', numbers: 'OL', quote: 'BLOCKQUOTE', link: 'A' } as const

export type Format = keyof typeof TAGS
export type Formats = Readonly<Partial<Record<Format, boolean>>>

/** What undo goes back to, by its HTML. Made before the editor is: it keeps its first state when it is constructed. */
const states = new WeakMap<HTMLElement, Map<string, DocumentFragment>>()
/** More of them than undo can reach are kept at most, before the others are thrown away. */
const SPARE = 50

/** A link of a text that is being written leads nowhere. */
function staysHere(event: Event): void {
  if (event.target instanceof Element && event.target.closest('a')) event.preventDefault()
}

export class Editor extends Squire {
  #cursor: Cursor | null = null

  constructor(root: HTMLElement, failed: (failure: unknown) => void) {
    super(root, {
      sanitizeToDOMFragment: editable,
      didError: failed,
      willCutCopy: storedLinks,
      undo: { documentSizeThreshold: 200_000, undoLimit: 100 }
    })
    // Its handles of pictures have styles of their own, which the page's policy refuses.
    this._imageResizer.destroy()
    // These keys stay the browser's: Squire would go to the ends of the text, and for Ctrl+D, a bookmark, make code.
    for (const key of ['PageUp', 'PageDown', 'Ctrl-d', 'Meta-d']) this.setKeyHandler(key, null)
    root.addEventListener('click', ({ target }) => target instanceof HTMLImageElement && this.#choose(target))
    for (const type of ['click', 'auxclick', 'dragstart']) root.addEventListener(type, staysHere)
    for (const type of ['select', 'cursor', 'blur']) this.addEventListener(type, () => this.#mark())
    // With the key that closes the window, too: what the key before it did may not have been told yet.
    for (const type of ['select', 'cursor', 'keydown', 'blur']) this.addEventListener(type, () => this.#follow(type))
  }

  /** Squire does not look whether the text is locked: what it changed there would be shown, and not be in the draft. */
  override handleEvent(event: Event): void {
    const isLocked = this._root.contentEditable === 'false'
    if (!isLocked || !['keydown', 'paste', 'cut', 'drop'].includes(event.type)) super.handleEvent(event)
  }

  override _getRawHTML(): string {
    const html = super._getRawHTML()
    const kept = states.get(this._root) ?? new Map<string, DocumentFragment>()
    states.set(this._root, kept)
    const state = document.createDocumentFragment()
    state.append(...[...this._root.childNodes].map((node) => node.cloneNode(true)))
    kept.set(html, state)
    if (kept.size > this._undoStack.length + SPARE) {
      const reached = new Set([...this._undoStack, html])
      for (const one of kept.keys()) if (!reached.has(one)) kept.delete(one)
    }
    return html
  }

  /** Undo and redo. Squire assigns the HTML to `innerHTML` here, which Trusted Types refuse. */
  override _setRawHTML(html: string): this {
    const state = states.get(this._root)?.get(html)
    if (state) this._root.replaceChildren(state.cloneNode(true))
    this._ignoreChange = true
    return this
  }

  /** The text as it is sent, without the characters that only place the cursor; empty if nothing is written. */
  get html(): string {
    const root = this._root
    const isEmpty = root.textContent.replaceAll('\u200b', '').trim() === '' && !root.querySelector('img, li, hr, td')
    return isEmpty ? '' : root.innerHTML.replaceAll('\u200b', '')
  }

  /** Where the cursor is, or was before the text left the page; null: nowhere in this text. */
  get cursor(): Cursor | null {
    return this._root.contains(this.#cursor?.startContainer ?? null) ? this.#cursor : null
  }

  get formats(): Formats {
    const range = this.getSelection()
    const found = Object.entries(TAGS).map(([format, tag]) => [format, this.hasFormat(tag, null, range)])
    return Object.fromEntries(found) as Formats
  }

  /** Gives the selected text a format, or takes it away. */
  toggle(format: Exclude<Format, 'link'>): void {
    const has = this.hasFormat(TAGS[format])
    switch (format) {
      case 'bold':
        if (has) this.removeBold()
        else this.bold()
        break
      case 'italic':
        if (has) this.removeItalic()
        else this.italic()
        break
      case 'quote':
        if (has) this.decreaseQuoteLevel()
        else this.increaseQuoteLevel()
        break
      case 'list':
      case 'numbers':
        if (has) this.removeList()
        else if (format === 'list') this.makeUnorderedList()
        else this.makeOrderedList()
    }
    this.focus()
  }

  /** The address of the link in which the selection is; empty if it is in none. */
  get link(): string {
    const { commonAncestorContainer: around } = this.getSelection()
    const element = around instanceof Element ? around : around.parentElement
    const link = element?.closest('a')
    return link?.getAttribute('href') ?? link?.dataset['href'] ?? ''
  }

  /** An empty one takes the link away. */
  set link(address: string) {
    if (address === '') this.removeLink()
    else if (this.getSelection().collapsed && this.link === '') {
      const made = document.createElement('a')
      made.href = address
      made.textContent = address.replace(/^(?:https?:\/\/|mailto:|tel:)/, '')
      this.insertElement(made)
    } else this.makeLink(address)
    this.focus()
  }

  /** Where the cursor is, or at that place, but never within a link: it would lead somewhere else. */
  insertPicture(picture: HTMLImageElement, at: Range | null): void {
    const range = at ?? this.getSelection()
    const { startContainer: node } = range
    const link = (node instanceof Element ? node : node.parentElement)?.closest('a')
    if (link) range.setStartAfter(link)
    range.collapse(true)
    this.insertElement(picture, range)
  }

  /** A format that was just turned off is not on again in the next line: Squire looks at the last letter, which has it. */
  override splitBlock(lineBreakOnly: boolean, range?: Range): this {
    const had = this.formats
    super.splitBlock(lineBreakOnly, range)
    for (const format of ['bold', 'italic'] as const)
      if (!had[format] && this.hasFormat(TAGS[format])) this.changeFormat(null, { tag: TAGS[format] })
    return this
  }

  /** What was folded away becomes a part of the text. */
  append(part: Element): void {
    this.saveUndoState()
    this._root.append(part)
  }

  #follow(type: string): void {
    if (!this._isFocused && type !== 'blur') return
    const { startContainer, startOffset } = this.getSelection()
    this.#cursor = { startContainer, startOffset }
  }

  #choose(picture: HTMLImageElement): void {
    const range = document.createRange()
    range.selectNode(picture)
    this.setSelection(range)
    this.#mark()
  }

  /** A picture that is selected alone has a ring, which is no part of the text. */
  #mark(): void {
    const { startContainer, startOffset, endContainer, endOffset } = this.getSelection()
    const only = startContainer === endContainer && endOffset === startOffset + 1
    const chosen = only && this._isFocused ? startContainer.childNodes[startOffset] : undefined
    for (const picture of this._root.querySelectorAll('img')) {
      const isChosen = picture === chosen
      if (picture.classList.contains('chosen') !== isChosen) {
        this.modifyDocument(() => picture.classList.toggle('chosen', isChosen))
      }
    }
  }
}
