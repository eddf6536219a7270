/** A product; `euros` is its price before tax, `sizes` its variants (none for a product in one size). */
export type Product = {
  code: string;
  title: string;
  category: string;
  vendor: string;
  euros: number;
  /** How often it is bought, beside the others. */
  weight: number;
  sizes: readonly string[];
};

const SHOE_SIZES = ['37', '38', '39', '40', '41', '42', '43', '44', '45'];
const SIZES = ['XS', 'S', 'M', 'L', 'XL'];
const ONE_SIZE: readonly string[] = [];

export const PRODUCTS: readonly Product[] = (
  [
    ['TRL2', 'Trail Runner 2', 'Shoes', 'Nordweg', 109, 10, SHOE_SIZES],
    ['FELL', 'Fell Racer', 'Shoes', 'Nordweg', 119, 5, SHOE_SIZES],
    ['RIDG', 'Ridge Mid Waterproof', 'Shoes', 'Padina', 139, 8, SHOE_SIZES],
    ['APPR', 'Approach Low', 'Shoes', 'Padina', 99, 5, SHOE_SIZES],
    ['FJEL', 'Fjell Winter Boot', 'Shoes', 'Padina', 159, 4, SHOE_SIZES],
    ['PEBB', 'Pebble Everyday Sneaker', 'Shoes', 'Nordweg', 79, 7, SHOE_SIZES],
    ['CAMP', 'Camp Sandal', 'Shoes', 'Nordweg', 49, 4, SHOE_SIZES],
    ['STOR', 'Storm Shell', 'Jackets', 'Kalkstein', 189, 3, SIZES],
    ['DOWN', 'Light Down Jacket', 'Jackets', 'Kalkstein', 169, 3, SIZES],
    ['FLEE', 'Half-Zip Fleece', 'Jackets', 'Kalkstein', 65, 5, SIZES],
    ['WIND', 'Wind Vest', 'Jackets', 'Kalkstein', 55, 2, SIZES],
    ['TROU', 'Hiking Trousers', 'Trousers', 'Kalkstein', 75, 4, SIZES],
    ['SHOR', 'Trail Shorts', 'Trousers', 'Nordweg', 45, 4, SIZES],
    ['MTEE', 'Merino Tee', 'Base layers', 'Lâna', 55, 6, SIZES],
    ['MLEG', 'Merino Leggings', 'Base layers', 'Lâna', 65, 3, SIZES],
    ['SOCK', 'Hiking Socks, 2 pairs', 'Socks', 'Lâna', 16, 9, ['35-38', '39-42', '43-46']],
    ['ANKL', 'Merino Ankle Socks', 'Socks', 'Lâna', 12, 7, ['35-38', '39-42', '43-46']],
    ['DAYP', 'Daypack 22 L', 'Packs', 'Padina', 72, 4, ONE_SIZE],
    ['TREK', 'Trekking Pack 45 L', 'Packs', 'Padina', 139, 2, ONE_SIZE],
    ['HIPB', 'Hip Belt', 'Packs', 'Padina', 29, 2, ONE_SIZE],
    ['POLE', 'Trekking Poles', 'Equipment', 'Padina', 69, 3, ONE_SIZE],
    ['LAMP', 'Headlamp 300', 'Equipment', 'Hausmarke', 39, 3, ONE_SIZE],
    ['BOTT', 'Steel Bottle 0.75 L', 'Equipment', 'Hausmarke', 22, 5, ONE_SIZE],
    ['CARE', 'Shoe Care Kit', 'Equipment', 'Hausmarke', 14, 5, ONE_SIZE],
    ['GIFT', 'Gift Card', 'Gift cards', 'Hausmarke', 50, 1, ONE_SIZE],
  ] as const
).map(([code, title, category, vendor, euros, weight, sizes]) => ({
  code,
  title,
  category,
  vendor,
  euros,
  weight,
  sizes,
}));

/** A country the shop sells to: its share of the customers, sales tax, and who and what lives there. */
export type Country = {
  code: string;
  weight: number;
  taxName: string;
  taxPercent: number;
  firstNames: readonly string[];
  lastNames: readonly string[];
  /** City, zip, province code, province name. */
  places: readonly (readonly [string, string, string, string])[];
};

export const COUNTRIES: readonly Country[] = [
  {
    code: 'DE',
    weight: 42,
    taxName: 'DE MwSt 19%',
    taxPercent: 19,
    firstNames: ['Anna', 'Björn', 'Claudia', 'Jürgen', 'Käthe', 'Lukas', 'Sören', 'Zoë', 'Mehmet', 'Leonie'],
    lastNames: ['Müller', 'Groß', 'Yılmaz', 'Schröder', 'Weiß', 'von der Heide', 'Krüger', 'Nguyễn', 'Bauer'],
    places: [
      ['Berlin', '10115', 'BE', 'Berlin'],
      ['München', '80331', 'BY', 'Bayern'],
      ['Köln', '50667', 'NW', 'Nordrhein-Westfalen'],
      ['Dresden', '01067', 'SN', 'Sachsen'],
      ['Lübeck', '23552', 'SH', 'Schleswig-Holstein'],
    ],
  },
  {
    code: 'RO',
    weight: 32,
    taxName: 'RO TVA 21%',
    taxPercent: 21,
    firstNames: [
      'Ioana',
      'Ștefan',
      'Andrei',
      'Mihaela',
      'Răzvan',
      'Anca',
      'Elena',
      'Dragoș',
      'Ilinca',
      'Vlad',
    ],
    lastNames: [
      'Popescu',
      'Ionescu',
      'Țurcanu',
      'Bălan',
      'Șerban',
      'Kovács',
      'Dumitrescu',
      'Rădulescu',
      'Ene',
    ],
    places: [
      ['București', '010011', 'B', 'București'],
      ['Cluj-Napoca', '400001', 'CJ', 'Cluj'],
      ['Iași', '700028', 'IS', 'Iași'],
      ['Timișoara', '300001', 'TM', 'Timiș'],
      ['Brașov', '500002', 'BV', 'Brașov'],
    ],
  },
  {
    code: 'AT',
    weight: 14,
    taxName: 'AT USt 20%',
    taxPercent: 20,
    firstNames: ['Magdalena', 'Matthias', 'Verena', 'Günther', 'Žarko', 'Ana-Marija'],
    lastNames: ['Gruber', 'Höfer', 'Pichler', 'Jovanović', 'Steiner', 'Öllinger'],
    places: [
      ['Wien', '1010', '', ''],
      ['Innsbruck', '6020', '', ''],
      ['Sankt Pölten', '3100', '', ''],
    ],
  },
  {
    code: 'FR',
    weight: 12,
    taxName: 'FR TVA 20%',
    taxPercent: 20,
    firstNames: ['Éloïse', 'Noël', 'Chloé', 'François', 'Anaïs', 'Thibault'],
    lastNames: ["D'Arc", 'Lefèvre', 'Le Gall', 'Benoît', 'Nguyen', 'Château'],
    places: [
      ['Annecy', '74000', '', ''],
      ['Saint-Étienne', '42000', '', ''],
      ['Besançon', '25000', '', ''],
    ],
  },
];
