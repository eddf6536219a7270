/**
 * Says in the words of a job file what the YAML parser found.
 * @param place start and end in the text
 */
export function syntaxText(code: string, message: string, text: string, place: readonly [number, number]) {
  const [start, end] = place;
  if (code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]*/.exec(text.slice(start))?.[0];
    return { what: `The key "${key}" stands here a second time.`, fix: 'Keep one of the two.' };
  }
  if (code === 'MULTIPLE_DOCS')
    return { what: 'A second document begins here.', fix: 'Write one job a file, without "---" inside it.' };
  if (code === 'TAB_AS_INDENT') return { what: 'A tab indents this line.', fix: 'Indent with spaces.' };
  if (code === 'TAG_RESOLVE_FAILED')
    return { what: `The tag ${text.slice(start, end)} means nothing here.`, fix: 'Leave it out.' };
  if (code === 'BAD_ALIAS' || text[start] === '*')
    return { what: 'An unquoted * begins an alias in YAML.', fix: 'Put the value in quotes: "*".' };
  if (text.slice(0, start + 1).endsWith('${') || text.slice(0, start).endsWith('${'))
    return { what: 'An unquoted ${…} cannot stand between { } or [ ].', fix: 'Put it in quotes: "${NAME}".' };
  // The parser quotes the text it stumbled over, which may be a secret.
  const said = message.replace(/: ".*$/s, '');
  if (code === 'BLOCK_AS_IMPLICIT_KEY')
    return { what: `${said}.`, fix: 'Put a value that holds ": " in quotes.' };
  return { what: `This is not YAML: ${said}.` };
}
