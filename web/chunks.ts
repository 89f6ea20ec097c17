/**
 * Which scripts and styles lie together in a file. Left to itself the build makes a file of each set of parts that share
 * a module, so that the first view would be 46 of them: each costs a request, and compresses by itself.
 */
interface Graph {
  getModuleInfo(id: string): { readonly importers: readonly string[] } | null
}

/** What is loaded at the same moment, each by the modules with which it begins. */
export const MOMENTS = {
  /** any page */
  page: /\/kit\/src\/runtime\/client\/client-entry|\/src\/routes\/\+(?:layout|error)/,
  /** the list of mail */
  mail: /\/src\/routes\/mail\/(?:\+layout|\[\[mailbox\]\]\/.*\+page)/,
  /** as soon as the list is drawn */
  reading:
    /\/lib\/(?:views\/mail\/reading-parts|cache\/(?:adoption|eviction)|state\/(?:label-editing|mailbox-edits\.svelte)|sync\/(?:body-prefetch|kept-draft-rows|late-index)|actions\/sync\/(?:bulk|email-set)|search\/(?:device\/searches|state\/search\.svelte)|writing\/(?:device\/drafts|state\/sent\.svelte))\.ts/,
  /** when what reads is there */
  writing: /\/lib\/writing\/(?:page\/writing-parts|state\/compose\.svelte)\.ts/
} as const

/** What the page's own script fills in before anything else runs: without the version of the build, a page takes itself for
 * one of an old build, and loads itself again and again. */
export const BEFORE = /\/kit\/src\/runtime\/client\/payload\.js|\bvite\/preload-helper/

/** They must load no mail for a button that both have. */
const PAGES_WITHOUT_MAIL = /\/src\/routes\/(?!mail\/)/

/** null leaves it to the build: the settings, the viewer of attachments, and words, which are files of their own. */
function chunkOf(id: string, graph: Graph): string | null {
  if (BEFORE.test(id)) return 'before'
  const above = ancestors(id, graph)
  const moment = Object.entries(MOMENTS).find(([, start]) => above.some((ancestor) => start.test(ancestor)))?.[0]
  if (!moment || moment === 'page') return moment ?? null
  const isShared = above.some((ancestor) => PAGES_WITHOUT_MAIL.test(ancestor) && !MOMENTS.page.test(ancestor))
  return isShared ? `${moment}-accounts` : moment
}

/** Rolldown takes a module into a file together with all that it imports: what comes first is first. */
export function chunks(): { name: (id: string, graph: Graph) => string | null; priority: number }[] {
  const moments = Object.keys(MOMENTS).slice(1)
  const names = ['before', 'page', ...moments.map((moment) => `${moment}-accounts`), ...moments]
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
