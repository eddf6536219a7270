import { paletteCss } from '../../report/pictures/palette.ts';

/** The style sheet of a report, which stands in the file: a report needs nothing from elsewhere. */
export const STYLE = `
:root { color-scheme: light dark; ${paletteCss('light')} --ground: #f4f6f8; }
@media screen and (prefers-color-scheme: dark) {
  :root { ${paletteCss('dark')} --ground: #0d1117; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 58.5rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.5 Helvetica, Arial, sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 .25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p, ul { margin: .25rem 0 .75rem; max-width: 46rem; }
ul { padding-left: 1.2rem; }
.quiet { color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem; margin: 1.25rem 0; }
svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 1rem 0; }
.figures dt, .play dt { color: var(--quiet); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.4rem; font-weight: bold; }
.notice { border-left: .25rem solid var(--seg-5); padding: .1rem .75rem; margin: .5rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: normal; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.play { border-top: 1px solid var(--line); padding-top: .75rem; margin-top: .75rem; }
.play h3 { margin: 0; }
.play p { margin: 0 0 .5rem; }
.play dl { display: grid; grid-template-columns: 6rem 1fr; gap: .2rem .75rem; margin: 0; max-width: 52rem; }
.play dd { margin: 0; }
@media (max-width: 45rem) {
  section { padding: 1rem .75rem; margin-inline: -.5rem; }
  .play dl { grid-template-columns: 1fr; gap: 0; }
  .play dd { margin-bottom: .4rem; }
  table { font-size: .8rem; }
  th, td { padding-right: .5rem; }
}
@media screen and (max-width: 45rem) {
  .wide { display: none; }
  .narrow { display: block; }
}
@page { size: A4; margin: 14mm 12mm; }
@media print {
  :root { color-scheme: light; --ground: #ffffff; }
  body { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { border: 0; border-radius: 0; padding: 0; margin: 0 0 8mm; }
  h2, h3 { break-after: avoid; }
  .picture, .play, tr, .figures { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
