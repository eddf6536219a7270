/** A part of a query as the engine's parser sees it: `Function` `count`, `TableIdentifier` `customer_profiles`. */
export type TreeNode = { kind: string; name: string; children: TreeNode[] };

const LINE = /^( *)(\S+)(?: (.*?))??(?: \(alias .*\))?(?: \(children \d+\))?$/;

/** @param lines what EXPLAIN AST answers: a node each, its children below it, indented by one more blank */
export function parseTree(lines: readonly string[]): TreeNode {
  const root: TreeNode = { kind: 'root', name: '', children: [] };
  const path = [root];
  for (const line of lines) {
    const [, indent = '', kind = '', name = ''] = LINE.exec(line) ?? [];
    const node: TreeNode = { kind, name, children: [] };
    path.length = Math.min(path.length, indent.length + 1);
    path.at(-1)!.children.push(node);
    path.push(node);
  }
  return root.children[0] ?? root;
}
