import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { html } from 'hono/html';
import type { Problem } from '../../../connectors/index.ts';
import { mask } from '../../job/mask.ts';
import { notice, problemNotice } from '../pieces.ts';
import type { Html } from '../layout.ts';
import type { View } from '../site.ts';

export function fileLink(file: string): Html {
  return html`<a href="/files/${encodeURIComponent(basename(file))}">${basename(file)}</a>`;
}

/** A job file as it is, line by line, with what is wrong with it beside the line. */
export async function jobFilePage({ folder, secrets }: View, file: string): Promise<Html[]> {
  const broken = folder.broken().find((one) => one.file === file);
  const problems = broken?.problems ?? [];
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return [
    html`<h1>${basename(file)}</h1>
      <p class="quiet">
        ${file} · read only; change it with any editor, and the daemon takes it up within seconds.
        ${broken?.job ? html`<strong>${broken.job} runs as the file said before.</strong>` : ''}
      </p>`,
    problems.length === 0 && text !== undefined
      ? notice('good', 'Everything in this file is understood.')
      : html``,
    ...problems.filter((problem) => lineOf(problem) === undefined).map(problemNotice),
    text === undefined ? notice('bad', 'The file cannot be read.') : lines(mask(text, secrets), problems),
  ];
}

function lines(text: string, problems: readonly Problem[]): Html {
  return html`<div class="scroll" role="region" aria-label="The job file" tabindex="0">
    <ol class="code">
      ${text
        .replace(/\n$/, '')
        .split('\n')
        .map((line, index) => {
          const wrong = problems.filter((problem) => lineOf(problem) === index + 1);
          return html`<li class="${wrong.length > 0 ? 'wrong' : ''}" id="line-${String(index + 1)}">
            <code>${coloured(line)}</code>${wrong.map(
              ({ code, what, why, fix }) =>
                html`<p>
                  <strong>${what}</strong> ${why ?? ''} ${fix ?? ''} <span class="quiet">${code}</span>
                </p>`,
            )}
          </li>`;
        })}
    </ol>
  </div>`;
}

/** Comments and keys look different from values; a line that spans others is left plain. */
function coloured(line: string): Html | string {
  const [, indent = '', key, rest] = /^(\s*(?:- )?)([\w-]+:)(?= |$)(.*)$/.exec(line) ?? [];
  if (key === undefined) return line.trimStart().startsWith('#') ? html`<i>${line}</i>` : line;
  const comment = /\s#.*$/.exec(rest!)?.[0] ?? '';
  const value = rest!.slice(0, rest!.length - comment.length);
  return html`${indent}<b>${key}</b>${value}${comment === '' ? '' : html`<i>${comment}</i>`}`;
}

/** Problems of files are at `file:line:column setting`. */
function lineOf({ where }: Problem): number | undefined {
  const found = /:(\d+)(?::\d+)?(?: |$)/.exec(where ?? '');
  return found ? Number(found[1]) : undefined;
}
