/** All attachments in one ZIP file. */
import { downloadZip } from 'client-zip'

interface NamedFile {
  readonly name: string
}

/** The names are those that are shown (`savedNames`). Fetches the files one after the other. If one fails, there is no archive: nobody would notice what it lacks. */
export function archiveOf<F extends NamedFile>(
  files: readonly F[],
  time: Date,
  fetched: (file: F) => Promise<Blob>
): Promise<Blob> {
  async function* inputs() {
    for (const file of files) yield { name: file.name, input: await fetched(file), lastModified: time }
  }
  return downloadZip(inputs()).blob()
}
