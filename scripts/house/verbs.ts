import { type Breach, lineOf, type SourceFile } from './source-file.ts'
import { isTest } from './zones.ts'

const transaction = /\btransaction\(/
const write =
  /\.(?:insertInto|updateTable|deleteFrom|mergeInto)\(|\b(?:insert into|delete from|update \w+(?: \w+)? set)\b/
const reads = /\/(?:get|list|find|search|count|validate|read)-[^/]*\.ts$/

const isVerbFile = ({ path }: SourceFile): boolean => /^server\/src\/domain\/[^/]+\/.*\.ts$/.test(path) && !isTest(path)

const hasReason = (text: string, name: string): boolean => new RegExp(`// ${name}: \\S`).test(text)

const checkScope = ({ path, text }: SourceFile): string | undefined => {
  // Background work is nobody's request: it acts as the system.
  if (path.endsWith('.work.ts') || text.includes('requireScope(') || hasReason(text, 'scope')) return undefined
  return 'Opens a transaction without requireScope(ctx, …) before it. Where no scope can apply, say why: `// scope: <reason>`.'
}

const checkEvent = ({ path, text }: SourceFile): string | undefined => {
  if (reads.test(path) && !write.test(text)) return undefined
  if (text.includes('recordEvent(') || hasReason(text, 'no event')) return undefined
  return 'Changes state without recordEvent(ctx, tx, …) in the same transaction. Where nothing happened that others may know, say why: `// no event: <reason>`.'
}

/** A verb that opens a transaction checks a scope and, unless it only reads, records what happened. */
export const checkVerbs = (files: SourceFile[]): Breach[] =>
  files.filter(isVerbFile).flatMap((file) => {
    const opened = transaction.exec(file.text)
    if (!opened) return []
    const line = lineOf(file.text, opened.index)
    return [checkScope(file), checkEvent(file)].flatMap((message) =>
      message ? [{ path: file.path, line, message }] : [],
    )
  })
