import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([SVGRenderer]);

/** How large a picture is drawn, in pixels; below `NARROW` it is laid out for a phone. */
export type PictureOptions = {
  width: number;
  /** What suits the picture unless given. */
  height?: number;
  /** BCP 47, for numbers and dates; English unless given. */
  locale?: string;
};

/** What a picture shows, for those who do not see it: in a few words, and with its numbers. */
export type PictureWords = { title: string; desc: string };

/** Where a shape of a picture leads; the words are read out. */
export type ShapeLink = { href: string; words: string };

/** Pictures narrower than this are laid out for a phone. */
export const NARROW = 560;

/** Known everywhere under one of its names; a page's style sheet may set another. */
const FONT = 'Helvetica, Arial, sans-serif';

/**
 * Draws a picture. What is drawn keeps the page's rules: no styles inline, no ids, no animation, and colours that a
 * style sheet may set.
 *
 * @param linked which shapes are links, by their series and their place in it
 * @returns an SVG element, without a background
 */
export function drawn(
  option: EChartsCoreOption,
  size: { width: number; height: number },
  words: PictureWords,
  linked: (series: number, item: number) => ShapeLink | undefined = () => undefined,
): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option });
    return plain(chart.renderToSVGString(), size, words, linked);
  } finally {
    chart.dispose();
  }
}

const SHAPE =
  /<(\w+)([^>]*) ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart"([^>]*)><\/\1>/g;

function plain(
  svg: string,
  { width, height }: { width: number; height: number },
  { title, desc }: PictureWords,
  linked: (series: number, item: number) => ShapeLink | undefined,
): string {
  let links = 0;
  const shapes = svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<style\b[\s\S]*?<\/style>/g, '')
    // Every axis is long enough, so nothing needs to be cut off.
    .replace(/<defs\b[\s\S]*?<\/defs>/g, '')
    .replace(/ clip-path="[^"]*"/g, '')
    // What only catches a pointer, or is not seen.
    .replace(/<path [^>]*fill-opacity="0"[^>]*><\/path>\n/g, '')
    .replace(/<path d="[^"]*" fill="none" pointer-events="visible"( class="[^"]*")?><\/path>\n/g, '')
    .replace(SHAPE, (whole: string, _name, _before, series: string, item: string) => {
      const link = linked(Number(series), Number(item));
      if (!link) return whole;
      links += 1;
      return `<a href="${escaped(link.href)}" aria-label="${escaped(link.words)}">${whole}</a>`;
    })
    .replace(/ (ecmeta_\w+|class)="[^"]*"/g, '')
    .replace(/ style="([^"]*)"/g, (_, style: string) => presentation(style));
  // What has links in it is no image: those would not be reached.
  const role = links > 0 ? 'group' : 'img';
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="${role}" font-family="${FONT}" font-size="12">`;
  const texts = links > 0 ? shapes.replaceAll('<text ', '<text pointer-events="none" ') : shapes;
  return `${head}\n<title>${escaped(title)}</title>\n<desc>${escaped(desc)}</desc>${texts}`;
}

/** Style declarations as attributes; the font is that of the whole picture. */
function presentation(style: string): string {
  return style
    .split(';')
    .map((declaration) => declaration.split(':', 2).map((part) => part.trim()))
    .filter(([name, value]) => name && value && name !== 'font-family')
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
}

/** Text as it stands in XML, also between double quotes. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
