import type { ExtractedDocument } from './extracted-document.ts'
import { findMarkdownHeadings, onlyTopHeading } from './find-markdown-headings.ts'
import { normaliseLine, normaliseText } from './normalise-text.ts'
import { stripHiddenMarkdown } from './strip-hidden-markdown.ts'

const frontMatter = /^(---|\+\+\+)[ \t]*\n([\s\S]*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|$)/

/** Markdown stays Markdown. What its reader never sees goes: front matter, comments, scripts, hidden elements. */
export const extractMarkdown = (raw: string): ExtractedDocument => {
  const normalised = normaliseText(raw)
  const matter = readFrontMatter(normalised)
  const body = matter ? normalised.slice(matter[0].length) : normalised
  const text = normaliseText(stripHiddenMarkdown(body))
  const headings = findMarkdownHeadings(text)
  return {
    title: titleIn(matter?.[2] ?? '') ?? onlyTopHeading(headings),
    text,
    headings,
  }
}

// A text may also begin with a rule (`---`) and have another one later.
const readFrontMatter = (text: string): RegExpExecArray | null => {
  const matter = frontMatter.exec(text)
  return matter && /^[\w-]+[ \t]*[:=]/.test(matter[2]!) ? matter : null
}

const titleIn = (matter: string): string | null => {
  const value = /^title[ \t]*[:=][ \t]*(.+)$/m.exec(matter)?.[1]?.trim() ?? ''
  return normaliseLine(value.replace(/^(["'])(.*)\1$/, '$2')) || null
}
