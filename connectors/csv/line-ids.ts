import { hash } from 'node:crypto';

/**
 * Ids of lines that the file does not number: a line is known by what it says, and equal ones that follow each other
 * within an order are counted.
 */
export function lineIds(): (order_id: string, facts: string) => string {
  let current: string | undefined;
  const seen = new Map<string, number>();
  return (order_id, facts) => {
    if (order_id !== current) seen.clear();
    current = order_id;
    const id = hash('sha1', facts).slice(0, 16);
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    return before === 0 ? id : `${id}.${before + 1}`;
  };
}
