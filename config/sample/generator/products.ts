import { PRODUCTS, type Product } from './catalogue.ts';
import { skuOf } from './shopify-export.ts';

/** Every variant that the shop sells, as its list of products names it. */
export function productList(): Record<string, string>[] {
  return PRODUCTS.flatMap((product) =>
    (product.sizes.length > 0 ? product.sizes : [undefined]).map((size) => ({
      sku: skuOf(product.code, size),
      title: size ? `${product.title} - ${size}` : product.title,
      product: product.title,
      category: product.category,
      brand: product.vendor,
      collections: collectionsOf(product).join(', '),
    })),
  );
}

function collectionsOf({ title, category, weight }: Product): string[] {
  const collections: [string, boolean][] = [
    ['Bestsellers', weight >= 7],
    ['Winter', title.includes('Winter') || ['Jackets', 'Base layers'].includes(category)],
    ['Summer', ['Camp Sandal', 'Trail Shorts', 'Merino Ankle Socks'].includes(title)],
  ];
  return collections.filter(([, isIn]) => isIn).map(([name]) => name);
}
