import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

/** It has the widths of Helvetica and Arial, and is there on a machine without any font. */
const FONTS = [
  import.meta.resolve('@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf'),
  import.meta.resolve('@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf'),
];

/** Fine enough for a slide and for paper. */
const SCALE = 2;

/**
 * @param file a picture that stands alone
 * @returns it as a PNG file, with twice as many pixels each way
 */
export function rastered(file: string): Buffer {
  const own = file.replace(/ font-family="[^"]*"/, ' font-family="Arimo"');
  // Fonts of the machine stand in for letters that this one lacks.
  const font = {
    fontFiles: FONTS.map((url) => fileURLToPath(url)),
    defaultFontFamily: 'Arimo',
    loadSystemFonts: true,
  };
  return new Resvg(own, { fitTo: { mode: 'zoom', value: SCALE }, font }).render().asPng();
}
