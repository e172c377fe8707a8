import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder of src may import, besides itself: the architecture's one-way flow. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  sna: ['base'],
  dlsw: ['base', 'config'],
  channel: ['base', 'config'],
  config: ['base'],
  dispatch: ['base', 'channel', 'config'],
  trace: ['base', 'sna', 'dlsw'],
  fsm: ['base', 'sna', 'config'],
  link: ['base', 'sna', 'dlsw', 'channel', 'config', 'trace', 'fsm'],
  supervisor: ['base', 'channel', 'config', 'dispatch'],
  gateway: ['base', 'sna', 'channel', 'config', 'dispatch', 'supervisor'],
  control: ['base', 'channel', 'config', 'trace', 'gateway'],
  host: ['base', 'sna', 'dlsw'],
  cli: ['base', 'sna', 'dlsw', 'channel', 'config', 'trace', 'fsm', 'link', 'host', 'gateway', 'control'],
};

/** Packages of npm, and who may use them. */
const PACKAGE_USERS: Record<string, readonly string[]> = {
  piscina: ['supervisor'],
  pino: ['base'],
  nanoid: ['base', 'gateway', 'supervisor', 'control'],
  zod: ['config', 'host', 'trace', 'control', 'cli'],
  yaml: ['config'],
  commander: ['cli'],
};

/** node: modules with a shell in them, and who may use them. */
const SHELL_MODULES = new Set([
  'node:net',
  'node:http',
  'node:fs',
  'node:fs/promises',
  'node:worker_threads',
  'node:child_process',
]);
/** Files of other folders that may, as two folders share them. */
const SHELL_FILES = new Set(['src/base/accepted-socket.ts']);
const SHELL_USERS = new Set(['config', 'link', 'supervisor', 'control', 'host', 'trace', 'cli', 'gateway']);

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, folder, name));
}

const SOURCES = [...filesUnder('src'), ...filesUnder('workers')];

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
}

function importsOf(file: string): string[] {
  const names: string[] = [];
  parse(file).forEachChild((node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      names.push((node.moduleSpecifier as ts.StringLiteral).text);
    }
  });
  return names;
}

function folderOf(file: string): string {
  const [top, second = ''] = relative(ROOT, file).split('/');
  return top === 'src' && second.endsWith('.ts') ? 'index' : top === 'src' ? second : (top ?? '');
}

function packageOf(specifier: string): string {
  return specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
}

describe('layout', () => {
  it('every folder imports only what the architecture allows', () => {
    const wrong: string[] = [];
    for (const file of filesUnder('src')) {
      const folder = folderOf(file);
      if (folder === 'index') continue;
      expect(MAY_IMPORT[folder], `src/${folder} is not in the list of rooms`).toBeDefined();
      for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
        const target = folderOf(resolve(dirname(file), specifier));
        if (target !== folder && !MAY_IMPORT[folder]!.includes(target)) {
          wrong.push(`${relative(ROOT, file)} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('packages are used where they belong', () => {
    const wrong: string[] = [];
    for (const file of SOURCES) {
      const folder = folderOf(file);
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('.')) continue;
        if (specifier.startsWith('node:')) {
          if (SHELL_MODULES.has(specifier) && !SHELL_USERS.has(folder) && !SHELL_FILES.has(relative(ROOT, file)))
            wrong.push(`${relative(ROOT, file)}: ${specifier}`);
          continue;
        }
        const users = PACKAGE_USERS[packageOf(specifier)];
        if (!users?.includes(folder)) wrong.push(`${relative(ROOT, file)}: ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('only base touches time and chance', () => {
    const pattern = /\b(setTimeout|setInterval|setImmediate|Date\.now|Math\.random|performance\.now|hrtime)\b/;
    const wrong = SOURCES.filter((file) => folderOf(file) !== 'base' && pattern.test(readFileSync(file, 'utf8')));
    expect(wrong.map((file) => relative(ROOT, file))).toEqual([]);
  });

  it('no file is longer than 400 lines and no function longer than 70', () => {
    const wrong: string[] = [];
    for (const file of SOURCES.filter((name) => !name.endsWith('ebcdic-tables.ts'))) {
      const source = parse(file);
      const lines = source.getLineStarts().length;
      if (lines > 401) wrong.push(`${relative(ROOT, file)}: ${lines} lines`);
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node) && 'body' in node && node.body) {
          const from = source.getLineAndCharacterOfPosition(node.getStart()).line;
          const to = source.getLineAndCharacterOfPosition(node.getEnd()).line;
          if (to - from + 1 > 70) wrong.push(`${relative(ROOT, file)}:${from + 1}: function of ${to - from + 1} lines`);
        }
        node.forEachChild(visit);
      };
      visit(source);
    }
    expect(wrong).toEqual([]);
  });
});
