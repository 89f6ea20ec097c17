/**
 * Which scripts and styles lie together in a file. Left to itself the build makes a file of each set of parts that share
 * a module, so that the first view would be 46 of them: each costs a request, and compresses by itself.
 */
interface Graph {
  getModuleInfo(
    id: string
  ): { readonly importers: readonly string[]; readonly dynamicImporters: readonly string[] } | null
}

/** What is loaded at the same moment, each by the modules with which it begins. */
export const MOMENTS = {
  /** any page */
  page: /\/kit\/src\/runtime\/client\/client-entry|\/src\/routes\/\+(?:layout|error)/,
  /** the list of mail */
  mail: /\/src\/routes\/mail\/(?:\+layout|\[\[mailbox\]\]\/.*\+page)/,
  /** the reader, which follows the list */
  reading:
    /\/lib\/(?:views\/(?:mail\/later|reader\/parts|list\/dragging)\.ts|state\/suspicions\.svelte\.ts|views\/triage\/ReaderTools\.svelte)/,
  /** dialogs and bars of the list, once nobody presses a key */
  triage:
    /\/lib\/views\/(?:triage\/(?:KeySheet|Picker|ViewDialog|MoreDialog|QuestionDialog|Outcome|SelectionBar)|list\/(?:FilterChips|RowActions))\.svelte/
} as const

/** What the page's own script fills in before anything else runs: without the version of the build, a page takes itself for
 * one of an old build, and loads itself again and again. */
export const BEFORE = /\/kit\/src\/runtime\/client\/payload\.js|\bvite\/preload-helper/

const STARTS = Object.values(MOMENTS)
const PAGES = /\/src\/routes\//
/** They must load no mail for a button that both have. */
const PAGES_WITHOUT_MAIL = /\/src\/routes\/(?!mail\/)/

/** null leaves it to the build. */
function chunkOf(id: string, graph: Graph): string | null {
  if (BEFORE.test(id)) return 'before'
  const above = ancestors(id, graph)
  const isIn = (start: RegExp): boolean => above.some((ancestor) => start.test(ancestor))
  if (isIn(MOMENTS.page)) return 'page'
  const others = above.filter((ancestor) => !STARTS.some((start) => start.test(ancestor)))
  const names = Object.entries(MOMENTS).flatMap(([name, start]) => (isIn(start) ? name : []))
  const [first] = names
  if (!first) return null
  if (others.some((ancestor) => PAGES_WITHOUT_MAIL.test(ancestor))) return `${first}-accounts`
  // Whoever needs a part of what follows must not load all of it.
  const isShared = first !== 'mail' && others.some((other) => isStart(other, graph))
  return `${first === 'mail' ? first : names.join('-')}${isShared ? '-shared' : ''}`
}

function isStart(id: string, graph: Graph): boolean {
  return PAGES.test(id) || (graph.getModuleInfo(id)?.dynamicImporters.length ?? 0) > 0
}

/** Rolldown takes a module into a file together with all that it imports: what is shared comes first. */
export function chunks(): { name: (id: string, graph: Graph) => string | null; priority: number }[] {
  const late = ['reading-triage', 'reading', 'triage']
  const accounts = ['mail', 'reading', 'triage'].map((each) => `${each}-accounts`)
  const names = ['before', 'page', ...accounts, 'mail', ...late.map((each) => `${each}-shared`), ...late]
  return names.map((name, at) => ({
    name: (id, graph) => (chunkOf(id, graph) === name ? name : null),
    priority: names.length - at
  }))
}

/** All modules that import this one without `import()`, it among them. */
function ancestors(id: string, graph: Graph): string[] {
  const found = new Set([id])
  for (const each of found) graph.getModuleInfo(each)?.importers.forEach((importer) => found.add(importer))
  return [...found]
}
