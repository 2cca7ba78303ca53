import { ExtractError } from './extract-error.ts'

export type TextKind = 'text' | 'markdown' | 'html' | 'pdf' | 'docx' | 'csv' | 'json' | 'yaml' | 'openapi' | 'qa'

type Hints = { bytes: Uint8Array; mediaType: string | null; fileName: string | null }

const byMediaType: Record<string, TextKind> = {
  'text/plain': 'text',
  'text/markdown': 'markdown',
  'text/x-markdown': 'markdown',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/pdf': 'pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'text/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'application/csv': 'csv',
  'application/json': 'json',
  'text/json': 'json',
  'application/x-ndjson': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
  'application/vnd.oai.openapi': 'openapi',
  'application/vnd.oai.openapi+json': 'openapi',
}

const byExtension: Record<string, TextKind> = {
  txt: 'text',
  text: 'text',
  log: 'text',
  md: 'markdown',
  mdx: 'markdown',
  markdown: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  yaml: 'yaml',
  yml: 'yaml',
}

/**
 * What a file is: bytes that name themselves (PDF, zip, old Office, pictures) win over every claim, then the media type,
 * then the extension, then a look at the text. `text/plain` gives way to a more precise extension, because that is what
 * browsers and mail programs send for Markdown and CSV. Throws `unsupported_type`.
 */
export const detectKind = ({ bytes, mediaType, fileName }: Hints): TextKind => {
  const binary = kindOfMagicBytes(bytes)
  if (binary) return binary
  const essence = mediaType?.split(';')[0]?.trim().toLowerCase() ?? ''
  const extension = fileName?.match(/\.([a-z0-9]+)$/i)?.[1]?.toLowerCase() ?? ''
  const claimed = byMediaType[essence] ?? (essence.endsWith('+json') ? 'json' : undefined)
  const named = byExtension[extension]
  const kind = claimed === 'text' ? (named ?? claimed) : (claimed ?? named)
  if (kind === 'pdf') throw new ExtractError('unreadable', 'The file is called a PDF but does not hold one.')
  if (kind === 'docx') throw new ExtractError('unreadable', 'The file is called a Word document but does not hold one.')
  if (looksBinary(bytes)) throw unsupported(`The file is not text${extension ? ` (.${extension})` : ''}.`)
  return kind ?? sniffText(bytes)
}

const kindOfMagicBytes = (bytes: Uint8Array): TextKind | null => {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1')
  if (head.includes('%PDF-')) return head.trimStart().startsWith('%PDF-') || !looksLikeMarkup(head) ? 'pdf' : null
  if (head.startsWith('PK\x03\x04')) return zipKind(bytes)
  if (head.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) throw oldOffice(bytes)
  if (head.startsWith('{\\rtf')) throw unsupported('RTF files are not read. Save the file as .docx or PDF.')
  if (/^(\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP)/s.test(head))
    throw unsupported('The file is a picture. Add the text it shows.')
  return null
}

const zipKind = (bytes: Uint8Array): TextKind => {
  const names = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (names.includes('word/document')) return 'docx'
  if (names.includes('xl/workbook')) throw unsupported('Excel files are not read. Save each sheet as CSV.')
  if (names.includes('ppt/presentation')) throw unsupported('PowerPoint files are not read. Save the file as PDF.')
  if (names.includes('opendocument.text')) throw unsupported('OpenDocument files are not read. Save the file as .docx.')
  throw unsupported('Zip archives are not read. Add the files inside it one by one.')
}

const oldOffice = (bytes: Uint8Array): ExtractError =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from('EncryptedPackage', 'utf16le'))
    ? new ExtractError('encrypted', 'The document is protected by a password.')
    : unsupported('Files of Office 2003 and earlier (.doc, .xls, .ppt) are not read. Save the file as .docx or PDF.')

const looksLikeMarkup = (head: string): boolean => /^\s*[<#\w]/.test(head)

const looksBinary = (bytes: Uint8Array): boolean => {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  return !utf16 && bytes.subarray(0, 8192).includes(0)
}

const sniffText = (bytes: Uint8Array): TextKind => {
  const head = Buffer.from(bytes.subarray(0, 4096))
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
  if (/^(<!doctype html|<html|<head|<body|<!--[\s\S]*?<html)/i.test(head)) return 'html'
  if (/^(openapi|swagger)\s*:/m.test(head)) return 'openapi'
  if (/^[[{]/.test(head)) return 'json'
  return /^#{1,6} \S/m.test(head) ? 'markdown' : 'text'
}

const unsupported = (message: string): ExtractError => new ExtractError('unsupported_type', message)
